using System.Globalization;

namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>
/// Runs the workloads of this library and of its peers side by side and prints one table. Within a pass each workload is taken by every peer in
/// turn, each in a process of its own; a ratio is that of two neighbours in one pass, and the table has the median over the passes. So
/// a machine that gets slower or faster meanwhile does not change the picture.
/// </summary>
internal static class Comparison
{
    private const int Passes = 3;

    /// <summary>What is compared of a workload: processor time, as a rule; wall time where threads wait for each other.</summary>
    private static readonly (string Workload, string Unit, string[] Keys)[] s_rows =
    [
        ("spawn_join", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("yield_1", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("yield_1000", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("await_chain", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("deep_yield", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("gather", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("ping_pong_future", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("ping_pong_queue", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("timers", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("timeout", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("cancel", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("cancel_status", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("cancel_outcomes", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("cancel_handler", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("cancel_handler_status", "ns", ["cpu_ns", "med_cpu_ns"]),
        ("memory_sleep", "bytes", ["rss", "bytes_task"]),
        ("memory_future", "bytes", ["rss", "bytes_task"]),
        ("threadsafe_cb", "ns wall", ["ns", "med_ns"]),
        ("threadsafe_coro", "ns wall", ["ns", "med_ns"]),
        ("threadsafe_rt", "ns wall", ["ns", "med_ns"]),
    ];

    /// <summary>Compares the workloads whose names contain one of <paramref name="filters"/>; all of them if there is none.</summary>
    internal static void Run(string[] filters)
    {
        var peers = new List<Peer>();
        foreach (var peer in Peer.All())
        {
            if (peer.Prepare() is { } reason)
            {
                Console.WriteLine($"left out: {peer.Name}: {reason}");
            }
            else
            {
                peers.Add(peer);
            }
        }
        Console.WriteLine();
        Console.WriteLine($"| workload | {string.Join(" | ", peers.Select(static peer => peer.Name))} |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---:|", peers.Count))}");
        foreach (var (workload, unit, keys) in s_rows)
        {
            if (filters.Length == 0 || filters.Any(filter => workload.Contains(filter, StringComparison.Ordinal)))
            {
                Console.WriteLine($"| {workload}, {unit} | {string.Join(" | ", Row(peers, workload, keys))} |");
            }
        }
    }

    private static IEnumerable<string> Row(List<Peer> peers, string workload, string[] keys)
    {
        int operations = Catalogue.Find("asyncio", workload).Operations;
        double[][] figures = new double[peers.Count][];
        for (int i = 0; i < peers.Count; i++)
        {
            figures[i] = new double[Passes];
        }
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < peers.Count; i++)
            {
                // A million timers and a million sleepers are what they are about. (trio would need minutes for so many timers.)
                double share = workload.StartsWith("memory", StringComparison.Ordinal) ? 1 : workload == "timers" ? Math.Min(1, peers[i].Share * 10) : peers[i].Share;
                figures[i][pass] = Figure(peers[i].Measure(workload, (int)(operations * share)), keys);
            }
        }
        for (int i = 0; i < peers.Count; i++)
        {
            double[] ratios = [.. figures[i].Zip(figures[0], static (peer, own) => peer / own)];
            yield return double.IsNaN(figures[i].Sum()) ? "" : i == 0 ? Number(Median(figures[i])) : $"{Number(Median(figures[i]))} ({Ratio(Median(ratios))})";
        }
    }

    private static double Figure(IReadOnlyDictionary<string, double>? result, string[] keys)
    {
        foreach (string key in keys)
        {
            if (result is not null && result.TryGetValue(key, out double figure))
            {
                return figure;
            }
        }
        return double.NaN;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Number(double value) => value.ToString(value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Ratio(double value) => value.ToString(value < 10 ? "F2" : "F0", CultureInfo.InvariantCulture) + "x";
}
