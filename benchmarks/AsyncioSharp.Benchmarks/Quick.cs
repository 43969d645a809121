using System.Globalization;
using AsyncioSharp.Benchmarks.Compare;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// Runs the workloads of this library and of plain tasks one after the other, each in a process of its own, and prints a table (nanoseconds, bytes) with the ratios to plain
/// tasks. The ratios are those of processor time, which a neighbour on the machine disturbs least, and which is fair to one thread. A cell is empty where a peer has no such
/// workload; where it failed, the reason stands below the table.
/// </summary>
internal static class Quick
{
    /// <summary>Measures the workloads whose names contain one of <paramref name="parts"/>; all of them if there is none.</summary>
    /// <param name="parts">Parts of names.</param>
    /// <param name="output">Where the table is written.</param>
    /// <param name="measure">Measures a workload of a peer.</param>
    /// <returns>False if a peer failed, or if no workload has such a name.</returns>
    internal static bool Run(string[] parts, TextWriter output, Func<string, string, Outcome> measure)
    {
        if (Catalogue.Choose([.. Catalogue.All.Select(static w => w.Name).Distinct()], parts, output) is not { } names)
        {
            return false;
        }
        Processors.TellIfShared(names, output);
        var failures = new List<string>();
        string[] timed = [.. names.Where(static name => !Catalogue.Own(name).IsMemory)];
        if (timed.Length > 0)
        {
            output.WriteLine(
                "| workload | asyncio wall | asyncio cpu | pump wall | pump cpu | pool wall | pool cpu "
                + "| pump/asyncio cpu | pool/asyncio cpu | asyncio bytes | pump bytes |");
            output.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        }
        foreach (string name in timed)
        {
            var results = Catalogue.Peers.Select(peer => Measure(peer, name)).ToList();
            double? own = Figure(results[0], "cpu_ns");
            WriteRow(name, [
                .. results.SelectMany(static r => new[] { Number(r, "ns"), Number(r, "cpu_ns") }),
                Ratio(results[1], own), Ratio(results[2], own), Number(results[0], "bytes"), Number(results[1], "bytes")]);
        }
        string[] memory = [.. names.Except(timed)];
        if (memory.Length > 0)
        {
            output.WriteLine();
            output.WriteLine("| a million tasks | peer | heap bytes each | resident bytes each | after a collection |");
            output.WriteLine("|---|---|---:|---:|---:|");
        }
        foreach (string name in memory)
        {
            foreach (string peer in Catalogue.Peers)
            {
                var result = Measure(peer, name);
                WriteRow(name, [peer, Number(result, "heap"), Number(result, "rss"), Number(result, "rss_after_gc")]);
            }
        }
        failures.ForEach(output.WriteLine);
        return failures.Count == 0;

        Outcome Measure(string peer, string name)
        {
            var outcome = measure(peer, peer == "asyncio" ? Catalogue.Own(name).Name : name);
            if (outcome.Failure is { } failure)
            {
                failures.Add($"failed: {peer}: {name}: {failure}");
            }
            return outcome;
        }

        void WriteRow(string name, string[] cells) => output.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
    }

    private static double? Figure(Outcome outcome, string key) => outcome.Figures is { } figures && figures.TryGetValue(key, out double figure) ? figure : null;

    private static string Number(Outcome outcome, string key)
        => Figure(outcome, key) is { } value ? value.ToString(value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture) : outcome.Failure is null ? "" : "failed";

    private static string Ratio(Outcome peer, double? own) => (Figure(peer, "cpu_ns") / own)?.ToString("F1", CultureInfo.InvariantCulture) ?? "";
}
