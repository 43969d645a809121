using System.Diagnostics;
using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>Runs the workloads one after the other, each of each peer in a process of its own, and prints a table (nanoseconds, bytes) with the ratios
/// to plain tasks. The ratios are those of processor time, which a neighbour on the machine disturbs least, and which is fair to one thread.</summary>
internal static class Quick
{
    /// <summary>Measures the workloads whose names contain one of <paramref name="filters"/>; all of them if there is none.</summary>
    internal static void Run(string[] filters)
    {
        var names = Catalogue.All.Select(static w => w.Name).Distinct()
            .Where(name => filters.Length == 0 || filters.Any(filter => name.Contains(filter, StringComparison.Ordinal)))
            .ToList();
        Console.WriteLine(
            "| workload | asyncio wall | asyncio cpu | pump wall | pump cpu | pool wall | pool cpu "
            + "| pump/asyncio cpu | pool/asyncio cpu | asyncio bytes | pump bytes |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (string name in names.Where(static name => !Catalogue.Find("asyncio", name).IsMemory))
        {
            var results = Catalogue.Peers.Select(peer => Measure(peer, name)).ToList();
            double own = results[0]["cpu_ns"];
            Console.WriteLine(Row(name, [
                .. results.SelectMany(static r => new[] { Number(r["ns"]), Number(r["cpu_ns"]) }),
                Ratio(results[1]["cpu_ns"], own), Ratio(results[2]["cpu_ns"], own), Number(results[0]["bytes"]), Number(results[1]["bytes"])]));
        }
        Console.WriteLine();
        Console.WriteLine("| a million tasks | peer | heap bytes each | resident bytes each | after a collection |");
        Console.WriteLine("|---|---|---:|---:|---:|");
        foreach (string name in names.Where(static name => Catalogue.Find("asyncio", name).IsMemory))
        {
            foreach (string peer in Catalogue.Peers)
            {
                var result = Measure(peer, name);
                Console.WriteLine(Row(name, [peer, Number(result["heap"]), Number(result["rss"]), Number(result["rss_after_gc"])]));
            }
        }
    }

    private static IReadOnlyDictionary<string, double> Measure(string peer, string name)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["one", peer, name]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The workload '{name}' of '{peer}' failed.");
        }
        return ResultLine.Parse(output);
    }

    private static string Row(string name, string[] cells) => $"| {name} | {string.Join(" | ", cells)} |";

    private static string Number(double value) => value.ToString(value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Ratio(double peer, double own) => (peer / own).ToString("F1", CultureInfo.InvariantCulture);
}
