using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>How debug mode is switched: DBG-01 of docs/semantics.md. These tests set an environment variable, so nothing else may run beside them.</summary>
[Collection(nameof(DebugSwitchTests))]
[CollectionDefinition(nameof(DebugSwitchTests), DisableParallelization = true)]
public sealed class DebugSwitchTests : IDisposable
{
    private const string Variable = "ASYNCIOSHARP_DEBUG";

    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);

    public void Dispose() => Environment.SetEnvironmentVariable(Variable, _before);

    [Theory]
    [Rule("DBG-01")]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("1", true)]
    [InlineData("0", true)] // as in Python: not empty
    public void The_environment_decides_for_new_loops(string? value, bool expected)
    {
        Environment.SetEnvironmentVariable(Variable, value);

        var loop = VirtualTimeLoop.Create();

        loop.Debug.ShouldBe(expected);
        Environment.SetEnvironmentVariable(Variable, null);
        loop.Debug.ShouldBe(expected);
        loop.LogWriter = TextWriter.Null;
        loop.Close();
    }

    [Theory]
    [Rule("DBG-01")]
    [InlineData(null, null, false)]
    [InlineData(null, true, true)]
    [InlineData("1", null, true)]
    [InlineData("1", false, false)]
    [CPython("test_runners.py::RunTests.test_asyncio_run_debug")]
    public void The_argument_of_Run_overrides_the_environment_unless_it_is_left_out(string? value, bool? argument, bool expected)
    {
        Environment.SetEnvironmentVariable(Variable, value);
        static async Coroutine<bool> Main()
        {
            await Asyncio.Sleep(0);
            Asyncio.GetRunningLoop().LogWriter = TextWriter.Null;
            return Asyncio.GetRunningLoop().Debug;
        }

        VirtualTimeLoop.Run(Main(), argument).ShouldBe(expected);
    }

    [Fact]
    [Rule("DBG-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_debug")]
    public void A_loop_can_be_switched_at_any_time_also_while_it_runs()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        var log = loop.CollectLog();
        loop.CallSoon(() =>
        {
            loop.Debug = true;
            loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(1)));
        });
        loop.RunIteration();
        loop.RunIteration();

        log.ToString().ShouldContain(" took 1.000 seconds");
        loop.Debug = false;
        loop.Close();
    }

    [Fact]
    public void A_change_while_the_loop_runs_takes_effect_with_the_next_iteration()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        var log = loop.CollectLog();
        loop.CallSoon(() => loop.Debug = true);
        loop.RunIteration();
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(1)));
        loop.RunIteration();
        log.ToString().ShouldContain("took 1.000 seconds");
        loop.Close();
    }
}
