using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The command line. <c>quick [part of a name]</c> measures the workloads, each in a process of its own, and prints a table;
/// <c>one PEER WORKLOAD [N]</c> is what such a process runs.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["one", var peer, var workload, .. var rest]:
                Measurement.Print(Catalogue.Find(peer, workload), rest is [var n] ? int.Parse(n, CultureInfo.InvariantCulture) : null);
                return 0;
            case ["quick", .. var filters]:
                Quick.Run(filters);
                return 0;
            default:
                Console.Error.WriteLine("usage: quick [part of a workload's name]... | one asyncio|pump|pool WORKLOAD [N]");
                return 2;
        }
    }
}
