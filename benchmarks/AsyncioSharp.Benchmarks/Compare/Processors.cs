namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>The processors of an echo server and of what asks it: one for each, where <c>taskset</c> can see to that.</summary>
internal static class Processors
{
    internal const int OfServer = 0;
    internal const int OfLoad = 1;

    private static readonly Lazy<bool> s_canPin = new(static () =>
        Array.TrueForAll([OfServer, OfLoad], static processor => new Peer("taskset", [], Probe: [.. Pinned(processor), "true"]).Prepare() is null));

    /// <summary>What a command line has to begin with for the process to stay on a processor.</summary>
    internal static string[] Pin(int processor) => s_canPin.Value ? Pinned(processor) : [];

    /// <summary>Tells that they share their processors if they do and <paramref name="workloads"/> has such servers.</summary>
    internal static void TellIfShared(IEnumerable<string> workloads, TextWriter output)
    {
        if (workloads.Any(static name => Catalogue.Own(name).IsServer) && !s_canPin.Value)
        {
            output.WriteLine("Echo servers and what asks them share their processors: there are no two to which 'taskset' can pin them.");
        }
    }

    private static string[] Pinned(int processor) => ["taskset", "-c", $"{processor}"];
}
