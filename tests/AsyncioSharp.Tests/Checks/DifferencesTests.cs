using System.Text.RegularExpressions;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>Every difference in docs/python-differences.md is pinned by a test that exists and runs, and names rules that exist.</summary>
public partial class DifferencesTests
{
    private static IReadOnlyList<Difference> Rows => DifferenceLedger.Rows(File.ReadAllText(Repository.PathOf("docs/python-differences.md")));

    [Fact]
    public void Every_difference_is_pinned_by_tests_that_run()
    {
        var tests = RunningTests();
        var problems =
            from row in Rows
            from problem in row.Tests.Count == 0 ? ["no test"] : row.Tests.Where(test => !tests.Contains(test)).Select(test => $"there is no test {test}")
            select $"{row.Python}: {problem}";

        Rows.Count.ShouldBeGreaterThan(30, "the table was not recognised");
        problems.ShouldBeEmpty();
    }

    [Fact]
    public void Every_rule_that_a_difference_names_exists()
    {
        var rules = RuleLedger.Rules(File.ReadAllText(Repository.PathOf("docs/semantics.md")));
        Rows.SelectMany(row => row.Rules).Except(rules).ShouldBeEmpty();
    }

    /// <summary>A choice that is plainly CPython 3.13's, with a remark in parentheses or none, and one that does not apply, are no differences.</summary>
    [Fact]
    public void Every_conflict_in_which_the_choice_is_not_simply_that_of_3_13_is_a_difference()
    {
        string semantics = File.ReadAllText(Repository.PathOf("docs/semantics.md"));
        var conflicts = RuleLedger.Conflicts(semantics);
        conflicts.Count.ShouldBeGreaterThanOrEqualTo(40, "the table of section 20 was not recognised");

        var differing = conflicts.Where(conflict => !SimplyCurrent().IsMatch(conflict.Choice)).Select(conflict => conflict.Id).ToList();

        differing.ShouldContain("C-03");
        differing.Where(id => !Rows.Any(row => row.Conflicts.Contains(id))).ShouldBeEmpty();
        Rows.SelectMany(row => row.Conflicts).Except(conflicts.Select(conflict => conflict.Id)).ShouldBeEmpty();
    }

    [Fact]
    public void A_row_has_four_columns_and_names_tests_in_the_last()
    {
        const string Page = """
            ## Other
            | Python | x | y | `No.Test` |
            ## Differences
            | Python | AsyncioSharp | Why | Pinned by |
            |---|---|---|---|
            | `a \| b` (CAN-12, EXC-05, C-07) | c | Write `d.e` | `OneTests.First`, `TwoTests` (all) |
            """;

        var row = DifferenceLedger.Rows(Page).ShouldHaveSingleItem();
        row.Python.ShouldBe(@"`a \| b` (CAN-12, EXC-05, C-07)");
        row.Rules.ShouldBe(["CAN-12", "EXC-05"]);
        row.Conflicts.ShouldBe(["C-07"]);
        row.Tests.ShouldBe(["OneTests.First", "TwoTests"]);
        Should.Throw<FormatException>(() => DifferenceLedger.Rows("## Differences\n| a | b | c |"));
        Should.Throw<FormatException>(() => DifferenceLedger.Rows("## Differences\n| a | b | c | |"));
    }

    /// <summary>The names of all classes that have tests, and of all tests; those of a base class also under the name of the class that runs them.</summary>
    private static HashSet<string> RunningTests()
    {
        var names = new HashSet<string>();
        foreach (var type in typeof(DifferencesTests).Assembly.GetTypes().Where(TestMembers.Runs))
        {
            names.Add(type.Name);
            foreach (var method in type.GetMethods().Where(TestMembers.Runs))
            {
                names.Add($"{type.Name}.{method.Name}");
            }
        }
        return names;
    }

    [GeneratedRegex(@"^(3\.13( \(.*\))?|not applicable.*)$")]
    private static partial Regex SimplyCurrent();
}
