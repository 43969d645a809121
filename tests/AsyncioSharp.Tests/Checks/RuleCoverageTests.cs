using System.Reflection;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Checks;

/// <summary>Every rule of docs/semantics.md has a test, or a reason in docs/python-differences.md why it has none.</summary>
public class RuleCoverageTests
{
    [Fact]
    public void Every_rule_has_a_test_or_an_excuse()
    {
        var rules = RuleLedger.Rules(File.ReadAllText(Repository.PathOf("docs/semantics.md")));
        var excuses = RuleLedger.Excuses(File.ReadAllText(Repository.PathOf("docs/python-differences.md")));
        var tests = TestedRules(typeof(RuleCoverageTests).Assembly);
        rules.Count.ShouldBeGreaterThan(200, "the rules of docs/semantics.md were not recognised");

        var problems = RuleLedger.Problems(rules, excuses, tests);

        var tested = rules.Count(tests.ContainsKey);
        TestContext.Current.TestOutputHelper?.WriteLine($"{rules.Count} rules: {tested} tested, {excuses.Count} excused.");
        if (problems.Count > 0)
        {
            Assert.Fail(
                $"{problems.Count} problems with {rules.Count} rules ({tested} tested, {excuses.Count} excused). Put [Rule(\"ID\")] on the test that pins a rule, "
                + $"or a row into \"{RuleLedger.ExcusesHeading}\" of docs/python-differences.md.\n" + string.Join('\n', problems));
        }
    }

    [Fact]
    public void Every_rule_attribute_stands_on_something_that_runs()
    {
        var idle =
            from type in typeof(RuleCoverageTests).Assembly.GetTypes()
            from member in type.GetMethods(TestMembers.AllDeclared).Cast<MemberInfo>().Prepend(type)
            where member.IsDefined(typeof(RuleAttribute)) && !TestMembers.Runs(member)
            select member is Type ? $"{type.Name}: no test in it runs" : $"{type.Name}.{member.Name}: not a test, or always skipped";

        idle.ShouldBeEmpty();
    }

    [Fact]
    public void Rules_are_the_bracketed_list_items_of_sections_1_to_22()
    {
        const string Text = """
            ## 0. Latency
            - [ZERO-01] not yet
            ## 1. Core
            - [LOOP-01] one
            Mentions [LOOP-09] only.
            - [LOOP-02] two
            ## 20. Conflicts
            | C-01 | something |
            ## 22. Generators
            - [GEN-01] three
            ## 23. Notes
            - [SEED-01] no rule
            """;

        RuleLedger.Rules(Text).ShouldBe(["LOOP-01", "LOOP-02", "GEN-01"]);
    }

    [Fact]
    public void Excuses_are_the_rows_of_their_own_table()
    {
        const string Text = """
            | AA-01 | another table |
            ## Rules without a test
            | ID | Reason |
            |---|---|
            | LOOP-01 | cannot be seen |
            | LOOP-02 | not in C# |
            ## Next
            | BB-01 | no |
            """;

        RuleLedger.Excuses(Text).ShouldBe(new Dictionary<string, string> { ["LOOP-01"] = "cannot be seen", ["LOOP-02"] = "not in C#" });
    }

    [Theory]
    [InlineData("| LOOP-01 | |")]
    [InlineData("| LOOP-01 |")]
    [InlineData("| LOOP-01, LOOP-02 | two at once |")]
    public void An_excuse_without_a_reason_is_refused(string row)
        => Should.Throw<FormatException>(() => RuleLedger.Excuses("## Rules without a test\n" + row));

    [Fact]
    public void Each_kind_of_mistake_is_reported()
    {
        var problems = RuleLedger.Problems(
            rules: ["A-01", "A-02", "A-03", "A-04"],
            excuses: new Dictionary<string, string> { ["A-02"] = "reason", ["A-03"] = "reason", ["X-01"] = "reason" },
            tests: new Dictionary<string, string> { ["A-01"] = "T.One", ["A-03"] = "T.Three", ["X-02"] = "T.Four" });

        problems.ShouldBe(
        [
            "A-04: neither a test nor an excuse",
            "A-03: excused in python-differences.md, but T.Three tests it; remove the excuse",
            "X-02: named by T.Four, but no rule of semantics.md",
            "X-01: excused in python-differences.md, but no rule of semantics.md",
        ]);
    }

    /// <summary>Rule ID to the name of one test that carries it.</summary>
    private static Dictionary<string, string> TestedRules(Assembly assembly)
    {
        var tests = new Dictionary<string, string>();
        foreach (var type in assembly.GetTypes())
        {
            foreach (var member in type.GetMethods(TestMembers.AllDeclared).Cast<MemberInfo>().Prepend(type).Where(TestMembers.Runs))
            {
                foreach (var id in member.GetCustomAttributes<RuleAttribute>().SelectMany(rule => rule.Ids))
                    tests.TryAdd(id, member is Type ? type.Name : $"{type.Name}.{member.Name}");
            }
        }

        return tests;
    }
}
