using System.Diagnostics.Metrics;

namespace AsyncioSharp;

/// <summary>
/// The instruments that are read when somebody asks: gauges of each loop, with its number as the tag <c>loop</c>, and counters over all loops of the process, those
/// that are gone included. Costs nothing while nobody asks: the loops keep these numbers anyway.
/// </summary>
internal static class LoopGauges
{
    private static readonly object s_gate = new();
    private static readonly List<WeakReference<EventLoop>> s_loops = [];
    private static TaskCounts s_gone; // of loops that are closed

    static LoopGauges()
    {
        Telemetry.Create(meter => meter.CreateObservableUpDownCounter("asyncio.tasks.live", static () => Measure(loop => loop.TaskCount), "{task}", "Tasks that are not done"));
        Telemetry.Create(meter => meter.CreateObservableGauge("asyncio.loop.ready", static () => Measure(loop => loop.ReadyCount), "{entry}", "Entries that are ready to run"));
        Telemetry.Create(meter => meter.CreateObservableGauge("asyncio.loop.timers", static () => Measure(loop => loop.TimerCount), "{timer}", "Timers that wait"));
        Telemetry.Create(meter => meter.CreateObservableCounter("asyncio.tasks.created", static () => Total().Created, "{task}", "Tasks that were made"));
        Telemetry.Create(meter => meter.CreateObservableCounter("asyncio.tasks.cancelled", static () => Total().Cancelled, "{task}", "Tasks that ended cancelled"));
        Telemetry.Create(meter => meter.CreateObservableCounter("asyncio.tasks.failed", static () => Total().Failed, "{task}", "Tasks that ended with an exception"));
    }

    internal static void Add(EventLoop loop)
    {
        lock (s_gate)
        {
            s_loops.Add(new WeakReference<EventLoop>(loop));
        }
    }

    /// <summary>Called when a loop is closed, which its finalizer sees to if the program does not.</summary>
    internal static void Remove(EventLoop loop)
    {
        lock (s_gate)
        {
            s_loops.RemoveAll(known => !known.TryGetTarget(out var other) || other == loop);
            s_gone += loop.TaskCounts;
        }
    }

    private static List<EventLoop> Loops()
    {
        var loops = new List<EventLoop>();
        lock (s_gate)
        {
            foreach (var known in s_loops)
            {
                if (known.TryGetTarget(out var loop))
                {
                    loops.Add(loop);
                }
            }
        }
        return loops;
    }

    private static IEnumerable<Measurement<int>> Measure(Func<EventLoop, int> read)
        => Loops().Select(loop => new Measurement<int>(read(loop), new KeyValuePair<string, object?>("loop", loop.Number)));

    private static TaskCounts Total()
    {
        lock (s_gate)
        {
            var total = s_gone;
            foreach (var known in s_loops)
            {
                total += known.TryGetTarget(out var loop) ? loop.TaskCounts : default;
            }
            return total;
        }
    }
}

public sealed partial class EventLoop
{
    private partial void RememberGauges() => LoopGauges.Add(this);

    private partial void ForgetGauges() => LoopGauges.Remove(this);
}
