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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Throw(Exception exception) => Raise(Prepare(exception));

    /// <summary>
    /// Throws what <see cref="Prepare"/> gave; nothing for null. This and the awaiters that call it are inlined into the method that awaits, so that the throw is its
    /// own: each frame between a throw and its handler costs 400 nanoseconds, a fifth of what the throw itself does.
    /// </summary>
    [StackTraceHidden]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Raise(object? prepared)
    {
        if (prepared is ExceptionDispatchInfo traced)
        {
            traced.Throw();
        }
        if (prepared is not null)
        {
            throw Unsafe.As<Exception>(prepared);
        }
    }

    /// <summary>Counts a throw of <paramref name="exception"/>, and gives what <see cref="Raise"/> is to throw: the exception itself, if it has no trace to keep.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static object Prepare(Exception exception)
    {
        if (exception is CancelledException { IsUnthrown: true } first)
        {
            NoteThrown(first);
            return first;
        }
        return Capture(exception);
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
