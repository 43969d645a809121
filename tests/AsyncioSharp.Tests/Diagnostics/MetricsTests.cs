using System.Diagnostics.Metrics;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Diagnostics;

/// <summary>The meter is one for the process and other tests use loops meanwhile: so gauges are looked at for this test's loop, and counters for their growth.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value, object? Loop)> _measured = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private Action<string>? _fault;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void The_instruments_have_readable_names_units_and_descriptions()
    {
        var instruments = new Dictionary<string, Instrument>();
        _listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "AsyncioSharp")
            {
                instruments[instrument.Name] = instrument;
            }
        };
        new EventLoop().Close();
        _listener.Start();

        instruments.Keys.Order().ShouldBe(
        [
            "asyncio.loop.lag", "asyncio.loop.ready", "asyncio.loop.timers", "asyncio.step.duration",
            "asyncio.tasks.cancelled", "asyncio.tasks.created", "asyncio.tasks.failed", "asyncio.tasks.live",
        ]);
        instruments.Values.ShouldAllBe(instrument => !string.IsNullOrEmpty(instrument.Unit) && !string.IsNullOrEmpty(instrument.Description));
    }

    [Fact]
    public void Gauges_tell_what_a_loop_holds()
    {
        Listen("asyncio.tasks.live", "asyncio.loop.ready", "asyncio.loop.timers");
        var loop = VirtualTimeLoop.Create();
        async Coroutine Main()
        {
            var tasks = new List<CoroutineTask>();
            for (int i = 0; i < 5; i++)
            {
                tasks.Add(Asyncio.CreateTask(Asyncio.Sleep(10)));
            }
            await Asyncio.Sleep(1);
            loop.CallSoon(() => { });
            loop.CallSoon(() => { });
            _listener.RecordObservableInstruments();
            await Asyncio.Gather(tasks);
        }
        loop.RunUntilComplete(Main());

        Of(loop).ShouldBe([("asyncio.tasks.live", 6.0), ("asyncio.loop.ready", 2.0), ("asyncio.loop.timers", 5.0)]);
        loop.Close();
        _measured.Clear();
        _listener.RecordObservableInstruments();
        Of(loop).ShouldBeEmpty();
    }

    [Fact]
    public void Counters_grow_and_keep_what_closed_loops_counted()
    {
        Listen("asyncio.tasks.created", "asyncio.tasks.cancelled", "asyncio.tasks.failed");
        var loop = VirtualTimeLoop.Create();
        var before = Counters();
        async Coroutine Fails() => throw new FormatException();
        async Coroutine Main()
        {
            var cancelled = Asyncio.CreateTask(Asyncio.Sleep(10));
            var failed = Asyncio.CreateTask(Fails());
            await Asyncio.Sleep(1);
            cancelled.Cancel();
            await Asyncio.Wait([cancelled, failed]);
            failed.Exception().ShouldBeOfType<FormatException>();
        }
        loop.RunUntilComplete(Main());
        loop.Close();

        var after = Counters();
        (after["asyncio.tasks.created"] - before["asyncio.tasks.created"]).ShouldBeGreaterThanOrEqualTo(3);
        (after["asyncio.tasks.cancelled"] - before["asyncio.tasks.cancelled"]).ShouldBeGreaterThanOrEqualTo(1);
        (after["asyncio.tasks.failed"] - before["asyncio.tasks.failed"]).ShouldBeGreaterThanOrEqualTo(1);
        loop.TaskCounts.Created.ShouldBe(3);
        loop.TaskCounts.Cancelled.ShouldBe(1);
        loop.TaskCounts.Failed.ShouldBe(1);
    }

    [Fact]
    public void Steps_and_late_timers_are_measured_on_the_loops_clock()
    {
        Listen("asyncio.step.duration", "asyncio.loop.lag");
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.CallLater(1, () => { });
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(3)));
        loop.RunIteration();
        _measured.ShouldContain(("asyncio.step.duration", 3.0, null));

        loop.RunIteration();

        _measured.Single(measured => measured.Name == "asyncio.loop.lag").Value.ShouldBe(2, 1e-3);
        loop.Close();
    }

    [Fact]
    public void A_listener_that_comes_later_is_noticed_by_a_loop_that_never_rests_and_one_that_goes_is_forgotten()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        async Coroutine Main()
        {
            loop.IsWatched.ShouldBeFalse();
            Listen("asyncio.step.duration");
            for (int i = 0; i < 70; i++)
            {
                await Asyncio.Sleep(0);
            }
            loop.IsWatched.ShouldBeTrue();
            _measured.ShouldNotBeEmpty();
        }
        loop.RunUntilComplete(Main());
        loop.Close();
    }

    [Fact]
    public void A_listener_that_fails_is_told_of_once_and_the_program_goes_on()
    {
        Listen("asyncio.step.duration", "asyncio.loop.lag");
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        var entries = new List<LogEntry>();
        loop.LogSink = entries.Add;
        async Coroutine<string> Main()
        {
            for (int i = 0; i < 3; i++)
            {
                var sleep = Asyncio.CreateTask(Asyncio.Sleep(1));
                await Asyncio.Sleep(0);
                clock.Advance(TimeSpan.FromSeconds(3));
                await sleep;
            }
            return "end";
        }
        int measured = 0;
        _fault = name => throw new IOException($"{name} {++measured}");

        loop.RunUntilComplete(Main()).ShouldBe("end");

        measured.ShouldBeGreaterThan(6);
        var told = entries.Where(entry => entry.Event == LogEvent.Other).ToList();
        told.Select(entry => (entry.Severity, entry.Message[..entry.Message.IndexOf(';')])).ShouldBe(
            [(LogSeverity.Warning, "A listener of asyncio.step.duration failed"), (LogSeverity.Warning, "A listener of asyncio.loop.lag failed")], ignoreOrder: true);
        told.ShouldAllBe(entry => entry.Exception is IOException);
        loop.Close();
    }

    [Fact]
    public void A_fault_of_a_listener_whose_report_fails_does_not_end_the_program_either()
    {
        Listen("asyncio.step.duration");
        var loop = VirtualTimeLoop.Create();
        loop.LogSink = _ => throw new IOException("full");
        _fault = _ => throw new IOException("listener");

        loop.RunUntilComplete(Asyncio.Sleep(1, "end")).ShouldBe("end");
        loop.Close();
    }

    [Fact]
    public void A_listener_that_fails_when_it_is_told_of_an_instrument_costs_that_instrument_alone()
    {
        using var meter = new Meter("AsyncioSharp.Tests");
        _listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter == meter)
            {
                throw new IOException("listener");
            }
        };
        _listener.Start();

        var histogram = Telemetry.Create(meter => meter.CreateHistogram<double>("asyncio.test"), meter);

        histogram.Name.ShouldBe("asyncio.test");
        histogram.Enabled.ShouldBeFalse();
        histogram.Record(1);
    }

    private void Listen(params string[] names)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "AsyncioSharp" && names.Contains(instrument.Name))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Environment.CurrentManagedThreadId == _thread) // not what other tests measure
        {
            _measured.Add((instrument.Name, value, tags.IsEmpty ? null : tags[0].Value));
            _fault?.Invoke(instrument.Name);
        }
    }

    private IEnumerable<(string, double)> Of(EventLoop loop) => _measured.Where(measured => loop.Number.Equals(measured.Loop)).Select(measured => (measured.Name, measured.Value));

    private Dictionary<string, double> Counters()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
        return _measured.ToDictionary(measured => measured.Name, measured => measured.Value);
    }
}
