namespace AsyncioSharp;

/// <summary>
/// Where a loop's thread waits when nothing is ready: until the next timer is due or another thread has work for it.
/// The seam behind which another way of waiting can stand, such as a virtual clock.
/// </summary>
public abstract class Parker
{
    /// <summary>
    /// Waits. Called by the loop's thread only. A call of <see cref="Wake"/> since the last return makes it return at once; returning early is
    /// allowed, since the loop looks around and calls again.
    /// </summary>
    /// <param name="seconds">The time to the next timer, always positive; positive infinity if there is none.</param>
    /// <param name="workElsewhere">True while functions run in an executor whose results will wake the loop.</param>
    public abstract void Park(double seconds, bool workElsewhere);

    /// <summary>Ends the wait, or the next one. Called by any thread.</summary>
    public abstract void Wake();
}

/// <summary>The parker of real time: the thread sleeps in the operating system and uses no processor time.</summary>
internal sealed class ThreadParker : Parker
{
    private readonly object _gate = new(); // a monitor, as Lock has no Wait
    private bool _woken;

    public override void Park(double seconds, bool workElsewhere)
    {
        // Rounded up: a wait that ends before the deadline would only be followed by another.
        int milliseconds = double.IsPositiveInfinity(seconds) ? Timeout.Infinite : (int)Math.Min(Math.Ceiling(seconds * 1000), int.MaxValue);
        lock (_gate)
        {
            if (!_woken)
            {
                Monitor.Wait(_gate, milliseconds);
            }
            _woken = false;
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
