namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>One test method of CPython's asyncio suite.</summary>
/// <param name="Name">How an attribute names it: <c>FILE::CLASS.METHOD</c>.</param>
/// <param name="Area">What it is about; areas below <c>ext/</c> are parts of asyncio that its page "Coroutines and Tasks" leaves out.</param>
/// <param name="Reason">Why it says nothing about a C# library; null if it applies.</param>
/// <param name="Behaviour">What it pins.</param>
/// <param name="Versions">The versions of CPython that have it.</param>
public sealed record ConformanceRow(string Name, string Area, string? Reason, string Behaviour, string Versions);

/// <summary>A test of this project that claims to pin a row.</summary>
/// <param name="Row">The name of the row.</param>
/// <param name="Test">Folder, class and method.</param>
/// <param name="Deviation">What is different from CPython; null if nothing is.</param>
public sealed record ConformanceClaim(string Row, string Test, string? Deviation);

/// <summary>Reads Conformance/cpython-tests.tsv, the list of CPython's tests, and compares it with what tests claim to pin.</summary>
public static class ConformanceLedger
{
    private const string Head = "file\tclass\ttest\tarea\tapplicable\tbehaviour\tversions";
    private const string NotApplicable = "no: ";

    /// <exception cref="FormatException">A line is not seven fields, or names a row for the second time.</exception>
    public static IReadOnlyList<ConformanceRow> Rows(string text)
    {
        var lines = text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).ToArray();
        if (lines.Length == 0 || lines[0] != Head)
            throw new FormatException($"The first line must be '{Head}'.");

        var rows = lines.Skip(1).Select(Row).ToArray();
        if (rows.GroupBy(row => row.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new FormatException($"{twice.Key} stands there twice.");
        return rows;
    }

    /// <summary>One line for each claim that cannot be right.</summary>
    public static IReadOnlyList<string> Problems(IReadOnlyList<ConformanceRow> rows, IReadOnlyList<ConformanceClaim> claims)
    {
        var known = rows.ToDictionary(row => row.Name);
        return
        [
            .. claims.Where(claim => !known.ContainsKey(claim.Row)).Select(claim => $"{claim.Test} names {claim.Row}, but there is no such row"),
            .. claims.Where(claim => known.TryGetValue(claim.Row, out var row) && row.Reason is not null)
                .Select(claim => $"{claim.Test} names {claim.Row}, which is marked as not applicable: {known[claim.Row].Reason}"),
            .. claims.GroupBy(claim => (claim.Row, claim.Test)).Where(group => group.Count() > 1)
                .Select(group => $"{group.Key.Test} names {group.Key.Row} twice"),
            .. claims.Where(claim => claim.Deviation is not null && (string.IsNullOrWhiteSpace(claim.Deviation) || claim.Deviation.Contains('\n')))
                .Select(claim => $"{claim.Test}, {claim.Row}: a deviation is one line of text"),
        ];
    }

    private static ConformanceRow Row(string line)
    {
        var fields = line.Split('\t');
        if (fields.Length != 7 || fields.Any(string.IsNullOrWhiteSpace))
            throw new FormatException($"Not seven fields with text in them: {line}");

        var applicable = fields[4];
        if (applicable != "yes" && !applicable.StartsWith(NotApplicable, StringComparison.Ordinal))
            throw new FormatException($"Applicable is 'yes' or '{NotApplicable}REASON', not '{applicable}': {line}");

        return new(
            Name: $"{fields[0]}::{fields[1]}.{fields[2]}",
            Area: fields[3],
            Reason: applicable == "yes" ? null : applicable[NotApplicable.Length..],
            Behaviour: fields[5],
            Versions: fields[6]);
    }
}
