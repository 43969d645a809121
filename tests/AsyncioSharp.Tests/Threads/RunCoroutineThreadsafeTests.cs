using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary><c>Asyncio.RunCoroutineThreadsafe</c>: coroutines sent to a loop that runs in another thread, seen from the sender.</summary>
public class RunCoroutineThreadsafeTests
{
    [Fact, Rule("RCT-01")]
    [CPython("test_tasks.py::RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe")]
    public void A_thread_gets_the_result_by_blocking()
    {
        using var other = new LoopThread();
        int ranOn = 0;

        var future = Asyncio.RunCoroutineThreadsafe(Add(1, 2), other.Loop);

        future.Result(Signal.LimitSeconds).ShouldBe(3);
        future.Exception(Signal.LimitSeconds).ShouldBeNull();
        future.IsDone.ShouldBeTrue();
        ranOn.ShouldBe(other.ThreadId);

        async Coroutine<int> Add(int a, int b)
        {
            await Asyncio.Sleep(0.001);
            ranOn = Environment.CurrentManagedThreadId;
            return a + b;
        }
    }

    [Fact, Rule("RCT-01")]
    public void A_coroutine_without_a_value_gives_null()
    {
        using var other = new LoopThread();
        var done = new Signal();

        Asyncio.RunCoroutineThreadsafe(SetIt(), other.Loop).Result(Signal.LimitSeconds).ShouldBeNull();
        done.IsSet.ShouldBeTrue();

        async Coroutine SetIt()
        {
            await Asyncio.Sleep(0);
            done.Set();
        }
    }

    [Fact, Rule("RCT-01")]
    public void Only_coroutines_are_taken_and_only_by_an_open_loop()
    {
        var loop = VirtualTimeLoop.Create();
        Should.Throw<ArgumentNullException>(() => Asyncio.RunCoroutineThreadsafe((Coroutine<int>)null!, loop));
        Should.Throw<ArgumentNullException>(() => Asyncio.RunCoroutineThreadsafe((Coroutine)null!, loop));
        var coroutine = Nothing();
        Should.Throw<ArgumentNullException>(() => Asyncio.RunCoroutineThreadsafe(coroutine, null!));
        loop.Close();

        Should.Throw<InvalidOperationException>(() => Asyncio.RunCoroutineThreadsafe(coroutine, loop)).Message.ShouldContain("Event loop is closed");

        coroutine.State.ShouldBe(CoroutineState.Created);
        coroutine.Close();
        foreach (var method in typeof(Asyncio).GetMethods().Where(static m => m.Name == nameof(Asyncio.RunCoroutineThreadsafe)))
        {
            method.GetParameters()[0].ParameterType.IsAssignableTo(typeof(Coroutine)).ShouldBeTrue("futures must be refused");
        }
    }

    [Fact, Rule("RCT-02")]
    [CPython("test_tasks.py::RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_exception")]
    public void An_exception_of_the_coroutine_is_thrown_to_the_thread()
    {
        using var other = new LoopThread();
        var failure = new FormatException("from the loop");
        var reports = new List<string?>();
        other.Loop.ExceptionHandler = (_, context) => reports.Add(context.Message);

        var future = Asyncio.RunCoroutineThreadsafe(Fail(), other.Loop);

        Should.Throw<FormatException>(() => future.Result(Signal.LimitSeconds)).ShouldBeSameAs(failure);
        future.Exception().ShouldBeSameAs(failure);
        future.IsCancelled.ShouldBeFalse();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Asyncio.RunCoroutineThreadsafe(Nothing(), other.Loop).Result(Signal.LimitSeconds);
        reports.ShouldBeEmpty("the failure was handed over, so it is retrieved");

        async Coroutine<int> Fail()
        {
            await Asyncio.Sleep(0);
            throw failure;
        }
    }

