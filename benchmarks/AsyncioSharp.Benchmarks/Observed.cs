using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// What it costs to look at a loop, and that it costs nothing if nobody looks: the same workloads without an observer, before and after others were there, and
/// with each kind of observer, in one process, in turns. In nanoseconds of processor time; compare rows of one run only.
/// </summary>
internal static class Observed
{
    private static readonly string[] s_workloads = ["yield_1", "spawn_join"];

    internal static void Run()
    {
        Console.WriteLine($"| observer | {string.Join(" | ", s_workloads)} |");
        Console.WriteLine("|---|---:|---:|");
        for (int i = 0; i < 3; i++)
        {
            Row("(warm-up)", static () => null, static _ => { });
        }
        Row("nobody", static () => null, static _ => { });
        Row("the meter's gauges and counters", () => new MeterObserver(static name => name.StartsWith("asyncio.tasks", StringComparison.Ordinal)), static _ => { });
        Row("the meter's histograms", () => new MeterObserver(static name => name is "asyncio.step.duration" or "asyncio.loop.lag"), static _ => { });
        Row("events of tasks", static () => new EventObserver(), static _ => { });
        Row("the watchdog", static () => null, static loop => loop.Watchdog = TimeSpan.FromSeconds(1));
        Row("debug mode", static () => null, static loop => (loop.Debug, loop.LogWriter) = (true, TextWriter.Null));
        Row("nobody, again", static () => null, static _ => { });
    }

    private static void Row(string name, Func<IDisposable?> observe, Action<EventLoop> configure)
    {
        using var observer = observe();
        var cells = s_workloads.Select(workload => Time(Catalogue.Own(workload), configure).ToString("F1", CultureInfo.InvariantCulture));
        Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
    }

    private static double Time(Workload workload, Action<EventLoop> configure)
    {
        using var runner = new Runner();
        configure(runner.GetLoop());
        AsyncioWorkloads.Runner = runner;
        int n = workload.Operations / 20;
        double best = double.PositiveInfinity;
        for (int i = 0; i < 12; i++)
        {
            var before = Environment.CpuUsage.TotalTime;
            workload.Run(n);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalNanoseconds / n);
        }
        return best;
    }

    private sealed class MeterObserver : IDisposable
    {
        private readonly MeterListener _listener = new();

        internal MeterObserver(Func<string, bool> wants)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "AsyncioSharp" && wants(instrument.Name))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
            _listener.Start();
        }

        public void Dispose() => _listener.Dispose();
    }

    private sealed class EventObserver : EventListener
    {
        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == "AsyncioSharp")
            {
                EnableEvents(source, EventLevel.Informational, (EventKeywords)1);
            }
        }
    }
}
