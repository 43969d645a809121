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
    [InlineData("null", "one field, 'main'")]
    [InlineData("5", "one field, 'main'")]
    [InlineData("""{"main":[],"more":1}""", "one field, 'main'")]
    [InlineData("""{"main":5}""", "$.main: a list of statements is expected: 5")]
    [InlineData("""{"main":null}""", "$.main: a list of statements is expected: null")]
    [InlineData("""{"main":[5]}""", "$.main[0]: an object with 'op' is expected: 5")]
    [InlineData("""{"main":[{"op":5}]}""", "$.main[0]: an object with 'op' is expected")]
    [InlineData("""{"main":[{"x":"future"}]}""", "$.main[0]: an object with 'op' is expected")]
    [InlineData("""{"main":[{"op":"tasks"},{"op":"await","of":{"x":"gather","of":"f1"}}]}""", "$.main[1].of.of: a list of expressions is expected: \"f1\"")]
    [InlineData("""{"main":[{"op":"await","of":{"op":"tasks","x":"future"}}]}""", "$.main[0].of: an object with 'x' is expected")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"gather","of":[5]}}]}""", "$.main[0].of.of[0]: an expression is")]
    [InlineData("""{"main":[{"op":"cancel","of":"f1","msg":null}]}""", "$.main[0].msg: 'msg' is a text")]
    [InlineData("""{"main":[{"op":"cancel","of":"f1","msg":5}]}""", "$.main[0].msg: 'msg' is a text")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"sleep","s":null}}]}""", "$.main[0].of.s: a time")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"sleep","s":"1"}}]}""", "$.main[0].of.s: a time")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"sleep","s":1e300}}]}""", "$.main[0].of.s: a time")]
    [InlineData("""{"main":[{"op":"await","of":{"x":"wait_for","of":"f1","t":true}}]}""", "$.main[0].of.t: a time")]
    [InlineData("""{"main":[{"op":"repeat","times":"x","do":[]}]}""", "$.main[0].times: a count")]
    [InlineData("""{"main":[{"op":"repeat","times":-1,"do":[]}]}""", "$.main[0].times: a count")]
    [InlineData("""{"main":[{"op":"repeat","times":1.5,"do":[]}]}""", "$.main[0].times: a count")]
    [InlineData("""{"main":[{"op":"mark","v":true}]}""", "$.main[0].v: a value")]
    [InlineData("""{"main":[{"op":"mark","v":{}}]}""", "$.main[0].v: a value")]
    [InlineData("""{"main":[{"op":"mark","v":1.5}]}""", "$.main[0].v: a value")]
    [InlineData("""{"main":[{"op":"mark","v":99999999999}]}""", "$.main[0].v: a value")]
    [InlineData("""{"main":[{"op":"await","of":"f1","see":3}]}""", "$.main[0].see: a flag")]
    [InlineData("""{"main":[{"op":"raise","e":5}]}""", "$.main[0].e: 'e' cannot be '5', only one of boom, cancelled, timeout")]
    [InlineData("""{"main":[{"op":"try","do":[],"catch":[5]}]}""", "$.main[0].catch[0]: a handler is an object")]
    public void What_is_no_scenario_is_refused(string text, string reason)
        => Should.Throw<FormatException>(() => Grammar.Check(JsonNode.Parse(text))).Message.ShouldContain(reason);

    [Theory]
    [InlineData("""{"main":5}""", "$.main")]
    [InlineData("null", "one field, 'main'")]
    [InlineData("""{"main":[""", "LineNumber")]
    [InlineData("""{"main":[],"main":[]}""", "main")]
    [InlineData("", "JSON")]
    public void A_bad_file_is_told_in_a_line_that_names_it(string text, string reason)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            foreach (var command in new[] { "run", "shrink" })
            {
                string told = Told(command, file);
                told.ShouldStartWith(file + ": ");
                told.ShouldContain(reason);
            }
            File.WriteAllText(file, "{\"main\":[]}\n\n" + text.Replace('\n', ' ') + "x");
            Told("record", file, "--old", "no-such-python").ShouldStartWith(file + ":3: ");
            Told("replay", file).ShouldStartWith(file + " is no corpus");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_bad_command_line_is_told_in_a_line()
    {
        Told("live", "--count", "99999999999").ShouldContain("'99999999999'");
        Told("live", "--count", "-1").ShouldContain("'-1' is no number");
        Told("run", "no-such-file").ShouldContain("no-such-file");
        Told("run", Path.GetTempPath()).ShouldContain(Path.GetTempPath().TrimEnd(Path.DirectorySeparatorChar));
        Told("run").ShouldContain("Which file?");
        Told("live", "--python", "echo").ShouldContain("'echo'");
    }

    private static string Told(params string[] args)
    {
        using var errors = new StringWriter();
        CommandLine.Run(args, errors).ShouldBe(2);
        string text = errors.ToString().TrimEnd();
        text.ShouldNotContain('\n');
        return text;
    }

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
    public void Shrinking_takes_operands_of_operands_and_the_simplest_literals()
    {
        var scenario = JsonNode.Parse("""
            {"main":[{"op":"repeat","times":7,"do":[
                {"op":"await","of":{"x":"gather","of":["f1",{"x":"shield","of":{"x":"wait_for","of":"f2","t":2.5}}]}},
                {"op":"cancel","of":"f1","msg":"long"}]}]}
            """)!.AsObject();

        Reduced("gather", "f2", "repeat").ShouldBe("""{"main":[{"op":"repeat","times":1,"do":[{"op":"await","of":{"x":"gather","of":["f2"]}}]}]}""");
        Reduced("wait_for", "\"t\"").ShouldBe("""{"main":[{"op":"await","of":{"x":"wait_for","of":"f2","t":0}}]}""");
        Reduced("msg").ShouldBe("""{"main":[{"op":"cancel","of":"f1","msg":"m"}]}""");

        string Reduced(params string[] words)
            => Shrinker.Shrink(scenario, candidates => [
                .. candidates.Select(one => words.All(word => one.ToJsonString().Contains(word, StringComparison.Ordinal)))]).ToJsonString();
    }

    [Fact]
    public void Shrinking_keeps_the_property_and_nothing_else()
    {
        var shrunk = Shrinker.Shrink(Generator.Scenario(3), scenarios => [
            .. scenarios.Select(scenario => scenario.ToJsonString().Contains("\"cancel\"", StringComparison.Ordinal))]);

        shrunk["main"]!.AsArray().Count.ShouldBe(1);
        shrunk.ToJsonString().ShouldContain("\"cancel\"");
        shrunk.ToJsonString().Length.ShouldBeLessThan(Generator.Scenario(3).ToJsonString().Length);
    }
}
