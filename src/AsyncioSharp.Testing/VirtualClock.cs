namespace AsyncioSharp.Testing;

/// <summary>
/// A clock that stands still while there is anything to do and jumps to the next deadline when there is not. Time passes only when a loop has
/// nothing else left, so a test takes no time however long it sleeps, and runs the same every time.
/// </summary>
/// <remarks>
/// The clock starts at zero and counts nanoseconds. It does not move while functions run in an executor, since their threads live in real time;
/// only if nothing is heard of them for <see cref="IdleLimit"/> does it jump: such a function may itself be waiting for virtual time to pass.
/// It cannot know of other threads; a loop that waits for one of those, with no timer set, waits for real, at most <see cref="IdleLimit"/>.
/// </remarks>
public sealed class VirtualClock : TimeProvider
{
    private readonly LoopParker _parker;
    private readonly DateTimeOffset _epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly List<(EventLoop Loop, double Cushion, Future<object?> Idle)> _idleWaiters = [];
    private long _now;

    /// <summary>Creates a clock that shows zero.</summary>
    /// <param name="idleLimit">See <see cref="IdleLimit"/>; null for 10 s.</param>
    public VirtualClock(TimeSpan? idleLimit = null)
    {
        IdleLimit = idleLimit ?? TimeSpan.FromSeconds(10);
        _parker = new LoopParker(this);
    }

    /// <summary>
    /// How long, in real time, a loop waits for other threads. After that, time jumps if a timer is set; if none is, and no function runs in an
    /// executor, the loop is taken for deadlocked.
    /// </summary>
    public TimeSpan IdleLimit { get; }

    /// <summary>The seconds that have passed.</summary>
    public double Seconds => _now / 1e9;

    /// <summary>What a loop on this clock waits with.</summary>
    public Parker Parker => _parker;

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref _now);

    /// <summary>The first of January 2000 and what has passed since.</summary>
    /// <returns>The time.</returns>
    public override DateTimeOffset GetUtcNow() => _epoch.AddTicks(GetTimestamp() / 100);

    /// <summary>Moves the clock on, as a loop with nothing to do would. For the loop's thread.</summary>
    /// <param name="time">By how much.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is negative.</exception>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        Move(time.TotalSeconds * 1e9);
    }

    /// <summary>See <see cref="VirtualTimeLoop.WaitUntilIdle"/>.</summary>
    internal async Coroutine WaitUntilIdle(double cushion)
    {
        var loop = Asyncio.GetRunningLoop();
        var idle = loop.CreateFuture();
        var waiter = (loop, cushion, idle);
        _idleWaiters.Add(waiter);
        try
        {
            await idle;
        }
        finally
        {
            _idleWaiters.Remove(waiter);
        }
    }

    // Whom the running loop has to tell that it is idle, if nothing happens in the coming seconds: the least patient first, then the longest waiting.
    private (Future<object?> Idle, double Cushion)? NextIdleWaiter(double seconds)
    {
        var here = SynchronizationContext.Current; // none: the thread that waits on behalf of a guest
        (Future<object?> Idle, double Cushion)? next = null;
        foreach (var (loop, cushion, idle) in _idleWaiters)
        {
            if (cushion <= seconds && loop.IsRunning && !idle.IsDone && !(next?.Cushion <= cushion) && (here is null || here == loop.SynchronizationContext))
            {
                next = (idle, cushion);
            }
        }
        return next;
    }

    private void Move(double nanoseconds)
    {
        if (_now + nanoseconds >= long.MaxValue)
        {
            throw new InvalidOperationException("The virtual clock ends after 292 years, and no timer is due before that.");
        }
        Interlocked.Add(ref _now, (long)nanoseconds);
    }

    private sealed class LoopParker(VirtualClock clock) : Parker
    {
        private readonly object _gate = new();
        private bool _woken;

        public override void Park(double seconds, bool workElsewhere)
        {
            lock (_gate)
            {
                if (!_woken)
                {
                    var idleWaiter = clock.NextIdleWaiter(seconds);
                    seconds = idleWaiter?.Cushion ?? seconds;
                    bool isTimerSet = !double.IsPositiveInfinity(seconds);
                    if ((workElsewhere || !isTimerSet) && seconds > 0 && Monitor.Wait(_gate, clock.IdleLimit))
                    {
                        // Another thread has something for the loop.
                    }
                    else if (!isTimerSet)
                    {
                        if (!workElsewhere)
                        {
                            throw new DeadlockException(
                                "Deadlock on virtual time: nothing is ready, no timer is set, and no other thread has woken the loop for "
                                + $"{clock.IdleLimit.TotalSeconds} s of real time (the IdleLimit). Some task waits for a future that nobody will complete; or for work "
                                + "in another thread, which takes longer: then raise that limit.");
                        }
                    }
                    else
                    {
                        // Rounded to the nearest nanosecond, so that errors of floating point do not show. Falling short of the deadline by less
                        // than half of one does no harm: a timer is due one tick, which is a nanosecond, early.
                        clock.Move(Math.Round(seconds * 1e9));
                        Tell(idleWaiter?.Idle);
                    }
                }
                _woken = false;
            }
        }

        private static void Tell(Future<object?>? idle)
        {
            if (idle is null)
            {
                return;
            }
            if (SynchronizationContext.Current is null)
            {
                idle.Loop.CallSoonThreadsafe(() => idle.SetResult(null)); // the host's thread may be at work on the loop
            }
            else
            {
                idle.SetResult(null);
            }
        }

        public override void Wake()
        {
            lock (_gate)
            {
                _woken = true;
                Monitor.Pulse(_gate);
            }
        }
    }
}
