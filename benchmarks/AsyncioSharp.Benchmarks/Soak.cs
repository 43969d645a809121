using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// A mixed load (<see cref="SoakLoad"/>) for a long time. Each minute it tells what was done, the heap after a collection, the process's memory, and by how much a sleeping
/// task was woken too late. Memory must stay flat and the latency must not drift: the last lines compare the first and the last third, and tell whether it did.
/// </summary>
internal static class Soak
{
    private const int Workers = 200;

    /// <summary>Runs it. False if memory or latency drifted, or a worker failed.</summary>
    internal static bool Run(TimeSpan duration) => Asyncio.Run(Load(duration));

    private static async Coroutine<bool> Load(TimeSpan duration)
    {
        var loop = Asyncio.GetRunningLoop();
        var load = new SoakLoad();
        var latencies = new List<double>();
        var period = duration < TimeSpan.FromMinutes(6) ? duration / 6 : TimeSpan.FromMinutes(1);
        var submitter = Threads.Start(() => load.Submit(loop));
        var tasks = Enumerable.Range(0, Workers).Select(i => Asyncio.CreateTask(load.Work(i))).ToList();
        tasks.Add(Asyncio.CreateTask(WatchLatency(latencies)));
        var heap = new Drift("heap, KiB", 1.1, 512);
        var resident = new Drift("resident, MiB", 1.2, 16);
        var median = new Drift("woken late, median us", 1.5, 200);
        var late = new Drift("woken late, 99 % us", 2, 5000);
        double end = loop.Time + duration.TotalSeconds;
        Console.WriteLine("| minutes | operations | heap, KiB | resident, MiB | woken late, median us | 99 % us |");
        Console.WriteLine("|---:|---:|---:|---:|---:|---:|");
        while (loop.Time < end && !tasks.Exists(static task => task.IsDone))
        {
            await Asyncio.Sleep(period);
            latencies.Sort();
            MemoryProbe.Collect(); // GetTotalMemory gives up collecting as soon as little changes
            double heapNow = GC.GetTotalMemory(forceFullCollection: false) / 1024.0;
            double residentNow = Environment.WorkingSet / 1048576.0;
            double medianNow = latencies[latencies.Count / 2];
            double lateNow = latencies[latencies.Count * 99 / 100];
            latencies.Clear();
            heap.Add(heapNow);
            resident.Add(residentNow);
            median.Add(medianNow);
            late.Add(lateNow);
            double minutes = duration.TotalMinutes - ((end - loop.Time) / 60);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {minutes:F1} | {load.Operations:N0} | {heapNow:F0} | {residentNow:F0} | {medianNow:F0} | {lateNow:F0} |"));
        }
        load.IsOver = true;
        await Asyncio.ToThread(submitter.Join); // it waits for the loop itself
        tasks.ForEach(static task => task.Cancel());
        var failed = (await Asyncio.GatherOutcomes((IAwaitable[])[.. tasks])).Where(static outcome => !outcome.IsCancelled).ToList();
        if (failed.Count > 0)
        {
            Console.WriteLine($"{failed.Count} workers failed, the first with {failed[0].Exception}");
        }
        bool isGood = failed.Count == 0;
        foreach (var figure in new[] { heap, resident, median, late })
        {
            isGood &= figure.Judge(Console.Out);
        }
        return isGood;
    }

    private static async Coroutine WatchLatency(List<double> latencies)
    {
        var loop = Asyncio.GetRunningLoop();
        while (true)
        {
            double due = loop.Time + 0.01;
            await Asyncio.Sleep(0.01);
            latencies.Add((loop.Time - due) * 1e6);
        }
    }
}
