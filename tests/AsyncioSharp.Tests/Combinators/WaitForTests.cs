using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>WaitFor: with and without a timeout, what is cancelled when the time is up, and where the awaitable runs.</summary>
public class WaitForTests
{
    [Fact]
    [Rule("WF-01")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_blocking")]
    public void Without_a_timeout_it_is_a_plain_await_in_the_callers_task_without_a_timer()
    {
        var waits = LoopSteps.WaitsOf(Main);
        waits.ShouldBe([3]);

        static async Coroutine Main()
        {
            var variable = new ContextVar<string>("variable", "before");
            var caller = Asyncio.CurrentTask();
            (await Asyncio.WaitFor(Inner(variable, caller), null)).ShouldBe(1);
            variable.Get().ShouldBe("inside");
            await Asyncio.WaitFor((IAwaitable)Asyncio.Sleep(0), null);
        }

        static async Coroutine<int> Inner(ContextVar<string> variable, CoroutineTask? caller)
        {
            Asyncio.CurrentTask().ShouldBeSameAs(caller);
            Asyncio.AllTasks().Count.ShouldBe(1);
            variable.Set("inside");
            return await Asyncio.Sleep(3, 1);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [Rule("WF-02")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_future_done")]
    public void With_no_time_it_gives_what_is_done_already(double timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var done = loop.CreateFuture<int>();
            done.SetResult(1);
            (await Asyncio.WaitFor(done, timeout)).ShouldBe(1);

            var failed = loop.CreateFuture<int>();
            failed.SetException(new FormatException());
            await OnLoop.Failure<FormatException>(Asyncio.WaitFor(failed, timeout));

            var cancelled = loop.CreateFuture<int>();
            cancelled.Cancel("before");
            (await OnLoop.Failure<CancelledException>(Asyncio.WaitFor(cancelled, timeout))).CancelMessage.ShouldBe("before");
        }
    }

    [Fact]
    [Rule("WF-02")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started")]
    public void With_no_time_what_is_not_done_is_cancelled_and_a_fresh_coroutine_never_starts()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBeEmpty();

        async Coroutine Main()
        {
            var pending = Asyncio.GetRunningLoop().CreateFuture<int>();
            var timeout = await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(pending, 0));
            timeout.InnerException.ShouldBeOfType<CancelledException>();
            pending.IsCancelled.ShouldBeTrue();
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Fresh(), TimeSpan.Zero));
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor((IAwaitable)Fresh(), -5));
        }

