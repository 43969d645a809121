using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The event loop: one thread that runs callbacks and the steps of tasks one after the other, first come, first served. Mirrors asyncio's
/// <c>BaseEventLoop</c>. Nothing runs between two entries, so code between two awaits needs no lock.
/// </summary>
/// <remarks>
/// <para>An iteration takes in what other threads have sent, waits if nothing is ready, appends the timers that came due, and runs the
/// entries that are ready then; what those make ready waits for the next iteration.</para>
/// <para>Members are for the loop's own thread, and for the thread that sets it up while it does not run, but for <see cref="CallSoonThreadsafe(Action, Context?)"/> and
/// its overload, and those that say that they are for any thread. Programs seldom make a loop: <c>Asyncio.Run</c> does.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
[DebuggerTypeProxy("AsyncioSharp.EventLoopDebugView, AsyncioSharp")]
public sealed partial class EventLoop
{
    private const int MoreThanIsCached = 4096;       // entries
    private const double LongestPark = 24 * 3600; // seconds; a clock may be adjusted meanwhile

    [ThreadStatic]
    private static EventLoop? t_running;

    private readonly TimeProvider _timeProvider;
    private readonly LoopClock _clock;
    private readonly Parker _parker;
    private readonly ReadyQueue _ready = new();
    private readonly TimerQueue _timers = new();
    private readonly SynchronizationContext _synchronizationContext;
    private readonly ScheduledRun? _scheduled; // null: first in, first out
    private Thread? _thread; // that runs the loop; null while it does not run
    private bool _stopping;

    /// <summary>Creates a loop. It does nothing until it is run.</summary>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="parker">
    /// How the loop waits when nothing is ready. Null for the operating system's way, with another clock than the system's by a timer of that clock; if a parker
    /// is given, of the clock only the timestamps are used.
    /// </param>
    /// <param name="schedule">For tests: decides the order of ready entries where asyncio leaves it open; null for first in, first out.</param>
    public EventLoop(TimeProvider? timeProvider = null, Parker? parker = null, Schedule? schedule = null)
    {
        _timeProvider = timeProvider ?? TimeProvider.System;
        _clock = new LoopClock(_timeProvider);
        _parker = parker ?? (_timeProvider == TimeProvider.System ? new ThreadParker() : new TimerParker(_timeProvider, _clock));
        _scheduled = schedule is null ? null : new ScheduledRun(this, schedule);
        _synchronizationContext = CreateSynchronizationContext();
        SameTurn = new SameTurn(this);
        Debug = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ASYNCIOSHARP_DEBUG"));
        RememberGauges();
    }

    /// <summary>Warns of a loop that was dropped without being closed, and closes it.</summary>
    ~EventLoop()
    {
        TryEmit(new LogEntry(this, LogEvent.Unclosed, LogSeverity.Warning, $"unclosed event loop {this}; call Close() when it is no longer needed"));
        try
        {
            Close();
        }
        catch (Exception e)
        {
            Warn("an unclosed event loop failed to close", e); // on this thread an exception would end the process
        }
    }

    /// <summary>The loop that runs on this thread, or null.</summary>
    internal static EventLoop? Running => t_running;

    /// <summary>True from the start to the end of a run. Mirrors <c>loop.is_running()</c>.</summary>
    public bool IsRunning => _thread is not null || _guest is not null;

    /// <summary>True once <see cref="Close"/> was called. Mirrors <c>loop.is_closed()</c>.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>
    /// Debug mode: records where things were made, checks threads, reports slow callbacks and coroutines that are never awaited.
    /// On from the start if the environment variable <c>ASYNCIOSHARP_DEBUG</c> is not empty. Mirrors <c>loop.get_debug()</c> and <c>set_debug</c>.
    /// </summary>
    public bool Debug
    {
        get;
        set
        {
            MakeTasks(); // as they would have been made: without a trace
            field = value;
            _untilLook = 0;
            RunningLoops.NoteDebug();
            if (IsOnOwnThread)
            {
                WatchCoroutines(value);
            }
        }
    }

