using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Of a stack trace, the methods that a user has written, each once: without this library, what the runtime puts between the methods, and the methods
/// that the compiler makes to start an <c>async</c> one. For reports; too dear for anything else.
/// </summary>
internal static class UserFrames
{
    private const string Runtime = "System.Runtime.";
    private const string Throwing = "System.Runtime.ExceptionServices."; // an exception that is thrown again
    private const string Handling = "System.Runtime.EH";                 // the filter of a catch clause runs on top of the method
    private const string Contexts = "System.Threading.ExecutionContext";

    /// <summary>The frames of <paramref name="trace"/> that are the user's, in its order: the innermost first.</summary>
    internal static List<StackFrame> Of(IEnumerable<StackFrame> trace)
    {
        var frames = new List<StackFrame>();
        DiagnosticMethodInfo? inner = null;
        bool isThrown = false; // between the inner frame and this one there is only what throws an exception again, or handles it
        bool isCalled = false;
        foreach (var frame in trace)
        {
            var method = DiagnosticMethodInfo.Create(frame);
            string type = method?.DeclaringTypeName ?? "";
            if (type == Handling || type.StartsWith(Throwing, StringComparison.Ordinal))
            {
                isThrown = true;
                continue;
            }
            if (method is null || DebugTraces.IsOwn(frame) || type.StartsWith(Runtime, StringComparison.Ordinal) || type == Contexts || IsStarter(frame))
            {
                isCalled = true;
                continue;
            }
            bool isAgain = isThrown && !isCalled && inner is not null && method.Name == inner.Name && type == inner.DeclaringTypeName;
            isThrown = isCalled = false;
            if (!isAgain)
            {
                inner = method;
                frames.Add(frame);
            }
        }
        return frames;
    }

    // It stands for no line of the source.
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where methods or attributes were trimmed away, one frame too many is shown.")]
    private static bool IsStarter(StackFrame frame)
        => frame.GetFileLineNumber() == 0 && frame.GetMethod()?.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false) == true;
}
