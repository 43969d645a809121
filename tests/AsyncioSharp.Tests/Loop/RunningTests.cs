using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Starting and stopping a loop, and running it until something is done: RUN-01 to RUN-08 and RUN-12 of docs/semantics.md.</summary>
public class RunningTests
{
    [Fact]
    [Rule("RUN-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_once")]
    public void Stop_lets_the_iteration_finish_and_leaves_what_it_scheduled_for_the_next_run()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallSoon(() =>
        {
            loop.Stop();
            order.Add("stop");
            loop.CallSoon(() => order.Add("next run"));
        });
        loop.CallSoon(() => order.Add("same iteration"));

        loop.RunForever();
        order.ShouldBe(["stop", "same iteration"]);
        loop.RunIteration();

        order.ShouldBe(["stop", "same iteration", "next run"]);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-01")]
    public void RunForever_goes_on_when_there_is_nothing_to_do_until_it_is_stopped()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallLater(10, () => order.Add("10"));
        loop.CallLater(1000, () =>
        {
            order.Add("1000");
            loop.Stop();
        });

        loop.RunForever();

        order.ShouldBe(["10", "1000"]);
        loop.Time.ShouldBe(1000, 1e-6);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-02")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_forever_pre_stopped")]
    public void A_stop_before_the_run_makes_it_a_single_iteration_and_is_used_up_by_it()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallSoon(() =>
        {
            order.Add("1");
            loop.CallSoon(() =>
            {
                order.Add("2");
                loop.CallSoon(() =>
                {
                    order.Add("3");
                    loop.Stop();
                });
            });
        });

        loop.Stop();
        loop.RunForever();
        order.ShouldBe(["1"]);
        loop.RunForever();

        order.ShouldBe(["1", "2", "3"]);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-02")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_forever_pre_stopped")]
    public void A_stop_before_a_run_without_anything_to_do_does_not_wait()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker);

        loop.RunIteration();

        parker.Waits.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("RUN-03")]
    public void RunUntilComplete_gives_the_result_of_a_coroutine_a_future_or_a_task()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<string>();
        loop.CallLater(1, () => future.SetResult("future"));

        loop.RunUntilComplete(After(1, "coroutine")).ShouldBe("coroutine");
        loop.RunUntilComplete(future).ShouldBe("future");
        loop.RunUntilComplete(loop.CreateTask(After(1, "task"))).ShouldBe("task");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-03")]
    public void One_further_iteration_runs_in_full_after_the_end()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            loop.CallSoon(() =>
            {
                order.Add("further iteration");
                loop.CallSoon(() => order.Add("next run"));
            });
            order.Add("end");
        }

        loop.RunUntilComplete(Main());
        order.ShouldBe(["end", "further iteration"]);
        loop.RunIteration();

        order.ShouldBe(["end", "further iteration", "next run"]);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-03")]
    public void A_future_that_is_done_already_takes_one_iteration()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        var future = loop.CreateFuture<int>();
        future.SetResult(7);
        loop.CallSoon(() =>
        {
            order.Add("1");
            loop.CallSoon(() => order.Add("2"));
        });

        loop.RunUntilComplete(future).ShouldBe(7);

        order.ShouldBe(["1"]);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-03")]
    public void A_failure_is_thrown_and_a_cancellation_with_its_message()
    {
        var loop = VirtualTimeLoop.Create();
        var failure = new FormatException("no");
        async Coroutine Fails()
        {
            await Asyncio.Sleep(1);
            throw failure;
        }
        var cancelled = loop.CreateFuture<int>();
        loop.CallSoon(() => cancelled.Cancel("because"));

        Should.Throw<FormatException>(() => loop.RunUntilComplete(Fails())).ShouldBeSameAs(failure);
        Should.Throw<CancelledException>(() => loop.RunUntilComplete(cancelled)).CancelMessage.ShouldBe("because");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_stop_while_run_in_complete")]
    public void A_run_stopped_by_other_means_raises_and_the_task_can_be_continued()
    {
        var loop = VirtualTimeLoop.Create();
        var task = loop.CreateTask(After(10, "end"));
        loop.CallLater(1, loop.Stop);

        string stopped = Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(task)).Message;
        stopped.ShouldStartWith("Event loop stopped before Future completed. ");
        stopped.ShouldContain($"{task}; run the loop until it is complete again");
        task.IsDone.ShouldBeFalse();

        loop.RunUntilComplete(task).ShouldBe("end");
        loop.Time.ShouldBe(10, 1e-6);
        loop.Close();
    }

    [Fact]
    [Rule("RUN-05")]
    public void A_future_whose_run_was_given_up_does_not_stop_a_later_run()
    {
        var loop = VirtualTimeLoop.Create();
        var orphan = loop.CreateTask(After(2, "orphan"));
        loop.CallLater(1, loop.Stop);
        Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(orphan));
        orphan.ToString().ShouldNotContain("Stopper");

        loop.RunUntilComplete(After(5, "other")).ShouldBe("other");

        orphan.Result().ShouldBe("orphan");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-05")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_until_complete_loop_orphan_future_close_loop")]
    public void A_future_whose_run_was_left_by_a_fatal_exception_does_not_stop_a_later_run()
    {
        var loop = VirtualTimeLoop.Create();
        var orphan = loop.CreateTask(After(2, "orphan"));
        loop.CallLater(1, () => throw new KeyboardInterruptException());
        Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(orphan));

        loop.RunUntilComplete(After(5, "other")).ShouldBe("other");

        orphan.Result().ShouldBe("orphan");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-05")]
    public void A_stop_callback_that_is_already_queued_when_the_run_is_left_does_not_stop_the_next()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        loop.CallSoon(() =>
        {
            future.SetResult(1);
            throw new KeyboardInterruptException();
        });
        Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(future));

        loop.RunUntilComplete(After(5, "other")).ShouldBe("other");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-06")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_forever_keyboard_interrupt")]
    public void A_fatal_exception_of_the_main_coroutine_is_not_reported_a_second_time()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        RunFatally(loop);

        LoopHelpers.CollectGarbage();
        loop.RunIteration();
        loop.Close();

        reports.ShouldBeEmpty();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void RunFatally(EventLoop loop)
        {
            async Coroutine Main()
            {
                await Asyncio.Sleep(1);
                throw new KeyboardInterruptException();
            }
            Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(Main()));
        }
    }

    [Fact]
    [Rule("RUN-06")]
    public void A_task_made_from_a_coroutine_by_the_run_is_never_reported_as_destroyed()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        loop.CallLater(1, loop.Stop);
        Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(After(10, "late")));

        loop.Close();

        reports.ShouldBeEmpty();
    }

    [Fact]
    [Rule("RUN-07")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_until_complete_loop")]
    public void Null_and_the_future_of_another_loop_are_refused_at_the_call()
    {
        var loop = VirtualTimeLoop.Create();
        var other = VirtualTimeLoop.Create();
        var foreign = other.CreateFuture<int>();

        Should.Throw<ArgumentNullException>(() => loop.RunUntilComplete((IAwaitable)null!)).ParamName.ShouldBe("awaitable");
        Should.Throw<ArgumentNullException>(() => loop.RunUntilComplete((IAwaitable<int>)null!)).ParamName.ShouldBe("awaitable");
        Should.Throw<ArgumentException>(() => loop.RunUntilComplete(foreign)).Message
            .ShouldStartWith("The future belongs to a different loop than the one specified as the loop argument, that is the one to be run; run the future's own loop");
        loop.IsRunning.ShouldBeFalse();
        loop.Close();
        other.Close();
    }

    [Fact]
    [Rule("RUN-08")]
    public void A_running_loop_cannot_be_run_again()
    {
        var loop = VirtualTimeLoop.Create();
        var refused = After(1, "never");
        async Coroutine Main()
        {
            Should.Throw<InvalidOperationException>(loop.RunForever).Message.ShouldContain("This event loop is already running");
            Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(refused)).Message.ShouldContain("This event loop is already running");
            await Asyncio.Sleep(1);
        }

        loop.RunUntilComplete(Main());

        refused.State.ShouldBe(CoroutineState.Created);
        refused.Close();
        loop.Close();
    }

    [Fact]
    [Rule("RUN-08")]
    [CPython("test_base_events.py::RunningLoopTests.test_running_loop_within_a_loop")]
    public void Another_loop_cannot_be_run_on_a_thread_that_runs_one()
    {
        var loop = VirtualTimeLoop.Create();
        var inner = VirtualTimeLoop.Create();
        var refused = After(1, "never");
        var order = new List<string>();
        async Coroutine Main()
        {
            Should.Throw<InvalidOperationException>(inner.RunForever).Message
                .ShouldMatch("^Cannot run the event loop while another loop is running on this thread: <.*>. Await there .* or run this loop in a thread of its own.");
            Should.Throw<InvalidOperationException>(() => inner.RunUntilComplete(refused)).Message
                .ShouldContain("Cannot run the event loop while another loop is running");
            Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
            await Asyncio.Sleep(1);
            order.Add("goes on");
        }

        loop.RunUntilComplete(Main());

        order.ShouldBe(["goes on"]);
        refused.State.ShouldBe(CoroutineState.Created);
        inner.IsRunning.ShouldBeFalse();
        inner.RunUntilComplete(After(1, "afterwards")).ShouldBe("afterwards");
        refused.Close();
        inner.Close();
        loop.Close();
    }

    [Fact]
    [Rule("RUN-08")]
    public void A_loop_that_runs_on_one_thread_cannot_be_run_on_another()
    {
        var loop = VirtualTimeLoop.Create();
        Exception? failure = null;
        loop.CallSoon(() => failure = LoopHelpers.OnOtherThread(loop.RunForever));

        loop.RunIteration();

        failure.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("This event loop is already running");
        loop.Close();
    }

    [Fact]
    [Rule("RUN-12")]
    public void A_loop_is_running_between_start_and_end_of_a_run_only()
    {
        var loop = VirtualTimeLoop.Create();
        var seen = new List<bool>();
        loop.CallSoon(() => seen.Add(loop.IsRunning));
        loop.IsRunning.ShouldBeFalse();

        loop.RunIteration();

        seen.ShouldBe([true]);
        loop.IsRunning.ShouldBeFalse();
        loop.Close();
    }

    [Fact]
    [Rule("RUN-12")]
    public void A_loop_left_by_a_fatal_exception_is_not_running_and_can_be_run_again()
    {
        var loop = VirtualTimeLoop.Create();
        loop.CallSoon(() => throw new KeyboardInterruptException());
        Should.Throw<KeyboardInterruptException>(loop.RunForever);

        loop.IsRunning.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => Asyncio.GetRunningLoop());
        loop.RunUntilComplete(After(1, "again")).ShouldBe("again");
        loop.Close();
    }

    private static async Coroutine<string> After(double seconds, string result)
    {
        await Asyncio.Sleep(seconds);
        return result;
    }
}
