using System.Globalization;
using System.Text;

namespace AsyncioSharp.Tests.Checks.Support;

/// <summary>
/// Writes docs/conformance.md. A row is one line in the section of its area, and only the heading of that section counts, so that work on
/// different areas changes different places of the page.
/// </summary>
public static class ConformancePage
{
    private const string Introduction = """
        # CPython's own tests, restated

        Each line is a test method of CPython's asyncio suite and the behaviour it pins, beside the tests of this project that pin the same
        behaviour, written anew. This page is generated from the attributes of those tests (`[CPython("FILE::CLASS.METHOD")]`) and from the list
        in `tests/AsyncioSharp.Tests/Conformance/cpython-tests.tsv`; a test fails when it is stale. Areas that begin with `ext/` are parts of
        asyncio that Python's page "Coroutines and Tasks" leaves out.

        To run what covers a row: `dotnet test --filter-trait "CPython=test_tasks.py::BaseTaskTests.test_cancel"`.

        """;

    public static string Of(IReadOnlyList<ConformanceRow> rows, IReadOnlyList<ConformanceClaim> claims)
    {
        var page = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        var tests = claims.ToLookup(claim => claim.Row);
        foreach (var area in rows.GroupBy(row => row.Area).OrderBy(area => IsExtension(area.Key)).ThenBy(area => area.Key, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {area.Key}: {Summary([.. area], tests)}\n\n| CPython | Behaviour | Here |\n|---|---|---|\n");
            foreach (var row in area.OrderBy(row => row.Name, StringComparer.Ordinal))
                page.Append(CultureInfo.InvariantCulture, $"| `{row.Name}` ({row.Versions}) | {Cell(row.Behaviour)} | {Cell(Here(row, [.. tests[row.Name]]))} |\n");
        }

        return page.ToString();
    }

    /// <summary>Whether an area stands outside of the core.</summary>
    public static bool IsExtension(string area) => area.StartsWith("ext/", StringComparison.Ordinal);

    private static string Summary(IReadOnlyList<ConformanceRow> rows, ILookup<string, ConformanceClaim> tests)
    {
        var applicable = rows.Where(row => row.Reason is null).ToArray();
        if (applicable.Length == 0)
            return "not applicable";

        var missing = applicable.Count(row => !tests.Contains(row.Name));
        return missing == 0 ? "covered" : $"{missing} missing";
    }

    private static string Here(ConformanceRow row, IReadOnlyList<ConformanceClaim> claims)
    {
        if (row.Reason is { } reason)
            return $"not applicable: {reason}";
        if (claims.Count == 0)
            return "**missing**";

        return string.Join(", ", claims.OrderBy(claim => claim.Test, StringComparer.Ordinal)
            .Select(claim => claim.Deviation is null ? $"`{claim.Test}`" : $"`{claim.Test}`, different: {claim.Deviation}"));
    }

    private static string Cell(string text) => text.Replace("|", @"\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
