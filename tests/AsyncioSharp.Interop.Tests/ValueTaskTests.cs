using System.Threading.Channels;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>A value task is awaited once: what becomes of the second await, and that a task of it may be awaited again.</summary>
public class ValueTaskTests
{
    [Fact]
    public void Given_to_two_coroutines_it_refuses_the_second_and_serves_the_first()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            var kept = channel.Reader.ReadAsync();
            var first = Asyncio.CreateTask(Read());
            await Asyncio.Sleep(0);
            await Scenario.FailureOf<InvalidOperationException>(Read());
            channel.Writer.TryWrite(1);
            (await first).ShouldBe(1);

            async Coroutine<int> Read() => await kept;
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void Kept_over_the_end_of_a_wait_it_refuses_the_next(Ending ending)
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            var kept = channel.Reader.ReadAsync();
            await Scenario.EndWait(ending, async () => await kept);
            await Scenario.FailureOf<InvalidOperationException>(Again());

            using var timer = new PeriodicTimer(TimeSpan.FromHours(1));
            var keptTick = timer.WaitForNextTickAsync();
            await Scenario.EndWait(ending, async () => await keptTick);
            await Scenario.FailureOf<Exception>(TickAgain()); // with a context, .NET's own object gets no farther than to a wrong cast

            async Coroutine Again() => await kept;

            async Coroutine TickAgain() => await keptTick;
        });
    }

    [Fact]
    public void Kept_over_its_end_it_refuses_too()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            var kept = channel.Reader.ReadAsync();
            channel.Writer.TryWrite(1);
            (await kept).ShouldBe(1);
            await Scenario.FailureOf<InvalidOperationException>(async () => await kept);
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void As_a_task_it_is_awaited_again_and_loses_nothing(Ending ending)
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            var kept = channel.Reader.ReadAsync().AsTask();
            await Scenario.EndWait(ending, async () => await kept);
            channel.Writer.TryWrite(1);
            (await kept).ShouldBe(1);
            (await kept).ShouldBe(1);
        });
    }
}
