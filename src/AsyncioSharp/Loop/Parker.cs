namespace AsyncioSharp;

/// <summary>
/// Where a loop's thread waits when nothing is ready: until the next timer is due or another thread has work for it.
/// The seam behind which another way of waiting can stand, such as a virtual clock.
/// </summary>
public abstract class Parker
{
    /// <summary>
    /// Waits. Called by one thread at a time: the loop's, or, while the loop is a host's guest, one that waits for it. A call of <see cref="Wake"/>
    /// since the last return makes it return at once; returning early is allowed, since the loop looks around and calls again.
    /// </summary>
    /// <param name="seconds">The time to the next timer, always positive; positive infinity if there is none.</param>
    /// <param name="workElsewhere">True while functions run in an executor whose results will wake the loop.</param>
    public abstract void Park(double seconds, bool workElsewhere);

    /// <summary>Ends the wait, or the next one. Called by any thread.</summary>
    public abstract void Wake();
}

/// <summary>
/// The parker of real time: the thread sleeps in the operating system and uses no processor time. If its last sleep was very short, it first
/// looks around for as long as such a sleep would cost anyway: threads that talk to each other answer sooner than they fall asleep and wake up.
/// </summary>
internal class ThreadParker : Parker
{
    private const double SpinSeconds = 30e-6; // about what it costs to put a thread to sleep and to wake it

    private const int MaxPenalty = 255;

    private readonly object _gate = new(); // a monitor, as Lock has no Wait
    private int _state;                    // changed by exchange only
    private bool _lastWasShort;            // the last wait was ended by Wake within the time for which it pays to spin
    private int _waitsWithoutSpin;         // how many are to come, although that was so
    private int _penalty;                  // how many there were after the last spin in vain; 0 after one that was not

    private enum State
    {
        Awake,
        Asleep,
        Woken,
    }

    /// <summary>Where the thread sleeps, once its loop waits for sockets; null before. Set while the loop runs an entry.</summary>
    internal Selector? Selector { get; set; }

    public override void Park(double seconds, bool workElsewhere)
    {
        long start = TimeProvider.System.GetTimestamp();
        if (!(_lastWasShort && --_waitsWithoutSpin < 0 && Spin(start)))
        {
            Sleep(seconds);
        }
        bool woken = Interlocked.Exchange(ref _state, (int)State.Awake) == (int)State.Woken;
        _lastWasShort = woken && Environment.ProcessorCount > 1 && TimeProvider.System.GetElapsedTime(start).TotalSeconds < 2 * SpinSeconds;
    }

    public override void Wake()
    {
        if (Interlocked.Exchange(ref _state, (int)State.Woken) != (int)State.Asleep)
        {
            return;
        }
        if (Selector is { } selector)
        {
            selector.Wake();
            return;
        }
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }

    // Who is to answer may have no processor as long as this thread uses it, as on a busy machine: he answers soon after this thread has fallen asleep, and
    // each spin is in vain. So each of those doubles the number of waits until it is tried again.
    private bool Spin(long start)
    {
        while (Volatile.Read(ref _state) != (int)State.Woken)
        {
            if (TimeProvider.System.GetElapsedTime(start).TotalSeconds >= SpinSeconds)
            {
                _waitsWithoutSpin = _penalty = Math.Min((2 * _penalty) + 1, MaxPenalty);
                return false;
            }
            Thread.SpinWait(10);
        }
        _penalty = 0;
        _waitsWithoutSpin = 0;
        return true;
    }

    private void Sleep(double seconds)
    {
        // Rounded up: a wait that ends before the deadline would only be followed by another.
        int milliseconds = double.IsPositiveInfinity(seconds) ? Timeout.Infinite : (int)Math.Min(Math.Ceiling(seconds * 1000), int.MaxValue);
        if (Selector is { } selector)
        {
            if (FallAsleep())
            {
                selector.Sleep(milliseconds);
            }
            return;
        }
        lock (_gate)
        {
            if (FallAsleep())
            {
                Monitor.Wait(_gate, milliseconds);
            }
        }
    }

    // False if it was woken already.
    private bool FallAsleep() => Interlocked.CompareExchange(ref _state, (int)State.Asleep, (int)State.Awake) == (int)State.Awake;
}
