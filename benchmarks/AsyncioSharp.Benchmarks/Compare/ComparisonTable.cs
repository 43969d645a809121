using System.Globalization;

namespace AsyncioSharp.Benchmarks.Compare;

/// <summary>
/// The table of a comparison, written as its rows come: the median over the passes, and in brackets as a multiple of the first peer's, each ratio being that of
/// two neighbours in one pass. A cell is empty where a peer has no such workload; where it failed, it says so, and the reason stands below the table.
/// </summary>
internal sealed class ComparisonTable(TextWriter output, string[] peers)
{
    private readonly List<string> _failures = [];

    internal void WriteHead()
    {
        output.WriteLine($"| workload | {string.Join(" | ", peers)} |");
        output.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---:|", peers.Length))}");
    }

    /// <summary>Writes what came of a workload.</summary>
    /// <param name="workload">Its name.</param>
    /// <param name="unit">Of what its figures are.</param>
    /// <param name="keys">By which names peers call the figure.</param>
    /// <param name="outcomes">Of each peer those of its passes; less than of all if one was no success.</param>
    internal void WriteRow(string workload, string unit, string[] keys, IReadOnlyList<Outcome>[] outcomes)
    {
        double[]?[] figures = [.. outcomes.Select(passes => Figures(passes, keys))];
        string[] cells = [.. outcomes.Select((passes, i) => figures[i] is { } own ? Cell(own, i == 0 ? null : figures[0]) : Unsuccessful(i, workload, passes))];
        output.WriteLine($"| {workload}, {unit} | {string.Join(" | ", cells)} |");
    }

    /// <summary>Writes, below the table, who failed and why. True if nobody did.</summary>
    internal bool WriteFailures()
    {
        if (_failures.Count > 0)
        {
            output.WriteLine();
        }
        _failures.ForEach(output.WriteLine);
        return _failures.Count == 0;
    }

    // Null unless there is one of each pass.
    private static double[]? Figures(IReadOnlyList<Outcome> passes, string[] keys)
    {
        double?[] figures = [.. passes.Select(outcome => Figure(outcome, keys))];
        return Array.TrueForAll(figures, static figure => figure is not null) ? [.. figures.Select(static figure => figure!.Value)] : null;
    }

    private static double? Figure(Outcome outcome, string[] keys)
        => outcome.Figures is { } figures && Array.Find(keys, figures.ContainsKey) is { } key ? figures[key] : null;

    private string Unsuccessful(int peer, string workload, IReadOnlyList<Outcome> passes)
    {
        if (passes[^1] is { Figures: null, Failure: null })
        {
            return "";
        }
        _failures.Add($"failed: {peers[peer]}: {workload}: {passes[^1].Failure ?? "it printed other figures than this one"}");
        return "failed";
    }

    private static string Cell(double[] own, double[]? first)
        => first is null ? Number(Median(own)) : $"{Number(Median(own))} ({Ratio(Median([.. own.Zip(first, static (own, first) => own / first)]))})";

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Number(double value) => value.ToString(value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Ratio(double value) => value.ToString(value < 10 ? "F2" : "F0", CultureInfo.InvariantCulture) + "x";
}
