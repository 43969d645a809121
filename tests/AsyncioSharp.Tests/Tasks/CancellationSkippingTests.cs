using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>
/// A cancellation leaves coroutines without handlers without being thrown in them. Each shape of chain must end as its twin does in which
/// every coroutine has a try/finally.
/// </summary>
public class CancellationSkippingTests
{
    [Theory]
    [InlineData("sleep")]
    [InlineData("future")]
    [InlineData("turn")]
    [InlineData("queued")]
    [InlineData("task")]
    [InlineData("future cancelled")]
    [InlineData("self")]
    [Rule("CAN-02", "CAN-05", "CAN-06", "CAN-07", "CAN-15")]
    public void The_outcome_is_the_same_with_and_without_handlers(string way)
    {
        string[] handled = VirtualTimeLoop.Run(Outcome(way, handled: true));
        string[] skipped = VirtualTimeLoop.Run(Outcome(way, handled: false));

        skipped.ShouldBe(handled);
        handled.ShouldContain("m");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_handler_between_coroutines_without_one_is_run(bool outerHandled, bool innerHandled)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var log = new List<string>();
            var task = Asyncio.CreateTask(outerHandled
                ? Handled(Plain(Asyncio.Sleep(1)), log)
                : Plain(innerHandled ? Handled(Plain(Asyncio.Sleep(1)), log) : Plain(Asyncio.Sleep(1))));
            await Asyncio.Sleep(0);
            task.Cancel("m");
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("m");
            log.ShouldBe(["finally"]);
        }
    }

    [Fact]
    public void Using_lock_and_foreach_count_as_handlers()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Test());
        log.ShouldBe(["using disposed", "foreach disposed"]);

        async Coroutine Test()
        {
            var tasks = new[] { Asyncio.CreateTask(Using()), Asyncio.CreateTask(ForEach()) };
            await Asyncio.Sleep(0);
            foreach (var task in tasks)
                task.Cancel();
            await Asyncio.Wait(tasks);
        }

        async Coroutine Using()
        {
            using var resource = new Resource(() => log.Add("using disposed"));
            await Asyncio.Sleep(1);
        }

        async Coroutine ForEach()
        {
            foreach (int seconds in Items())
                await Asyncio.Sleep(seconds);
        }

        IEnumerable<int> Items()
        {
            using var resource = new Resource(() => log.Add("foreach disposed"));
            yield return 1;
            yield return 2;
        }
    }

    [Fact]
    public void A_coroutine_that_catches_above_skipped_ones_goes_on()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Catching());
            await Asyncio.Sleep(0);
            task.Cancel();
            (await task).ShouldBe("went on");
            task.IsCancelled.ShouldBeFalse();
        }

        static async Coroutine<string> Catching()
        {
            try
            {
                await Plain(Plain(Asyncio.Sleep(1)));
            }
            catch (CancelledException)
            {
            }
            await Asyncio.Sleep(1);
            return "went on";
        }
    }

    // Everything that can be told of a chain of three after its cancellation.
    private static async Coroutine<string[]> Outcome(string way, bool handled)
    {
        var loop = Asyncio.GetRunningLoop();
        var log = new List<string>();
        var future = loop.CreateFuture<int>();
        Coroutine leaf = way switch
        {
            "sleep" => Asyncio.Sleep(100),
            "turn" => Asyncio.Sleep(0),
            "task" => Wait(Asyncio.CreateTask(Asyncio.Sleep(100)), handled),
            "self" => CancelSelf(handled),
            _ => Wait(future, handled),
        };
        var inner = handled ? Handled(leaf, log) : Plain(leaf);
        var outer = handled ? Handled(inner, log) : Plain(inner);
        var task = Asyncio.CreateTask(outer);
        await Asyncio.Sleep(0);
        if (way == "task")
            await Asyncio.Sleep(0);
        if (way == "queued")
            future.SetResult(1);
        if (way == "future cancelled")
            future.Cancel("m");
        else if (way != "self")
            task.Cancel("m");
        int turns = 0;
        while (!task.IsDone)
        {
            await Asyncio.Sleep(0);
            turns++;
        }
        var failure = await Caught.By(task);
        return
        [
            failure!.GetType().Name, (failure as CancelledException)?.CancelMessage ?? "", $"{task.IsCancelled}", $"{task.Cancelling}", $"{turns} turns",
            $"{inner.State}", $"{outer.State}", $"{future.IsCancelled}", $"{Asyncio.AllTasks().Count} left",
        ];
    }

    private static async Coroutine Plain(Coroutine inner) => await inner;

    private static async Coroutine Handled(Coroutine inner, List<string> log)
    {
        try
        {
            await inner;
        }
        finally
        {
            log.Add("finally");
        }
    }

    private static Coroutine Wait(Future future, bool handled)
    {
        return handled ? Handled(Plain()) : Plain();

        async Coroutine Plain() => await future;

        static async Coroutine Handled(Coroutine inner)
        {
            try
            {
                await inner;
            }
            finally
            {
                GC.KeepAlive(inner);
            }
        }
    }

    private static async Coroutine CancelSelf(bool handled)
    {
        CoroutineTask.Current.Cancel("m");
        await (handled ? Handled(Asyncio.Sleep(100), []) : Plain(Asyncio.Sleep(100)));
    }

    private sealed class Resource(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
