using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>The latency table, section 0 of docs/semantics.md: how many iterations pass from an event until the awaiting coroutine runs again.</summary>
public class LatencyTests
{
    [Fact]
    public void CallSoon_and_CreateTask_run_in_the_next_iteration() => Measure(async count =>
    {
        int called = -1, started = -1;
        int before = count.Now;
        Asyncio.GetRunningLoop().CallSoon(() => called = count.Now);
        await Asyncio.CreateTask(Start());
        (called - before).ShouldBe(1);
        (started - before).ShouldBe(1);

        async Coroutine Start() => started = count.Now;
    });

    [Fact]
    public void SetResult_reaches_callbacks_and_awaiting_coroutines_in_one_iteration() => Measure(async count =>
    {
        var future = Asyncio.GetRunningLoop().CreateFuture<int>();
        int called = -1, set = -1;
        future.AddDoneCallback(_ => called = count.Now);
        Asyncio.GetRunningLoop().CallLater(0, () =>
        {
            set = count.Now;
            future.SetResult(1);
        });
        await future;
        (called - set).ShouldBe(1);
        (count.Now - set).ShouldBe(1);
    });

    [Fact]
    public void The_end_of_a_task_reaches_the_awaiting_coroutine_in_one_iteration() => Measure(async count =>
    {
        int end = await Asyncio.CreateTask(EndAfter(count, 2));
        (count.Now - end).ShouldBe(1);
    });

