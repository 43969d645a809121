namespace AsyncioSharp;

/// <summary>How many tasks were made, how many are not done, and how many did not succeed. Written by the loop's thread, read by any.</summary>
internal struct TaskCounts
{
    public long Created;
    public long Live;
    public long Cancelled;
    public long Failed;

    public static TaskCounts operator +(TaskCounts one, TaskCounts other)
        => new() { Created = one.Created + other.Created, Live = one.Live + other.Live, Cancelled = one.Cancelled + other.Cancelled, Failed = one.Failed + other.Failed };
}
