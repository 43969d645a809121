using System.Globalization;
using BenchmarkDotNet.Running;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The command line. <c>quick [part of a name]</c> measures the workloads, each in a process of its own, and prints a table;
/// <c>one PEER WORKLOAD [N]</c> is what such a process runs. Anything else goes to BenchmarkDotNet, for instance <c>--filter *</c>.
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
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
                return 0;
        }
    }
}
