using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary>
/// <c>Asyncio.ToThread</c>: a blocking function in a thread of the loop's executor, in a copy of the caller's context, with its outcome and
/// its cancellation.
/// </summary>
public class ToThreadTests
{
    [Fact]
    public void An_async_function_is_refused_in_debug_mode()
    {
#pragma warning disable ASYNCIO005 // refused in debug mode
        Refuses("function", static () => Asyncio.ToThread(async () => await Task.Yield()));
        Refuses("function", static () => Asyncio.ToThread(async x => await Task.Delay(x), 1));
        Refuses("action", static () => Asyncio.ToThread((Action)(async () => await Task.Yield())));
        Refuses("action", static () => Asyncio.ToThread((Action<int>)(async x => await Task.Delay(x)), 1));
#pragma warning restore ASYNCIO005
        VirtualTimeLoop.Run(Asyncio.ToThread(static call => call, static async () => await Task.Yield()), debug: true).ShouldNotBeNull(); // an argument may be one

        static void Refuses(string argument, Func<Coroutine> use)
        {
            var refused = Should.Throw<ArgumentException>(() => VirtualTimeLoop.Run(use(), debug: true));
            refused.ParamName.ShouldBe(argument);
            refused.Message.ShouldContain("coroutines cannot be used with ToThread()");
            refused.Message.ShouldContain("Await it in the loop");
        }
    }

    [Fact, Rule("TT-01")]
    [CPython("test_threads.py::ToThreadTests.test_to_thread_once")]
    public void Nothing_is_handed_over_before_the_coroutine_is_awaited()
    {
        var order = new List<string>();
        VirtualTimeLoop.Run(Main());
        order.ShouldBe(["submitted directly", "to thread"]);

        async Coroutine Main()
        {
            using var executor = new ThreadPoolExecutor(1); // one thread: what was handed over first runs first
            Asyncio.GetRunningLoop().SetDefaultExecutor(executor);
            var coroutine = Asyncio.ToThread(() => order.Add("to thread"));
            coroutine.State.ShouldBe(CoroutineState.Created);
            await Asyncio.GetRunningLoop().RunInExecutor(null, () => order.Add("submitted directly"));
            await coroutine;
        }
    }

    [Fact, Rule("TT-01")]
    public void A_task_made_of_it_hands_it_over_in_its_first_step()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var started = new Signal();
            var task = Asyncio.CreateTask(Asyncio.ToThread(started.Set));
            started.IsSet.ShouldBeFalse();
            await Asyncio.Sleep(0);
            started.Wait(); // the loop is blocked: nothing but that first step can have handed it over
            await task;
        }
    }

    [Fact, Rule("TT-01", "TT-02")]
    public void The_context_is_that_of_the_moment_it_runs()
    {
        var variable = new ContextVar<string>("variable");
        VirtualTimeLoop.Run(Main()).ShouldBe("awaited");

        async Coroutine<string> Main()
        {
            variable.Set("made");
            var coroutine = Asyncio.ToThread(() => variable.Get());
            variable.Set("awaited");
            return await coroutine;
        }
    }

    [Fact, Rule("TT-02")]
    public void Changes_of_context_variables_do_not_come_back()
    {
        var variable = new ContextVar<string>("variable");
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            variable.Set("caller");
            string inThread = await Asyncio.ToThread(() =>
            {
                variable.Set("thread");
                return variable.Get();
            });
            inThread.ShouldBe("thread");
            variable.Get().ShouldBe("caller");
            (await Asyncio.ToThread(() => variable.Get())).ShouldBe("caller");
        }
    }

    [Fact, Rule("TT-02")]
    public void The_function_runs_in_a_thread_of_the_default_executor()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var executor = new ThreadPoolExecutor(1, "worker");
            Asyncio.GetRunningLoop().SetDefaultExecutor(executor);
            (await Asyncio.ToThread(() => Thread.CurrentThread.Name)).ShouldBe("worker_0");
        }
    }

    [Fact, Rule("TT-03")]
    [CPython("test_threads.py::ToThreadTests.test_to_thread")]
    public void Result_and_arguments_are_carried_over()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            (await Asyncio.ToThread(() => 42)).ShouldBe(42);
            (await Asyncio.ToThread(static n => n * 2, 21)).ShouldBe(42);
            var list = new List<int>();
            await Asyncio.ToThread(list.Add, 7);
            list.ShouldBe([7]);
            await Asyncio.ToThread(() => list.Clear());
            list.ShouldBeEmpty();
        }
    }

    [Fact, Rule("TT-03")]
    [CPython("test_threads.py::ToThreadTests.test_to_thread_exception")]
    public void An_exception_is_carried_over_with_its_trace()
    {
        var failure = new ArgumentException("from the thread");
        var seen = Should.Throw<ArgumentException>(() => VirtualTimeLoop.Run(Main()));
        seen.ShouldBeSameAs(failure);
        seen.StackTrace.ShouldNotBeNull().ShouldContain(nameof(ThrowIt));

        async Coroutine Main() => await Asyncio.ToThread(() => ThrowIt(failure));
    }

    [Fact, Rule("TT-04")]
    public void Cancelling_the_awaiter_throws_at_once_and_the_function_goes_on()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Signal started = new(), release = new(), finished = new();
            var task = Asyncio.CreateTask(Asyncio.ToThread(() =>
            {
                started.Set();
                release.Wait();
                finished.Set();
                return "dropped";
            }));
            await Asyncio.Sleep(0);
            started.Wait();
            task.Cancel("enough").ShouldBeTrue();

            var cancelled = await OnLoop.Failure<CancelledException>(task);

            cancelled.CancelMessage.ShouldBe("enough");
            finished.IsSet.ShouldBeFalse();
            release.Set();
            finished.Wait();
            task.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact, Rule("TT-04")]
    public void Cancelling_the_awaiter_keeps_a_queued_function_from_running()
    {
        bool ran = false;
        VirtualTimeLoop.Run(Main());
        ran.ShouldBeFalse();

        async Coroutine Main()
        {
            using var executor = new ThreadPoolExecutor(1);
            Asyncio.GetRunningLoop().SetDefaultExecutor(executor);
            var release = new Signal();
            var blocker = Asyncio.CreateTask(Asyncio.ToThread(release.Wait));
            var queued = Asyncio.CreateTask(Asyncio.ToThread(() => ran = true));
            await Asyncio.Sleep(0);
            queued.Cancel();
            await OnLoop.Failure<CancelledException>(queued);
            release.Set();
            await blocker;
            await Asyncio.ToThread(() => { }); // behind it in the queue
        }
    }

    [Fact]
    public void Null_is_refused_at_the_call()
    {
        Should.Throw<ArgumentNullException>(() => Asyncio.ToThread((Action)null!));
        Should.Throw<ArgumentNullException>(() => Asyncio.ToThread((Func<int>)null!));
        Should.Throw<ArgumentNullException>(() => Asyncio.ToThread((Func<int, int>)null!, 1));
        Should.Throw<ArgumentNullException>(() => Asyncio.ToThread((Action<int>)null!, 1));
    }

    private static void ThrowIt(Exception exception) => throw exception;
}
