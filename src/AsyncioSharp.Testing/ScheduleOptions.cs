namespace AsyncioSharp.Testing;

/// <summary>What <see cref="Schedules"/> does beside permuting. A schedule is replayed with the options with which it was found.</summary>
public sealed record ScheduleOptions
{
    /// <summary>
    /// How many times, at most, a schedule cancels a task at random, between two iterations; 0 unless set. The task of the body itself is never
    /// cancelled, nor is anything once the body is done.
    /// </summary>
    public int Cancels { get; init; }

    /// <summary>Which tasks may be cancelled at random; null for all.</summary>
    public Func<CoroutineTask, bool>? MayCancel { get; init; }

    /// <summary>After how many iterations of its loop a schedule fails, since it seems never to end; 100,000 unless set.</summary>
    public int MaximumIterations { get; init; } = 100_000;

    /// <summary>
    /// How long, in real time, a loop with nothing to do waits for other threads before that is a deadlock; 0.1 s unless set. Bodies should not
    /// depend on other threads: such a schedule cannot be replayed.
    /// </summary>
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromSeconds(0.1);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Cancels, "options.Cancels");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaximumIterations, "options.MaximumIterations");
        ArgumentOutOfRangeException.ThrowIfLessThan(IdleLimit, TimeSpan.Zero, "options.IdleLimit");
    }
}