    [Fact, Rule("RCT-02")]
    [CPython("test_tasks.py::RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_cancelled")]
    public void A_cancelled_task_cancels_the_future_of_the_thread()
    {
        using var other = new LoopThread();

        var future = Asyncio.RunCoroutineThreadsafe(CancelItself(), other.Loop);

        Should.Throw<CancelledException>(() => future.Result(Signal.LimitSeconds)).CancelMessage.ShouldBe("by itself");
        future.IsCancelled.ShouldBeTrue();
        Should.Throw<CancelledException>(() => future.Exception());

        static async Coroutine<int> CancelItself()
        {
            CoroutineTask.Current.Cancel("by itself");
            await Asyncio.Sleep(3600);
            return 1;
        }
    }

    [Fact, Rule("RCT-03")]
    [CPython("test_tasks.py::RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_timeout")]
    public void A_timeout_leaves_the_task_running_and_Cancel_then_cancels_it()
    {
        using var other = new LoopThread();
        Signal started = new(), cancelled = new();

        var future = Asyncio.RunCoroutineThreadsafe(Wait(), other.Loop);
        started.Wait();

        Should.Throw<TimeoutException>(() => future.Result(0.01));
        Should.Throw<TimeoutException>(() => future.Exception(TimeSpan.Zero));
        future.IsDone.ShouldBeFalse();
        Asyncio.RunCoroutineThreadsafe(Nothing(), other.Loop).Result(Signal.LimitSeconds);
        cancelled.IsSet.ShouldBeFalse();

        future.Cancel().ShouldBeTrue();
        cancelled.Wait();
        future.IsCancelled.ShouldBeTrue();
        Asyncio.RunCoroutineThreadsafe(CountTasks(), other.Loop).Result(Signal.LimitSeconds).ShouldBe(1);

        static async Coroutine<int> CountTasks() => Asyncio.AllTasks().Count;

        async Coroutine<int> Wait()
        {
            started.Set();
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                cancelled.Set();
                throw;
            }
            return 1;
        }
    }

    [Fact, Rule("RCT-04")]
    public void A_cancel_before_the_loop_picked_it_up_reaches_the_task_after_its_first_step()
    {
        var order = new List<string>();
        var loop = VirtualTimeLoop.Create();
        var suspending = Asyncio.RunCoroutineThreadsafe(Suspending(), loop);
        var straight = Asyncio.RunCoroutineThreadsafe(Straight(), loop);

        suspending.Cancel().ShouldBeTrue();
        straight.Cancel().ShouldBeTrue();
        suspending.IsCancelled.ShouldBeTrue();
        order.ShouldBeEmpty();
        loop.RunUntilComplete(Asyncio.Sleep(1));

        order.ShouldBe(["suspending starts", "straight runs completely", "suspending is cancelled"]);
        loop.Close();

        async Coroutine<int> Suspending()
        {
            order.Add("suspending starts");
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                order.Add("suspending is cancelled");
                throw;
            }
            return 1;
        }

        async Coroutine<int> Straight()
        {
            order.Add("straight runs completely");
            return 1;
        }
    }

    [Fact, Rule("RCT-04")]
    public void A_cancel_on_the_loops_own_thread_that_is_there_before_the_coroutine_reaches_the_task()
    {
        var order = new List<string>();
        var loop = VirtualTimeLoop.Create();
        loop.CallSoon(() =>
        {
            ConcurrentFuture<int>? future = null;
            new TestThread(() => future = Asyncio.RunCoroutineThreadsafe(Suspending(), loop)).Join();
            future!.Cancel().ShouldBeTrue(); // the coroutine is in the inbox
        });
        loop.RunUntilComplete(Asyncio.Sleep(1));

        order.ShouldBe(["starts", "is cancelled"]);
        loop.Close();

        async Coroutine<int> Suspending()
        {
            order.Add("starts");
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                order.Add(CoroutineTask.Current.Cancelling > 0 ? "is cancelled" : "goes on");
            }
            return 1;
        }
    }

    [Fact, Rule("RCT-04")]
    public void A_cancel_that_finds_a_task_ended_before_its_first_step_is_over_with()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { }; // of the task, whose coroutine was closed
        var coroutine = Nothing();
        var sent = Asyncio.RunCoroutineThreadsafe(coroutine, loop);
        coroutine.Close();
        sent.Cancel().ShouldBeTrue();
        int turns = 0;
        loop.CallSoon(Turn);
        loop.RunForever();
        loop.ReadyCount.ShouldBe(0, "the loop would never rest again");
        loop.Close();

        void Turn()
        {
            if (++turns < 10)
            {
                loop.CallSoon(Turn);
            }
            else
            {
                loop.Stop();
            }
        }
    }

    [Fact, Rule("RCT-05")]
    public void The_future_is_never_running_so_it_can_be_cancelled_until_it_is_done()
    {
        using var other = new LoopThread();
        Signal inside = new(), release = new();

        var future = Asyncio.RunCoroutineThreadsafe(Block(), other.Loop);
        inside.Wait();

        future.IsRunning.ShouldBeFalse();
        future.ToString().ShouldBe("<ConcurrentFuture pending>");
        future.Cancel().ShouldBeTrue();
        release.Set();
        future.ToString().ShouldBe("<ConcurrentFuture cancelled>");

        async Coroutine<int> Block()
        {
            inside.Set();
            release.Wait();
            return 1;
        }
    }

    [Fact, Rule("RCT-06")]
    [CPython("test_tasks.py::RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_factory_exception")]
    public void A_failing_task_factory_is_reported_and_handed_to_the_thread()
    {
        var reports = new List<ExceptionContext>();
        var loop = VirtualTimeLoop.Create();
        var factory = new FailingFactory();
        loop.TaskFactory = factory;
        loop.ExceptionHandler = (_, context) => reports.Add(context);

        var coroutine = Nothing();
        var future = Asyncio.RunCoroutineThreadsafe(coroutine, loop);
        loop.CallSoon(loop.Stop);
        loop.RunForever();

        future.Exception(0).ShouldBeSameAs(factory.Failure);
        reports.ShouldHaveSingleItem().Exception.ShouldBeSameAs(factory.Failure);
        coroutine.Close();
        loop.Close();
    }

    [Fact, Rule("RCT-06")]
    public void A_failing_task_factory_is_asked_once_even_if_the_future_was_cancelled_meanwhile()
    {
        var reports = new List<ExceptionContext>();
        var loop = VirtualTimeLoop.Create();
        loop.TaskFactory = new FailingFactory();
        loop.ExceptionHandler = (_, context) => reports.Add(context);

        var coroutine = Nothing();
        var future = Asyncio.RunCoroutineThreadsafe(coroutine, loop);
        future.Cancel().ShouldBeTrue();
        loop.CallLater(1, loop.Stop);
        loop.RunForever();

        future.IsCancelled.ShouldBeTrue();
        reports.ShouldHaveSingleItem();
        coroutine.Close();
        loop.Close();
    }

    [Fact, Rule("RCT-07")]
    public void The_coroutine_runs_in_a_copy_of_the_submitting_threads_context()
    {
        using var other = new LoopThread();
        var variable = new ContextVar<string>("variable");
        string? afterwards = null;

        var thread = new TestThread(() =>
        {
            variable.Set("thread");
            var future = Asyncio.RunCoroutineThreadsafe(ReadAndChange(), other.Loop);
            future.Result(Signal.LimitSeconds).ShouldBe("thread");
            afterwards = variable.Get();
        });
        thread.Join();

        afterwards.ShouldBe("thread");

        async Coroutine<string> ReadAndChange()
        {
            await Asyncio.Sleep(0);
            string seen = variable.Get();
            variable.Set("loop");
            return seen;
        }
    }

    [Fact, Rule("RCT-07")]
    public void The_context_is_that_of_the_submission_even_if_it_changes_before_the_loop_picks_it_up()
    {
        var loop = VirtualTimeLoop.Create();
        var variable = new ContextVar<string>("variable");

        variable.Set("at submission");
        var future = Asyncio.RunCoroutineThreadsafe(Read(), loop);
        variable.Set("later");
        loop.RunUntilComplete(Asyncio.Sleep(1));

        future.Result(0).ShouldBe("at submission");
        loop.Close();

        async Coroutine<string> Read() => variable.Get();
    }

    private static async Coroutine Nothing() => await Asyncio.Sleep(0);

    private sealed class FailingFactory : ITaskFactory
    {
        public Exception Failure { get; } = new NotSupportedException("no tasks today");

        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => throw Failure;

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => throw Failure;
    }
}
