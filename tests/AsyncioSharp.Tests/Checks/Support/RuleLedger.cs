using System.Globalization;
using System.Text.RegularExpressions;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>
/// Compares three lists: the rules that docs/semantics.md states, the rules that tests name, and the rules that
/// docs/python-differences.md excuses from having a test.
/// </summary>
public static partial class RuleLedger
{
    public const string ExcusesHeading = "Rules without a test";

    // Sections 1 to 22 state rules. Section 0 is a table, and 23 and 24 are notes.
    private const int FirstSection = 1;
    private const int LastSection = 22;

    /// <summary>The rule IDs of sections 1 to 22, in the order of the page: list items that open with an ID in brackets.</summary>
    public static IReadOnlyList<string> Rules(string semantics)
    {
        var rules = new List<string>();
        var section = -1;
        foreach (var line in Lines(semantics))
        {
            if (SectionHeading().Match(line) is { Success: true } heading)
                section = int.Parse(heading.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            else if (section is >= FirstSection and <= LastSection && RuleItem().Match(line) is { Success: true } item)
                rules.Add(item.Groups[1].Value);
        }

        return rules;
    }

    /// <summary>The conflicts of section 20: their IDs, and the side that AsyncioSharp takes, which is the last column.</summary>
    public static IReadOnlyList<(string Id, string Choice)> Conflicts(string semantics)
        => [.. Lines(semantics).Select(line => ConflictRow().Match(line)).Where(row => row.Success).Select(row => (row.Groups[1].Value, row.Groups[2].Value))];

    /// <summary>The rows of the table under "Rules without a test": an ID and the reason why there is no test.</summary>
    /// <exception cref="FormatException">A row is not an ID and a reason, or an ID stands there twice.</exception>
    public static IReadOnlyDictionary<string, string> Excuses(string differences)
    {
        var excuses = new Dictionary<string, string>();
        var inside = false;
        foreach (var line in Lines(differences))
        {
            if (line.StartsWith('#'))
            {
                inside = line.TrimStart('#').Trim() == ExcusesHeading;
            }
            else if (inside && line.StartsWith('|') && !TableHead().IsMatch(line))
            {
                var row = ExcuseRow().Match(line);
                if (!row.Success)
                    throw new FormatException($"Not a row of the form '| ID | reason |': {line}");
                if (!excuses.TryAdd(row.Groups[1].Value, row.Groups[2].Value))
                    throw new FormatException($"{row.Groups[1].Value} is excused twice.");
            }
        }

        return excuses;
    }

    /// <summary>One line for each thing that is wrong; empty when every rule is either tested or excused.</summary>
    public static IReadOnlyList<string> Problems(
        IReadOnlyCollection<string> rules, IReadOnlyDictionary<string, string> excuses, IReadOnlyDictionary<string, string> tests)
    {
        var known = rules.ToHashSet();
        return
        [
            .. rules.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => $"{group.Key}: stated twice in semantics.md"),
            .. rules.Where(id => !tests.ContainsKey(id) && !excuses.ContainsKey(id)).Select(id => $"{id}: neither a test nor an excuse"),
            .. rules.Where(id => tests.ContainsKey(id) && excuses.ContainsKey(id))
                .Select(id => $"{id}: excused in python-differences.md, but {tests[id]} tests it; remove the excuse"),
            .. tests.Where(test => !known.Contains(test.Key)).Select(test => $"{test.Key}: named by {test.Value}, but no rule of semantics.md"),
            .. excuses.Keys.Where(id => !known.Contains(id)).Select(id => $"{id}: excused in python-differences.md, but no rule of semantics.md"),
        ];
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.TrimEnd());

    [GeneratedRegex(@"^## (\d+)\. ")]
    private static partial Regex SectionHeading();

    [GeneratedRegex(@"^- \[([A-Z]+-\d+)\] ")]
    private static partial Regex RuleItem();

    [GeneratedRegex(@"^\| (C-\d{2}) \|.*\| ([^|]+) \|$")]
    private static partial Regex ConflictRow();

    [GeneratedRegex(@"^\|[\s:|-]*\|$|^\|\s*ID\s*\|")]
    private static partial Regex TableHead();

    [GeneratedRegex(@"^\|\s*([A-Z]+-\d+)\s*\|\s*([^|\s].*?)\s*\|$")]
    private static partial Regex ExcuseRow();
}