    /// <summary>In debug mode, a callback or a task's step that takes at least this long is reported; 0.1 s unless set. Mirrors <c>slow_callback_duration</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative and not <see cref="Timeout.InfiniteTimeSpan"/>, with which nothing is reported.</exception>
    public TimeSpan SlowCallbackDuration
    {
        get;
        set
        {
            value = value == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : value;
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(0.1);

    /// <summary>The loop's clock in seconds: monotonic, with an arbitrary origin. Works on a closed loop too. Mirrors <c>loop.time()</c>.</summary>
    public double Time => _clock.Now;

    /// <summary>True if the time has reached <paramref name="deadline"/>; cheaper than to ask for <see cref="Time"/>. For the loop's thread.</summary>
    internal bool HasCome(double deadline) => _clock.HasCome(deadline);

    /// <summary>The clock given at creation, or the system's. For .NET code that is to follow the loop's time, see <see cref="TimeProvider"/>.</summary>
    public TimeProvider Clock => _timeProvider;

    /// <summary>True on the loop's thread while it runs and is not the host of another loop that does: the cheaper question, if the answer is yes.</summary>
    internal bool RunsHere => ReferenceEquals(t_running, this);

    /// <summary>On the loop's thread: true if the empty context is in force there. False may be wrong; see <see cref="ThreadValues"/>.</summary>
    internal bool IsAtRest => ThreadValues.AreEmpty(_thread!);

    internal bool IsOnOwnThread => ReferenceEquals(_thread, Thread.CurrentThread);

    /// <summary>Runs iterations until <see cref="Stop"/> is called. Mirrors <c>loop.run_forever()</c>.</summary>
    /// <exception cref="InvalidOperationException">The loop is closed or runs already, or another loop runs on this thread.</exception>
    public void RunForever()
    {
        CheckClosed();
        CheckNotRunning();
        var outer = Enter();
        try
        {
            do
            {
                RunGuarded();
            }
            while (!_stopping);
        }
        finally
        {
            Leave(outer);
            StopWatching();
            _stopping = false;
        }
    }

    /// <summary>
    /// Ends the run after the current iteration. For the loop's thread; from another, use <c>CallSoonThreadsafe(loop.Stop)</c>, which wakes it.
    /// Called before a run, it makes that one last a single iteration. Mirrors <c>loop.stop()</c>.
    /// </summary>
    public void Stop()
    {
        _stopping = true;
        _untilLook = 0;
        if (_guest is not null)
        {
            _parker.Wake(); // code of the host may call this between two iterations
        }
    }

    /// <summary>
    /// Drops what is still queued, shuts the default executor down without waiting, and reports tasks that are still pending. A closed loop
    /// cannot be run again. Closing twice is allowed. Mirrors <c>loop.close()</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    public void Close()
    {
        if (IsRunning)
        {
            throw new InvalidOperationException("Cannot close a running event loop; call Stop() and close it after the run.");
        }
        if (IsClosed)
        {
            return;
        }
        if (Debug)
        {
            TryEmit(new LogEntry(this, LogEvent.Closed, LogSeverity.Debug, $"Close {this}"));
        }
        IsClosed = true;
        _inbox.Close(_ready); // from here on nothing can be sent, and what was sent before is told below
        GC.SuppressFinalize(this);
        try
        {
            AbandonTasks();
        }
        finally
        {
            AbandonReady();
            AbandonOutsideWaits();
            _timers.Clear();
            CloseSelector();
            AbandonExecutor();
            ForgetGauges();
        }
    }

    // Each is told, whatever becomes of the others: somebody may wait for it in another thread.
    private void AbandonReady()
    {
        while (_ready.Count > 0)
        {
            var entry = _ready.Pop(out _);
            try
            {
                entry.Abandon();
            }
            catch (Exception e)
            {
                TryEmit(new LogEntry(this, LogEvent.Other, LogSeverity.Error, $"{TextForm.Whole(entry)} could not be told that its loop is closed") { Exception = e });
            }
        }
    }

    /// <summary>For instance <c>&lt;EventLoop running=True closed=False debug=False&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"<EventLoop running={IsRunning} closed={IsClosed} debug={Debug}>";

    /// <summary>What goes on in the turn of what it has waited for.</summary>
    internal SameTurn SameTurn { get; }

    /// <summary>True if this is the entry that runs.</summary>
    internal bool IsTurnOf(object entry) => ReferenceEquals(_ready.Running, entry);

    /// <summary>What to run, in front of all that is ready, when the loop takes what other threads have sent; null for nothing.</summary>
    internal Runnable? Interrupt { get; set; }

    /// <summary>What is ready, oldest first; for debuggers.</summary>
    internal IEnumerable<Runnable> ReadyEntries() => _ready.List();

    /// <summary>How many timers are set, cancelled ones that are still kept included; for debuggers.</summary>
    internal int TimerCount => _timers.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CheckClosed()
    {
        if (IsClosed)
        {
            throw Closed();
        }
    }

    private static InvalidOperationException Closed() => new("Event loop is closed; create a new one.");

    internal void CheckNotStarted()
    {
        if (IsRunning)
        {
            throw AlreadyRunning();
        }
    }

    private static InvalidOperationException AlreadyRunning()
        => new("This event loop is already running; await what you want to wait for instead of running the loop again.");

    internal void CheckNotRunning()
    {
        CheckNotStarted();
        if (t_running is not null)
        {
            throw new InvalidOperationException(
                $"Cannot run the event loop while another loop is running on this thread: {t_running}. "
                + "Await there what you want to wait for, or run this loop in a thread of its own.");
        }
    }

    // What other concepts have the loop do; each is implemented beside its concept.
    private partial SynchronizationContext CreateSynchronizationContext();

    private static partial void HostCoroutines(EventLoop? running);

    private partial void WatchCoroutines(bool on);

    private partial void AbandonTasks();

    private partial void AbandonOutsideWaits();

    private partial void NoteNewTasks(double now);

    internal partial void MakeTasks();

    private partial void PrepareTasksForPark();

    private partial bool IsStuck(out bool isCertain);

    private partial string DescribeTasks(out string rings);

    private partial void AbandonExecutor();

    // Not inlined: RunForever is entered once, so the runtime replaces its code while it runs, by code that is worse than that of a method
    // which is called often.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RunOnce()
    {
        if (--_untilLook < 0)
        {
            Look();
        }
        if (_inbox.IsFilled)
        {
            _inbox.MoveTo(_ready);
            Interrupt?.Run(null); // a signal comes before what was ready: it may be as old as the step that has just ended
        }
        if (_ready.Count == 0 && !_stopping && _guest is null)
        {
            ParkUntilReady();
        }
        _selector?.Dispatch(_ready.Count);
        if (_timers.Count > 0 && _clock.MayReach(_timers.FirstDeadline))
        {
            // One tick early is early enough; when the tick is lost in rounding, after months, a deadline that is reached must still be below.
            double now = Time;
            NoteNewTasks(now);
            if (_watch is not null && _timers.TryPeek(out double first) && first <= now)
            {
                _watch.Measure(Telemetry.LoopLag, now - first);
            }
            double limit = Math.Max(now + _clock.SecondsPerTick, Math.BitIncrement(now));
            _scheduled?.TakeTimers(_timers, limit, _ready);
            while (_timers.TryTake(limit, out var target))
            {
                _ready.Push(target!, null);
            }
            if (_timers.Count > 0)
            {
                _clock.NoteFirst(_timers.FirstDeadline, now);
            }
        }
        if (_scheduled is not null)
        {
            _scheduled.RunReady(_ready);
        }
        else if (_watch is not null)
        {
            RunReadyWatched(_watch);
        }
        else
        {
            RunReady();
        }
    }

    private void RunReady()
    {
        var ready = _ready;
        do
        {
            int n = ready.Count;
            for (; n > MoreThanIsCached; n--)
            {
                ready.Prefetch();
                ready.Begin(out object? source).Run(source);
            }
            for (; n > 0; n--)
            {
                ready.Begin(out object? source).Run(source);
            }
        }
        while (ready.Count > 0 && _timers.Count == 0 && !_inbox.IsFilled && --_untilLook >= 0 && _selector?.IsToLook(ready.Count) != true); // there is nothing else to do
        ready.End();
    }

    private void ParkUntilReady()
    {
        _inbox.AwaitStream();
        if (TryPreparePark(out double seconds))
        {
            if (double.IsPositiveInfinity(seconds) && _workElsewhere == 0)
            {
                ParkIdle();
            }
            else
            {
                Park(seconds);
            }
        }
        else if (!_inbox.IsFilled)
        {
            return;
        }
        _inbox.MoveTo(_ready);
    }

    /// <summary>False if there is something to do already. Otherwise who adds something to the inbox from here on wakes the parker.</summary>
    internal bool TryPreparePark(out double seconds)
    {
        seconds = double.PositiveInfinity;
        if (_ready.Count > 0 || _stopping)
        {
            return false;
        }
        if (_timers.TryPeek(out double when))
        {
            seconds = double.IsPositiveInfinity(when) ? when : Math.Min(when - Time, LongestPark);
        }
        if (seconds <= 0)
        {
            return false;
        }
        (_parker as TimerParker)?.Deadline = _timers.Count > 0 ? when : double.PositiveInfinity;
        PrepareTasksForPark();
        return _inbox.TryPark();
    }

    internal void Park(double seconds) => _parker.Park(seconds, _workElsewhere > 0);

    private Outer Enter()
    {
        var outer = new Outer(t_running, SynchronizationContext.Current, Context.Current, ExecutionContext.IsFlowSuppressed());
        if (Interlocked.CompareExchange(ref _thread, Thread.CurrentThread, null) is not null)
        {
            throw AlreadyRunning(); // two threads entered at the same instant
        }
        t_running = this;
        RunningLoops.Add(this);
        HostCoroutines(this);
        SynchronizationContext.SetSynchronizationContext(_synchronizationContext);
        ContextSwitch.Rest();
        if (Debug)
        {
            WatchCoroutines(true);
        }
        return outer;
    }

    private void Leave(Outer outer)
    {
        _ready.End(); // an exception may have left what ran
        WatchCoroutines(false);
        if (outer.Running is { Debug: true } other)
        {
            other.WatchCoroutines(true);
        }
        _thread = null;
        t_running = outer.Running;
        RunningLoops.Remove(this);
        HostCoroutines(outer.Running);
        SynchronizationContext.SetSynchronizationContext(outer.Synchronization);
        ExecutionContext.Restore(outer.Values);
        ContextSwitch.SuppressAgain(outer.IsFlowSuppressed);
    }

    // What is in force on a thread while the loop does not run there. Another loop can run there only if this one is its guest.
    private readonly record struct Outer(EventLoop? Running, SynchronizationContext? Synchronization, ExecutionContext Values, bool IsFlowSuppressed);
}
