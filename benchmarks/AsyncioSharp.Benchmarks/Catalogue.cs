namespace AsyncioSharp.Benchmarks;

/// <summary>Every workload of every peer.</summary>
internal static class Catalogue
{
    internal static readonly string[] Peers = ["asyncio", "pump", "pool"];

    internal static IReadOnlyList<Workload> All { get; } = [.. AsyncioWorkloads.All(), .. TaskWorkloads.All(onPump: true), .. TaskWorkloads.All(onPump: false)];

    internal static Workload Find(string peer, string name) => All.FirstOrDefault(w => w.Peer == peer && w.Name == name)
        ?? throw new ArgumentException($"There is no workload '{name}' of '{peer}'.", nameof(name));
}
