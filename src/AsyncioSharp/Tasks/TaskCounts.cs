namespace AsyncioSharp;

/// <summary>How many tasks were made, how many are no more, and how many of these did not succeed. Written by the loop's thread, read by any.</summary>
internal struct TaskCounts
{
    public long Created;
    public long Ended;
    public long Cancelled;
    public long Failed;

    public static TaskCounts operator +(TaskCounts one, TaskCounts other)
        => new() { Created = one.Created + other.Created, Ended = one.Ended + other.Ended, Cancelled = one.Cancelled + other.Cancelled, Failed = one.Failed + other.Failed };
}
