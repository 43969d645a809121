using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary>What becomes of coroutines sent by <c>RunCoroutineThreadsafe</c> whose loop is closed before it has said how they ended.</summary>
public sealed class AbandonedSubmissionTests
{
    [Fact]
    [Rule("RCT-02")]
    public void An_outcome_that_is_there_reaches_the_future()
    {
        var loop = VirtualTimeLoop.Create();
        var value = Asyncio.RunCoroutineThreadsafe(Stop(() => 7), loop);
        var failure = Asyncio.RunCoroutineThreadsafe(Stop(static () => throw new FormatException("boom")), loop);
        loop.RunForever();
        loop.Close();
        value.Result(1).ShouldBe(7);
        Should.Throw<FormatException>(() => failure.Result(1)).Message.ShouldBe("boom");

        async Coroutine<int> Stop(Func<int> end)
        {
            loop.Stop();
            return end();
        }
    }

    [Fact]
    [Rule("RCT-02")]
    public void A_coroutine_that_another_task_drives_is_left_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var other = VirtualTimeLoop.Create();
            var coroutine = Asyncio.Sleep(1, "its own result");
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
#pragma warning disable ASYNCIO002 // the mistake that this test is about
            var sent = Asyncio.RunCoroutineThreadsafe(coroutine, other);
#pragma warning restore ASYNCIO002
            other.Close();
            Should.Throw<InvalidOperationException>(() => sent.Result(1)).Message.ShouldStartWith("Event loop is closed");
            (await task).ShouldBe("its own result");
        }
    }

    [Fact]
    [Rule("RCT-02")]
    public void One_that_was_never_begun_is_closed()
    {
        var loop = VirtualTimeLoop.Create();
        var coroutine = Asyncio.Sleep(1, "never");
        var sent = Asyncio.RunCoroutineThreadsafe(coroutine, loop);
        loop.Close();
        Should.Throw<InvalidOperationException>(() => sent.Result(1)).Message.ShouldStartWith("Event loop is closed");
        coroutine.State.ShouldBe(CoroutineState.Closed);
    }

    [Fact]
    [Rule("RCT-02")]
    public void One_that_is_running_does_not_keep_the_loop_from_closing()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var other = VirtualTimeLoop.Create();
            Coroutine<int>? itself = null;
            itself = Sends();
            (await itself).ShouldBe(1);
            other.IsClosed.ShouldBeTrue();

            async Coroutine<int> Sends()
            {
                await Asyncio.Sleep(0);
                var first = Asyncio.RunCoroutineThreadsafe(itself!, other);
                var second = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, 2), other);
                other.Close();
                Should.Throw<InvalidOperationException>(() => first.Result(1)).Message.ShouldStartWith("Event loop is closed");
                Should.Throw<InvalidOperationException>(() => second.Result(1)).Message.ShouldStartWith("Event loop is closed");
                return 1;
            }
        }
    }

    [Theory]
    [Rule("CORO-03")]
    [InlineData("sleep")]
    [InlineData("event")]
    [InlineData("future")]
    public void A_coroutine_of_a_closed_loop_can_be_closed_and_cleans_up(string wait)
    {
        var order = new List<string>();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { };
        var task = loop.CreateTask(Waits());
        loop.RunUntilComplete(Asyncio.Sleep(1));
        loop.Close();
        task.Coroutine.Close();
        order.ShouldBe(["cleaned up"]);
        task.Coroutine.State.ShouldBe(CoroutineState.Closed);

        async Coroutine Waits()
        {
            try
            {
                await (wait switch
                {
                    "sleep" => Asyncio.Sleep(100),
                    "event" => (IAwaitable)new AsyncEvent().Wait(),
                    _ => loop.CreateFuture(),
                });
            }
            finally
            {
                order.Add("cleaned up");
            }
        }
    }
}
