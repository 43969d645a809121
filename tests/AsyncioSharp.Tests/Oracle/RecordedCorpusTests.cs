using System.Text;
using AsyncioSharp.Oracle.Comparison;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Recording;

namespace AsyncioSharp.Tests.Oracle;

/// <summary>What AsyncioSharp does with the recorded scenarios is, line by line, what CPython did: see docs/oracle.md.</summary>
public class RecordedCorpusTests
{
    private const int MostShown = 3;

    private static readonly IReadOnlyList<Recorded> Recorded = Corpus.Read(Corpus.DefaultPath);

    [Fact]
    public void Every_recorded_scenario_has_the_trace_that_CPython_had()
    {
        Recorded.Count.ShouldBeGreaterThanOrEqualTo(2000);
        var traces = ScenarioRun.Traces(Recorded.Select(one => one.Scenario)).ToList();

        var different = Recorded.Zip(traces).Where(pair => !Verdict.Of(pair.Second, pair.First.New).IsMatch || !Verdict.Of(pair.Second, pair.First.Old).IsMatch).ToList();

        if (different.Count > 0)
        {
            var text = new StringBuilder();
            text.AppendLine(string.Join(" ", different.Count, "of", Recorded.Count, "scenarios differ. docs/oracle.md says how to read this, and how to reduce one:"));
            foreach (var (one, ours) in different.OrderBy(pair => pair.First.Scenario.ToJsonString().Length).Take(MostShown))
            {
                text.AppendLine().AppendLine(one.Scenario.ToJsonString());
                text.AppendLine(SideBySide.Of(ours, Verdict.Of(ours, one.New).Expected));
            }
            Assert.Fail(text.ToString());
        }
    }

    [Fact]
    public void Whatever_makes_a_stock_CPython_differ_is_a_rule_of_the_table_and_every_rule_of_the_table_occurs()
    {
        var named = Recorded.SelectMany(one => one.Old.Rules.Concat(one.New.Rules)).ToHashSet();
        if (Recorded.Any(one => one.New.Cut is not null))
            named.Add("RING");

        named.ShouldBe(ExplainingRules.All.Select(rule => rule.Id), ignoreOrder: true);
    }

    [Fact]
    public void A_trace_that_differs_from_the_expected_one_in_a_single_line_is_no_match()
    {
        var answer = new Answer(["0 main/m enter", "0 main/m leave = 1"], ["0 main/m enter", "0 main/m leave = 1"], [], null);

        Verdict.Of(["0 main/m enter", "0 main/m leave = 1"], answer).IsMatch.ShouldBeTrue();
        Verdict.Of(["0 main/m enter", "0 main/m leave = 2"], answer).IsMatch.ShouldBeFalse();
        Verdict.Of(["0 main/m enter"], answer).IsMatch.ShouldBeFalse();
    }

    [Fact]
    public void A_named_rule_explains_nothing_but_the_trace_that_it_leads_to()
    {
        var answer = new Answer(["0 main/m leave ! Cancelled"], ["0 main/m leave ! Cancelled(a)"], ["C-01"], null);

        Verdict.Of(["0 main/m leave ! Cancelled(a)"], answer).IsMatch.ShouldBeTrue();
        Verdict.Of(["0 main/m leave ! Cancelled"], answer).IsMatch.ShouldBeFalse();
        Verdict.Of(["0 main/m leave ! Cancelled(b)"], answer).IsMatch.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => Verdict.Of(["0 main/m leave ! Cancelled"], answer with { Rules = ["C-99"] })).Message.ShouldContain("C-99");
    }
}
