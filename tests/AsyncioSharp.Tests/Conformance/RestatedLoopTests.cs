using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of the loop, its exception handler and <c>run()</c> that have no counterpart elsewhere.</summary>
public sealed class RestatedLoopTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<string> _log = [];

    public void Dispose() => _loop.Close();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_base_events.py::BaseEventLoopTests.test_default_exc_handler_callback")]
    public void A_failing_callback_is_logged_with_its_exception_and_the_loop_goes_on(bool timer)
    {
        var log = _loop.CollectLog();
        var future = _loop.CreateFuture<bool>();
        future.AddDoneCallback(_ => _loop.Stop());
        if (timer)
            _loop.CallLater(0.01, FailAfter, future);
        else
            _loop.CallSoon(FailAfter, future);

        _loop.RunForever();

        log.ToString().ShouldStartWith($"Exception in callback {nameof(RestatedLoopTests)}.{nameof(FailAfter)}(");
        log.ToString().ShouldContain("System.FormatException: after");
        future.Result().ShouldBeTrue();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [CPython("test_futures2.py::FutureTests.test_handle_exc_handler_correct_context")]
    public void The_handler_sees_what_the_failing_callback_set(bool doneCallback, bool inEmptyContext)
    {
        var variable = new ContextVar<string>("variable", "foo");
        _loop.ExceptionHandler = (_, _) => _log.Add(variable.Get());

        if (inEmptyContext)
            EmptyContext.Run(Fail);
        else
            Fail();

        _log.ShouldBe(["bar"]);

        void Fail()
        {
            if (doneCallback)
            {
                var future = _loop.CreateFuture<int>();
                future.AddDoneCallback(_ => SetAndFail());
                future.SetResult(1);
            }
            else
            {
                _loop.CallSoon(SetAndFail);
            }
            _loop.RunIteration();
            variable.Get().ShouldBe("foo");
        }

        void SetAndFail()
        {
            variable.Set("bar");
            throw new FormatException();
        }
    }

    [Fact]
    [CPython("test_futures2.py::FutureTests.test_task_exc_handler_correct_context")]
    public void The_handler_sees_what_the_task_set_whose_failure_nobody_retrieved()
    {
        var variable = new ContextVar<string>("variable", "foo");
        _loop.ExceptionHandler = (_, _) => _log.Add(variable.Get());
        FailAndForget();
        _loop.RunIteration();

        LoopHelpers.CollectGarbage();
        _loop.RunIteration();

        _log.ShouldBe(["bar"]);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void FailAndForget() => _ = _loop.CreateTask(SetAndFail());

        async Coroutine SetAndFail()
        {
            variable.Set("bar");
            throw new FormatException();
        }
    }

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_until_complete_baseexception")]
    public void A_run_left_by_a_fatal_exception_of_its_coroutine_leaves_no_stop_behind()
    {
        Should.Throw<KeyboardInterruptException>(() => _loop.RunUntilComplete(Interrupt()));

        _loop.CallSoon(() => _loop.CallSoon(() =>
        {
            _log.Add("called");
            _loop.Stop();
        }));
        _loop.RunForever();

        _log.ShouldBe(["called"]);

        static async Coroutine Interrupt() => throw new KeyboardInterruptException();
    }

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_debug")]
    public void Debug_mode_can_be_set_and_read()
    {
        _loop.Debug = true;
        _loop.Debug.ShouldBeTrue();
        _loop.Debug = false;
        _loop.Debug.ShouldBeFalse();
    }

    [Fact]
    [CPython("test_pep492.py::CoroutineTests.test_debug_mode_manages_coroutine_origin_tracking")]
    public void Coroutines_are_watched_only_while_a_loop_in_debug_mode_runs()
    {
        _loop.Debug = true;
        _loop.LogWriter = TextWriter.Null;
        var reports = _loop.CollectReports();

        Forget();
        _loop.RunUntilComplete(ForgetInside());
        Forget();
        LoopHelpers.CollectGarbage();
        _loop.RunIteration();

        reports.ShouldHaveSingleItem().SourceTraceback.ShouldNotBeNull().ToString().ShouldContain(nameof(ForgetInside));

        static async Coroutine ForgetInside() => Forget();
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_stop_while_run_in_complete")]
    public void A_task_that_stops_the_loop_can_be_cancelled_afterwards()
    {
        int turns = 0;
        var task = _loop.CreateTask(Turns());

        Should.Throw<InvalidOperationException>(() => _loop.RunUntilComplete(task)).Message.ShouldContain("Event loop stopped before Future completed.");
        task.IsDone.ShouldBeFalse();
        turns.ShouldBe(2);
        task.Cancel();

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task));

        async Coroutine Turns()
        {
            while (turns < 10)
            {
                await Asyncio.Sleep(0.1);
                if (++turns == 2)
                    _loop.Stop();
            }
        }
    }

    [Fact]
    [CPython("test_runners.py::RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors")]
    public void An_async_iterator_is_closed_when_the_leftover_task_that_used_it_fails()
    {
        CoroutineTask? leftover = null;
        IAsyncEnumerator<int>? iterator = null;

        Should.Throw<NotSupportedException>(() => VirtualTimeLoop.Run(Main()));

        leftover.ShouldNotBeNull().Exception().ShouldBeOfType<FormatException>();
        iterator.ShouldNotBeNull();
        _log.ShouldBe(["reported", "closed"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, _) => _log.Add("reported");
            leftover = Asyncio.CreateTask(Spin());
            await Asyncio.Sleep(0.5); // so that it sleeps outside of the iterator
            throw new NotSupportedException();
        }

        async Coroutine Spin()
        {
            iterator = Endless().GetAsyncEnumerator();
            try
            {
                while (await iterator.MoveNextAsync())
                {
                    await Asyncio.Sleep(1);
                }
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
        }

        async IAsyncEnumerable<int> Endless()
        {
            try
            {
                while (true)
                {
                    await Asyncio.Sleep(0);
                    yield return 1;
                }
            }
            finally
            {
                _log.Add("closed");
            }
        }
    }

    private static void FailAfter(Future<bool> future)
    {
        future.SetResult(true);
        throw new FormatException("after");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
#pragma warning disable ASYNCIO001 // that is the subject
    private static void Forget() => _ = Asyncio.Sleep(1);
#pragma warning restore ASYNCIO001
}
