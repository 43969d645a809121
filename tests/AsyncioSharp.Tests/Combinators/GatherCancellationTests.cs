using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Gather and cancellation, in both directions: cancelled children, and a gather that is cancelled.</summary>
public class GatherCancellationTests
{
    [Fact]
    [Rule("GAT-08")]
    [CPython("test_tasks.py::FutureGatherTests.test_one_cancellation")]
    public void A_cancelled_child_fails_the_gather_with_the_cancellation_as_an_exception()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["sibling ended"]);

        async Coroutine Main()
        {
            var child = Asyncio.CreateTask(Asyncio.Sleep(10, 1));
            var gather = Asyncio.Gather(child, Sibling());
            await Asyncio.Sleep(1);
            child.Cancel("child only");

            (await OnLoop.Failure<CancelledException>(gather)).CancelMessage.ShouldBe("child only");
            gather.IsDone.ShouldBeTrue();
            gather.IsCancelled.ShouldBeFalse();
            gather.Exception().ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("child only");
            log.ShouldBeEmpty();
            await Asyncio.Sleep(5);
        }

        async Coroutine<int> Sibling()
        {
            await Asyncio.Sleep(3);
            log.Add("sibling ended");
            return 2;
        }
    }

    [Fact]
    [Rule("GAT-09")]
    public void Cancelling_a_gather_cancels_its_children_and_completes_it_later()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var one = Asyncio.CreateTask(Asyncio.Sleep(10, 1));
            var two = Asyncio.GetRunningLoop().CreateFuture<int>();
            var gather = Asyncio.Gather(one, two);
            await Asyncio.Sleep(1);

            gather.Cancel("all").ShouldBeTrue();
            gather.IsDone.ShouldBeFalse();
            two.IsCancelled.ShouldBeTrue();
            one.Cancelling.ShouldBe(1);
            (await OnLoop.Failure<CancelledException>(gather)).CancelMessage.ShouldBe("all");
            (await OnLoop.Failure<CancelledException>(one)).CancelMessage.ShouldBe("all");
        }
    }

    [Fact]
    [Rule("GAT-09")]
    public void A_done_gather_refuses_and_leaves_the_children_that_still_run()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var running = Asyncio.CreateTask(Asyncio.Sleep(5, 1));
            var gather = Asyncio.Gather(running, GatherTests.Fails(1, new FormatException()));
            await OnLoop.Failure<FormatException>(gather);

            gather.Cancel().ShouldBeFalse();
            running.Cancelling.ShouldBe(0);
            (await running).ShouldBe(1);
        }
    }

    [Fact]
    [Rule("GAT-09")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_gather_1")]
    public void When_all_children_are_done_but_the_gather_is_not_yet_told_it_refuses_and_completes_normally()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.GetRunningLoop().CreateFuture<int>();
            var gather = Asyncio.Gather(child);
            child.SetResult(3);

            gather.IsDone.ShouldBeFalse();
            gather.Cancel().ShouldBeFalse();
            (await gather).ShouldBe([3]);
        }
    }

    [Fact]
    [Rule("GAT-10")]
    public void A_cancelled_gather_completes_when_the_first_child_has_ended()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["gather", "cleaned up"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var gather = Asyncio.Gather(CleansUp(log, 5), Asyncio.Sleep(50, 2));
            await Asyncio.Sleep(1);
            gather.Cancel();
            await OnLoop.Failure<CancelledException>(gather);
            log.Add("gather");
            loop.Time.ShouldBe(1, 1e-6);
            await Asyncio.Sleep(10);
        }
    }

    [Fact]
    [Rule("GAT-10")]
    public void A_cancelled_gather_of_outcomes_waits_for_all_children_and_is_cancelled_then()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["cleaned up", "gather"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var gather = Asyncio.GatherOutcomes(CleansUp(log, 5), Asyncio.Sleep(50, 2));
            await Asyncio.Sleep(1);
            gather.Cancel("stop").ShouldBeTrue();
            await OnLoop.Failure<CancelledException>(gather);
            log.Add("gather");
            loop.Time.ShouldBe(6, 1e-6);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("GAT-11")]
    public void A_gather_whose_children_all_refuse_the_cancellation_is_cancelled_all_the_same(bool outcomes)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            IAwaitable gather = outcomes ? Asyncio.GatherOutcomes(Refuses(1), Refuses(2)) : Asyncio.Gather(Refuses(1), Refuses(2));
            await Asyncio.Sleep(1);
            Asyncio.EnsureFuture(gather).Cancel("refused").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(gather)).CancelMessage.ShouldBeNull();
        }

        static async Coroutine<int> Refuses(double seconds)
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(seconds);
            }
            return 1;
        }
    }

    [Fact]
    [Rule("GAT-11")]
    public void If_the_last_child_refuses_a_request_that_it_had_to_remember_the_message_of_that_is_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.CreateTask(Refuses());
            var gather = Asyncio.Gather(child);
            await Asyncio.Sleep(0);
            child.Cancel("passed on").ShouldBeTrue();
            child.Cancel("remembered").ShouldBeTrue(); // what the child waits for is cancelled already
            ((Future)gather).Cancel("gather").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>((Future)gather)).CancelMessage.ShouldBe("gather"); // the last one that was remembered

            var single = Asyncio.CreateTask(Refuses());
            var other = Asyncio.Gather(single);
            await Asyncio.Sleep(0);
            ((Future)other).Cancel("gather").ShouldBeTrue();
            single.Cancel("remembered").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>((Future)other)).CancelMessage.ShouldBe("remembered");
        }

        static async Coroutine<int> Refuses()
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            catch (CancelledException)
            {
                // swallowed
            }
            return 1;
        }
    }

    [Fact]
    [Rule("GAT-11")]
    public void A_child_that_answers_the_cancellation_with_another_failure_decides_a_plain_gather_only()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await CancelBoth();
            await Asyncio.Sleep(1);
            GatherTests.Collect();
            await Asyncio.Sleep(0);
        }

        static async Coroutine CancelBoth()
        {
            var plain = Asyncio.Gather(FailsInstead(), FailsInstead());
            var outcomes = Asyncio.GatherOutcomes(FailsInstead(), FailsInstead());
            await Asyncio.Sleep(1);
            plain.Cancel();
            outcomes.Cancel();
            await OnLoop.Failure<FormatException>(plain);
            await OnLoop.Failure<CancelledException>(outcomes);
        }

        static async Coroutine<int> FailsInstead()
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            catch (CancelledException)
            {
                throw new FormatException("instead");
            }
            return 1;
        }
    }

    [Fact]
    [Rule("GAT-12")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_cancellation_broadcast")]
    public void Cancelling_a_task_that_awaits_a_gather_cancels_the_children()
    {
        IFuture<int[]>? gather = null;
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var child = Asyncio.CreateTask(Asyncio.Sleep(10, 1));
            var awaiting = Asyncio.CreateTask(Awaits(child));
            await Asyncio.Sleep(1);

            awaiting.Cancel("outer");
            child.Cancelling.ShouldBe(1);
            (await OnLoop.Failure<CancelledException>(awaiting)).CancelMessage.ShouldBe("outer");
            awaiting.IsCancelled.ShouldBeTrue();
            child.IsCancelled.ShouldBeTrue();
            gather.ShouldNotBeNull().Cancel().ShouldBeFalse();
        }

        async Coroutine Awaits(CoroutineTask<int> child) => await (gather = Asyncio.Gather(child, Asyncio.Sleep(20, 2)));
    }

    [Fact]
    [Rule("GAT-12")]
    public void A_request_that_the_gather_refuses_is_thrown_at_the_wake_up()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.GetRunningLoop().CreateFuture<int>();
            var gather = Asyncio.Gather(child);
            var awaiting = Asyncio.CreateTask(Awaits(gather));
            await Asyncio.Sleep(0);
            child.SetResult(1);

            awaiting.Cancel("late").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(awaiting)).CancelMessage.ShouldBe("late");
            gather.Result().ShouldBe([1]);
        }

        static async Coroutine Awaits(IFuture<int[]> gather) => await gather;
    }

    [Fact]
    [Rule("GAT-15")]
    public void Nested_gathers_pass_the_request_and_its_message_down_to_every_leaf()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["a deep", "b deep", "c deep"]);

        async Coroutine Main()
        {
            var gather = Asyncio.Gather(Asyncio.Gather(Leaf("a"), Leaf("b")), Asyncio.Gather(Asyncio.Gather(Leaf("c"))), Asyncio.Sleep(50, 0));
            await Asyncio.Sleep(1);
            gather.Cancel("deep").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>((IAwaitable)gather)).CancelMessage.ShouldBe("deep");
        }

        async Coroutine<string> Leaf(string name)
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            catch (CancelledException e)
            {
                log.Add($"{name} {e.CancelMessage}");
                throw;
            }
            return name;
        }
    }

    [Fact]
    [Rule("GAT-10")]
    public void A_cancelled_gather_reaches_who_awaits_it_in_three_iterations()
    {
        var loop = VirtualTimeLoop.Create();
        IFuture<int[]>? gather = null;
        var awaiting = loop.CreateTask(Awaits());
        loop.RunOnce();
        loop.RunOnce();

        gather!.Cancel().ShouldBeTrue();
        loop.IterationsUntil(() => awaiting.IsDone).ShouldBe(3);
        loop.Close();

        async Coroutine Awaits()
        {
            gather = Asyncio.Gather(Asyncio.Sleep(1, 1), Asyncio.Sleep(2, 2));
            await gather;
        }
    }

    private static async Coroutine<int> CleansUp(List<string> log, double seconds)
    {
        try
        {
            await Asyncio.Sleep(50);
        }
        finally
        {
            await Asyncio.Sleep(seconds);
            log.Add("cleaned up");
        }
        return 1;
    }

    [Fact]
    public void Gathers_of_gathers_are_cancelled_however_deep_they_are()
    {
        var log = VirtualTimeLoop.Run(Main());
        log.ShouldBe("cancelled");

        static async Coroutine<string> Main()
        {
            var inner = Asyncio.CreateTask(Asyncio.Sleep(10, (object?)null));
            IAwaitable outer = inner;
            for (int i = 0; i < 200_000; i++)
            {
                outer = (IAwaitable)Asyncio.Gather(outer);
            }
            await Asyncio.Sleep(0);
            ((Future)outer).Cancel("all").ShouldBeTrue();
            var failure = await OnLoop.Failure<CancelledException>(outer);
            inner.IsCancelled.ShouldBeTrue();
            return "cancelled";
        }
    }

    [Fact]
    public void A_schedule_that_lets_the_last_end_run_before_that_of_a_cancelled_child_changes_nothing()
        => Schedules.Explore(
            static async () =>
            {
                var task = Asyncio.CreateTask(Gathers(), name: "worker");
                await Asyncio.Wait(task);

                static async Coroutine Gathers() => await Asyncio.Gather(Asyncio.Sleep(1), Asyncio.Sleep(2));
            },
            count: 1000,
            options: new ScheduleOptions { Cancels = 3 });
}
