using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>Cancellation (CAN-01 to CAN-10, CAN-15): where a request goes, when it is delivered, and what a coroutine can make of it.</summary>
public class CancellationTests
{
    private readonly List<string> _log = [];

    [Fact]
    [Rule("CAN-01")]
    public void Cancel_is_true_for_a_pending_task_which_is_not_cancelled_by_it_alone() => VirtualTimeLoop.Run(Cancel_returns());

    [Fact]
    [Rule("CAN-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_task_catching")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_cancel_waiter_future")]
    public void The_awaited_future_is_cancelled_at_once_and_the_coroutine_in_the_next_iteration()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["iteration 1", "inside: why", "iteration 2", "outside"]);

        async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var task = Asyncio.CreateTask(Wait(future));
            var outside = Asyncio.CreateTask(Outside(task));
            await Asyncio.Sleep(0);
            loop.CallSoon(() =>
            {
                _log.Add("iteration 1");
                loop.CallSoon(() => _log.Add("iteration 2"));
            });

            task.Cancel("why").ShouldBeTrue();

            future.IsCancelled.ShouldBeTrue();
            task.IsDone.ShouldBeFalse();
            task.ToString().ShouldContain("wait_for=");
            await outside;
            task.ToString().ShouldNotContain("wait_for=");
        }

        async Coroutine Wait(Future<int> future)
        {
            try
            {
                await future;
            }
            catch (CancelledException e)
            {
                _log.Add($"inside: {e.CancelMessage}");
                throw;
            }
        }

        async Coroutine Outside(CoroutineTask task)
        {
            (await Caught.By(task)).ShouldBeOfType<CancelledException>();
            _log.Add("outside");
        }
    }

    [Fact]
    [Rule("CAN-03")]
    public void A_request_goes_through_tasks_to_the_innermost_future_and_back_out()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var inner = Asyncio.CreateTask(Wait(future));
            var middle = Asyncio.CreateTask(Wait(inner));
            var outer = Asyncio.CreateTask(Wait(middle));
            await Asyncio.Sleep(0);

            outer.Cancel("m");

            future.IsCancelled.ShouldBeTrue();
            middle.Cancelling.ShouldBe(1);
            inner.Cancelling.ShouldBe(1);
            (await Caught.By(outer)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("m");
            middle.IsCancelled.ShouldBeTrue();
            inner.IsCancelled.ShouldBeTrue();
            outer.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("CAN-03")]
    public void If_the_inner_task_returns_a_value_the_outer_receives_it_and_is_not_cancelled()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var inner = Asyncio.CreateTask(Swallow());
            var outer = Asyncio.CreateTask(Wait(inner));
            await Asyncio.Sleep(0);
            outer.Cancel();
            (await outer).ShouldBe(5);
            outer.IsCancelled.ShouldBeFalse();
            outer.Cancelling.ShouldBe(1);
        }

        static async Coroutine<int> Swallow()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            catch (CancelledException)
            {
            }
            return 5;
        }
    }

    [Fact]
    [Rule("CAN-03", "CAN-10")]
    public void If_the_inner_task_goes_on_waiting_so_does_the_outer_and_must_be_cancelled_again()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var inner = Asyncio.CreateTask(Stubborn());
            var outer = Asyncio.CreateTask(Wait(inner));
            await Asyncio.Sleep(0);
            outer.Cancel("first");
            await Asyncio.Sleep(1);
            outer.IsDone.ShouldBeFalse();
            inner.IsDone.ShouldBeFalse();
            outer.Cancel("second");
            (await Caught.By(outer)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("second");
            inner.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine<int> Stubborn()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException)
            {
            }
            await Asyncio.Sleep(100);
            return 1;
        }
    }

    [Fact]
    [Rule("CAN-04")]
    public void Before_the_first_step_no_statement_of_the_body_runs()
    {
        VirtualTimeLoop.Run(Test(), debug: true);

        _log.ShouldBeEmpty();

        async Coroutine Test()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => _log.Add(context.Message ?? "");
            var task = Asyncio.CreateTask(Body());
            task.Cancel("early");
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("early");
            task.IsCancelled.ShouldBeTrue();
            task.Coroutine.State.ShouldBe(CoroutineState.Closed);
        }

        async Coroutine Body()
        {
            try
            {
                _log.Add("body");
                await Asyncio.Sleep(0);
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("CAN-05")]
    public void With_the_wake_up_already_queued_the_result_is_not_delivered(bool withHandler)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(withHandler ? Handling(future) : Plain(future));
            await Asyncio.Sleep(0);
            future.SetResult(1);

            task.Cancel("late").ShouldBeTrue();

            future.IsCancelled.ShouldBeFalse();
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("late");
            _log.ShouldBe(withHandler ? ["inside: late"] : []);
        }

        async Coroutine Plain(Future<int> future) => _log.Add($"result {await future}");

        async Coroutine Handling(Future<int> future)
        {
            try
            {
                _log.Add($"result {await future}");
            }
            catch (CancelledException e)
            {
                _log.Add($"inside: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("CAN-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_yield")]
    public void At_a_bare_yield_the_request_is_thrown_at_the_next_step(bool generator)
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["finally"]);

        async Coroutine Test()
        {
            var task = Asyncio.CreateTask(generator ? Asyncio.Coroutine(Yielding()) : Turning());
            await Asyncio.Sleep(0);
            task.Cancel("m");
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("m");
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Turning()
        {
            try
            {
                await Asyncio.Sleep(0);
                _log.Add("went on");
            }
            finally
            {
                _log.Add("finally");
            }
        }

        IEnumerable<IAwaitable?> Yielding()
        {
            try
            {
                yield return null;
                _log.Add("went on");
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Fact]
    [Rule("CAN-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_current_task")]
    public void A_task_that_cancels_itself_is_interrupted_at_the_next_await_that_suspends()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["not at once", "not at a done future", "not at a coroutine", "future cancelled: True", "inside: self"]);

        async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var task = Asyncio.CreateTask(Body(loop.CreateFuture<int>(), Done(loop)));
            (await Caught.By(task)).ShouldBeOfType<CancelledException>();
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Body(Future<int> pending, Future<int> done)
        {
            pending.AddDoneCallback(_ => _log.Add($"future cancelled: {pending.IsCancelled}"));
            Asyncio.CurrentTask()!.Cancel("self").ShouldBeTrue();
            _log.Add("not at once");
            await done;
            _log.Add("not at a done future");
            await Nothing();
            _log.Add("not at a coroutine");
            try
            {
                await pending;
            }
            catch (CancelledException e)
            {
                _log.Add($"inside: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Fact]
    [Rule("CAN-07")]
    public void Sleep_of_zero_counts_as_a_suspension()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBeEmpty();

        async Coroutine Test() => (await Caught.By(Asyncio.CreateTask(Body()))).ShouldBeOfType<CancelledException>();

        async Coroutine Body()
        {
            Asyncio.CurrentTask()!.Cancel();
            await Asyncio.Sleep(0);
            _log.Add("went on");
        }
    }

    [Fact]
    [Rule("CAN-08")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_at_end")]
    public void Cancelling_itself_and_returning_loses_the_value_and_raising_wins()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var returning = Asyncio.CreateTask(Return());
            (await Caught.By(returning)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("self");
            returning.IsCancelled.ShouldBeTrue();

            var raising = Asyncio.CreateTask(Raise());
            (await Caught.By(raising)).ShouldBeOfType<FormatException>();
            raising.IsCancelled.ShouldBeFalse();
        }

        static async Coroutine<int> Return()
        {
            Asyncio.CurrentTask()!.Cancel("self");
            return 1;
        }

        static async Coroutine<int> Raise()
        {
            Asyncio.CurrentTask()!.Cancel("self");
            throw new FormatException();
        }
    }

    [Theory]
    [InlineData("future", "first")]
    [InlineData("unstarted", "last")]
    [InlineData("sleep", "first")]
    [InlineData("turn", "last")]
    [Rule("CAN-09")]
    public void Two_requests_before_delivery_give_one_exception(string where, string expected)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(where switch { "future" => Wait(future), "turn" => Turn(), _ => Long() });
            if (where != "unstarted")
                await Asyncio.Sleep(0);
            task.Cancel("first").ShouldBeTrue();
            task.Cancel("last").ShouldBeTrue();
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe(expected);
        }

        static async Coroutine Turn() => await Asyncio.Sleep(0);
        static async Coroutine Long() => await Asyncio.Sleep(100);
    }

    [Fact]
    [Rule("CAN-09", "CAN-10")]
    public void Two_requests_in_different_iterations_are_both_delivered()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["first", "second"]);

        async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("first");
            await Asyncio.Sleep(1);
            task.Cancel("second");
            await task;
            task.IsCancelled.ShouldBeFalse();
        }

        async Coroutine Body()
        {
            for (int i = 0; i < 2; i++)
            {
                try
                {
                    await Asyncio.Sleep(100);
                }
                catch (CancelledException e)
                {
                    _log.Add(e.CancelMessage!);
                }
            }
        }
    }

    [Fact]
    [Rule("CAN-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_task_catching")]
    public void A_coroutine_may_swallow_the_exception_or_raise_another()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var returning = Asyncio.CreateTask(Return());
            var raising = Asyncio.CreateTask(Raise());
            await Asyncio.Sleep(0);
            returning.Cancel();
            raising.Cancel();
            (await returning).ShouldBe(3);
            returning.IsCancelled.ShouldBeFalse();
            (await Caught.By(raising)).ShouldBeOfType<FormatException>();
            raising.IsCancelled.ShouldBeFalse();
        }

        static async Coroutine<int> Return()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            catch (CancelledException)
            {
                return 3;
            }
            return 4;
        }

        static async Coroutine<int> Raise()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
            return 4;
        }
    }

    [Fact]
    [Rule("CAN-15", "TASK-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_inner_future")]
    public void Cancelling_the_awaited_future_directly_throws_into_the_coroutine_too()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Wait(future));
            await Asyncio.Sleep(0);
            future.Cancel("direct");
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("direct");
            task.IsCancelled.ShouldBeTrue();
            task.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    public void A_ring_of_tasks_that_wait_for_each_other_can_be_cancelled()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<CoroutineTask<int>>();
            var first = Asyncio.CreateTask(WaitForGiven(gate));
            var second = Asyncio.CreateTask(Wait(first));
            gate.SetResult(second);
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);

            second.Cancel("ring").ShouldBeTrue();

            (await Caught.By(second)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("ring");
            (await Caught.By(first)).ShouldBeOfType<CancelledException>();
        }

        static async Coroutine<int> WaitForGiven(Future<CoroutineTask<int>> gate) => await await gate;
    }

    private static async Coroutine Cancel_returns()
    {
        var task = Asyncio.CreateTask(Nothing());
        task.Cancel().ShouldBeTrue();
        task.IsCancelled.ShouldBeFalse();
        task.IsDone.ShouldBeFalse();
        await Caught.By(task);
        task.IsCancelled.ShouldBeTrue();
        task.Cancel().ShouldBeFalse();

        var done = Asyncio.CreateTask(Nothing());
        await done;
        done.Cancel().ShouldBeFalse();
        done.IsCancelled.ShouldBeFalse();
    }

    private static Future<int> Done(EventLoop loop)
    {
        var done = loop.CreateFuture<int>();
        done.SetResult(1);
        return done;
    }

    private static async Coroutine<int> Wait(IAwaitable<int> awaitable) => await awaitable;

    private static async Coroutine Nothing()
    {
    }

    [Fact]
    public void A_request_that_comes_while_an_exception_is_on_its_way_does_not_reach_what_only_seems_to_be_awaited()
    {
        var other = VirtualTimeLoop.Create();
        var foreign = other.CreateFuture<int>();
        VirtualTimeLoop.Run(Main());
        foreign.IsCancelled.ShouldBeFalse();
        other.Close();

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Wait());
            await Asyncio.Sleep(0); // it has been refused to wait for another loop's future, and will be told in its next step
            task.Cancel();
            (await Caught.By(task)).ShouldBeOfType<CancelledException>();
        }

        async Coroutine Wait() => await foreign;
    }
}
