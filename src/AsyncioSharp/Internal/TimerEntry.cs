namespace AsyncioSharp;

/// <summary>A timer as the timer queue keeps it. What comes first of equal deadlines is told by where it stands: behind those that were registered before.</summary>
/// <param name="When">The deadline in seconds of loop time; not NaN.</param>
/// <param name="Target">What is to run.</param>
internal readonly record struct TimerEntry(double When, Runnable Target);
