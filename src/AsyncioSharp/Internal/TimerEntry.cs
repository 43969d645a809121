namespace AsyncioSharp;

/// <summary>A timer as the timer queue keeps it. What comes first of equal deadlines is told by where it stands: behind those that were registered before.</summary>
/// <param name="When">The deadline in seconds of loop time; not NaN.</param>
/// <param name="Target">What is to run.</param>
internal readonly record struct TimerEntry(double When, Runnable Target)
{
    /// <summary>The same entry, cancelled, without what it would have run.</summary>
    internal TimerEntry Forgotten => this with { Target = DroppedTimer.Shared };
}

/// <summary>What stands in the queue for a timer that was cancelled, so that it need not keep alive what it would have run.</summary>
internal sealed class DroppedTimer : Runnable
{
    internal static readonly DroppedTimer Shared = new();

    private DroppedTimer()
    {
    }

    internal override bool IsDropped => true;

    internal override void Run(object? source) => throw new InvalidOperationException("A dropped timer does not run.");
}
