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

    /// <summary>Compares the workloads whose names contain one of <paramref name="filters"/>; all of them if there is none. False if a peer failed.</summary>
    internal static bool Run(string[] filters)
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
        var table = new ComparisonTable(Console.Out, [.. peers.Select(static peer => peer.Name)]);
        table.WriteHead();
        foreach (var (workload, unit, keys) in s_rows)
        {
            if (filters.Length == 0 || filters.Any(filter => workload.Contains(filter, StringComparison.Ordinal)))
            {
                table.WriteRow(workload, unit, keys, Measure(peers, workload));
            }
        }
        return table.WriteFailures();
    }

    // What came of the passes of each peer. Who fails at a workload, or has none, is not asked for it again.
    private static List<Outcome>[] Measure(List<Peer> peers, string workload)
    {
        int operations = Catalogue.Find("asyncio", workload).Operations;
        List<Outcome>[] outcomes = [.. peers.Select(static _ => new List<Outcome>())];
        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (var (peer, own) in peers.Zip(outcomes))
            {
                if (own.TrueForAll(static outcome => outcome.Figures is not null))
                {
                    // A million timers and a million sleepers are what they are about. (trio would need minutes for so many timers.)
                    double share = workload.StartsWith("memory", StringComparison.Ordinal) ? 1 : workload == "timers" ? Math.Min(1, peer.Share * 10) : peer.Share;
                    own.Add(peer.Measure(workload, (int)(operations * share)));
                }
            }
        }
        return outcomes;
    }
}
