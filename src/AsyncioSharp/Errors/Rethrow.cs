using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// Throws exceptions again that have left a coroutine or a task. Each throw adds to the trace, and .NET copies the trace each time: through a hundred
/// thousand coroutines or tasks that would take hours. So a trace grows for so many throws; after them each begins with what it was then.
/// </summary>
/// <remarks>A throw costs microseconds; to count it, some 50 nanoseconds, and for a cancellation nothing.</remarks>
internal static class Rethrow
{
    /// <summary>After so many, a trace grows no more; a trace of frames that were left without a throw names no more either.</summary>
    internal const int MostThrows = 256;

    private static readonly ConditionalWeakTable<Exception, Trace> s_traces = [];

    /// <summary>Throws <paramref name="exception"/>, its trace kept.</summary>
    [StackTraceHidden]
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // each frame costs a throw some 200 nanoseconds
    internal static void Throw(Exception exception)
    {
        if (exception is CancelledException { IsUnthrown: true } first)
        {
            NoteThrown(first);
            throw first; // it has no trace to keep: that saves a fifth of the cost
        }
        if (Bounded(exception) is { } bounded)
        {
            bounded.Throw();
        }
        ExceptionDispatchInfo.Throw(exception);
    }

    /// <summary>Says that <paramref name="exception"/> has been thrown, so that from now on it has a trace to keep.</summary>
    internal static void NoteThrown(Exception exception) => (exception as CancelledException)?.IsUnthrown = false;

    /// <summary>True if the trace grows no more, so that a throw which runs no code would not even be seen in it.</summary>
    internal static bool IsTracedEnough(Exception exception) => s_traces.TryGetValue(exception, out var trace) && trace.Throws >= MostThrows;

    /// <summary>What throws <paramref name="exception"/> with the trace that it has now, however often.</summary>
    internal static ExceptionDispatchInfo Capture(Exception exception) => Bounded(exception) ?? ExceptionDispatchInfo.Capture(exception);

    // Counts a throw. (Two threads that throw the same exception may lose one.)
    private static ExceptionDispatchInfo? Bounded(Exception exception)
    {
        if (exception is CancelledException { Throws: < MostThrows } cancelled)
        {
            cancelled.Throws++;
            return null;
        }
        var trace = s_traces.GetOrCreateValue(exception);
        return exception is not CancelledException && trace.Throws++ < MostThrows ? null : trace.Bounded ??= ExceptionDispatchInfo.Capture(exception);
    }

    private sealed class Trace
    {
        internal int Throws { get; set; }

        internal ExceptionDispatchInfo? Bounded { get; set; }
    }
}
