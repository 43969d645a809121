using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Shields: they take over the inner outcome, and let no cancellation through to the inside.</summary>
public class ShieldTests
{
    [Fact]
    [Rule("SHI-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_result")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_exception")]
    public void A_shield_mirrors_the_inner_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(Asyncio.Sleep(1, "value"));
            var shield = Asyncio.Shield(inner);
            shield.ShouldNotBeSameAs(inner);
            (await shield).ShouldBe("value");

            var failure = new FormatException();
            var failing = Asyncio.Shield(GatherTests.Fails(1, failure));
            (await OnLoop.Failure<FormatException>(failing)).ShouldBeSameAs(failure);

            Future untyped = Asyncio.Shield(Asyncio.Sleep(1));
            untyped.IsDone.ShouldBeFalse();
            await untyped;
        }
    }

    [Fact]
    [Rule("SHI-01")]
    public void A_coroutine_is_made_a_task_at_the_call()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int before = Asyncio.AllTasks().Count;
            _ = Asyncio.Shield(Asyncio.Sleep(1, 1));
            Asyncio.AllTasks().Count.ShouldBe(before + 1);
            await Asyncio.Sleep(2);
        }
    }

    [Fact]
    [Rule("SHI-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_coroutine_without_loop")]
    public void A_coroutine_needs_a_running_loop_and_null_is_refused()
    {
        Should.Throw<InvalidOperationException>(() => Asyncio.Shield(Asyncio.Sleep(1, 1))).Message.ShouldContain("no running event loop");
        Should.Throw<ArgumentNullException>(() => Asyncio.Shield((IAwaitable<int>)null!)).ParamName.ShouldBe("awaitable");
    }

    [Fact]
    [Rule("SHI-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_shortcut")]
    public void The_shield_of_something_done_is_that_thing_itself()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var done = Asyncio.GetRunningLoop().CreateFuture<int>();
            done.SetResult(1);
            Asyncio.Shield(done).ShouldBeSameAs(done);
            Asyncio.Shield((Future)done).ShouldBeSameAs(done);
            var task = Asyncio.CreateTask(Asyncio.Sleep(0));
            await task;
            Asyncio.Shield(task).ShouldBeSameAs(task);
        }
    }

    [Fact]
    [Rule("SHI-01")]
    public void The_inner_outcome_reaches_who_awaits_the_shield_in_two_iterations()
    {
        var loop = VirtualTimeLoop.Create();
        var inner = loop.CreateFuture<int>();
        var awaiting = loop.CreateTask(Awaits(inner));
        loop.RunOnce();
        inner.SetResult(1);
        loop.IterationsUntil(() => awaiting.IsDone).ShouldBe(2);
        loop.Close();

        static async Coroutine Awaits(Future<int> inner) => await Asyncio.Shield(inner);
    }

    [Fact]
    [Rule("SHI-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_cancel_outer")]
    public void Cancelling_the_shield_cancels_only_the_shield_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(Asyncio.Sleep(2, "went on"));
            var shield = Asyncio.Shield(inner);
            await Asyncio.Sleep(1);

            shield.Cancel("outside").ShouldBeTrue();
            shield.IsCancelled.ShouldBeTrue();
            inner.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(0);
            $"{shield}".ShouldNotContain("cb=");
            inner.ToString().ShouldNotContain("cb=");
            (await OnLoop.Failure<CancelledException>(shield)).CancelMessage.ShouldBe("outside");
            (await inner).ShouldBe("went on");
        }
    }

    [Fact]
    [Rule("SHI-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_effect")]
    public void Cancelling_who_awaits_the_shield_leaves_the_inner_one_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var inner = Asyncio.CreateTask(Asyncio.Sleep(10, "went on"));
            var awaiting = Asyncio.CreateTask(Awaits(inner));
            await Asyncio.Sleep(1);
            awaiting.Cancel("caller");

            (await OnLoop.Failure<CancelledException>(awaiting)).CancelMessage.ShouldBe("caller");
            loop.Time.ShouldBe(1, 1e-6);
            inner.IsDone.ShouldBeFalse();
            inner.Cancelling.ShouldBe(0);
            (await inner).ShouldBe("went on");
        }

        static async Coroutine Awaits(CoroutineTask<string> inner) => await Asyncio.Shield(inner);
    }

    [Fact]
    [Rule("SHI-03")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_cancel_inner")]
    public void When_the_inner_one_is_cancelled_the_shield_is_cancelled_without_a_message()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(Asyncio.Sleep(10, 1));
            var shield = Asyncio.Shield(inner);
            await Asyncio.Sleep(1);
            inner.Cancel("inside");

            (await OnLoop.Failure<CancelledException>(shield)).CancelMessage.ShouldBeNull();
            shield.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("SHI-04")]
    public void An_inner_failure_after_the_cancellation_of_the_shield_is_reported()
    {
        var reports = new List<string?>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBe(["unseen"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Exception?.Message);
            Forget();
            await Asyncio.Sleep(5);
            GatherTests.Collect();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            var shield = Asyncio.Shield(GatherTests.Fails(1, new FormatException("unseen")));
            shield.Cancel();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("SHI-04")]
    public void An_inner_failure_in_the_iteration_of_the_cancellation_counts_as_retrieved(bool cancelFirst)
    {
        var reports = new List<string?>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Exception?.Message);
            Forget();
            await Asyncio.Sleep(5);
            GatherTests.Collect();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            var inner = Asyncio.GetRunningLoop().CreateFuture<int>();
            var shield = Asyncio.Shield(inner);
            if (cancelFirst)
            {
                shield.Cancel();
            }
            inner.SetException(new FormatException("seen"));
            if (!cancelFirst)
            {
                shield.Cancel();
            }
        }
    }

    [Fact]
    [Rule("SHI-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_gather_shield")]
    public void Cancelling_a_gather_of_shields_cancels_the_shields_and_not_what_they_protect()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var one = Asyncio.CreateTask(Asyncio.Sleep(5, 1));
            var two = Asyncio.CreateTask(Asyncio.Sleep(6, 2));
            var shield = Asyncio.Shield(one);
            var gather = Asyncio.Gather(shield, Asyncio.Shield(two));
            await Asyncio.Sleep(1);

            gather.Cancel().ShouldBeTrue();
            shield.IsCancelled.ShouldBeTrue();
            await OnLoop.Failure<CancelledException>(gather);
            gather.IsCancelled.ShouldBeFalse();
            _ = gather.Exception().ShouldBeOfType<CancelledException>();
            (one.Cancelling, two.Cancelling).ShouldBe((0, 0));
            (await Asyncio.Gather(one, two)).ShouldBe([1, 2]);
        }
    }

    [Fact]
    [Rule("SHI-06")]
    public void A_cancellation_can_be_ignored_around_a_shield()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["ignored at 1", "inner ended at 3", "result 7"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Ignores());
            await Asyncio.Sleep(1);
            task.Cancel();
            await task;
            task.IsCancelled.ShouldBeFalse();
        }

        async Coroutine Ignores()
        {
            var inner = Asyncio.CreateTask(Inner());
            try
            {
                await Asyncio.Shield(inner);
            }
            catch (CancelledException)
            {
                log.Add($"ignored at {inner.Loop.Time:0}");
            }
            log.Add($"result {await inner}");
        }

        async Coroutine<int> Inner()
        {
            await Asyncio.Sleep(3);
            log.Add($"inner ended at {Asyncio.GetRunningLoop().Time:0}");
            return 7;
        }
    }

    [Fact]
    [Rule("SHI-07")]
    public void A_future_of_another_loop_can_be_shielded_but_the_shield_not_awaited()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            var shield = Asyncio.Shield(other.CreateFuture<int>());
            shield.Loop.ShouldBeSameAs(other);
            (await OnLoop.Failure<InvalidOperationException>(shield)).Message.ShouldContain("attached to a different loop");
        }
    }

    [Fact, Rule("SHI-04")]
    public void A_failure_that_comes_of_the_shields_own_cancellation_is_reported_too()
    {
        var reports = new List<ExceptionContext>();
        Asyncio.Run(Test(), loopFactory: () =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            return loop;
        });
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Wait(Asyncio.GetRunningLoop().CreateFuture<int>()));
            await Asyncio.Sleep(0);
            task.Cancel();
            await task;
        }

        static async Coroutine Wait(Future<int> inner)
        {
            try
            {
                await Asyncio.Shield(inner);
            }
            catch (CancelledException)
            {
                inner.SetException(new FormatException("told by nobody"));
            }
        }
    }

    [Fact]
    public void A_shield_that_is_cancelled_leaves_what_it_shields_and_no_other_does()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var shields = Enumerable.Range(0, 4).Select(_ => Asyncio.Shield(future)).ToArray();
            foreach (int which in new[] { 1, 3, 0, 2 })
            {
                int before = future.ListWaiters().Count;
                var waiter = future.ListWaiters().Single(waiter => ReferenceEquals(waiter, shields[which]));
                shields[which].Cancel();
                await Asyncio.Sleep(0);
                future.ListWaiters().Count.ShouldBe(before - 1);
                future.ListWaiters().ShouldNotContain(waiter);
            }
        }
    }
}
