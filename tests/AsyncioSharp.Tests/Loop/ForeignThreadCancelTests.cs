using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Cancelling in another thread than the loop's, which is wrong: refused in debug mode whatever the task waits for, and otherwise harmless to the loop itself.</summary>
public sealed class ForeignThreadCancelTests
{
    [Theory]
    [Rule("DBG-04")]
    [InlineData("future")]
    [InlineData("sleep")]
    [InlineData("event")]
    [InlineData("queue")]
    [InlineData("dotnet")]
    [InlineData("turn")]
    public void Debug_mode_refuses_it_and_changes_nothing(string wait)
    {
        VirtualTimeLoop.Run(Main(), debug: true);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Waits());
            await Asyncio.Sleep(0);
            LoopHelpers.OnOtherThread(() => task.Cancel()).ShouldBeOfType<InvalidOperationException>().Message.ShouldBe(
                $"Non-thread-safe operation invoked on an event loop other than the current one: {task} belongs to that of another thread. "
                + "From another thread, use CallSoonThreadsafe or Asyncio.RunCoroutineThreadsafe.");
            task.Cancelling.ShouldBe(0);
            task.ToString().ShouldStartWith("<Task pending");
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Waits()
        {
            switch (wait)
            {
                case "future":
                    await Asyncio.GetRunningLoop().CreateFuture();
                    break;
                case "sleep":
                    await Asyncio.Sleep(3600);
                    break;
                case "event":
                    await new AsyncEvent().Wait();
                    break;
                case "queue":
                    await new AsyncQueue<int>().Get();
                    break;
                case "dotnet":
                    await new TaskCompletionSource().Task;
                    break;
                default:
                    await Asyncio.Sleep(0);
                    await Asyncio.Sleep(0);
                    break;
            }
        }
    }

    [Fact]
    public void Timers_that_are_cancelled_elsewhere_are_left_to_the_loop()
    {
        const int Count = 1000; // many more than have the queue cleared of them
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var sleepers = Enumerable.Range(0, Count).Select(static i => Asyncio.CreateTask(Asyncio.Sleep(100 + i))).ToList();
            var handles = Enumerable.Range(0, Count).Select(i => loop.CallLater(100 + i, static () => Assert.Fail("was cancelled"))).ToList();
            await Asyncio.Sleep(0);
            int timers = loop.TimerCount;

            LoopHelpers.OnOtherThread(() =>
            {
                sleepers.ForEach(static task => task.Cancel());
                handles.ForEach(static handle => handle.Cancel());
            }).ShouldBeNull();
            loop.TimerCount.ShouldBe(timers, "the other thread must not touch the loop's timers");

            var outcomes = await Asyncio.GatherOutcomes(sleepers);
            outcomes.ShouldAllBe(static outcome => outcome.Exception is CancelledException);
            await Asyncio.Sleep(2 * Count);
        }
    }
}
