using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Gather and GatherOutcomes without cancellation: order, failures, arguments, latency and reports.</summary>
public class GatherTests
{
    [Fact]
    [Rule("GAT-01")]
    public void Children_start_in_order_of_the_arguments_and_so_stand_the_results()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["start a", "start b", "start c", "end b", "end c", "end a"]);

        async Coroutine Main()
        {
            (await Asyncio.Gather(Child("a", 3), Child("b", 1), Child("c", 2))).ShouldBe(["a", "b", "c"]);
            log.Count.ShouldBe(6);
        }

        async Coroutine<string> Child(string name, double seconds)
        {
            log.Add("start " + name);
            await Asyncio.Sleep(seconds);
            log.Add("end " + name);
            return name;
        }
    }

    [Fact]
    public void A_child_that_decides_nothing_takes_no_turn_of_the_queue()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Future<int>[] children = [loop.CreateFuture<int>(), loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            var gather = Asyncio.Gather<int>(children);
            children[1].SetResult(1);
            children[0].SetResult(0);
            loop.ReadyEntries().ShouldBeEmpty();
            children[2].SetResult(2);
            loop.ReadyEntries().ShouldBe([(Runnable)gather]);
            (await gather).ShouldBe([0, 1, 2]);
        }
    }

    [Fact]
    public void The_end_of_the_last_child_allocates_nothing_if_none_has_failed()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var allocation = new Allocation();
            for (int round = 0; round < Allocation.Rounds; round++)
            {
                Future<int>[] children = [loop.CreateFuture<int>(), loop.CreateFuture<int>()];
                var gather = Asyncio.Gather<int>(children);
                allocation.Begin();
                children[0].SetResult(0);
                children[1].SetResult(1);
                allocation.End();
                await gather;
            }
            allocation.Least.ShouldBe(0);
        }
    }

    [Fact]
    public void The_turn_of_the_last_child_completes_a_gather_of_outcomes_also_if_another_has_failed_just_before()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Future<int>[] children = [loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            var gather = Asyncio.GatherOutcomes<int>(children);
            bool[] seen = new bool[2];
            children[0].SetException(new FormatException("expected by a test"));
            loop.CallSoon(() => seen[0] = gather.IsDone);
            children[1].SetResult(1);
            loop.CallSoon(() => seen[1] = gather.IsDone);
            await gather;
            seen.ShouldBe([false, true]);
        }
    }

    [Fact]
    [Rule("GAT-02")]
    public void A_gather_is_a_future_at_once_that_may_be_awaited_repeatedly_or_not_at_all()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["nobody awaits this"]);

        async Coroutine Main()
        {
            _ = Asyncio.Gather(Logs());
            await Asyncio.Sleep(1);

            var gather = Asyncio.Gather(Asyncio.Sleep(1, 1), Asyncio.Sleep(2, 2));
            Asyncio.IsFuture(gather).ShouldBeTrue();
            gather.IsDone.ShouldBeFalse();
            var first = await gather;
            (await gather).ShouldBeSameAs(first);
            gather.Result().ShouldBeSameAs(first);
        }

        async Coroutine<int> Logs()
        {
            await Asyncio.Sleep(0.5);
            log.Add("nobody awaits this");
            return 0;
        }
    }

    [Fact]
    [Rule("GAT-03")]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_empty_sequence_use_running_loop")]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_empty_sequence")]
    public void Without_arguments_it_is_done_and_refuses_cancellation()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var typed = Asyncio.Gather<int>();
            typed.IsDone.ShouldBeTrue();
            typed.Cancel().ShouldBeFalse();
            typed.Result().ShouldBeEmpty();
            typed.Loop.ShouldBeSameAs(Asyncio.GetRunningLoop());
            (await Asyncio.Gather()).ShouldBeEmpty();
            (await Asyncio.Gather(Enumerable.Empty<IAwaitable<int>>())).ShouldBeEmpty();
            (await Asyncio.GatherOutcomes<int>()).ShouldBeEmpty();
        }
    }

    [Fact]
    [Rule("GAT-03")]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_empty_sequence_without_loop")]
    public void Without_arguments_it_needs_a_running_loop()
    {
        Should.Throw<InvalidOperationException>(() => Asyncio.Gather<int>()).Message.ShouldContain("no running event loop");
        Should.Throw<InvalidOperationException>(() => Asyncio.GatherOutcomes()).Message.ShouldContain("no running event loop");
    }

    [Fact]
    [Rule("GAT-04")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_duplicate_coroutines")]
    public void What_is_given_twice_runs_once_and_fills_both_places()
    {
        int runs = 0;
        VirtualTimeLoop.Run(Main());
        runs.ShouldBe(1);

        async Coroutine Main()
        {
            var coroutine = Child();
            var task = Asyncio.CreateTask(Asyncio.Sleep(2, 9));
            (await Asyncio.Gather(coroutine, task, coroutine, Asyncio.Sleep(1, 5), task)).ShouldBe([1, 9, 1, 5, 9]);
        }

        async Coroutine<int> Child()
        {
            await Asyncio.Sleep(1);
            return ++runs;
        }
    }

    [Fact]
    [Rule("GAT-05")]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_heterogenous_futures")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_issue46672")]
    public void Futures_of_different_loops_are_refused_at_the_call_and_children_made_by_then_run_on()
    {
        var log = new List<string>();
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();
        log.ShouldBe(["ran"]);

        async Coroutine Main()
        {
            var stranger = other.CreateFuture<int>();
            var refused = Should.Throw<ArgumentException>(() => Asyncio.Gather(Child(), stranger));
            refused.ParamName.ShouldBe("awaitables");
            refused.Message.ShouldContain("different loop");
            await Asyncio.Sleep(5);
        }

        async Coroutine<int> Child()
        {
            await Asyncio.Sleep(1);
            log.Add("ran");
            return 1;
        }
    }

    [Fact]
    [Rule("GAT-05")]
    public void Null_and_what_cannot_be_awaited_are_refused_at_the_call()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Should.Throw<ArgumentNullException>(() => Asyncio.Gather(Asyncio.Sleep(1, 1), null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(() => Asyncio.Gather((IEnumerable<IAwaitable<int>>)null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentException>(() => Asyncio.Gather(new NotAwaitable())).Message.ShouldContain(nameof(NotAwaitable));
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("GAT-06")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_exception_marking")]
    public void The_first_failure_completes_the_gather_with_that_object_and_siblings_run_on()
    {
        var log = new List<string>();
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["failed at 1", "sibling ended"]);
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            var first = new FormatException("first");
            await FailTogether(loop, first);
            await Asyncio.Sleep(10);
            Collect();
            await Asyncio.Sleep(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        async Coroutine FailTogether(EventLoop loop, Exception first)
        {
            var gather = Asyncio.Gather(Sibling(), Fails(2, new FormatException("late")), Fails(1, first));
            (await OnLoop.Failure<FormatException>(gather)).ShouldBeSameAs(first);
            log.Add($"failed at {loop.Time}");
            gather.Exception().ShouldBeSameAs(first);
            gather.IsCancelled.ShouldBeFalse();
        }

        async Coroutine<int> Sibling()
        {
            await Asyncio.Sleep(3);
            log.Add("sibling ended");
            return 1;
        }
    }

    [Fact]
    [Rule("GAT-07")]
    [CPython("test_tasks.py::GatherTestsBase.test_return_exceptions")]
    [CPython("test_tasks.py::FutureGatherTests.test_result_exception_one_cancellation")]
    public void Outcomes_hold_values_failures_and_cancellations_and_come_when_all_are_done()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var failure = new FormatException("no");
            var cancelled = Asyncio.CreateTask(Asyncio.Sleep(50, 5));
            loop.CallLater(1, () => cancelled.Cancel("why"));

            var outcomes = await Asyncio.GatherOutcomes(Asyncio.Sleep(3, 4), Fails(1, failure), cancelled);

            loop.Time.ShouldBe(3, 1e-6);
            outcomes[0].IsSuccess.ShouldBeTrue();
            outcomes[0].Value.ShouldBe(4);
            outcomes[0].Exception.ShouldBeNull();
            outcomes[1].IsSuccess.ShouldBeFalse();
            outcomes[1].Exception.ShouldBeSameAs(failure);
            Should.Throw<FormatException>(() => outcomes[1].Value).ShouldBeSameAs(failure);
            outcomes[2].Exception.ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("why");
            var (value, exception) = outcomes[0];
            (value, exception).ShouldBe((4, null));
            (outcomes[0] == outcomes[0]).ShouldBeTrue();
            (outcomes[0] != outcomes[1]).ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("GAT-13")]
    public void A_gather_of_done_children_is_done_on_return()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var one = loop.CreateFuture<int>();
            var two = loop.CreateFuture<int>();
            var failed = loop.CreateFuture<int>();
            one.SetResult(1);
            two.SetResult(2);
            var failure = new FormatException();
            failed.SetException(failure);

            Asyncio.Gather(one, two).Result().ShouldBe([1, 2]);
            Asyncio.GatherOutcomes(one, failed).Result()[1].Exception.ShouldBeSameAs(failure);
            Asyncio.Gather(loop.CreateFuture<int>(), failed).Exception().ShouldBeSameAs(failure);
            Asyncio.Gather(one, loop.CreateFuture<int>()).IsDone.ShouldBeFalse();
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("GAT-13")]
    public void A_child_reaches_who_awaits_the_gather_in_two_iterations_and_a_whole_call_takes_three()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        var awaiting = loop.CreateTask(Await(() => Asyncio.Gather(future)));
        loop.RunOnce();
        future.SetResult(1);
        loop.IterationsUntil(() => awaiting.IsDone).ShouldBe(2);

        var calling = loop.CreateTask(Await(() => Asyncio.Gather(Immediately())));
        loop.RunOnce();
        loop.IterationsUntil(() => calling.IsDone).ShouldBe(3);

        var empty = loop.CreateTask(Await(() => Asyncio.Gather<int>()));
        loop.RunOnce();
        empty.IsDone.ShouldBeTrue();
        loop.Close();

        static async Coroutine<int[]> Await(Func<IFuture<int[]>> gather) => await gather();
        static async Coroutine<int> Immediately() => 1;
    }

    [Fact]
    [Rule("GAT-14")]
    public void Tasks_made_by_gather_are_not_reported_when_their_loop_is_closed()
    {
        var reports = new List<ExceptionContext>();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, context) => reports.Add(context);
        CoroutineTask? made = null;
        loop.CallSoon(() =>
        {
            made = Asyncio.CreateTask(Asyncio.Sleep(10), name: "made by hand");
            _ = Asyncio.Gather(Asyncio.Sleep(10, 1), Asyncio.Sleep(20, 2));
        });
        loop.RunOnce();
        loop.RunOnce();
        loop.Close();

        reports.Count.ShouldBe(1);
        reports[0].Message!.ShouldContain("destroyed but it is pending");
        reports[0].Task.ShouldBeSameAs(made);
    }

    [Fact]
    [Rule("GAT-14")]
    public void A_failed_gather_that_nobody_awaits_is_reported_once_under_its_own_name()
    {
        var reports = new List<string?>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBe(["Gather exception was never retrieved: nobody asks"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add($"{context.Message}: {context.Exception!.Message}");
            Forget();
            await Asyncio.Sleep(5);
            Collect();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => _ = Asyncio.Gather(Fails(1, new FormatException("nobody asks")), Fails(2, new FormatException("late")));
    }

    internal static async Coroutine<int> Fails(double seconds, Exception failure)
    {
        await Asyncio.Sleep(seconds);
        throw failure;
    }

    internal static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private sealed class NotAwaitable : IAwaitable;

    [Fact]
    public void A_null_array_is_refused()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            Should.Throw<ArgumentNullException>(static () => Asyncio.Gather((IAwaitable<int>[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.Gather((IAwaitable[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.GatherOutcomes((IAwaitable<int>[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.GatherOutcomes((IAwaitable[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.Gather((Coroutine<int>[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.Gather((Coroutine[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.GatherOutcomes((CoroutineTask<int>[])null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(static () => Asyncio.GatherOutcomes((CoroutineTask[])null!)).ParamName.ShouldBe("awaitables");
        }
    }

    [Fact]
    public void An_array_gives_an_array_of_its_results()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask<int>[] tasks = [Asyncio.CreateTask(Asyncio.Sleep(2, 1)), Asyncio.CreateTask(Asyncio.Sleep(1, 2))];
            (await Asyncio.Gather(tasks)).ShouldBe([1, 2]);
            (await Asyncio.Gather((IAwaitable[])tasks)).ShouldBe([1, 2]);
            (await Asyncio.GatherOutcomes(tasks)).Select(static outcome => outcome.Value).ShouldBe([1, 2]);
            (await Asyncio.GatherOutcomes((IAwaitable[])tasks)).Select(static outcome => outcome.Value).ShouldBe([1, 2]);
        }
    }
}
