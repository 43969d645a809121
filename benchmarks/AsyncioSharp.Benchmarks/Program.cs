using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The command line. <c>quick [part of a name]</c> measures the workloads, each in a process of its own, and prints a table;
/// <c>compare [part of a name]</c> runs them beside the peers of <c>benchmarks/compare</c> and ends with status 1 if one of those failed;
/// <c>growth</c> shows how costs grow with sizes; <c>soak [minutes]</c> runs a mixed load and watches memory and latency; <c>observed</c> tells what
/// debug mode, the watchdog and listeners cost; <c>one PEER WORKLOAD [N]</c> is what a measuring process runs. Anything else goes to BenchmarkDotNet, for
/// instance <c>--filter *</c>.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["one", var peer, var workload, ..] when !Catalogue.All.Any(w => w.Peer == peer && w.Name == workload):
                return Compare.Outcome.NoSuchWorkload;
            case ["one", var peer, var workload, .. var rest]:
                Measurement.Print(Catalogue.Find(peer, workload), rest is [var n] ? int.Parse(n, CultureInfo.InvariantCulture) : null);
                return 0;
            case ["quick", .. var filters]:
                Quick.Run(filters);
                return 0;
            case ["compare", .. var filters]:
                return Compare.Comparison.Run(filters) ? 0 : 1;
            case ["growth"]:
                Growth.Run();
                return 0;
            case ["soak", .. var rest]:
                Soak.Run(TimeSpan.FromMinutes(rest is [var minutes] ? double.Parse(minutes, CultureInfo.InvariantCulture) : 30));
                return 0;
            case ["observed"]:
                Observed.Run();
                return 0;
            default:
                var config = ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10)); // it builds the library again
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
                return 0;
        }
    }
}
