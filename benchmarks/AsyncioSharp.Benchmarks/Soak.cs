using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// A mixed load for a long time: sleeps, gathers, timeouts that expire and that do not, cancellations, failures, work in threads and from threads.
/// Each minute it tells what was done, the heap after a collection, the process's memory, and by how much a sleeping task was woken too late. Memory must
/// stay flat and the latency must not drift; the last lines compare the first and the last third.
/// </summary>
internal static class Soak
{
    private const int Workers = 200;

    internal static void Run(TimeSpan duration) => Asyncio.Run(Load(duration));

    private static async Coroutine Load(TimeSpan duration)
    {
        var loop = Asyncio.GetRunningLoop();
        var state = new State();
        var period = duration < TimeSpan.FromMinutes(6) ? duration / 6 : TimeSpan.FromMinutes(1);
        var submitter = Threads.Start(() => Submit(loop, state));
        var tasks = Enumerable.Range(0, Workers).Select(i => Asyncio.CreateTask(Work(i, state))).ToList();
        tasks.Add(Asyncio.CreateTask(WatchLatency(state)));
        var samples = new List<(double Heap, double Resident, double Median, double Late)>();
        double end = loop.Time + duration.TotalSeconds;
        Console.WriteLine("| minutes | operations | heap, KiB | resident, MiB | woken late, median us | 99 % us |");
        Console.WriteLine("|---:|---:|---:|---:|---:|---:|");
        while (loop.Time < end)
        {
            await Asyncio.Sleep(period);
            double heap = GC.GetTotalMemory(forceFullCollection: true) / 1024.0;
            double resident = Environment.WorkingSet / 1048576.0;
            var (median, late) = state.TakeLatencies();
            samples.Add((heap, resident, median, late));
            double minutes = duration.TotalMinutes - ((end - loop.Time) / 60);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {minutes:F1} | {state.Operations:N0} | {heap:F0} | {resident:F0} | {median:F0} | {late:F0} |"));
        }
        state.IsOver = true;
        await Asyncio.ToThread(submitter.Join); // it waits for the loop itself
        tasks.ForEach(static task => task.Cancel());
        await Asyncio.GatherOutcomes((IAwaitable[])[.. tasks]);

        int third = Math.Max(1, samples.Count / 3);
        Compare("heap, KiB", samples, third, static sample => sample.Heap);
        Compare("resident, MiB", samples, third, static sample => sample.Resident);
        Compare("woken late, median us", samples, third, static sample => sample.Median);
        Compare("woken late, 99 % us", samples, third, static sample => sample.Late);
    }

    private static void Compare(
        string name, List<(double Heap, double Resident, double Median, double Late)> samples, int third,
        Func<(double Heap, double Resident, double Median, double Late), double> figure)
    {
        double first = samples.Take(third).Select(figure).Order().ElementAt(third / 2);
        double last = samples.TakeLast(third).Select(figure).Order().ElementAt(third / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {first:F1} in the first third, {last:F1} in the last, ratio {last / first:F2}"));
    }

    private static async Coroutine Work(int seed, State state)
    {
        var random = new Random(seed);
        while (true)
        {
            switch (random.Next(7))
            {
                case 0:
                    await Asyncio.Sleep(random.NextDouble() * 0.02);
                    break;
                case 1:
                    int[] values = await Asyncio.Gather(Value(1, random), Value(2, random), Value(3, random));
                    Measurement.Check(values is [1, 2, 3]);
                    break;
                case 2:
                    Measurement.Check(await Asyncio.WaitFor(Value(4, random), 10.0) == 4);
                    break;
                case 3:
                    try
                    {
                        await Asyncio.WaitFor(Asyncio.Sleep(100), random.NextDouble() * 0.01);
                        Measurement.Check(false);
                    }
                    catch (TimeoutException)
                    {
                        // as it should
                    }
                    break;
                case 4:
                    var task = Asyncio.CreateTask(Value(5, random));
                    await Asyncio.Sleep(0);
                    task.Cancel("soak");
                    await Asyncio.Wait([task]);
                    break;
                case 5:
                    var outcome = (await Asyncio.GatherOutcomes(Fail(random)))[0];
                    Measurement.Check(outcome.Exception is FormatException);
                    break;
                default:
                    Measurement.Check(await Asyncio.ToThread(static i => i + 1, 6) == 7);
                    break;
            }
            state.Operations++;
        }
    }

    private static async Coroutine<int> Value(int value, Random random)
    {
        await Asyncio.Sleep(random.Next(2) * random.NextDouble() * 0.01);
        return value;
    }

    private static async Coroutine<int> Fail(Random random)
    {
        await Asyncio.Sleep(random.NextDouble() * 0.005);
        throw new FormatException("soak");
    }

    private static async Coroutine WatchLatency(State state)
    {
        var loop = Asyncio.GetRunningLoop();
        while (true)
        {
            double due = loop.Time + 0.01;
            await Asyncio.Sleep(0.01);
            state.Latencies.Add((loop.Time - due) * 1e6);
        }
    }

    // From another thread, with and without waiting for the result.
    private static void Submit(EventLoop loop, State state)
    {
        var random = new Random(7);
        while (!state.IsOver)
        {
            for (int i = 0; i < 20; i++)
            {
                loop.CallSoonThreadsafe(static () => { });
            }
            Measurement.Check(Asyncio.RunCoroutineThreadsafe(Value(8, new Random(1)), loop).Result(30) == 8);
            Thread.Sleep(random.Next(3));
        }
    }

    private sealed class State
    {
        private volatile bool _isOver;

        internal bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }

        internal long Operations { get; set; }

        internal List<double> Latencies { get; } = [];

        internal (double Median, double Late) TakeLatencies()
        {
            Latencies.Sort();
            var result = Latencies.Count == 0 ? (0, 0) : (Latencies[Latencies.Count / 2], Latencies[Latencies.Count * 99 / 100]);
            Latencies.Clear();
            return result;
        }
    }
}
