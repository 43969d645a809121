using System.Text.Json.Nodes;
using AsyncioSharp.Oracle.Coverage;
using AsyncioSharp.Oracle.Interpretation;
using AsyncioSharp.Oracle.Language;

namespace AsyncioSharp.Tests.Oracle;

/// <summary>
/// A rule counts as exercised only where its situation happened. Each pair here is a scenario that has the situation, and one that has the same statements
/// without it.
/// </summary>
public class RuleSituationTests
{
    private const string Sleeper = """{"x":"task","of":{"x":"call","id":"b1","guard":true,"do":[{"op":"await","of":{"x":"sleep","s":1}},{"op":"raise","e":"boom","msg":"m"}]}}""";

    [Theory]
    [InlineData(
        true, "CTX-06",
        """{"op":"let","slot":"x1","be":{"x":"context"}},"""
            + """{"op":"let","slot":"t1","be":{"x":"task","of":{"x":"call","id":"b1","do":[{"op":"set_var","var":"u","v":1}]},"context":"x1"}},"""
            + """{"op":"await","of":"t1"},{"op":"call_soon","cb":"d1","do":[{"op":"get_var","var":"u"}],"context":"x1"}""")]
    [InlineData(
        false, "CTX-06",
        """{"op":"let","slot":"x1","be":{"x":"context"}},{"op":"set_var","var":"u","v":1},"""
            + """{"op":"let","slot":"t1","be":{"x":"task","of":{"x":"call","id":"b1","do":[]},"context":"x1"}},"""
            + """{"op":"await","of":"t1"},{"op":"call_soon","cb":"d1","do":[{"op":"get_var","var":"u"}]}""")]
    [InlineData(true, "TASK-10", """{"op":"let","slot":"g1","be":{"x":"ensure","of":{"x":"call","id":"b1","do":[]}}}""")]
    [InlineData(false, "TASK-10", """{"op":"let","slot":"f1","be":{"x":"future"}},{"op":"let","slot":"g1","be":{"x":"ensure","of":"f1"}}""")]
    [InlineData(
        true, "FUT-08",
        """{"op":"let","slot":"f1","be":{"x":"future"}},"""
            + """{"op":"repeat","times":2,"do":[{"op":"add_callback","of":"f1","cb":"d1","do":[]}]},{"op":"remove_callback","of":"f1","cb":"d1"}""")]
    [InlineData(false, "FUT-08", """{"op":"let","slot":"f1","be":{"x":"future"}},{"op":"add_callback","of":"f1","cb":"d1","do":[]},{"op":"remove_callback","of":"f1","cb":"d1"}""")]
    [InlineData(
        true, "GAT-04",
        """{"op":"let","slot":"t1","be":{"x":"task","of":{"x":"sleep","s":1,"v":1}}},{"op":"await","of":{"x":"gather","of":["t1",{"x":"sleep","s":0,"v":2},"t1"]}}""")]
    [InlineData(
        false, "GAT-04",
        """{"op":"let","slot":"t1","be":{"x":"task","of":{"x":"sleep","s":1,"v":1}}},"""
            + """{"op":"let","slot":"g1","be":{"x":"gather","of":["t1","t1"]}},{"op":"await","of":{"x":"gather","of":["t1",{"x":"sleep","s":0,"v":1}]}}""")]
    [InlineData(
        true, "GAT-15",
        """{"op":"let","slot":"g1","be":{"x":"gather","of":[{"x":"gather","of":[{"x":"call","id":"b1","do":[{"op":"await","of":{"x":"sleep","s":1},"see":true}]}]}]}},"""
            + """{"op":"await","of":{"x":"sleep","s":0.5}},{"op":"cancel","of":"g1","msg":"m"}""")]
    [InlineData(
        false, "GAT-15",
        """{"op":"await","of":{"x":"gather","of":[{"x":"gather","of":[{"x":"call","id":"b1","do":[{"op":"await","of":{"x":"sleep","s":1},"see":true}]}]}]}},"""
            + """{"op":"let","slot":"g1","be":{"x":"gather","of":[{"x":"sleep","s":1}]}},{"op":"cancel","of":"g1","msg":"m"}""")]
    [InlineData(true, "SHI-04", """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"g1","be":{"x":"shield","of":"t1"}},{"op":"cancel","of":"g1"}""")]
    [InlineData(
        false, "SHI-04",
        """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"f1","be":{"x":"future"}},{"op":"let","slot":"g1","be":{"x":"shield","of":"f1"}},{"op":"cancel","of":"g1"}""")]
    [InlineData(true, "SHI-05", """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"g1","be":{"x":"gather","of":[{"x":"shield","of":"t1"}]}},{"op":"cancel","of":"g1"}""")]
    [InlineData(
        false, "SHI-05",
        """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"g1","be":{"x":"gather","of":[{"x":"shield","of":"t1"}]}},"""
            + """{"op":"let","slot":"g2","be":{"x":"gather","of":["t1"]}},{"op":"cancel","of":"g2"}""")]
    [InlineData(true, "WF-12", """{"op":"await","of":{"x":"wait_for","of":{"x":"sleep","s":1},"t":2}},{"op":"await","of":{"x":"sleep","s":5}}""")]
    [InlineData(
        false, "WF-12",
        """{"op":"await","of":{"x":"wait_for","of":{"x":"sleep","s":1},"t":2}},{"op":"await","of":{"x":"sleep","s":1}},{"op":"await","of":{"x":"sleep","s":5}}""")]
    [InlineData(
        true, "WF-13",
        """{"op":"let","slot":"t1","be":SLEEPER},"""
            + """{"op":"try","do":[{"op":"await","of":{"x":"wait_for","of":{"x":"shield","of":"t1"},"t":0.5},"see":true}],"catch":[{"on":"timeout","do":[]}]}""")]
    [InlineData(
        false, "WF-13",
        """{"op":"let","slot":"t1","be":{"x":"task","of":{"x":"wait_for","of":{"x":"shield","of":{"x":"sleep","s":1}},"t":2}}},"""
            + """{"op":"try","do":[{"op":"await","of":{"x":"wait_for","of":{"x":"sleep","s":1},"t":0.5},"see":true}],"catch":[{"on":"timeout","do":[]}]}""")]
    [InlineData(
        true, "WAIT-05",
        """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"f1","be":{"x":"future"}},"""
            + """{"op":"await","of":{"x":"wait","of":["t1","f1"],"mode":"exception"}},{"op":"exception","of":"t1"}""")]
    [InlineData(
        false, "WAIT-05",
        """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"f1","be":{"x":"future"}},"""
            + """{"op":"await","of":{"x":"wait","of":["t1","f1"],"mode":"exception","t":0.5}},{"op":"exception","of":"t1"}""")]
    [InlineData(true, "WAIT-09", """{"op":"let","slot":"t1","be":SLEEPER},{"op":"await","of":{"x":"wait","of":["t1"]}}""")]
    [InlineData(
        false, "WAIT-09",
        """{"op":"let","slot":"t1","be":SLEEPER},{"op":"let","slot":"t2","be":{"x":"task","of":{"x":"sleep","s":0}}},{"op":"await","of":{"x":"wait","of":["t2"]}}""")]
    [InlineData(true, "AC-07", """{"op":"let","slot":"i1","be":{"x":"as_completed","of":[]}},{"op":"await","of":{"x":"next","of":"i1"}}""")]
    [InlineData(false, "AC-07", """{"op":"let","slot":"i1","be":{"x":"as_completed","of":[]}},{"op":"await","of":{"x":"next","of":"i2"}}""")]
    public void It_counts_where_it_happened(bool happened, string rule, string statements)
    {
        var scenario = JsonNode.Parse($$"""{"main":[{{statements.Replace("SLEEPER", Sleeper, StringComparison.Ordinal)}}]}""")!.AsObject();
        Grammar.Check(scenario);

        RuleCoverage.In(scenario, ScenarioRun.Trace(scenario)).Contains(rule).ShouldBe(happened);
    }
}
