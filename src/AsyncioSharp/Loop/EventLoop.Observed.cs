using System.Globalization;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// What a loop does when somebody looks at it. Nobody mostly does: then an iteration tests one field, and every LookEvery-th asks anew.
public sealed partial class EventLoop
{
    private const int LookEvery = 64; // a power of two
    private static readonly TimeSpan s_debugWatchdog = TimeSpan.FromSeconds(1);
    private static int s_lastNumber;

    private StepWatch? _watch;  // null: nobody looks
    private WatchedLoop? _watched;
    private int _untilLook; // iterations; 0 has the loop look at everything after this one

    /// <summary>
    /// A thread of its own reports the loop, while it is blocked, if one callback or step of a task has been running for this long; again each time that time has
    /// doubled. Null, as at first: after one second in debug mode on real time, else never. Measured in real time, whatever the loop's clock.
    /// </summary>
    /// <remarks>
    /// <para>.NET cannot show the stack of another thread. The report names the task or callback, its coroutines and where they were suspended last; for the line at
    /// which the thread is now, use <c>dotnet-stack</c> or a debugger.</para>
    /// <para>Takes effect within 64 iterations. While it is on, an entry costs more memory: a step of a task was measured to allocate 192 bytes instead of 48.</para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
    public TimeSpan? Watchdog
    {
        get => field ?? (Debug && _timeProvider == TimeProvider.System ? s_debugWatchdog : null);
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(value));
            }
            field = value;
            _untilLook = 0;
        }
    }

    /// <summary>Tells this loop from the others of the process, in metrics and events.</summary>
    internal int Number { get; } = Interlocked.Increment(ref s_lastNumber);

    /// <summary>What runs at this moment, while the watchdog is on. For any thread.</summary>
    internal RunningEntry? RunningEntry => _watch?.Watched;

    /// <summary>How many entries are ready. For any thread, roughly.</summary>
    internal int ReadyCount => _ready.Count;

    /// <summary>Where the coroutine of a task stands, to be given to <see cref="ReportSlow"/> later; null if that is not known.</summary>
    internal static partial object? PlaceOf(Runnable entry);

    /// <summary>For the log: from where to where the thread went in a task's step; empty if that is not known.</summary>
    private static partial string Describe(Runnable entry, object? begin, bool isRunning);

    private partial void RememberGauges();

    private partial void ForgetGauges();

    internal void ReportSlow(Runnable entry, object? begin, TimeSpan elapsed)
    {
        string subject = TextForm.Whole(entry);
        string text = string.Create(CultureInfo.InvariantCulture, $"Executing {subject} took {elapsed.TotalSeconds:F3} seconds");
        TryEmit(new LogEntry(this, LogEvent.SlowCallback, LogSeverity.Warning, text + Describe(entry, begin, isRunning: false)) { Duration = elapsed, Subject = subject });
    }

    /// <summary>Called by the watchdog's thread.</summary>
    internal void ReportBlocked(RunningEntry running, TimeSpan elapsed)
    {
        string subject = "";
        string where = "";
        try
        {
            subject = TextForm.Whole(running.Target);
            where = Describe(running.Target, running.Begin, isRunning: true);
        }
        catch (Exception e)
        {
            where += $" ({e.GetType().Name} while it was looked at: it moves)"; // it may go on at any moment, and is then no longer what it was
        }
        string text = string.Create(CultureInfo.InvariantCulture, $"The event loop has been blocked for {elapsed.TotalSeconds:F3} seconds by {subject}{where}");
        Telemetry.Events.LoopBlocked(Number, elapsed.TotalSeconds, subject);
        TryEmit(new LogEntry(this, LogEvent.Blocked, LogSeverity.Warning, text) { Duration = elapsed, Subject = subject });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Look()
    {
        _untilLook = _stopping || _guest is not null ? 0 : LookEvery; // a guest gives way to its host after each iteration
        var limit = Watchdog;
        bool isWatched = Debug || limit is not null || Telemetry.ListensToSteps;
        if (isWatched != _watch is not null)
        {
            MakeTasks(); // steps are told as those of tasks
            _watch = isWatched ? new StepWatch(this, _timeProvider) : null;
        }
        if ((limit is not null) != (_watched is not null))
        {
            if (limit is not null)
            {
                _watched = AsyncioSharp.Watchdog.Add(this);
            }
            else
            {
                StopWatching();
            }
        }
    }

    // At the end of a run: what does not run cannot be blocked, and must not be held by the watchdog.
    private void StopWatching()
    {
        if (_watched is { } watched)
        {
            AsyncioSharp.Watchdog.Remove(watched);
            _watched = null;
        }
        _untilLook = 0;
    }

    private void RunReadyWatched(StepWatch watch)
    {
        for (int n = _ready.Count; n > 0; n--)
        {
            watch.Run(_ready.Begin(out object? source), source);
        }
        _ready.End();
    }

    /// <summary>Runs an entry that was taken out of the ready queue before.</summary>
    internal void RunPicked(Runnable target, object? source)
    {
        _ready.Begin(target);
        if (_watch is { } watch)
        {
            watch.Run(target, source);
        }
        else
        {
            target.Run(source);
        }
        _ready.End();
    }

    /// <summary>Runs one in the turn of another, which has ended.</summary>
    internal void RunNext(Runnable target, object? source)
    {
        _ready.Begin(target);
        NoteRuns(target);
        target.Run(source);
    }

    /// <summary>Says to who looks at each entry, if anybody does, that <paramref name="target"/> runs from here on. Gives what ran before; null if nobody looks.</summary>
    internal Runnable? NoteRuns(Runnable target) => _watch?.Change(target);
}
