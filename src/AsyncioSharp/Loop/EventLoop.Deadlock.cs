namespace AsyncioSharp;

/// <summary>What a loop does that has nothing left to do although what it runs for is not done.</summary>
public enum DeadlockAction
{
    /// <summary>It waits for ever, as asyncio's does.</summary>
    Ignore,

    /// <summary>
    /// It tells its exception handler which tasks wait for what and where, and waits on. Once a run, since one that is woken by another thread now and
    /// then would be suspected each time; a ring of tasks, which is no suspicion, is told even so, once too.
    /// </summary>
    Report,

    /// <summary>It throws a <see cref="DeadlockException"/> with that text out of its run.</summary>
    Throw,
}

// Looked for only at the moment at which the loop would fall asleep without a timer.
public sealed partial class EventLoop
{
    private const int ManyTasks = 1000; // to look at fewer takes some microseconds

    private bool _suspicionTold;
    private bool _deadlockTold; // one that is certain
    private int _outsideWaits; // what will end on another thread and is known to
    private int _watchedTokens; // that end a wait if somebody cancels them
    private long _nextLook; // not before this time are very many tasks looked at because the loop has become idle

    /// <summary>
    /// What to do when nothing is ready, no timer is set, no function runs in an executor, no task awaits an operation of .NET, and no other thread has woken the loop for a
    /// second, while what <see cref="RunUntilComplete(IAwaitable)"/> waits for is still pending, and no wait was given a <see cref="CancellationToken"/> that could end it.
    /// If all that is left are tasks that wait for each other, and not for a lock, no second is waited, and a token is only mentioned (with a thousand tasks and more a
    /// second may be waited even so). Null, as at first: <see cref="DeadlockAction.Report"/> in debug mode, else <see cref="DeadlockAction.Ignore"/>; a loop on virtual time
    /// throws.
    /// </summary>
    /// <remarks>
    /// A thread that is yet to complete a future, and Ctrl-C, cannot be foreseen: so the report may be wrong, and by default nothing is thrown. A loop that
    /// runs for nothing in particular (<see cref="RunForever"/>, a host's guest) is never taken for deadlocked: it serves whoever calls it.
    /// </remarks>
    public DeadlockAction? OnDeadlock { get; set; }

    /// <summary>
    /// How long, in seconds of real time, other threads have to wake the loop before it takes itself for deadlocked; and, at the end of a program, before the log
    /// tells of the tasks that cannot be cancelled.
    /// </summary>
    internal double IdleSeconds { get; set; } = 1;

    /// <summary>How often all tasks were looked at; for tests.</summary>
    internal int DeadlockLooks { get; private set; }

    /// <summary>Says that something was begun (+1) that ends on another thread and then completes something here, or that it came to its end (-1).</summary>
    internal void NoteOutsideWait(int change) => Interlocked.Add(ref _outsideWaits, change);

    /// <summary>Says that a token is watched (+1) which may yet be cancelled from anywhere, or no longer (-1).</summary>
    internal void NoteTokenWatch(int change) => Interlocked.Add(ref _watchedTokens, change); // a task may be given its token by the thread that sets a loop up

    // No timer is set, and nothing runs in an executor.
    private void ParkIdle()
    {
        var action = OnDeadlock ?? (Debug ? DeadlockAction.Report : DeadlockAction.Ignore);
        bool isRealTime = _parker is ThreadParker; // on others' clocks, waiting may be what makes time pass
        bool mayTell = action != DeadlockAction.Ignore && !_deadlockTold;
        double secondsToLook = mayTell && isRealTime ? TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), _nextLook).TotalSeconds : 0;
        bool looksLater = secondsToLook > 0;
        bool isCertain = false;
        bool isWatched = mayTell && (looksLater || LooksStuck(out isCertain));
        if (!isWatched || !isCertain)
        {
            long start = TimeProvider.System.GetTimestamp();
            double seconds = Math.Max(IdleSeconds, secondsToLook);
            try
            {
                Park(isWatched && isRealTime ? seconds : double.PositiveInfinity);
            }
            catch (DeadlockException e)
            {
                // Of a virtual clock, which gives up on its own.
                OnStuck(OnDeadlock ?? DeadlockAction.Throw, isCertain, e.Message);
                return;
            }
            // A wake-up may also be an old one, for what was taken from the inbox already. And sleeping is not exact.
            bool wasWoken = TimeProvider.System.GetElapsedTime(start).TotalSeconds < 0.9 * seconds;
            if (!isWatched || !isRealTime || wasWoken || _inbox.IsFilled)
            {
                return;
            }
            if (looksLater && !LooksStuck(out isCertain))
            {
                Park(double.PositiveInfinity); // nothing changes here until somebody wakes it
                return;
            }
        }
        OnStuck(action, isCertain, "Deadlock: nothing is ready, no timer is set, no function runs in an executor, "
            + (isCertain
                ? $"and tasks wait for each other{(_watchedTokens == 0 ? "" : ", which only the cancellation of a token could end")}."
                : string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"and no other thread has woken the loop for {IdleSeconds} s.")));
    }

    // A loop with very many tasks that becomes idle and is woken, again and again, shall not spend its time on looking at all of them: a twentieth at most.
    private bool LooksStuck(out bool isCertain)
    {
        long start = TimeProvider.System.GetTimestamp();
        bool isStuck = IsStuck(out isCertain) && (isCertain || !_suspicionTold);
        long end = TimeProvider.System.GetTimestamp();
        _nextLook = TaskCount < ManyTasks ? 0 : end + (20 * (end - start));
        DeadlockLooks++;
        return isStuck;
    }

    private void OnStuck(DeadlockAction action, bool isCertain, string reason)
    {
        if (action == DeadlockAction.Ignore || (action == DeadlockAction.Report && (isCertain ? _deadlockTold : _suspicionTold)))
        {
            return;
        }
        string text = reason + Environment.NewLine + DescribeTasks(out string rings);
        if (action == DeadlockAction.Throw)
        {
            throw new DeadlockException(text) { Rings = rings };
        }
        _suspicionTold = true;
        _deadlockTold |= isCertain;
        CallExceptionHandler(new ExceptionContext { Message = text, Event = LogEvent.Deadlock });
    }
}
