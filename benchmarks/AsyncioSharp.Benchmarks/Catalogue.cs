namespace AsyncioSharp.Benchmarks;

/// <summary>Every workload of this library and of plain tasks, and how they are chosen by parts of their names.</summary>
internal static class Catalogue
{
    internal static readonly string[] Peers = ["asyncio", "pump", "pool"];

    /// <summary>What only others do in this way, and what of this library stands beside it.</summary>
    private static readonly Dictionary<string, string> s_counterparts = new()
    {
        ["spawn_join_wg"] = "spawn_join",
        ["await_chain_static"] = "await_chain",
        ["await_chain_valuetask"] = "await_chain",
        ["gather_bare"] = "gather_eager",
        ["ping_pong_future_inline"] = "ping_pong_future",
        ["cancel_throw_once"] = "cancel_status",
        ["echo_protocol"] = "echo",
        ["echo_inline"] = "echo",
    };

    internal static IReadOnlyList<Workload> All { get; } =
        [.. AsyncioWorkloads.All(), .. TaskWorkloads.All(onPump: true), .. TaskWorkloads.All(onPump: false), .. EchoServers.All()];

    /// <summary>The workload; null if the peer has none of this name.</summary>
    internal static Workload? Find(string peer, string name) => All.FirstOrDefault(w => w.Peer == peer && w.Name == name);

    /// <summary>The workload of this library that stands in the row of <paramref name="name"/>.</summary>
    internal static Workload Own(string name) => Find("asyncio", s_counterparts.GetValueOrDefault(name, name))
        ?? throw new ArgumentException($"Nothing of this library stands beside '{name}'.", nameof(name));

    /// <summary>
    /// The names that contain one of <paramref name="parts"/>; all of them if there are no parts. Null if one is in no name, of which <paramref name="output"/> then tells.
    /// </summary>
    internal static string[]? Choose(IReadOnlyCollection<string> names, string[] parts, TextWriter output)
    {
        string? unknown = Array.Find(parts, part => !names.Any(name => name.Contains(part, StringComparison.Ordinal)));
        if (unknown is null)
        {
            return [.. names.Where(name => parts.Length == 0 || parts.Any(part => name.Contains(part, StringComparison.Ordinal)))];
        }
        output.WriteLine($"No workload has '{unknown}' in its name. There are: {string.Join(", ", names)}.");
        return null;
    }
}
