namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>
/// Runs the workloads of this library and of its peers side by side and prints one table. Within a pass each workload is taken by every peer in
/// turn, each in a process of its own; a ratio is that of two neighbours in one pass, and the table has the median over the passes. So
/// a machine that gets slower or faster meanwhile does not change the picture.
/// </summary>
internal static class Comparison
{
    private const int Passes = 3;

    /// <summary>What is compared: processor time, as a rule; bytes; wall time where threads wait for each other. By these names peers call the figure.</summary>
    private static readonly (string Unit, string[] Keys, string[] Workloads)[] s_rows =
    [
        ("ns", ["cpu_ns", "med_cpu_ns"],
        [
            "spawn_join", "spawn_join_wg", "spawn_join_inline", "spawn_join_eager", "spawn_join_yield", "yield_1", "yield_1000",
            "await_chain", "await_chain_static", "await_chain_valuetask",
            "deep_yield", "gather", "gather_eager", "gather_bare", "ping_pong_future", "ping_pong_future_inline", "ping_pong_queue", "timers", "timeout", "timeout_scope",
            "cancel", "cancel_status", "cancel_throw_once", "cancel_outcomes", "cancel_handler", "cancel_handler_status",
        ]),
        ("bytes", ["rss", "bytes_task"], ["memory_sleep", "memory_future"]),
        ("ns wall", ["ns", "med_ns"], ["threadsafe_cb", "threadsafe_coro", "threadsafe_rt"]),
        ("ns", ["cpu_ns"], ["echo", "echo_protocol", "echo_inline", "echo_dotnet"]), // of the server
    ];

    /// <summary>The rows of the table.</summary>
    internal static string[] Workloads => [.. s_rows.SelectMany(static rows => rows.Workloads)];

    /// <summary>Compares the workloads whose names contain one of <paramref name="parts"/>; all of them if there is none.</summary>
    /// <returns>False if a peer failed, or if no workload has such a name.</returns>
    internal static bool Run(string[] parts, TextWriter output)
    {
        if (Catalogue.Choose(Workloads, parts, output) is not { } chosen)
        {
            return false;
        }
        var peers = new List<Peer>();
        foreach (var peer in Peer.All())
        {
            if (peer.Prepare() is { } reason)
            {
                output.WriteLine($"left out: {peer.Name}: {reason}");
            }
            else
            {
                peers.Add(peer);
            }
        }
        Processors.TellIfShared(chosen, output);
        output.WriteLine();
        var table = new ComparisonTable(output, [.. peers.Select(static peer => peer.Name)]);
        table.WriteHead();
        foreach (var (unit, keys, workloads) in s_rows)
        {
            foreach (string workload in workloads.Intersect(chosen))
            {
                table.WriteRow(workload, unit, keys, Measure(peers, workload));
            }
        }
        return table.WriteFailures();
    }

    // What came of the passes of each peer. Who fails at a workload, or has none, is not asked for it again.
    private static List<Outcome>[] Measure(List<Peer> peers, string workload)
    {
        var ours = Catalogue.Own(workload);
        List<Outcome>[] outcomes = [.. peers.Select(static _ => new List<Outcome>())];
        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (var (peer, own) in peers.Zip(outcomes))
            {
                if (own.TrueForAll(static outcome => outcome.Figures is not null))
                {
                    // A million timers and a million sleepers are what they are about. (trio would need minutes for so many timers.)
                    double share = ours.IsMemory ? 1 : workload == "timers" ? Math.Min(1, peer.Share * 10) : peer.Share;
                    own.Add(peer.Measure(peer == peers[0] ? ours.Name : workload, (int)(ours.Operations * share)));
                }
            }
        }
        return outcomes;
    }
}
