using System.Text.Json.Nodes;
using AsyncioSharp.Oracle;
using AsyncioSharp.Oracle.Generation;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Language;
using AsyncioSharp.Oracle.Recording;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Oracle;

/// <summary>The parts of the oracle: the language, the generator, the interpreter and the shrinker.</summary>
public class ScenarioTests
{
    [Fact]
    public void The_page_names_every_statement_and_every_expression()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/oracle.md"));

        Grammar.Statements.Keys.Concat(Grammar.Expressions.Keys).Where(word => !page.Contains($"`{word}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void A_seed_gives_the_same_scenario_for_ever()
    {
        var scenario = Generator.Scenario(7).ToJsonString();

        Generator.Scenario(7).ToJsonString().ShouldBe(scenario);
        Corpus.Read(Corpus.DefaultPath)[7].Scenario.ToJsonString().ShouldBe(scenario, "the generator has changed: record the corpus anew (docs/oracle.md)");
    }

    [Fact]
    public void Without_a_seed_fresh_ones_are_drawn()
    {
        Options.Parse(["live"]).Seed.ShouldBeNull();
        Options.Parse(["live", "--seed", "7", "--count", "3"]).ShouldBe(new Options("live", Count: 3, Seed: 7));
        Should.Throw<ArgumentException>(() => Options.Parse(["live", "--seed", "seven"])).Message.ShouldContain("'seven'");
        Should.Throw<ArgumentException>(() => Options.Parse(["live", "--sed", "7"])).Message.ShouldContain("'--sed'");
    }

    [Fact]
    public void What_the_generator_makes_the_grammar_allows()
    {
        for (ulong seed = 0; seed < 200; seed++)
            Should.NotThrow(() => Grammar.Check(JsonNode.Parse(Generator.Scenario(seed).ToJsonString())!.AsObject()));
    }

    [Theory]
    [InlineData("""{"main":[{"op":"jump"}]}""", "jump")]
    [InlineData("""{"main":[{"op":"cancel"}]}""", "of")]
    [InlineData("""{"main":[{"op":"mark","v":1,"w":2}]}""", "'w'")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"sleep","s":0.1}}]}""", "1/8")]
    [InlineData("""{"main":[{"op":"call_soon","cb":"d","do":[{"op":"await","of":"f"}]}]}""", "callback")]
    [InlineData("""{"main":[{"op":"call_soon","cb":"d","do":[{"op":"try","do":[{"op":"await","of":"f"}]}]}]}""", "callback")]
    [InlineData("""{"main":[{"op":"try","do":[],"finally":[{"op":"return"}]}]}""", "finally")]
    [InlineData("""{"main":[{"op":"try","do":[],"on":"any"}]}""", "'on'")]
    [InlineData("""{"main":[{"op":"try","do":[],"catch":[{"on":"any"}]}]}""", "'do' is missing")]
    [InlineData("""{"main":[{"op":"try","do":[],"catch":[{"on":"some","do":[]}]}]}""", "'some'")]
    [InlineData("""{"main":[{"op":"try","do":[],"catch":[{"on":"any","do":[]},{"on":"any","do":[]},{"on":"any","do":[]},{"on":"any","do":[]}]}]}""", "at most 3")]
    [InlineData("""{"main":[{"op":"break"}]}""", "'break'")]
    [InlineData("""{"main":[{"op":"repeat","times":2,"do":[{"op":"await","of":{"x":"call","id":"b","do":[{"op":"break"}]}}]}]}""", "'break'")]
    public void What_is_no_scenario_is_refused(string text, string reason)
        => Should.Throw<FormatException>(() => Grammar.Check(JsonNode.Parse(text)!.AsObject())).Message.ShouldContain(reason);

    [Fact]
    public void A_trace_tells_time_task_coroutine_and_event()
    {
        var trace = ScenarioRun.Trace(JsonNode.Parse("""
            {"main":[
              {"op":"let","slot":"t1","be":{"x":"task","of":{"x":"call","id":"b1","do":[{"op":"await","of":{"x":"sleep","s":2},"see":true}]}}},
              {"op":"await","of":{"x":"sleep","s":0.5,"v":3}},
              {"op":"cancel","of":"t1","msg":"m"}]}
            """)!.AsObject());

        trace.Where(line => !line.Contains("watchdog", StringComparison.Ordinal)).ShouldBe(
        [
            "0 main/m enter",
            "0 main/m let t1 = task(call:b1)",
            "0 main/m await sleep 0.5",
            "0 t1/b1 enter",
            "0 t1/b1 await sleep 2",
            "0.5 main/m got sleep 0.5 = 3",
            "0.5 main/m cancel t1 true",
            "0.5 main/m leave = null",
            "0.5 t1/b1 threw sleep 2 ! Cancelled(m)",
            "clock 0.5 1000 2000 3000 4000",
            "end main done",
            "end t1 cancelled",
        ]);
    }

    [Fact]
    public void Shrinking_keeps_the_property_and_nothing_else()
    {
        var shrunk = Shrinker.Shrink(Generator.Scenario(3), scenarios => [.. scenarios.Select(scenario => scenario.ToJsonString().Contains("\"cancel\"", StringComparison.Ordinal))]);

        shrunk["main"]!.AsArray().Count.ShouldBe(1);
        shrunk.ToJsonString().ShouldContain("\"cancel\"");
        shrunk.ToJsonString().Length.ShouldBeLessThan(Generator.Scenario(3).ToJsonString().Length);
    }
}