    [Fact]
    public void Awaiting_what_is_done_and_coroutines_that_do_not_suspend_takes_no_iteration() => Measure(async count =>
    {
        var future = Asyncio.GetRunningLoop().CreateFuture<int>();
        future.SetResult(1);
        var task = Asyncio.CreateTask(Nothing());
        await task;
        int before = count.Now;
        await future;
        await task;
        await Nothing();
        count.Now.ShouldBe(before);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Sleep_of_zero_or_less_takes_one_iteration(int seconds) => Measure(async count =>
    {
        int before = count.Now;
        await Asyncio.Sleep(seconds);
        (count.Now - before).ShouldBe(1);
        (await Asyncio.Sleep(seconds, "result")).ShouldBe("result");
        (count.Now - before).ShouldBe(2);
    });

    [Fact]
    public void A_child_reaches_the_coroutine_awaiting_Gather_in_two_iterations() => Measure(async count =>
    {
        int[] ends = await Asyncio.Gather(Asyncio.CreateTask(EndAfter(count, 1)), Asyncio.CreateTask(EndAfter(count, 3)));
        (count.Now - ends.Max()).ShouldBe(2);
    });

    [Fact]
    public void Gather_of_children_that_are_done_takes_no_iteration() => Measure(async count =>
    {
        var task = Asyncio.CreateTask(EndAfter(count, 0));
        await task;
        int before = count.Now;
        await Asyncio.Gather(task, task);
        count.Now.ShouldBe(before);
    });

    [Fact]
    public void Gather_of_a_coroutine_that_does_not_suspend_takes_three_iterations() => Measure(async count =>
    {
        int before = count.Now;
        await Asyncio.Gather(EndAfter(count, 0));
        (count.Now - before).ShouldBe(3);
    });

    [Fact]
    public void Gather_of_nothing_takes_no_iteration() => Measure(async count =>
    {
        int before = count.Now;
        await Asyncio.Gather<int>();
        count.Now.ShouldBe(before);
    });

    [Fact]
    public void The_inner_task_reaches_the_coroutine_awaiting_Shield_in_two_iterations() => Measure(async count =>
    {
        var inner = Asyncio.CreateTask(EndAfter(count, 2));
        int end = await Asyncio.Shield(inner);
        (count.Now - end).ShouldBe(2);
        int before = count.Now;
        await Asyncio.Shield(inner);
        count.Now.ShouldBe(before);
    });

    [Fact]
    public void The_last_child_reaches_the_coroutine_awaiting_Wait_in_two_iterations() => Measure(async count =>
    {
        var tasks = new[] { Asyncio.CreateTask(EndAfter(count, 1)), Asyncio.CreateTask(EndAfter(count, 3)) };
        await Asyncio.Wait(tasks);
        (count.Now - tasks.Max(task => task.Result())).ShouldBe(2);
    });

    [Fact]
    public void Wait_for_what_was_done_before_takes_two_iterations() => Measure(async count =>
    {
        var task = Asyncio.CreateTask(EndAfter(count, 0));
        await task;
        int before = count.Now;
        var (done, _) = await Asyncio.Wait([task]);
        done.ShouldBe([task]);
        (count.Now - before).ShouldBe(2);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Wait_with_a_timeout_of_zero_or_less_takes_two_iterations(int timeout) => Measure(async count =>
    {
        var future = Asyncio.GetRunningLoop().CreateFuture<int>();
        int before = count.Now;
        var (_, pending) = await Asyncio.Wait([future], timeout);
        pending.ShouldBe([future]);
        (count.Now - before).ShouldBe(2);
    });

    [Fact]
    public void WaitFor_without_a_timeout_takes_as_long_as_the_awaitable() => Measure(async count =>
    {
        int end = await Asyncio.WaitFor(Asyncio.CreateTask(EndAfter(count, 2)), null);
        (count.Now - end).ShouldBe(1);
        int before = count.Now;
        await Asyncio.WaitFor(Nothing(), null);
        count.Now.ShouldBe(before);
    });

    [Fact]
    public void A_child_reaches_the_coroutine_awaiting_an_item_of_AsCompleted_in_two_iterations() => Measure(async count =>
    {
        var task = Asyncio.CreateTask(EndAfter(count, 2));
        foreach (var next in Asyncio.AsCompleted<int>([task]))
        {
            int end = await next;
            (count.Now - end).ShouldBe(2);
        }
        int before = count.Now;
        foreach (var next in Asyncio.AsCompleted<int>([task]))
            await next;
        (count.Now - before).ShouldBe(2);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cancelling_a_task_reaches_the_coroutine_awaiting_it_in_two_iterations(bool started) => Measure(async count =>
    {
        var task = Asyncio.CreateTask(SleepLong());
        if (started)
        {
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }
        int before = count.Now;
        task.Cancel();
        await Should_be_cancelled(task);
        (count.Now - before).ShouldBe(2);
    });

    [Fact]
    public void Cancelling_Gather_reaches_the_coroutine_awaiting_it_in_three_iterations() => Measure(async count =>
    {
        var gather = Asyncio.Gather(Asyncio.CreateTask(SleepLong()), Asyncio.CreateTask(SleepLong()));
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(0);
        int before = count.Now;
        gather.Cancel();
        await Should_be_cancelled(gather);
        (count.Now - before).ShouldBe(3);
    });

    [Fact]
    public void The_iteration_after_the_main_coroutine_returned_is_executed_in_full()
    {
        var loop = VirtualTimeLoop.Create();
        var log = new List<string>();
        loop.RunUntilComplete(Main());
        log.ShouldBe(["main", "first", "second"]);
        loop.Close();
        log.ShouldBe(["main", "first", "second"]);

        async Coroutine Main()
        {
            log.Add("main");
            loop.CallSoon(() =>
            {
                log.Add("first");
                loop.CallSoon(() => log.Add("one too many"));
            });
            loop.CallSoon(() => log.Add("second"));
        }
    }

    [Fact]
    public void RunUntilComplete_of_a_done_future_runs_one_iteration()
    {
        var loop = VirtualTimeLoop.Create();
        var log = new List<string>();
        var future = loop.CreateFuture<int>();
        future.SetResult(3);
        loop.CallSoon(() =>
        {
            log.Add("first");
            loop.CallSoon(() => log.Add("one too many"));
        });
        loop.RunUntilComplete(future).ShouldBe(3);
        log.ShouldBe(["first"]);
        loop.Close();
    }

    private static void Measure(Func<IterationCounter, Coroutine> test)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var count = new IterationCounter();
            await Asyncio.Sleep(0);
            await test(count);
        }
    }

    private static async Coroutine<int> EndAfter(IterationCounter count, int turns)
    {
        for (int i = 0; i < turns; i++)
            await Asyncio.Sleep(0);
        return count.Now;
    }

    private static async Coroutine Nothing()
    {
    }

    private static async Coroutine SleepLong() => await Asyncio.Sleep(100);

    private static async Coroutine Should_be_cancelled(IAwaitable awaitable)
    {
        try
        {
            await awaitable;
        }
        catch (CancelledException)
        {
            return;
        }
        Assert.Fail("not cancelled");
    }
}
