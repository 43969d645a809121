using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Oracle.Interpretation;

/// <summary>
/// Runs scenarios on AsyncioSharp's public API and gives their traces. A run ends at a fixed virtual time, by when a watchdog has cancelled three
/// times whatever was still pending, so no scenario can hang. Reports of exceptions that nobody retrieved need garbage collections; they serve
/// many scenarios, whose loops stay open until then.
/// </summary>
public static class ScenarioRun
{
    private const int PerCollection = 200;
    private const double End = 4000;

    /// <summary>Runs scenarios one after the other.</summary>
    /// <param name="scenarios">Scenarios that the grammar allows.</param>
    /// <returns>The lines of each one's trace, in the same order.</returns>
    public static IEnumerable<IReadOnlyList<string>> Traces(IEnumerable<JsonObject> scenarios)
    {
        foreach (var chunk in scenarios.Chunk(PerCollection))
        {
            var ended = new Ended[chunk.Length];
            for (int i = 0; i < chunk.Length; i++)
                ended[i] = Run(chunk[i]);
            CollectLost(() => ended.Select(static run => run.TakeReports()).ToList().Contains(true)); // each, not only the first that has some
            foreach (var run in ended)
            {
                yield return run.Finish();
            }
        }
    }

    /// <summary>
    /// Has the collector find all that nobody refers to. If it has come before, and found what was young, a report of that may wait to be told and hold older failures
    /// meanwhile, which only the next collection finds. So this collects until nothing more is told.
    /// </summary>
    /// <param name="tell">Tells what the finalizers have reported; true if there was something.</param>
    public static void CollectLost(Func<bool> tell)
    {
        do
        {
            GC.WaitForPendingFinalizers(); // those of an earlier collection
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        while (tell());
    }

    /// <summary>Runs one scenario.</summary>
    /// <param name="scenario">A scenario that the grammar allows.</param>
    /// <returns>The lines of its trace.</returns>
    public static IReadOnlyList<string> Trace(JsonObject scenario) => Traces([scenario]).Single();

    /// <summary>In a method of its own, so that nothing of the scenario is reachable from the caller's frame afterwards.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Ended Run(JsonObject scenario)
    {
        var lines = new List<string>();
        var reports = new List<string>();
        var clock = new VirtualClock();
        var moments = new Moments(clock);
        var loop = new EventLoop(clock, moments);
        var machine = new Machine(loop, lines);
        loop.ExceptionHandler = new Handler(machine, reports).Handle;
        Context.Copy().Run(() =>
        {
            var main = new Bodies(machine).Call(new JsonObject { ["x"] = "call", ["id"] = "m", ["guard"] = true, ["do"] = scenario["main"]!.DeepClone() });
            machine.Name("main", loop.CreateTask(main));
            for (int second = 1000; second < End; second += 1000)
                loop.CallAt(second, () => Watch(machine));
            loop.CallAt(End, loop.Stop);
            RunLoop(loop, lines);
        });
        lines.Add("clock " + string.Join(' ', moments.Seen.Select(Texts.Of)));
        foreach (var (slot, thing) in machine.Slots)
        {
            if (thing is Future future)
                lines.Add($"end {slot} {Texts.Of(future)}");
        }
        bool isPending = Asyncio.AllTasks(loop).Count > 0;
        loop.ExceptionHandler = new Handler(null, reports).Handle; // one that does not keep the machine
        return new Ended(loop, lines, reports, isPending);
    }

    /// <summary>Automatic names tell the order of creation; what was given a name comes first, by name.</summary>
    private static (int Number, string Name) OrderOf(CoroutineTask task) => task.Name.StartsWith("Task-", StringComparison.Ordinal)
        ? (int.Parse(task.Name.AsSpan("Task-".Length), CultureInfo.InvariantCulture), "")
        : (0, task.Name);

    private static void RunLoop(EventLoop loop, List<string> lines)
    {
        try
        {
            loop.RunForever();
        }
        catch (Exception e)
        {
            lines.Add($"the loop failed: {e}"); // nothing in the language may do that; no trace of CPython has such a line
        }
    }

    private static void Watch(Machine machine)
    {
        var frame = new Frame("watchdog");
        machine.Emit(frame, "wake");
        var tasks = Asyncio.AllTasks(machine.Loop);
        var labelled = machine.Labelled.Where(tasks.Contains);
        var others = tasks.Where(task => !machine.HasLabel(task)).OrderBy(OrderOf);
        foreach (var task in labelled.Concat(others).ToList())
        {
            machine.Emit(frame, $"cancel {machine.Label(task)}");
            task.Cancel();
        }
    }

    /// <summary>Waits as the clock does, and keeps the moments to which it has jumped: a timer that was left behind shows there.</summary>
    private sealed class Moments(VirtualClock clock) : Parker
    {
        public List<double> Seen { get; } = [];

        public override void Park(double seconds, bool workElsewhere)
        {
            double before = clock.Seconds;
            clock.Parker.Park(seconds, workElsewhere);
            if (clock.Seconds > before)
                Seen.Add(clock.Seconds);
        }

        public override void Wake() => clock.Parker.Wake();
    }

    /// <summary>Writes failures of callbacks into the trace as they happen, and keeps reports of unretrieved exceptions for its end.</summary>
    private sealed class Handler(Machine? machine, List<string> reports)
    {
        private const string Unretrieved = " exception was never retrieved";

        public void Handle(EventLoop loop, ExceptionContext context)
        {
            var message = context.Message ?? "";
            if (message.EndsWith(Unretrieved, StringComparison.Ordinal))
                reports.Add($"unretrieved {message[..^Unretrieved.Length]} {Texts.Of(context.Exception!)}");
            else if (message.StartsWith("Exception in callback", StringComparison.Ordinal))
                machine?.Emit(new Frame("handler"), $"callback failed {Texts.Of(context.Exception!)}");
            else
                machine?.Emit(new Frame("handler"), message);
        }
    }

    /// <summary>A run that has ended, and waits for the collections that bring its reports.</summary>
    private sealed class Ended(EventLoop loop, List<string> lines, List<string> reports, bool isPending)
    {
        /// <summary>Takes in what the finalizers have sent; true if it was something.</summary>
        public bool TakeReports()
        {
            int before = reports.Count;
            loop.Stop();
            RunLoop(loop, lines);
            return reports.Count > before;
        }

        public List<string> Finish()
        {
            if (!isPending)
                lines.AddRange(reports.Order(StringComparer.Ordinal));
            loop.Close();
            return lines;
        }
    }
}
