using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Reports coroutines that were made but never run, with the place where they were made. Works for coroutines that are made on the thread of
/// a loop in debug mode; otherwise a call costs one test of a static field. (Python warns in any mode; here the warning needs a finalizer,
/// which would make every call several times dearer.)
/// </summary>
internal static class NeverAwaited
{
    private static readonly ConditionalWeakTable<Coroutine, Watcher> s_watchers = new();
    private static int s_active; // threads that watch

    [ThreadStatic]
    private static Action<Coroutine, StackTrace>? t_report;

    /// <summary>True while some thread of the process runs a loop in debug mode.</summary>
    internal static bool IsActive => s_active != 0;

    /// <summary>Starts, or with null stops, watching the coroutines that are made on this thread. Returns what was in force.</summary>
    internal static Action<Coroutine, StackTrace>? Report(Action<Coroutine, StackTrace>? report)
    {
        var before = t_report;
        if ((before is null) != (report is null))
        {
            Interlocked.Add(ref s_active, report is null ? -1 : 1);
        }
        t_report = report;
        return before;
    }

    /// <summary>Called for every coroutine that is made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Watch(Coroutine coroutine)
    {
        if (s_active != 0)
        {
            WatchHere(coroutine);
        }
    }

    /// <summary>Where a watched coroutine was made; null if it was not watched.</summary>
    internal static StackTrace? CreationOf(Coroutine coroutine) => s_watchers.TryGetValue(coroutine, out var watcher) ? watcher.Created : null;

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private static void WatchHere(Coroutine coroutine)
    {
        if (t_report is { } report)
        {
            s_watchers.Add(coroutine, new Watcher(coroutine, report, DebugTraces.Here()));
        }
    }

    private sealed class Watcher(Coroutine coroutine, Action<Coroutine, StackTrace> report, StackTrace created)
    {
        internal StackTrace Created => created;

        ~Watcher()
        {
            // The table lets this reference keep the coroutine alive for the finalizer, but not before.
            if (coroutine.State == CoroutineState.Created)
            {
                report(coroutine, created);
            }
        }
    }
}
