using System.Diagnostics;
using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>What a workload of one peer is: its name, how many operations one run does, and the run, which gives the number it did.</summary>
/// <param name="Peer"><c>asyncio</c> for this library, <c>pump</c> and <c>pool</c> for plain tasks.</param>
/// <param name="Name">The name, the same for all peers.</param>
/// <param name="Operations">Operations of one run.</param>
/// <param name="Run">Does them, checks the results, and returns how many they were.</param>
/// <param name="IsMemory">True if it prints bytes itself instead of being timed.</param>
/// <param name="IsServer">True if it prints where it listens, and serves until it is killed.</param>
internal sealed record Workload(string Peer, string Name, int Operations, Func<int, int> Run, bool IsMemory = false, bool IsServer = false);

/// <summary>
/// Times a workload in this process: uncounted runs for at least 1.5 s, so that tiered compilation and its profile have settled, then five
/// counted ones, of which the median is told, as wall time, processor time of the whole process, and bytes allocated.
/// </summary>
internal static class Measurement
{
    private const int Counted = 5;
    private const double WarmUpSeconds = 1.5;

    internal static void Check(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("The workload gave a wrong result.");
        }
    }

    /// <summary>The sum of 0 .. n-1.</summary>
    internal static long Sum(long n) => n * (n - 1) / 2;

    /// <summary>Measures and prints one line of <c>key=value</c> pairs.</summary>
    internal static void Print(Workload workload, int? operations)
    {
        int n = operations ?? workload.Operations;
        if (workload.IsMemory || workload.IsServer)
        {
            workload.Run(n);
            return;
        }
        var warmUp = Stopwatch.StartNew();
        for (int i = 0; i < 2 || warmUp.Elapsed.TotalSeconds < WarmUpSeconds; i++)
        {
            workload.Run(n);
        }
        double[] wall = new double[Counted];
        double[] processor = new double[Counted];
        double[] bytes = new double[Counted];
        for (int i = 0; i < Counted; i++)
        {
            var processorBefore = Environment.CpuUsage.TotalTime;
            long bytesBefore = GC.GetTotalAllocatedBytes(precise: true);
            long start = Stopwatch.GetTimestamp();
            int done = workload.Run(n);
            wall[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / done;
            bytes[i] = (double)(GC.GetTotalAllocatedBytes(precise: true) - bytesBefore) / done;
            processor[i] = (Environment.CpuUsage.TotalTime - processorBefore).TotalNanoseconds / done;
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"workload={workload.Name} peer={workload.Peer} n={n} ns={Median(wall):F1} best_ns={wall.Min():F1} cpu_ns={Median(processor):F1} bytes={Median(bytes):F1}"));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
