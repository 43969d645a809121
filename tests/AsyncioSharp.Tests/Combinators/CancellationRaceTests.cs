using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Meetings of cancellations that only random scenarios have shown (docs/oracle.md): who is told what, and what counts as retrieved.</summary>
public class CancellationRaceTests
{
    [Fact]
    [Rule("WF-03")]
    public void A_gather_that_fails_because_the_timeout_cancels_it_is_told_as_a_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var never = Asyncio.GetRunningLoop().CreateFuture();
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.Gather<object?>(Asyncio.Shield<object?>(never)), 1));
            (await OnLoop.Failure<TimeoutException>(waiting)).InnerException.ShouldBeOfType<CancelledException>();
            never.IsDone.ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [Rule("WF-10")]
    public void A_request_made_before_the_wait_and_delivered_in_it_is_no_timeout(double timeout)
    {
        VirtualTimeLoop.Run(Main(timeout));

        static async Coroutine Main(double timeout)
        {
            var task = Asyncio.CreateTask(CancelsItself(timeout));
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("mine");
        }

        static async Coroutine CancelsItself(double timeout)
        {
            CoroutineTask.Current.Cancel("mine");
            await Asyncio.WaitFor(Asyncio.GetRunningLoop().CreateFuture(), timeout);
        }
    }

    [Fact]
    [Rule("WF-10")]
    public void A_request_that_comes_while_the_expired_future_wakes_the_waiter_is_told_with_its_message()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.GetRunningLoop().CreateFuture(), 0));
            await Asyncio.Sleep(0);
            task.Cancel("caller");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("caller");
        }
    }

    [Fact]
    [Rule("WF-10")]
    public void A_request_that_waits_for_a_nested_wait_to_begin_is_no_timeout_of_that()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var never = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.WaitFor<object?>(never, 0), 1));
            await Asyncio.Sleep(0);
            task.Cancel("caller");
            await OnLoop.Failure<CancelledException>(task);
            never.IsCancelled.ShouldBeTrue("the nested wait has begun");
        }
    }

    [Fact]
    [Rule("EXC-09", "GAT-09")]
    public void Cancelling_a_gather_that_has_failed_does_not_count_as_retrieving()
    {
        ReportsOf(Main()).ShouldBe(["Gather exception was never retrieved: lost"]);

        static async Coroutine Main()
        {
            var failed = Asyncio.GetRunningLoop().CreateFuture();
            failed.SetException(new FormatException("lost"));
            var gather = Asyncio.Gather<object?>(failed);
            await Asyncio.Sleep(0);
            gather.IsDone.ShouldBeTrue();
            gather.Cancel().ShouldBeFalse();
        }
    }

    [Fact]
    [Rule("EXC-09", "CAN-05")]
    public void What_a_task_awaited_is_retrieved_even_if_a_request_is_thrown_in_its_place()
    {
        ReportsOf(Main()).ShouldBeEmpty();

        static async Coroutine Main()
        {
            var awaited = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Awaits(awaited));
            await Asyncio.Sleep(0);
            awaited.SetException(new FormatException("lost"));
            task.Cancel("instead");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("instead");
        }
    }

    [Fact]
    [Rule("CAN-05", "GAT-08")]
    public void A_request_that_meets_a_gather_failed_by_a_cancellation_lets_that_one_through()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.GetRunningLoop().CreateFuture();
            var gather = Asyncio.Gather<object?>(child);
            var task = Asyncio.CreateTask(Awaits(gather));
            await Asyncio.Sleep(0);
            child.Cancel("child");
            await Asyncio.Sleep(0); // the gather has failed, and the task is about to wake
            task.Cancel("task").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("child");
        }
    }

    [Fact]
    [Rule("GAT-10", "GAT-11")]
    public void A_cancelled_gather_of_outcomes_tells_the_message_of_its_last_argument()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var (pending, done) = (loop.CreateFuture(), loop.CreateFuture());
            done.SetResult(null);

            var doneIsLast = Asyncio.GatherOutcomes<object?>(pending, done);
            doneIsLast.Cancel("m").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>((Future)doneIsLast)).CancelMessage.ShouldBeNull();

            var cancelledIsLast = Asyncio.GatherOutcomes<object?>(done, loop.CreateFuture());
            cancelledIsLast.Cancel("m").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>((Future)cancelledIsLast)).CancelMessage.ShouldBe("m");
        }
    }

    private static async Coroutine Awaits(IAwaitable awaitable) => await awaitable;

    /// <summary>What the run of a coroutine reports until its loop is closed.</summary>
    private static List<string> ReportsOf(Coroutine main)
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        loop.RunUntilComplete(main);
        LoopHelpers.CollectGarbage();
        loop.RunIteration();
        loop.Close();
        return [.. reports.Select(report => $"{report.Message}: {report.Exception?.Message}")];
    }
}
