using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using AsyncioSharp.Oracle.Comparison;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Recording;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Checks.Support;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Oracle;

/// <summary>What AsyncioSharp does with the recorded scenarios is, line by line, what CPython did: see docs/oracle.md.</summary>
public partial class RecordedCorpusTests
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
    public void A_failure_that_is_held_by_the_report_of_another_is_reported_too()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = new List<string?>(); // without what they refer to
        loop.ExceptionHandler = (_, context) => reports.Add(context.Message);
        Fail(loop);
        loop.RunIteration();
        GC.Collect(1); // finds the task only
        GC.WaitForPendingFinalizers();

        ScenarioRun.CollectLost(() =>
        {
            int before = reports.Count;
            loop.RunIteration();
            return reports.Count > before;
        });

        reports.ShouldBe(["Task exception was never retrieved", "Gather exception was never retrieved"]);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop)
        {
            var failing = loop.CreateFuture<int>();
            var gather = Asyncio.Gather(failing);
            failing.SetException(new FormatException("bad"));
            loop.RunIteration();
            gather.IsDone.ShouldBeTrue();
            GC.Collect();
            GC.Collect(); // it is old now
            _ = loop.CreateTask(Hold(gather));
            loop.RunIteration();
        }

        static async Coroutine Hold(IFuture<int[]> gather)
        {
            if (gather.IsDone)
            {
                throw new FormatException("worse");
            }
            await gather;
        }
    }

    [Fact]
    public void It_was_recorded_with_the_oracle_py_that_is_here()
        => Corpus.RecordedWith(Corpus.DefaultPath).ShouldBe(Corpus.HashOf(), "oracle.py has changed: record the corpus anew (docs/oracle.md)");

    [Fact]
    public void Whatever_makes_a_stock_CPython_differ_is_a_rule_of_the_table_and_every_rule_of_the_table_occurs()
    {
        var named = Recorded.SelectMany(one => one.Old.Rules.Concat(one.New.Rules)).ToHashSet();

        named.ShouldBe(ExplainingRules.All.Select(rule => rule.Id), ignoreOrder: true);
    }

    [Fact]
    public void Every_rule_of_the_table_and_every_rule_that_oracle_py_can_name_is_written_down()
    {
        var program = Corpus.Program();
        var named = NamedRule().Matches(string.Join('\n', program.Split('\n').Where(line => line.Contains("fired", StringComparison.Ordinal))))
            .Select(match => match.Groups[1].Value).ToHashSet();
        var semantics = File.ReadAllText(Repository.PathOf("docs/semantics.md"));
        var conflicts = semantics[semantics.IndexOf("\n## 20.", StringComparison.Ordinal)..semantics.IndexOf("\n## 21.", StringComparison.Ordinal)];
        var differences = DifferenceLedger.Rows(File.ReadAllText(Repository.PathOf("docs/python-differences.md")));

        named.ShouldBe(ExplainingRules.All.Select(rule => rule.Id), ignoreOrder: true);
        named.Where(rule => !conflicts.Contains($"\n| {rule} |", StringComparison.Ordinal) && !differences.Any(row => Names(row, rule))).ShouldBeEmpty();

        static bool Names(Difference row, string rule) => row.Python.Contains($"({rule})", StringComparison.Ordinal);
    }

    [Fact]
    public void No_recorded_scenario_differs_from_a_stock_CPython_without_a_rule_or_in_the_latency_of_wait_for_alone()
        => Recorded.Where(one => !one.Old.IsExplained || !one.New.IsExplained || one.Old.IsLatencySeen || one.New.IsLatencySeen).ShouldBeEmpty();

    [Fact]
    public void A_trace_that_differs_from_the_expected_one_in_a_single_line_is_no_match()
    {
        var answer = new Answer(["0 main/m enter", "0 main/m leave = 1"], ["0 main/m enter", "0 main/m leave = 1"], []);

        Verdict.Of(["0 main/m enter", "0 main/m leave = 1"], answer).IsMatch.ShouldBeTrue();
        Verdict.Of(["0 main/m enter", "0 main/m leave = 2"], answer).IsMatch.ShouldBeFalse();
        Verdict.Of(["0 main/m enter"], answer).IsMatch.ShouldBeFalse();
    }

    [Fact]
    public void A_named_rule_explains_nothing_but_the_trace_that_it_leads_to()
    {
        var answer = new Answer(["0 main/m leave ! Cancelled"], ["0 main/m leave ! Cancelled(a)"], ["C-01"]);

        Verdict.Of(["0 main/m leave ! Cancelled(a)"], answer).IsMatch.ShouldBeTrue();
        Verdict.Of(["0 main/m leave ! Cancelled"], answer).IsMatch.ShouldBeFalse();
        Verdict.Of(["0 main/m leave ! Cancelled(b)"], answer).IsMatch.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => Verdict.Of(["0 main/m leave ! Cancelled"], answer with { Rules = ["C-99"] })).Message.ShouldContain("C-99");
    }

    [Fact]
    public void Where_a_rule_makes_a_difference_the_stock_trace_is_wrong_whichever_rule_it_is()
    {
        foreach (var rule in ExplainingRules.All)
        {
            var answer = new Answer(["1 main/m threw wait_for(f1,t=1) ! Timeout<-Cancelled"], ["1 main/m got wait_for(f1,t=1) = 8"], [rule.Id]);
            Verdict.Of(answer.Stock, answer).IsMatch.ShouldBeFalse(rule.Id);
            Verdict.Of(answer.Adjusted, answer).IsMatch.ShouldBeTrue(rule.Id);
        }
    }

    [Fact]
    public void A_difference_without_a_named_rule_is_a_mismatch_also_where_the_choices_lead_to_this_trace()
    {
        var answer = new Answer(["0 main/m leave ! Cancelled"], ["0 main/m leave ! Cancelled(a)"], []);

        Verdict.Of(["0 main/m leave ! Cancelled(a)"], answer).IsMatch.ShouldBeFalse();
        Verdict.Of(["0 main/m leave ! Cancelled"], answer).IsMatch.ShouldBeTrue();
    }

    [Fact]
    public void A_mismatch_has_a_kind_which_the_shrinker_keeps()
    {
        var answer = new Answer(["0 t1/b1 enter", "0.5 t1/b1 got f1 = 7"], ["0 t1/b1 enter", "0.5 t1/b1 got f1 = 7"], []);
        IReadOnlyList<string> ours = ["0 t1/b1 enter", "0.5 t1/b1 threw f1 ! Boom(e1)"];

        Verdict.Of(ours, answer).DifferenceFrom(ours).ShouldBe("threw Boom / got");
        Verdict.Of(["0 t1/b1 enter"], answer).DifferenceFrom(["0 t1/b1 enter"]).ShouldBe("nothing / got");
        Verdict.Of(answer.Stock, answer).DifferenceFrom(answer.Stock).ShouldBeNull();
    }

    [Fact]
    public void A_Python_that_cannot_be_started_is_named()
        => Should.Throw<ArgumentException>(() => CPython.Start("no-such-python")).Message.ShouldContain("'no-such-python' cannot be started");

    [GeneratedRegex("\"([A-Z]+(?:-[0-9]+)?)\"")]
    private static partial Regex NamedRule();
}
