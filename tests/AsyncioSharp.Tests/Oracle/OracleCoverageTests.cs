using AsyncioSharp.Oracle.Coverage;
using AsyncioSharp.Oracle.Recording;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Oracle;

/// <summary>What the recorded scenarios exercise: every rule of docs/semantics.md that the scenario language can reach.</summary>
public class OracleCoverageTests
{
    private static readonly IReadOnlyList<string> Rules = RuleCoverage.RulesOf(File.ReadAllText(Repository.PathOf("docs/semantics.md")));
    private static readonly IReadOnlyDictionary<string, int> Counts = RuleCoverage.Count(Corpus.Read(Corpus.DefaultPath));

    [Fact]
    public void Every_rule_that_can_be_reached_is_reached()
    {
        Rules.Count.ShouldBeGreaterThan(200, "the rules of docs/semantics.md were not recognised");

        var reached = Counts.Where(entry => entry.Value > 0).Select(entry => RuleCoverage.RuleOf(entry.Key)).ToHashSet();
        Rules.Where(rule => RuleCoverage.WhyUnreachable(rule) is null && !reached.Contains(rule)).ShouldBeEmpty();
        Counts.Where(entry => entry.Value == 0).ShouldBeEmpty();
    }

    [Fact]
    public void A_rule_that_is_said_to_be_out_of_reach_is_not_reached()
        => Counts.Keys.Where(entry => RuleCoverage.WhyUnreachable(RuleCoverage.RuleOf(entry)) is not null).ShouldBeEmpty();
}
