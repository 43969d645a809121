using System.Diagnostics.Metrics;

namespace AsyncioSharp;

/// <summary>
/// Runs the entries of a loop that somebody looks at: debug mode, the watchdog, a listener of the meter or of the event source. A loop that nobody
/// looks at has none of these, and runs its entries without it. One for each loop; only <see cref="Watched"/> is read by another thread.
/// </summary>
internal sealed class StepWatch(EventLoop loop, TimeProvider clock)
{
    private readonly HashSet<Instrument> _failed = []; // of which a listener has thrown something
    private volatile RunningEntry? _running;
    private Runnable? _target; // what runs
    private object? _begin;    // where its step began, if that is known
    private bool _isTimed;
    private bool _isTraced;
    private long _start;

    /// <summary>What runs at this moment; null between two entries. A new object for each, so that the watchdog knows one again.</summary>
    internal RunningEntry? Watched => _running;

    /// <summary>Runs an entry, and measures it for whoever asked.</summary>
    internal void Run(Runnable target, object? source)
    {
        bool isDone = false;
        Begin(target);
        try
        {
            target.Run(source);
            isDone = true;
        }
        finally
        {
            End(isDone);
        }
    }

    /// <summary>While an entry is run so: what runs from here on is <paramref name="target"/>, of which the same is told as of any other. Gives what ran before.</summary>
    internal Runnable Change(Runnable target)
    {
        var last = _target!;
        End(isDone: true);
        Begin(target);
        return last;
    }

    private void Begin(Runnable target)
    {
        _target = target;
        _isTimed = !target.IsDropped && (loop.Debug || Telemetry.StepDuration.Enabled);
        _isTraced = Telemetry.Events.TracesSteps;
        _begin = loop.Debug || loop.Watchdog is not null ? EventLoop.PlaceOf(target) : null;
        if (loop.Watchdog is not null)
        {
            _running = new RunningEntry(target, _begin);
        }
        if (_isTraced)
        {
            Telemetry.Events.StepStart(loop.Number, TextForm.Whole(target));
        }
        _start = _isTimed ? clock.GetTimestamp() : 0;
    }

    private void End(bool isDone)
    {
        _running = null;
        if (_isTraced)
        {
            Telemetry.Events.StepStop(loop.Number);
        }
        if (_isTimed && isDone)
        {
            var elapsed = clock.GetElapsedTime(_start);
            Measure(Telemetry.StepDuration, elapsed.TotalSeconds);
            if (loop.Debug && elapsed >= loop.SlowCallbackDuration)
            {
                loop.ReportSlow(_target!, _begin, elapsed);
            }
        }
        _target = null;
        _begin = null;
    }

    /// <summary>
    /// Tells the listeners of <paramref name="instrument"/>. What one of them throws comes out of .NET's meter, unlike that of an event's; it is no fault of what is measured,
    /// and so goes to the log: for each instrument once, as it would else be told for each step.
    /// </summary>
    internal void Measure(Histogram<double> instrument, double seconds)
    {
        try
        {
            instrument.Record(seconds);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            if (_failed.Add(instrument))
            {
                loop.Warn($"A listener of {instrument.Name} failed; should it fail again, that will not be told", e);
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
