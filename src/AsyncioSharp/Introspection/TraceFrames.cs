using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>Frames out of the runtime's own stack traces, oldest first and without those of this library.</summary>
internal static class TraceFrames
{
    /// <summary>The frames of an exception's trace from <paramref name="outermost"/> inwards.</summary>
    internal static List<CoroutineFrame> Of(Exception exception, string outermost)
    {
        var trace = Convert(new StackTrace(exception, fNeedFileInfo: true).GetFrames());
        // Whoever awaited the task added frames of its own outside of the task's coroutine.
        int own = trace.FindIndex(frame => frame.Method == outermost);
        return own > 0 ? trace[own..] : trace;
    }

    /// <summary>What this thread executes now, from the body of the method with this state machine inwards; empty if it does not run here.</summary>
    internal static List<CoroutineFrame> OfThisThread(Type machine)
    {
        var frames = new StackTrace(fNeedFileInfo: true).GetFrames();
        string? name = (machine.IsGenericType ? machine.GetGenericTypeDefinition() : machine).FullName;
        int body = Array.FindLastIndex(frames, frame => DiagnosticMethodInfo.Create(frame) is { Name: "MoveNext" } method && method.DeclaringTypeName == name);
        return Convert(frames[..(body + 1)]);
    }

    private static List<CoroutineFrame> Convert(IEnumerable<StackFrame> trace)
    {
        var frames = UserFrames.Of(trace).ConvertAll(static frame =>
        {
            var method = DiagnosticMethodInfo.Create(frame)!;
            string? file = frame.GetFileName();
            return new CoroutineFrame(MethodNames.OfFrame(method.DeclaringTypeName ?? "", method.Name), file, file is null ? null : frame.GetFileLineNumber());
        });
        frames.Reverse();
        return frames;
    }
}
