namespace AsyncioSharp;

/// <summary>A timer as the timer queue keeps it.</summary>
/// <param name="when">The deadline in seconds of loop time; not NaN.</param>
/// <param name="sequence">The number of the registration.</param>
/// <param name="target">What is to run.</param>
internal readonly struct TimerEntry(double when, long sequence, Runnable target) : IComparable<TimerEntry>
{
    public readonly double When = when;
    public readonly long Sequence = sequence;
    public readonly Runnable Target = target;

    /// <summary>Ordered by deadline, and by registration where deadlines are equal.</summary>
    internal bool Before(in TimerEntry other) => When < other.When || (When == other.When && Sequence < other.Sequence);

    public int CompareTo(TimerEntry other) => Before(other) ? -1 : other.Before(this) ? 1 : 0;
}
