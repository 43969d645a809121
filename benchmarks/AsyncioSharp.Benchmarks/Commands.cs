using System.Globalization;
using AsyncioSharp.Benchmarks.Compare;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The command line. <c>quick [part of a name]</c> measures the workloads, each in a process of its own, and prints a table;
/// <c>compare [part of a name]</c> runs them beside the peers of <c>benchmarks/compare</c>; both end with status 1 if a peer failed, or if no workload has such a name.
/// <c>growth</c> shows how costs grow with sizes; <c>soak [minutes]</c> runs a mixed load and ends with status 1 if memory or latency drifted; <c>observed</c> tells what
/// debug mode, the watchdog and listeners cost; <c>one PEER WORKLOAD [N]</c> is what a measuring process runs, <c>load PORT PROCESS</c> what asks an echo server.
/// </summary>
internal static class Commands
{
    /// <summary>Runs the command; gives the status to end with, or null if there is no such command.</summary>
    internal static int? Run(string[] args)
    {
        switch (args)
        {
            case ["one", var peer, var workload, .. var rest]:
                if (Catalogue.Find(peer, workload) is not { } found)
                {
                    return Outcome.NoSuchWorkload;
                }
                Measurement.Print(found, rest is [var n] ? int.Parse(n, CultureInfo.InvariantCulture) : null);
                return 0;
            case ["load", var port, var server]:
                return Status(EchoLoad.Print(int.Parse(port, CultureInfo.InvariantCulture), int.Parse(server, CultureInfo.InvariantCulture)));
            case ["quick", .. var parts]:
                return Status(Quick.Run(parts, Console.Out, static (peer, workload) => Peer.Own(peer).Measure(workload)));
            case ["compare", .. var parts]:
                return Status(Comparison.Run(parts, Console.Out));
            case ["growth"]:
                Growth.Run();
                return 0;
            case ["soak", .. var rest]:
                return Status(Soak.Run(TimeSpan.FromMinutes(rest is [var minutes] ? double.Parse(minutes, CultureInfo.InvariantCulture) : 30)));
            case ["observed"]:
                Observed.Run();
                return 0;
            default:
                return null;
        }
    }

    private static int Status(bool isGood) => isGood ? 0 : 1;
}
