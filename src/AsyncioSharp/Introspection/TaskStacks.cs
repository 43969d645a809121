using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>Asks a task where it is.</summary>
public static class TaskStacks
{
    /// <summary>
    /// The frames of a task, oldest first. Suspended: its coroutine and those that it awaits, down to the innermost (CPython shows only the first);
    /// not started: its coroutine; running: the chain as far as it is known, and what runs now on the loop's thread below it; finished or cancelled:
    /// none; failed: the frames of the exception's trace. Mirrors <c>Task.get_stack</c>.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="limit">How many at most: the newest of a stack, the oldest of a trace; zero and less give none, null all.</param>
    /// <returns>The frames. Those of suspended coroutines carry no file and line.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="task"/> is null.</exception>
    public static IReadOnlyList<CoroutineFrame> GetStack(this CoroutineTask task, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        var frames = FramesOf(task);
        if (limit is not { } most || most >= frames.Count)
        {
            return frames;
        }
        most = Math.Max(0, most);
        return IsTrace(task) ? frames[..most] : frames[^most..];
    }

    /// <summary>Writes the frames of <see cref="GetStack"/> as Python's traceback module would. Mirrors <c>Task.print_stack</c>.</summary>
    /// <param name="task">The task.</param>
    /// <param name="limit">How many frames at most; see <see cref="GetStack"/>.</param>
    /// <param name="writer">Where to write; null for the standard error stream.</param>
    /// <exception cref="ArgumentNullException"><paramref name="task"/> is null.</exception>
    public static void PrintStack(this CoroutineTask task, int? limit = null, TextWriter? writer = null)
    {
        var frames = GetStack(task, limit);
        writer ??= Console.Error;
        bool trace = IsTrace(task);
        writer.WriteLine(frames.Count == 0
            ? $"No stack for {task}"
            : $"{(trace ? "Traceback" : "Stack")} for {task} (most recent call last):");
        foreach (var frame in frames)
        {
            writer.WriteLine($"  {frame}");
            if (SourceLine(frame) is { } line)
            {
                writer.WriteLine($"    {line}");
            }
        }
        if (trace)
        {
            var failure = task.PeekException!;
            writer.WriteLine($"{failure.GetType().Name}: {failure.Message}");
        }
    }

    private static bool IsTrace(CoroutineTask task) => task.PeekException is not null;

    private static List<CoroutineFrame> FramesOf(CoroutineTask task)
    {
        if (task.PeekException is { } failure)
        {
            var trace = FramesOf(new StackTrace(failure, fNeedFileInfo: true));
            trace.Reverse();
            // Whoever awaited the task added frames of its own outside of the task's coroutine.
            int own = trace.FindIndex(frame => frame.Method == task.Coroutine.QualifiedName);
            return own > 0 ? trace[own..] : trace;
        }
        var frames = new List<CoroutineFrame>();
        if (task.IsDone)
        {
            return frames;
        }
        Coroutine? coroutine = task.Coroutine;
        while (coroutine is not null)
        {
            frames.Add(new CoroutineFrame(coroutine.QualifiedName));
            coroutine = coroutine.Awaiting == AwaitKind.Coroutine ? (Coroutine)coroutine.Link! : null;
        }
        if (task.Loop.CurrentTask == task && task.Loop.IsOnOwnThread)
        {
            // Running, and asked from inside: below the innermost coroutine stands what this thread executes now.
            var running = FramesOf(RunningPart(new StackTrace(fNeedFileInfo: true)));
            running.Reverse();
            frames.RemoveAt(frames.Count - 1);
            frames.AddRange(running);
        }
        return frames;
    }

    // The part of a running task's stack that is the program's: from the innermost coroutine's body inwards.
    private static StackTrace RunningPart(StackTrace all)
    {
        var part = all.GetFrames().SkipWhile(DebugTraces.IsOwn).TakeWhile(static frame => !DebugTraces.IsOwn(frame));
        return new StackTrace(part);
    }

    private static List<CoroutineFrame> FramesOf(StackTrace trace)
    {
        var frames = new List<CoroutineFrame>();
        foreach (var frame in trace.GetFrames())
        {
            if (DiagnosticMethodInfo.Create(frame) is not { } method
                || DebugTraces.IsOwn(frame)
                || method.DeclaringTypeName?.StartsWith("System.Runtime.", StringComparison.Ordinal) == true)
            {
                continue;
            }
            string? file = frame.GetFileName();
            frames.Add(new CoroutineFrame(MethodNames.OfFrame(method.DeclaringTypeName ?? "", method.Name), file, file is null ? null : frame.GetFileLineNumber()));
        }
        return frames;
    }

    private static string? SourceLine(CoroutineFrame frame)
    {
        try
        {
            return frame is { File: { } file, Line: { } line } && File.Exists(file) ? File.ReadLines(file).ElementAtOrDefault(line - 1)?.Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // the text of the line is a convenience
        }
    }
}
