using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Running;

/// <summary>Runs that a token ends.</summary>
public class RunTokenTests
{
    [Fact]
    public void A_token_cancels_main_which_cleans_up_and_the_exception_carries_it()
    {
        using var source = new CancellationTokenSource();
        bool cleanedUp = false;
        var running = new Signal();
        var canceller = new TestThread(() =>
        {
            running.Wait();
            source.Cancel();
        });
        Should.Throw<CancelledException>(() => Asyncio.Run(Main(), source.Token)).CancellationToken.ShouldBe(source.Token);
        canceller.Join();
        cleanedUp.ShouldBeTrue();

        async Coroutine<int> Main()
        {
            try
            {
                running.Set();
                return await Asyncio.Sleep(Signal.LimitSeconds, 1);
            }
            finally
            {
                await Asyncio.Sleep(0.001);
                cleanedUp = true;
            }
        }
    }

    [Fact]
    public void Without_a_cancellation_it_is_a_run_like_any_other_and_with_one_before_it_nothing_runs()
    {
        using var source = new CancellationTokenSource();
        Asyncio.Run(Asyncio.Sleep(1, 5), source.Token, loopFactory: VirtualTimeLoop.Create).ShouldBe(5);
        Asyncio.Run(Asyncio.Sleep(0), CancellationToken.None);
        source.Cancel();
        bool ran = false;
        Should.Throw<CancelledException>(() => Asyncio.Run(Main(), source.Token, debug: false)).CancellationToken.ShouldBe(source.Token);
        ran.ShouldBeFalse();
        Should.Throw<ArgumentNullException>(() => Asyncio.Run(null!, source.Token)).ParamName.ShouldBe("main");

        async Coroutine Main()
        {
            ran = true;
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void RunUntilComplete_cancels_what_it_waits_for_and_the_loop_goes_on()
    {
        var loop = VirtualTimeLoop.Create();
        using var source = new CancellationTokenSource();
        loop.CallLater(2, source.Cancel);
        var task = loop.CreateTask(Asyncio.Sleep(9, 1));
        Should.Throw<CancelledException>(() => loop.RunUntilComplete(task, source.Token)).CancellationToken.ShouldBe(source.Token);
        task.IsCancelled.ShouldBeTrue();
        loop.Time.ShouldBe(2);
        loop.RunUntilComplete(Asyncio.Sleep(1, 3), CancellationToken.None).ShouldBe(3);
        loop.RunUntilComplete(Asyncio.Sleep(1), CancellationToken.None);
        Should.Throw<ArgumentNullException>(() => loop.RunUntilComplete(null!, source.Token)).ParamName.ShouldBe("awaitable");
        loop.Close();
    }
}
