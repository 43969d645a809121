namespace AsyncioSharp.Testing;

/// <summary>
/// A schedule under which the body failed. The message says what failed, which decisions it takes, and how to replay it; the failure itself is
/// the inner exception.
/// </summary>
public sealed class ScheduleFailedException : Exception
{
    internal ScheduleFailedException(string message, int seed, string schedule, Exception failure)
        : base(message, failure)
    {
        Seed = seed;
        Schedule = schedule;
    }

    /// <summary>The seed of the schedule, for <see cref="Schedules.Replay(int, Func{Coroutine}, ScheduleOptions?)"/>.</summary>
    public int Seed { get; }

    /// <summary>The schedule with no more decisions than the failure takes, for <see cref="Schedules.Replay(string, Func{Coroutine}, ScheduleOptions?)"/>.</summary>
    public string Schedule { get; }
}
