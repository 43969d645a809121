using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary><c>loop.RunInExecutor</c>, the loop's default executor and its end.</summary>
public class RunInExecutorTests
{
    [Fact, Rule("EXE-01")]
    public void A_function_is_handed_over_at_once_and_the_result_is_a_future_of_the_loop()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var started = new Signal();
            var future = loop.RunInExecutor(null, () =>
            {
                started.Set();
                return 5;
            });
            started.Wait(); // without giving the loop a turn
            future.Loop.ShouldBeSameAs(loop);
            future.IsDone.ShouldBeFalse(); // the outcome arrives through the loop
            (await future).ShouldBe(5);
        }
    }

    [Fact, Rule("EXE-01")]
    public void Context_variables_are_not_carried_along()
    {
        var variable = new ContextVar<string>("variable");
        VirtualTimeLoop.Run(Main()).ShouldBe("unset");

        async Coroutine<string> Main()
        {
            variable.Set("caller");
            return await Asyncio.GetRunningLoop().RunInExecutor(null, () => variable.Get("unset"));
        }
    }

    [Fact, Rule("EXE-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_default_executor")]
    public void A_given_executor_is_used_and_null_means_the_default_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var mine = new ThreadPoolExecutor(1, "mine");
            using var standard = new ThreadPoolExecutor(1, "standard");
            loop.SetDefaultExecutor(standard);
            (await loop.RunInExecutor(mine, () => Thread.CurrentThread.Name)).ShouldBe("mine_0");
            (await loop.RunInExecutor(null, () => Thread.CurrentThread.Name)).ShouldBe("standard_0");
        }
    }

    [Fact, Rule("EXE-01")]
    public void Failures_come_through_the_future()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException("bad");
            var future = Asyncio.GetRunningLoop().RunInExecutor(null, () => throw failure);
            (await OnLoop.Failure<FormatException>(future)).ShouldBeSameAs(failure);
        }
    }

    [Fact]
    public void An_executor_of_the_users_own_can_stand_behind_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var inline = new InlineExecutor();
            int thread = await Asyncio.GetRunningLoop().RunInExecutor(inline, () => Environment.CurrentManagedThreadId);
            thread.ShouldBe(Environment.CurrentManagedThreadId);
        }
    }

    [Fact]
    public void Null_functions_and_foreign_threads_in_debug_mode_are_refused()
    {
        var loop = VirtualTimeLoop.Create();
        Should.Throw<ArgumentNullException>(() => loop.RunInExecutor(null, (Action)null!));
        Should.Throw<ArgumentNullException>(() => loop.RunInExecutor(null, (Func<int>)null!));
        Should.Throw<ArgumentException>(() => loop.ShutdownDefaultExecutor(double.NaN));
        loop.Close();
        Should.Throw<InvalidOperationException>(() => loop.RunInExecutor(null, () => 1)).Message.ShouldContain("Event loop is closed");
    }

    [Fact, Rule("EXE-02")]
    public void After_its_shutdown_the_default_executor_takes_nothing()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            await loop.RunInExecutor(null, () => { });
            await loop.ShutdownDefaultExecutor();

            Should.Throw<InvalidOperationException>(() => loop.RunInExecutor(null, () => { }))
                .Message.ShouldContain("Executor shutdown has been called");
            (await OnLoop.Failure<InvalidOperationException>(Asyncio.ToThread(() => { })))
                .Message.ShouldContain("Executor shutdown has been called");
            using var mine = new ThreadPoolExecutor(1);
            (await loop.RunInExecutor(mine, () => 1)).ShouldBe(1);
        }
    }

    [Fact, Rule("EXE-02")]
    public void A_default_executor_that_was_never_used_can_be_shut_down_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            await loop.ShutdownDefaultExecutor(TimeSpan.FromMinutes(1));
            Should.Throw<InvalidOperationException>(() => loop.RunInExecutor(null, () => { }));
        }
    }

    [Fact, Rule("EXE-03")]
    public void The_default_executor_must_be_a_thread_pool_which_the_compiler_checks()
    {
        typeof(EventLoop).GetMethod(nameof(EventLoop.SetDefaultExecutor)).ShouldNotBeNull()
            .GetParameters().ShouldHaveSingleItem().ParameterType.ShouldBe(typeof(ThreadPoolExecutor));

        var loop = VirtualTimeLoop.Create();
        Should.Throw<ArgumentNullException>(() => loop.SetDefaultExecutor(null!));
        loop.Close();
    }

    [Fact, Rule("EXE-04")]
    public void Shutdown_waits_for_the_functions_that_run_or_are_queued()
    {
        var order = new List<string>();
        VirtualTimeLoop.Run(Main());
        order.ShouldBe(["loop goes on", "first", "second", "shut down"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.SetDefaultExecutor(new ThreadPoolExecutor(1));
            var release = new Signal();
            _ = loop.RunInExecutor(null, () =>
            {
                release.Wait();
                order.Add("first");
            });
            _ = loop.RunInExecutor(null, () => order.Add("second"));
            var shutdown = Asyncio.CreateTask(loop.ShutdownDefaultExecutor());
            for (int i = 0; i < 5; i++)
            {
                await Asyncio.Sleep(0); // the loop itself is not blocked
            }
            shutdown.IsDone.ShouldBeFalse();
            order.Add("loop goes on");
            release.Set();
            await shutdown;
            order.Add("shut down");
        }
    }

    [Fact, Rule("EXE-04")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_shutdown_default_executor_timeout")]
    public void Shutdown_with_a_limit_warns_and_leaves_the_threads_alone()
    {
        var log = new StringWriter();
        VirtualTimeLoop.Run(Main());
        log.ToString().ShouldContain("did not finish joining its threads within 0 seconds");

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.LogWriter = log;
            Signal started = new(), release = new();
            var future = loop.RunInExecutor(null, () =>
            {
                started.Set();
                release.Wait();
                return "still delivered";
            });
            started.Wait();
            await loop.ShutdownDefaultExecutor(0);
            future.IsDone.ShouldBeFalse();
            release.Set();
            (await future).ShouldBe("still delivered");
        }
    }

    [Fact, Rule("EXE-04")]
    public void A_token_ends_the_wait_for_the_threads_which_are_left_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Signal started = new(), release = new();
            var future = loop.RunInExecutor(null, () =>
            {
                started.Set();
                release.Wait();
                return "still delivered";
            });
            started.Wait();
            using var source = new CancellationTokenSource();
            loop.CallSoon(source.Cancel);
            var e = await OnLoop.Failure<CancelledException>(loop.ShutdownDefaultExecutor(Signal.LimitSeconds, source.Token));
            e.CancellationToken.ShouldBe(source.Token);
            future.IsDone.ShouldBeFalse();
            Should.Throw<InvalidOperationException>(() => loop.RunInExecutor(null, () => { }));
            release.Set();
            (await future).ShouldBe("still delivered");
        }
    }

    [Fact, Rule("EXE-04")]
    public void A_token_ends_a_blocking_wait_for_an_executor()
    {
        using var source = new CancellationTokenSource();
        Signal started = new(), release = new();
        var executor = new ThreadPoolExecutor(2);
        var future = executor.Submit(() =>
        {
            started.Set();
            release.Wait();
        });
        started.Wait();
        executor.Shutdown(TimeSpan.Zero).ShouldBeFalse();
        var canceller = new TestThread(source.Cancel);
        Should.Throw<OperationCanceledException>(() => executor.Shutdown(wait: true, cancellationToken: source.Token)).CancellationToken.ShouldBe(source.Token);
        canceller.Join();
        release.Set();
        executor.Shutdown().ShouldBeTrue();
        future.Exception().ShouldBeNull();
    }

    [Fact, Rule("EXE-04")]
    public void Shutdown_in_time_does_not_warn()
    {
        var log = new StringWriter();
        VirtualTimeLoop.Run(Main());
        log.ToString().ShouldBeEmpty();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.LogWriter = log;
            await loop.RunInExecutor(null, () => { });
            await loop.ShutdownDefaultExecutor(Signal.LimitSeconds);
        }
    }

    private sealed class InlineExecutor : Executor
    {
        public override ConcurrentFuture<T> Submit<T>(Func<T> function)
        {
            var future = new ConcurrentFuture<T>();
            future.Run(function);
            return future;
        }

        public override bool Shutdown(bool wait = true, double? timeout = null, CancellationToken cancellationToken = default) => true;
    }
}
