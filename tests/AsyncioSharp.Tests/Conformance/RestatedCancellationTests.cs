using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of cancelling tasks, of the message, the trace, and of taking a request back.</summary>
public sealed class RestatedCancellationTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<string> _log = [];

    public void Dispose() => _loop.Close();

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel")]
    public void A_task_cancelled_by_a_callback_behind_its_first_step_ends_at_its_first_wait()
    {
        var task = _loop.CreateTask(Body());
        _loop.CallSoon(() => task.Cancel());

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task));

        _log.ShouldBe(["started"]);
        task.IsDone.ShouldBeTrue();
        task.IsCancelled.ShouldBeTrue();
        task.Cancel().ShouldBeFalse();
        _loop.Time.ShouldBe(0);

        async Coroutine<int> Body()
        {
            _log.Add("started");
            await Asyncio.Sleep(10);
            _log.Add("went on");
            return 12;
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_both_task_and_inner_future")]
    public void Cancelling_the_awaited_future_and_then_the_task_throws_once()
    {
        var future = _loop.CreateFuture<int>();
        var task = _loop.CreateTask(Body());
        _loop.RunOnce();

        future.Cancel("future").ShouldBeTrue();
        task.Cancel("task").ShouldBeTrue();

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task)).CancelMessage.ShouldBe("future");
        _log.ShouldBe(["cancelled: future"]);
        future.IsCancelled.ShouldBeTrue();
        task.IsCancelled.ShouldBeTrue();

        async Coroutine Body()
        {
            try
            {
                await future;
            }
            catch (CancelledException e)
            {
                _log.Add($"cancelled: {e.CancelMessage}");
                await Asyncio.Sleep(1); // a second exception would come here
                throw;
            }
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_task_ignoring")]
    public void After_a_swallowed_cancellation_the_next_future_is_waited_for_and_not_touched()
    {
        var first = _loop.CreateFuture<int>();
        var second = _loop.CreateFuture<int>();
        var third = _loop.CreateFuture<int>();
        var task = _loop.CreateTask(Body());
        _loop.RunOnce();
        first.SetResult(0);
        _loop.RunOnce();

        task.Cancel().ShouldBeTrue();
        second.IsCancelled.ShouldBeTrue();
        _loop.RunOnce();
        task.IsDone.ShouldBeFalse();
        third.SetResult(42);

        _loop.RunUntilComplete(task).ShouldBe(42);
        third.IsCancelled.ShouldBeFalse();
        task.IsCancelled.ShouldBeFalse();

        async Coroutine<int> Body()
        {
            await first;
            try
            {
                await second;
            }
            catch (CancelledException)
            {
            }
            return await third;
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_awaited_task")]
    public void A_task_that_cancels_itself_cancels_the_task_it_waits_for_next_down_to_its_future()
    {
        var future = _loop.CreateFuture<int>();
        CoroutineTask? nested = null;
        var task = _loop.CreateTask(Outer());

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task));

        task.IsCancelled.ShouldBeTrue();
        nested.ShouldNotBeNull().IsCancelled.ShouldBeTrue();
        future.IsCancelled.ShouldBeTrue();

        async Coroutine Outer()
        {
            nested = _loop.CreateTask(Nested());
            await Asyncio.Sleep(0);
            CoroutineTask.Current.Cancel();
            await nested;
        }

        async Coroutine Nested() => await future;
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_future_passes_cancel")]
    public void An_inner_coroutine_cleans_up_and_the_outer_one_may_swallow()
    {
        var future = _loop.CreateFuture<int>();
        var task = _loop.CreateTask(Outer());
        _loop.RunOnce();

        task.Cancel();

        _loop.RunUntilComplete(task);
        _log.ShouldBe(["inner", "outer"]);
        future.IsCancelled.ShouldBeTrue();
        task.IsCancelled.ShouldBeFalse();

        async Coroutine Outer()
        {
            try
            {
                await Inner();
                _log.Add("went on");
            }
            catch (CancelledException)
            {
                _log.Add("outer");
            }
        }

        async Coroutine Inner()
        {
            try
            {
                await future;
                _log.Add("went on");
            }
            catch (CancelledException)
            {
                _log.Add("inner");
                throw;
            }
        }
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData("my message", true)]
    [InlineData("my message", false)]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_with_message_then_future_result", Deviation = "a message is text")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_with_message_then_future_exception", Deviation = "a message is text")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_with_message_before_starting_task")]
    public void What_is_retrieved_after_waiting_for_a_cancelled_task_has_the_message(string? message, bool started)
    {
        foreach (var retrieve in new Action<CoroutineTask>[] { static task => task.Result(), static task => task.Exception() })
        {
            var retrieving = _loop.CreateTask(Retrieve(retrieve));
            Should.Throw<CancelledException>(() => _loop.RunUntilComplete(retrieving)).CancelMessage.ShouldBe(message);
            retrieving.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Retrieve(Action<CoroutineTask> retrieve)
        {
            var task = Asyncio.CreateTask(Sleeping());
            if (started)
                await Asyncio.Sleep(0);
            task.Cancel(message);
            await Asyncio.Wait([task]);
            retrieve(task);
        }

        static async Coroutine Sleeping() => await Asyncio.Sleep(10);
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_cancel_message_getter")]
    public void Who_runs_a_cancelled_task_gets_the_message()
    {
        var task = _loop.CreateTask(Asyncio.Sleep(0));
        task.Cancel("my message");
        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task)).CancelMessage.ShouldBe("my message");

        var silent = _loop.CreateTask(Asyncio.Sleep(0));
        silent.Cancel();
        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(silent)).CancelMessage.ShouldBeNull();
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_cancellation_exception_context")]
    public void A_cancellation_can_be_the_cause_of_another_exception_and_has_no_cause_itself()
    {
        var failure = Should.Throw<FormatException>(() => _loop.RunUntilComplete(Outer()));

        failure.Message.ShouldBe("cancelled");
        var cause = failure.InnerException.ShouldBeOfType<CancelledException>();
        cause.CancelMessage.ShouldBe("msg");
        cause.InnerException.ShouldBeNull();

        async Coroutine Outer()
        {
            var started = _loop.CreateFuture<int>();
            var inner = Asyncio.CreateTask(Inner(started));
            await started;
            _loop.CallSoon(() => inner.Cancel("msg"));
            try
            {
                await inner;
            }
            catch (CancelledException e)
            {
                throw new FormatException("cancelled", e);
            }
        }

        static async Coroutine Inner(Future<int> started)
        {
            started.SetResult(1);
            await Asyncio.Sleep(10);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_traceback_for_future_result")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_traceback_for_future_exception")]
    public void The_trace_at_the_outside_names_the_interrupted_coroutine_and_the_one_that_awaited_its_task(bool withHandler, bool byException)
    {
        var task = _loop.CreateTask(AwaitingParent());

        string trace = Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task)).ToString();

        trace.ShouldContain(withHandler ? nameof(InterruptedChildWithHandler) : nameof(InterruptedChild));
        trace.ShouldContain(nameof(AwaitingParent));

        async Coroutine AwaitingParent()
        {
            var child = Asyncio.CreateTask(withHandler ? InterruptedChildWithHandler() : InterruptedChild());
            await Asyncio.Sleep(0);
            child.Cancel();
            if (byException)
                await Asyncio.Wait([child]);
            else
                await child;
            child.Exception();
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_baseexception_during_cancel", Deviation = "with KeyboardInterruptException; there is no SystemExit")]
    public void A_fatal_exception_raised_while_being_cancelled_is_stored_and_leaves_the_loop()
    {
        var fatal = new KeyboardInterruptException();
        var task = _loop.CreateTask(Body());
        _loop.RunOnce();

        task.Cancel();
        task.IsDone.ShouldBeFalse();
        Should.Throw<KeyboardInterruptException>(_loop.RunOnce).ShouldBeSameAs(fatal);

        task.IsDone.ShouldBeTrue();
        task.IsCancelled.ShouldBeFalse();
        task.Exception().ShouldBeSameAs(fatal);

        async Coroutine Body()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                throw fatal;
            }
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_uncancel_basic")]
    public void After_Uncancel_a_task_waits_on_and_can_be_cancelled_afresh()
    {
        var task = _loop.CreateTask(Body());
        _loop.RunUntilComplete(Asyncio.Sleep(0.01));

        task.Cancel().ShouldBeTrue();
        task.ToString().ShouldContain(" cancelling ");
        task.Cancelling.ShouldBe(1);
        task.IsCancelled.ShouldBeFalse();
        _loop.RunUntilComplete(Asyncio.Sleep(0.01));

        task.ToString().ShouldNotContain(" cancelling ");
        task.Cancelling.ShouldBe(0);
        task.IsDone.ShouldBeFalse();

        task.Cancel().ShouldBeTrue();
        task.Cancelling.ShouldBe(1);
        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task));
        task.IsCancelled.ShouldBeTrue();

        task.Uncancel();
        task.IsCancelled.ShouldBeTrue();
        task.IsDone.ShouldBeTrue();

        static async Coroutine Body()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                CoroutineTask.Current.Uncancel();
                await Asyncio.Sleep(10);
            }
        }
    }

    [Theory]
    [InlineData(10.0, 0.1, true)]
    [InlineData(0.0, 10.0, false)]
    [CPython("test_tasks.py::BaseTaskTests.test_uncancel_structured_blocks")]
    public void A_timeout_block_can_be_written_with_Cancel_and_Uncancel(double sleep, double timeout, bool expires)
    {
        var task = _loop.CreateTask(Request());

        _loop.RunUntilComplete(task);

        _log.ShouldBe(expires ? ["timed out", "unrelated"] : ["block finished", "unrelated"]);
        task.Cancelling.ShouldBe(0);
        task.IsCancelled.ShouldBeFalse();

        async Coroutine Request()
        {
            var self = CoroutineTask.Current;
            bool timedOut = false;
            var timer = _loop.CallLater(timeout, () =>
            {
                timedOut = true;
                self.Cancel();
            });
            try
            {
                await Asyncio.Sleep(sleep);
                _log.Add("block finished");
            }
            catch (CancelledException) when (timedOut && self.Uncancel() == 0)
            {
                _log.Add("timed out");
            }
            finally
            {
                timer.Cancel();
            }
            await Asyncio.Sleep(0);
            _log.Add("unrelated");
        }
    }

    private static async Coroutine InterruptedChild() => await Asyncio.Sleep(10);

    private static async Coroutine InterruptedChildWithHandler()
    {
        try
        {
            await Asyncio.Sleep(10);
        }
        finally
        {
            GC.KeepAlive(null);
        }
    }
}
