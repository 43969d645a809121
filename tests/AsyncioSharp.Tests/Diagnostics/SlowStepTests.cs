using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Diagnostics;

public class SlowStepTests
{
    [Fact]
    [Rule("DBG-02")]
    public void A_slow_step_is_logged_with_the_lines_at_which_it_began_and_ended()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        var log = loop.CollectLog();

        loop.RunUntilComplete(loop.CreateTask(Outer(clock), "tardy"));

        string[] lines = [.. log.ToString().Split('\n').Select(line => line.TrimEnd())];
        lines[0].ShouldStartWith("warning: Executing <Task pending name='tardy'");
        lines[0].ShouldEndWith(" took 1.500 seconds");
        int began = Array.IndexOf(lines, "The step began at:");
        lines[began + 2].ShouldBe("    await Asyncio.Sleep(1);");
        int ended = Array.IndexOf(lines, "It ended at (most recent call last):");
        lines[ended + 4].ShouldBe("    await Inner(clock);");
        lines[ended + 6].ShouldBe("    await Asyncio.Sleep(2);");
        lines[Array.IndexOf(lines, "Task created at (most recent call first):") + 1].ShouldContain(nameof(A_slow_step_is_logged_with_the_lines_at_which_it_began_and_ended));
        loop.Close();
    }

    [Fact]
    public void A_slow_last_step_and_a_slow_first_one_are_told_too()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        var entries = new List<LogEntry>();
        loop.LogSink = entries.Add;
        async Coroutine<int> Main()
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Asyncio.Sleep(0);
            clock.Advance(TimeSpan.FromSeconds(2));
            return 5;
        }

        loop.RunUntilComplete(Main()).ShouldBe(5);

        var slow = entries.Where(entry => entry.Event == LogEvent.SlowCallback).ToList();
        slow.Select(entry => entry.Duration!.Value.TotalSeconds).ShouldBe([1, 2]);
        slow[1].Severity.ShouldBe(LogSeverity.Warning);
        slow[1].Subject.ShouldNotBeNull().ShouldContain("finished");
        slow[1].Message.ShouldContain("The step began at:");
        slow[1].Message.ShouldNotContain("It ended at");
        loop.Close();
    }

    private static async Coroutine Outer(VirtualClock clock) => await Middle(clock);

    private static async Coroutine Middle(VirtualClock clock)
    {
        await Asyncio.Sleep(1);
        clock.Advance(TimeSpan.FromSeconds(1.5));
        await Inner(clock);
    }

    private static async Coroutine Inner(VirtualClock clock)
    {
        clock.GetTimestamp().ShouldBeGreaterThan(0);
        await Asyncio.Sleep(2);
    }
}
