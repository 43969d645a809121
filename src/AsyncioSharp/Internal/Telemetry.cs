using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace AsyncioSharp;

/// <summary>
/// What this library shows to the platform's tools: a <see cref="Meter"/> and an <see cref="EventSource"/>, both named AsyncioSharp. Here are those parts
/// that are written to while a program runs; the gauges and counters, which are read when somebody asks, stand in <c>LoopGauges</c>.
/// </summary>
internal static class Telemetry
{
    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.000001, 0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    };

    internal static Meter Meter { get; } = new("AsyncioSharp");

    internal static TaskEvents Events { get; } = new();

    /// <summary>How long callbacks and steps of tasks take.</summary>
    internal static Histogram<double> StepDuration { get; } = Create(
        static meter => meter.CreateHistogram("asyncio.step.duration", "s", "Duration of a callback or a step of a task", null, s_seconds));

    /// <summary>By how much timers are late: for so long the loop was busy with other things.</summary>
    internal static Histogram<double> LoopLag { get; } = Create(
        static meter => meter.CreateHistogram("asyncio.loop.lag", "s", "Delay between the deadline of a timer and the iteration that runs it", null, s_seconds));

    /// <summary>True if each entry must be looked at.</summary>
    internal static bool ListensToSteps => StepDuration.Enabled || LoopLag.Enabled || Events.IsEnabled();

    /// <summary>
    /// Makes an instrument of <paramref name="meter"/>, or else of this library's. What a listener throws when it is told of it would keep the process from ever having a loop;
    /// so it is written to the standard error stream, as there is no loop yet that could report it, and the instrument is one that nobody hears.
    /// </summary>
    internal static TInstrument Create<TInstrument>(Func<Meter, TInstrument> create, Meter? meter = null)
        where TInstrument : Instrument
    {
        try
        {
            return create(meter ?? Meter);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            var closed = new Meter("AsyncioSharp");
            closed.Dispose();
            var unheard = create(closed);
            Console.Error.WriteLine($"A listener failed when it was told of {unheard.Name}{Environment.NewLine}{TextForm.Whole(e)}");
            return unheard;
        }
    }
}

/// <summary>The event source: starts and ends of tasks, and with the keyword <c>Steps</c> (2) also every step. For <c>dotnet-trace</c> and its like.</summary>
[EventSource(Name = "AsyncioSharp")]
internal sealed class TaskEvents : EventSource
{
    private bool _tracesTasks;
    private bool _tracesSteps;

    /// <summary>The keywords.</summary>
    public static class Keywords
    {
        /// <summary>Starts and ends of tasks.</summary>
        public const EventKeywords Tasks = (EventKeywords)1;

        /// <summary>Every step of a task and every callback.</summary>
        public const EventKeywords Steps = (EventKeywords)2;
    }

    internal bool TracesTasks => _tracesTasks;

    internal bool TracesSteps => _tracesSteps;

    /// <summary>A task was made.</summary>
    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Tasks, Message = "Task {2} of {3} starts")]
    public void TaskStart(int loop, int task, string name, string coroutine) => WriteEvent(1, loop, task, name, coroutine);

    /// <summary>A task ended. The outcome is succeeded, failed or cancelled.</summary>
    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Tasks, Message = "Task {2} {3}")]
    public void TaskStop(int loop, int task, string name, string outcome) => WriteEvent(2, loop, task, name, outcome);

    /// <summary>A step of a task or a callback begins.</summary>
    [Event(3, Level = EventLevel.Verbose, Keywords = Keywords.Steps, Message = "{1}")]
    public void StepStart(int loop, string entry) => WriteEvent(3, loop, entry);

    /// <summary>It ended.</summary>
    [Event(4, Level = EventLevel.Verbose, Keywords = Keywords.Steps)]
    public void StepStop(int loop) => WriteEvent(4, loop);

    /// <summary>The watchdog found a loop blocked.</summary>
    [Event(5, Level = EventLevel.Warning, Keywords = Keywords.Tasks, Message = "Blocked for {1} s by {2}")]
    public void LoopBlocked(int loop, double seconds, string entry) => WriteEvent(5, loop, seconds, entry);

    /// <inheritdoc/>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        _tracesTasks = IsEnabled(EventLevel.Informational, Keywords.Tasks);
        _tracesSteps = IsEnabled(EventLevel.Verbose, Keywords.Steps);
    }
}