        async Coroutine<int> Fresh()
        {
            log.Add("started");
            return await Asyncio.Sleep(0, 1);
        }
    }

    [Theory]
    [InlineData(-1.0)]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [Rule("WF-02", "WF-03", "WF-04")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_cancellation_race_condition")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation_w_timeout_0")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_reraises_exception_during_cancellation")]
    public void What_is_cancelled_by_the_timeout_is_awaited_to_its_end_and_may_still_decide_the_outcome(double timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            double start = loop.Time;
            var cleaning = await Started(() => Asyncio.Sleep(0, 0), rethrow: true);
            var expired = await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(cleaning, timeout));
            expired.InnerException.ShouldBeOfType<CancelledException>();
            cleaning.IsCancelled.ShouldBeTrue();
            (loop.Time - start).ShouldBe(Math.Max(timeout, 0) + 5, 1e-6);

            (await Asyncio.WaitFor(await Started(() => Asyncio.Sleep(0, 7)), timeout)).ShouldBe(7);
            await OnLoop.Failure<FormatException>(Asyncio.WaitFor(await Started(() => throw new FormatException()), timeout));
        }

        // A task that is under way, and that takes five seconds and gives an outcome of its own when it is cancelled.
        static async Coroutine<CoroutineTask<int>> Started(Func<Coroutine<int>> answer, bool rethrow = false)
        {
            var task = Asyncio.CreateTask(Stubborn());
            await Asyncio.Sleep(0);
            return task;

            async Coroutine<int> Stubborn()
            {
                try
                {
                    return await Asyncio.Sleep(50, 1);
                }
                catch (CancelledException)
                {
                    await Asyncio.Sleep(5);
                    int value = await answer();
                    if (rethrow)
                    {
                        throw;
                    }
                    return value;
                }
            }
        }
    }

    [Fact]
    [Rule("WF-04")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_cancel_suppressed")]
    public void A_coroutine_that_swallows_the_cancellation_and_returns_gives_its_value()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(42);

        static async Coroutine<int> Main() => await Asyncio.WaitFor(Swallows(), 0.1);

        static async Coroutine<int> Swallows()
        {
            try
            {
                await Asyncio.Sleep(10);
                return 0;
            }
            catch (CancelledException)
            {
                return 42;
            }
        }
    }

    [Fact]
    [Rule("WF-03")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_race_condition")]
    public void What_is_in_time_gives_its_outcome_and_what_is_late_a_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            (await Asyncio.WaitFor(Asyncio.Sleep(1, "in time"), 2)).ShouldBe("in time");
            await Asyncio.WaitFor(Asyncio.Sleep(1), TimeSpan.FromSeconds(2));
            loop.Time.ShouldBe(2, 1e-6);

            var late = Asyncio.CreateTask(Asyncio.Sleep(10));
            var expired = await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(late, 3));
            loop.Time.ShouldBe(5, 1e-6);
            late.IsCancelled.ShouldBeTrue();
            expired.InnerException.ShouldBeOfType<CancelledException>();
            Asyncio.CurrentTask()!.Cancelling.ShouldBe(0);
        }
    }

    [Theory]
    [InlineData(5.0)]
    [InlineData(0.0)]
    [Rule("WF-05", "CTX-02")]
    public void With_a_timeout_a_coroutine_runs_in_a_task_and_a_context_of_its_own(double timeout)
    {
        CoroutineTask? inner = null;
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var variable = new ContextVar<string>("variable", "before");
            var caller = Asyncio.CurrentTask();
            var made = new List<CoroutineTask>();
            Asyncio.GetRunningLoop().CallSoon(() => made.AddRange(Asyncio.AllTasks()));
            try
            {
                await Asyncio.WaitFor(Inner(variable), timeout);
                inner.ShouldNotBeNull().ShouldNotBeSameAs(caller);
            }
            catch (TimeoutException)
            {
                timeout.ShouldBe(0);
            }
            made.Count.ShouldBe(2);
            variable.Get().ShouldBe("before");
        }

        async Coroutine Inner(ContextVar<string> variable)
        {
            inner = Asyncio.CurrentTask();
            variable.Set("inside");
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [Rule("WF-03", "WF-05")]
    public void It_takes_no_iteration_of_its_own_and_a_coroutine_those_of_a_task()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        var waiting = loop.CreateTask(Asyncio.WaitFor(future, 5));
        loop.RunOnce();
        future.SetResult(1);
        loop.IterationsUntil(() => waiting.IsDone).ShouldBe(1);

        var done = loop.CreateTask(Asyncio.WaitFor(future, 5));
        loop.IterationsUntil(() => done.IsDone).ShouldBe(1, "the first step of the task");

        var coroutine = loop.CreateTask(Asyncio.WaitFor(AtOnce(), 5));
        loop.IterationsUntil(() => coroutine.IsDone).ShouldBe(3, "and the step of the inner task, and its end");
        loop.Close();

        static async Coroutine<int> AtOnce() => 1;
    }

    [Fact]
    [Rule("WF-11")]
    public void A_cancellation_by_somebody_else_is_no_timeout_and_a_timeout_of_the_inner_one_passes_unchanged()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            future.Loop.CallLater(1, () => future.Cancel("somebody"));
            (await OnLoop.Failure<CancelledException>(Asyncio.WaitFor(future, 5))).CancelMessage.ShouldBe("somebody");

            var own = new TimeoutException("its own");
            (await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(GatherTests.Fails(1, own), 5))).ShouldBeSameAs(own);
        }
    }

    [Fact]
    [Rule("WF-12")]
    public void A_wait_that_ends_early_cancels_its_timer()
    {
        var waits = LoopSteps.WaitsOf(Main);
        waits.ShouldBe([1, 1, 1, 100]); // the timers at 10, 11 and 12 are gone

        static async Coroutine Main()
        {
            await Asyncio.WaitFor(Asyncio.Sleep(1), 10);
            await OnLoop.Failure<FormatException>(Asyncio.WaitFor(GatherTests.Fails(1, new FormatException()), 10));
            var cancelled = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.Sleep(50), 10));
            await Asyncio.Sleep(1);
            cancelled.Cancel();
            await OnLoop.Failure<CancelledException>(cancelled);
            await Asyncio.Sleep(100);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [Rule("WF-13")]
    [CPython("test_waitfor.py::WaitForShieldTests.test_zero_timeout")]
    [CPython("test_waitfor.py::WaitForShieldTests.test_shielded_timeout")]
    public void Around_a_shield_only_the_shield_is_cancelled(double timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(Asyncio.Sleep(5, "went on"));
            var shield = Asyncio.Shield(inner);
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(shield, timeout));
            shield.IsCancelled.ShouldBeTrue();
            inner.Cancelling.ShouldBe(0);
            (await inner).ShouldBe("went on");
        }
    }

    [Fact]
    [Rule("WF-14")]
    public void A_future_of_another_loop_is_refused()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            var stranger = other.CreateFuture<int>();
            (await OnLoop.Failure<ArgumentException>(Asyncio.WaitFor(stranger, 1))).Message.ShouldContain("different loop");
            stranger.IsDone.ShouldBeFalse();
        }
    }

    [Fact]
    [Rule("WF-14")]
    public void Bad_arguments_are_refused_at_the_call()
    {
        Should.Throw<ArgumentNullException>(() => Asyncio.WaitFor((IAwaitable<int>)null!, 1)).ParamName.ShouldBe("awaitable");
        Should.Throw<ArgumentNullException>(() => Asyncio.WaitFor((IAwaitable)null!, null)).ParamName.ShouldBe("awaitable");
        var sleep = Asyncio.Sleep(1, 1);
        Should.Throw<ArgumentException>(() => Asyncio.WaitFor(sleep, double.NaN)).ParamName.ShouldBe("timeout");
        Should.Throw<ArgumentException>(() => Asyncio.WaitFor((IAwaitable)sleep, double.NaN)).ParamName.ShouldBe("timeout");
        sleep.Close();
    }
}
