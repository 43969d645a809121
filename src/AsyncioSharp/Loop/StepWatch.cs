namespace AsyncioSharp;

/// <summary>
/// Runs the entries of a loop that somebody looks at: debug mode, the watchdog, a listener of the meter or of the event source. A loop that nobody
/// looks at has none of these, and runs its entries without it. One for each loop; only <see cref="Watched"/> is read by another thread.
/// </summary>
internal sealed class StepWatch(EventLoop loop, TimeProvider clock)
{
    private volatile RunningEntry? _running;

    /// <summary>What runs at this moment; null between two entries. A new object for each, so that the watchdog knows one again.</summary>
    internal RunningEntry? Watched => _running;

    /// <summary>Runs an entry, and measures it for whoever asked.</summary>
    internal void Run(Runnable target, object? source)
    {
        bool isDropped = target.IsDropped;
        bool isTimed = loop.Debug || Telemetry.StepDuration.Enabled;
        bool isTraced = Telemetry.Events.TracesSteps;
        object? begin = loop.Debug || loop.Watchdog is not null ? EventLoop.PlaceOf(target) : null;
        if (loop.Watchdog is not null)
        {
            _running = new RunningEntry(target, begin);
        }
        if (isTraced)
        {
            Telemetry.Events.StepStart(loop.Number, TextForm.Whole(target));
        }
        long start = isTimed ? clock.GetTimestamp() : 0;
        try
        {
            target.Run(source);
        }
        finally
        {
            _running = null;
            if (isTraced)
            {
                Telemetry.Events.StepStop(loop.Number);
            }
        }
        if (isTimed && !isDropped)
        {
            var elapsed = clock.GetElapsedTime(start);
            Telemetry.StepDuration.Record(elapsed.TotalSeconds);
            if (loop.Debug && elapsed >= loop.SlowCallbackDuration)
            {
                loop.ReportSlow(target, begin, elapsed);
            }
        }
    }
}

/// <summary>What a loop runs at this moment. Two of them are never the same, so the watchdog sees that the loop got on although the same task runs.</summary>
internal sealed class RunningEntry(Runnable target, object? begin)
{
    /// <summary>The task, or the callback.</summary>
    internal Runnable Target => target;

    /// <summary>Where the step began, if that is known.</summary>
    internal object? Begin => begin;
}
