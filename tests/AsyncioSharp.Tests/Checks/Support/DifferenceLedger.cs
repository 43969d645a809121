using System.Text.RegularExpressions;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>One row of the table of differences.</summary>
/// <param name="Python">What Python does; the first column.</param>
/// <param name="Rules">The rules that it names in parentheses.</param>
/// <param name="Conflicts">The conflicts of section 20 of docs/semantics.md that it names there.</param>
/// <param name="Tests">The tests in the last column: <c>Class.Method</c>, or a class as a whole.</param>
public sealed record Difference(string Python, IReadOnlyList<string> Rules, IReadOnlyList<string> Conflicts, IReadOnlyList<string> Tests);

/// <summary>Reads the table "Differences" of docs/python-differences.md.</summary>
public static partial class DifferenceLedger
{
    private const string Heading = "Differences";
    private const int Columns = 4;

    /// <exception cref="FormatException">A row has not four columns with text in them.</exception>
    public static IReadOnlyList<Difference> Rows(string page)
    {
        var rows = new List<Difference>();
        bool inside = false;
        foreach (string line in page.Split('\n').Select(static line => line.TrimEnd()))
        {
            if (line.StartsWith('#'))
                inside = line.TrimStart('#').Trim() == Heading;
            else if (inside && line.StartsWith('|') && !TableHead().IsMatch(line))
                rows.Add(Row(line));
        }
        return rows;
    }

    private static Difference Row(string line)
    {
        string[] cells = [.. CellEnd().Split(line.Trim('|')).Select(static cell => cell.Trim())];
        if (cells.Length != Columns || cells.Any(static cell => cell.Length == 0))
            throw new FormatException($"Not a row of {Columns} columns with text in them: {line}");

        return new(
            cells[0],
            [.. RuleId().Matches(cells[0]).Select(static match => match.Value)],
            [.. ConflictId().Matches(cells[0]).Select(static match => match.Value)],
            [.. TestName().Matches(cells[^1]).Select(static match => match.Groups[1].Value)]);
    }

    [GeneratedRegex(@"^\|[\s:|-]*\|$|^\|\s*Python\s*\|")]
    private static partial Regex TableHead();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex CellEnd();

    [GeneratedRegex(@"\b[A-Z]{2,4}-\d{2}\b")]
    private static partial Regex RuleId();

    [GeneratedRegex(@"\bC-\d{2}\b")]
    private static partial Regex ConflictId();

    [GeneratedRegex(@"`([A-Za-z]\w*(?:\.\w+)?)`")]
    private static partial Regex TestName();
}
