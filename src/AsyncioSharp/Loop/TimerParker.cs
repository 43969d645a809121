namespace AsyncioSharp;

/// <summary>
/// The parker of a clock that is not the system's and comes without a parker of its own: waits by a timer of that clock, so that time which a test advances
/// from another thread wakes the loop. Costs a timer for each wait.
/// </summary>
internal sealed class TimerParker(TimeProvider provider, LoopClock clock) : ThreadParker
{
    private const int MaxLooks = 8; // a clock that goes by itself is different at every look, but then the difference is nothing

    /// <summary>When the next timer of the loop is due, in seconds of its clock; infinity for never. Set before each wait, as the clock may jump at any moment.</summary>
    internal double Deadline { get; set; } = double.PositiveInfinity;

    public override void Park(double seconds, bool workElsewhere)
    {
        if (double.IsPositiveInfinity(Deadline))
        {
            base.Park(seconds, workElsewhere);
            return;
        }
        double now = clock.Now;
        using var timer = provider.CreateTimer(static parker => ((TimerParker)parker!).Wake(), this, Left(now, seconds), Timeout.InfiniteTimeSpan);
        for (int i = 0; i < MaxLooks && clock.Now is var later && later != now; i++)
        {
            now = later; // it was advanced after the timer's time was reckoned
            timer.Change(Left(now, seconds), Timeout.InfiniteTimeSpan);
        }
        if (Left(now, seconds) > TimeSpan.Zero)
        {
            base.Park(double.PositiveInfinity, workElsewhere);
        }
    }

    // Rounded to the nearest: a loop takes a timer that is a tick early, and one set a tick too late would never fire on a clock that stands there.
    private TimeSpan Left(double now, double limit) => TimeSpan.FromTicks((long)Math.Round(Math.Clamp(Deadline - now, 0, limit) * TimeSpan.TicksPerSecond));
}
