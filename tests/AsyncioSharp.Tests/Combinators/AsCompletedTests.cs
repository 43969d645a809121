using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>AsCompleted: outcomes in order of completion, through foreach and through await foreach.</summary>
public class AsCompletedTests
{
    [Fact]
    [Rule("AC-01", "AC-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_duplicate_coroutines")]
    public void It_gives_one_coroutine_for_each_distinct_input_in_order_of_completion()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["b 1", "c 2", "a 3"]);

        async Coroutine Main()
        {
            var twice = Asyncio.Sleep(3, "a");
            var task = Asyncio.CreateTask(Asyncio.Sleep(1, "b"));
            foreach (var next in Asyncio.AsCompleted([twice, task, twice, Asyncio.Sleep(2, "c"), task]))
            {
                log.Add($"{await next} {Asyncio.GetRunningLoop().Time:0}");
            }
        }
    }

    [Fact]
    [Rule("AC-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_reverse_wait")]
    public void Whichever_coroutine_is_awaited_first_gets_the_next_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var items = Asyncio.AsCompleted([Asyncio.Sleep(2, "late"), Asyncio.Sleep(1, "early")]).ToList();
            items.Count.ShouldBe(2);
            (await items[1]).ShouldBe("early");
            (await items[0]).ShouldBe("late");
        }
    }

    [Fact]
    [Rule("AC-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_concurrent")]
    public void They_may_be_awaited_concurrently()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var items = Asyncio.AsCompleted(new[] { 3, 1, 2 }.Select(n => Asyncio.Sleep(n, n)));
            (await Asyncio.Gather(items)).ShouldBe([1, 2, 3]);

            var futures = new List<IFuture<int>>();
            await foreach (var future in Asyncio.AsCompleted(new[] { 3, 1, 2 }.Select(n => Asyncio.Sleep(n, n))))
            {
                futures.Add(future);
            }
            var (done, pending) = await Asyncio.Wait(futures.Select(future => (Future)future));
            done.Count.ShouldBe(3);
            pending.ShouldBeEmpty();
            futures.Select(future => future.Result()).ShouldBe([1, 2, 3]);
        }
    }

    [Fact]
    [Rule("AC-01")]
    public void A_failure_is_an_outcome_and_does_not_end_the_iteration()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["1", "failed", "3"]);

        async Coroutine Main()
        {
            foreach (var next in Asyncio.AsCompleted([Asyncio.Sleep(3, 3), GatherTests.Fails(2, new FormatException("failed")), Asyncio.Sleep(1, 1)]))
            {
                try
                {
                    log.Add($"{await next}");
                }
                catch (FormatException e)
                {
                    log.Add(e.Message);
                }
            }
        }
    }

    [Fact]
    [Rule("AC-02")]
    public void Within_one_iteration_too_the_order_is_that_of_completion()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var futures = Enumerable.Range(0, 4).Select(_ => loop.CreateFuture<int>()).ToList();
            var items = Asyncio.AsCompleted(futures);
            foreach (int i in new[] { 2, 0, 3, 1 })
            {
                futures[i].SetResult(i);
            }
            var order = new List<int>();
            foreach (var next in items)
            {
                order.Add(await next);
            }
            order.ShouldBe([2, 0, 3, 1]);
        }
    }

    [Fact]
    [Rule("AC-02")]
    public void What_is_done_already_comes_in_the_order_of_the_arguments()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var futures = Enumerable.Range(0, 20).Select(_ => loop.CreateFuture<int>()).ToList();
            for (int i = futures.Count - 1; i >= 0; i--)
                futures[i].SetResult(i);
            var order = new List<int>();
            foreach (var next in Asyncio.AsCompleted(futures))
                order.Add(await next);
            order.ShouldBe(Enumerable.Range(0, 20));
        }
    }

    [Fact]
    [Rule("AC-02")]
    public void An_outcome_takes_two_iterations_to_who_awaits_it_also_one_that_was_there_before()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        var waiting = loop.CreateTask(Next());
        loop.RunOnce();
        future.SetResult(1);
        loop.IterationsUntil(() => waiting.IsDone).ShouldBe(2);

        var again = loop.CreateTask(Next());
        loop.RunOnce();
        loop.IterationsUntil(() => again.IsDone).ShouldBe(2);
        loop.Close();

        async Coroutine Next() => await Asyncio.AsCompleted([future]).Single();
    }

    [Fact]
    [Rule("AC-03")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_coroutine_use_running_loop")]
    public void Everything_begins_at_the_call_the_timeout_included()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["started"]);

        async Coroutine Main()
        {
            var items = Asyncio.AsCompleted([Child()], timeout: 2);
            await Asyncio.Sleep(1);
            log.ShouldBe(["started"]);
            await Asyncio.Sleep(2);
            await OnLoop.Failure<TimeoutException>(items.Single());
            Asyncio.GetRunningLoop().Time.ShouldBe(3, 1e-6);
        }

        async Coroutine<int> Child()
        {
            log.Add("started");
            return await Asyncio.Sleep(10, 1);
        }
    }

    [Fact]
    [Rule("AC-03")]
    public void Bad_arguments_are_refused_at_the_call()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            Should.Throw<ArgumentNullException>(() => Asyncio.AsCompleted((IEnumerable<IAwaitable<int>>)null!)).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentNullException>(() => Asyncio.AsCompleted(new IAwaitable<int>[] { null! })).ParamName.ShouldBe("awaitables");
            Should.Throw<ArgumentException>(() => Asyncio.AsCompleted(new List<Future<int>>(), double.NaN)).ParamName.ShouldBe("timeout");
            Should.Throw<ArgumentException>(() => Asyncio.AsCompleted([other.CreateFuture<int>()])).Message.ShouldContain("different loop");
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("AC-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_with_timeout")]
    public void When_the_time_is_up_queued_outcomes_are_given_and_all_others_time_out_and_run_on()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["quick", "timeout", "timeout"]);

        async Coroutine Main()
        {
            var slow = Asyncio.CreateTask(Asyncio.Sleep(10, "slow"));
            var slower = Asyncio.CreateTask(Asyncio.Sleep(20, "slower"));
            var items = Asyncio.AsCompleted([slow, Asyncio.Sleep(1, "quick"), slower], TimeSpan.FromSeconds(2));
            await Asyncio.Sleep(5);
            foreach (var next in items)
            {
                try
                {
                    log.Add(await next);
                }
                catch (TimeoutException)
                {
                    log.Add("timeout");
                }
            }
            (slow.Cancelling, slower.Cancelling).ShouldBe((0, 0));
            (await Asyncio.Gather(slow, slower)).ShouldBe(["slow", "slower"]);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [Rule("AC-04")]
    public void With_no_time_what_was_done_before_is_still_given(double timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var done = loop.CreateFuture<int>();
            done.SetResult(1);
            var items = Asyncio.AsCompleted([loop.CreateFuture<int>(), done], timeout).ToList();
            (await items[0]).ShouldBe(1);
            await OnLoop.Failure<TimeoutException>(items[1]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("AC-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_with_unused_timeout")]
    public void A_timer_that_is_not_needed_any_more_is_cancelled(bool awaitForeach)
    {
        LoopSteps.WaitsOf(Main).ShouldBe([1, 100]);

        async Coroutine Main()
        {
            var items = Asyncio.AsCompleted([Asyncio.Sleep(1, 1)], timeout: 50);
            if (awaitForeach)
            {
                await foreach (var done in items)
                {
                    done.Result().ShouldBe(1);
                }
            }
            else
            {
                foreach (var next in items)
                {
                    (await next).ShouldBe(1);
                }
            }
            await Asyncio.Sleep(100);
        }
    }

    [Fact]
    [Rule("AC-05")]
    public void Cancelling_a_consumer_cancels_no_child_and_loses_no_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.GetRunningLoop().CreateFuture<string>();
            var items = Asyncio.AsCompleted([child, Asyncio.Sleep(9, "second")]).ToList();
            var first = Asyncio.CreateTask(items[0]);
            var second = Asyncio.CreateTask(items[1]);
            await Asyncio.Sleep(1);

            child.SetResult("first");
            await Asyncio.Sleep(0); // the outcome is queued and the first consumer's wake-up on its way
            first.Cancel();

            await OnLoop.Failure<CancelledException>(first);
            (await second).ShouldBe("first");
        }
    }

    [Fact]
    [Rule("AC-05")]
    public void A_cancelled_child_is_an_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var child = Asyncio.CreateTask(Asyncio.Sleep(9, 1));
            var items = Asyncio.AsCompleted([child, Asyncio.Sleep(2, 2)]).ToList();
            await Asyncio.Sleep(1);
            child.Cancel("child");
            (await OnLoop.Failure<CancelledException>(items[0])).CancelMessage.ShouldBe("child");
            (await items[1]).ShouldBe(2);
        }
    }

    [Fact]
    [Rule("AC-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_same_tasks_in_as_out")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_duplicate_coroutines")]
    public void Await_foreach_gives_the_original_futures_and_tasks_made_for_coroutines_all_done()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(2, "task"));
            var future = Asyncio.GetRunningLoop().CreateFuture<string>();
            future.Loop.CallLater(1, () => future.SetException(new FormatException()));
            var given = new List<IFuture<string>>();
            var coroutine = Asyncio.Sleep(3, "coroutine");
            await foreach (var done in Asyncio.AsCompleted([task, coroutine, future, coroutine, task]))
            {
                done.IsDone.ShouldBeTrue();
                given.Add(done);
            }
            given.Count.ShouldBe(3);
            given[0].ShouldBeSameAs(future);
            given[0].Exception().ShouldBeOfType<FormatException>();
            given[1].ShouldBeSameAs(task);
            given[2].ShouldBeOfType<CoroutineTask<string>>().Result().ShouldBe("coroutine");
        }
    }

    [Fact]
    [Rule("AC-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_resume_iterator")]
    public void A_loop_that_was_left_can_be_taken_up_again_in_either_form()
    {
        var log = new List<int>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe([1, 2, 3, 4]);

        async Coroutine Main()
        {
            var items = Asyncio.AsCompleted(new[] { 4, 3, 2, 1 }.Select(n => Asyncio.Sleep(n, n)));
            foreach (var next in items)
            {
                log.Add(await next);
                break;
            }
            await foreach (var done in items)
            {
                log.Add(done.Result());
                break;
            }
            foreach (var next in items)
            {
                log.Add(await next);
            }
            items.MoveNext().ShouldBeFalse();
        }
    }

    [Fact]
    [Rule("AC-06", "AC-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_with_timeout")]
    public void Await_foreach_throws_when_the_time_is_up()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var seen = new List<Future>();
            var quick = Asyncio.CreateTask(Asyncio.Sleep(1));
            await OnLoop.Failure<TimeoutException>(Consume(Asyncio.AsCompleted(new IAwaitable[] { quick, Asyncio.Sleep(9, "late") }, timeout: 2), seen));
            seen.ShouldBe([quick]);
        }

        static async Coroutine Consume(AsCompletedIterator items, List<Future> seen)
        {
            await foreach (var done in items)
            {
                seen.Add(done);
            }
        }
    }

    [Fact]
    [Rule("AC-07")]
    public void An_empty_input_gives_no_items()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var items = Asyncio.AsCompleted(Enumerable.Empty<Coroutine<int>>(), timeout: 1);
            items.Count().ShouldBe(0);
            await foreach (var done in items)
            {
                done.ShouldBeNull();
            }
        }
    }

    [Fact]
    [Rule("AC-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_coroutine_without_loop")]
    public void It_needs_a_running_loop_and_leaves_the_coroutine_unstarted_without()
    {
        var coroutine = Asyncio.Sleep(1, 1);
        Should.Throw<InvalidOperationException>(() => Asyncio.AsCompleted([coroutine])).Message.ShouldContain("no running event loop");
        coroutine.State.ShouldBe(CoroutineState.Created);
        coroutine.Close();
    }

    [Fact]
    public void A_consumer_that_is_cancelled_when_it_was_woken_passes_the_outcome_on()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Future<int>[] futures = [Asyncio.GetRunningLoop().CreateFuture<int>(), Asyncio.GetRunningLoop().CreateFuture<int>()];
            var consumers = Asyncio.AsCompleted(futures).Select(static next => Asyncio.CreateTask(next)).ToList();
            await Asyncio.Sleep(0);
            futures[0].SetResult(7);
            await Asyncio.Sleep(0); // the first consumer has been woken, and has not gone on
            consumers[0].Cancel();
            (await Asyncio.WaitFor(consumers[1], 5)).ShouldBe(7);
            consumers[0].IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    public void When_the_time_is_up_the_futures_are_let_go()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            foreach (var next in Asyncio.AsCompleted([future], timeout: 1))
            {
                await OnLoop.Failure<TimeoutException>(next);
            }
            future.ToString().ShouldBe("<Future pending>");
            future.Cancel();
        }
    }

    [Fact]
    public void An_outcome_goes_to_the_next_if_the_coroutine_of_the_first_that_waits_was_closed()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Future<int>[] futures = [loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            var tasks = Asyncio.AsCompleted<int>(futures).Select(static next => Asyncio.CreateTask(next)).ToArray();
            await Asyncio.Sleep(0);
            tasks[0].Coroutine.Close();
            futures[1].SetResult(7);
            (await Asyncio.WaitFor(tasks[1], 1)).ShouldBe(7);
            tasks[0].Cancel();
            await Asyncio.GatherOutcomes(tasks[0]);
        }
    }
}
