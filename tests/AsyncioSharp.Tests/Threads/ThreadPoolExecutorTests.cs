using System.Collections.Concurrent;

namespace AsyncioSharp.Tests.Threads;

/// <summary><c>ThreadPoolExecutor</c>: how many threads it has, which, in what order it takes functions, and how it ends.</summary>
public class ThreadPoolExecutorTests
{
    [Fact]
    public void As_many_functions_block_at_once_as_there_are_workers()
    {
        using var executor = new ThreadPoolExecutor(8);
        using var barrier = new Barrier(8); // nobody passes before all eight are there
        var futures = new List<ConcurrentFuture<bool>>();
        for (int i = 0; i < 8; i++)
        {
            futures.Add(executor.Submit(() => barrier.SignalAndWait(TimeSpan.FromSeconds(Signal.LimitSeconds))));
        }

        futures.ShouldAllBe(static f => f.Result(Signal.LimitSeconds));
    }

    [Fact]
    public void Its_threads_are_its_own_and_carry_its_name()
    {
        using var executor = new ThreadPoolExecutor(1, "worker");

        var thread = executor.Submit(() => Thread.CurrentThread).Result(Signal.LimitSeconds);

        thread.Name.ShouldBe("worker_0");
        thread.IsThreadPoolThread.ShouldBeFalse();
        thread.IsBackground.ShouldBeTrue();
    }

    [Fact]
    public void There_are_never_more_threads_than_workers()
    {
        using var executor = new ThreadPoolExecutor(2);
        executor.MaxWorkers.ShouldBe(2);
        var threads = new ConcurrentDictionary<int, bool>();
        var release = new Signal();
        var futures = new List<ConcurrentFuture<object?>>();
        for (int i = 0; i < 50; i++)
        {
            futures.Add(executor.Submit(() =>
            {
                threads[Environment.CurrentManagedThreadId] = true;
                release.Wait(); // all are handed over before any can end
            }));
        }
        release.Set();
        futures.ForEach(static f => f.Result(Signal.LimitSeconds));

        threads.Count.ShouldBeInRange(1, 2);
    }

    [Fact]
    public void One_worker_takes_functions_in_order()
    {
        using var executor = new ThreadPoolExecutor(1);
        var order = new List<int>();
        for (int i = 0; i < 100; i++)
        {
            int n = i;
            executor.Submit(() => order.Add(n));
        }
        executor.Shutdown();

        order.ShouldBe(Enumerable.Range(0, 100));
    }

    [Fact]
    public void Shutdown_with_waiting_returns_when_everything_handed_over_has_run()
    {
        var executor = new ThreadPoolExecutor(1);
        var order = new List<string>();
        var release = new Signal();
        executor.Submit(() =>
        {
            release.Wait();
            order.Add("first");
        });
        executor.Submit(() => order.Add("queued"));
        var thread = new TestThread(() =>
        {
            executor.Shutdown(wait: true).ShouldBeTrue();
            order.Add("shut down");
        });
        release.Set();
        thread.Join();

        order.ShouldBe(["first", "queued", "shut down"]);
        Should.Throw<InvalidOperationException>(() => executor.Submit(() => 1)).Message.ShouldEndWith("after shutdown of the executor; make a new one for them.");
        executor.Shutdown().ShouldBeTrue(); // again
    }

    [Fact]
    public void Shutdown_without_waiting_returns_at_once_and_what_is_queued_still_runs()
    {
        var executor = new ThreadPoolExecutor(1);
        Signal started = new(), release = new();
        var running = executor.Submit(() =>
        {
            started.Set();
            release.Wait();
            return "ran";
        });
        var queued = executor.Submit(() => "ran too");
        started.Wait();

        executor.Shutdown(wait: false).ShouldBeTrue();

        running.IsRunning.ShouldBeTrue();
        queued.IsDone.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => executor.Submit(() => 1));
        release.Set();
        running.Result(Signal.LimitSeconds).ShouldBe("ran");
        queued.Result(Signal.LimitSeconds).ShouldBe("ran too");
        executor.Shutdown();
    }

    [Fact]
    public void Shutdown_ends_idle_threads()
    {
        var executor = new ThreadPoolExecutor(3);
        var thread = executor.Submit(() => Thread.CurrentThread).Result(Signal.LimitSeconds);

        executor.Shutdown(wait: true, timeout: Signal.LimitSeconds).ShouldBeTrue();

        thread.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public void Shutdown_gives_up_after_its_timeout()
    {
        var executor = new ThreadPoolExecutor(1);
        var release = new Signal();
        var future = executor.Submit(release.Wait);

        executor.Shutdown(wait: true, timeout: 0.01).ShouldBeFalse();

        future.IsDone.ShouldBeFalse();
        release.Set();
        executor.Shutdown(TimeSpan.FromSeconds(Signal.LimitSeconds)).ShouldBeTrue();
        future.IsDone.ShouldBeTrue();
    }

    [Fact]
    public void Dispose_waits()
    {
        bool ran = false;
        using (var executor = new ThreadPoolExecutor(1))
        {
            executor.Submit(() => Volatile.Write(ref ran, true));
        }

        Volatile.Read(ref ran).ShouldBeTrue();
    }

    [Fact]
    public void Queued_work_can_be_cancelled_and_running_work_cannot()
    {
        using var executor = new ThreadPoolExecutor(1);
        Signal started = new(), release = new();
        bool ran = false;
        var running = executor.Submit(() =>
        {
            started.Set();
            release.Wait();
            return 1;
        });
        var queued = executor.Submit(() => ran = true);
        started.Wait();

        running.Cancel().ShouldBeFalse();
        queued.Cancel().ShouldBeTrue();
        queued.Cancel().ShouldBeTrue();
        queued.IsCancelled.ShouldBeTrue();
        release.Set();

        running.Result(Signal.LimitSeconds).ShouldBe(1);
        running.Cancel().ShouldBeFalse();
        executor.Shutdown();
        ran.ShouldBeFalse();
    }

    [Fact]
    public void A_failing_function_does_not_cost_a_thread()
    {
        using var executor = new ThreadPoolExecutor(1);
        var failing = executor.Submit<int>(static () => throw new FormatException());
        int thread = executor.Submit(() => Environment.CurrentManagedThreadId).Result(Signal.LimitSeconds);

        failing.Exception(Signal.LimitSeconds).ShouldBeOfType<FormatException>();
        executor.Submit(() => Environment.CurrentManagedThreadId).Result(Signal.LimitSeconds).ShouldBe(thread);
    }

    [Fact]
    public void Bad_arguments_are_refused_at_the_call()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new ThreadPoolExecutor(0)).ParamName.ShouldBe("maxWorkers");
        Should.Throw<ArgumentOutOfRangeException>(() => new ThreadPoolExecutor(-1));
        using var executor = new ThreadPoolExecutor();
        executor.MaxWorkers.ShouldBe(Math.Min(32, Environment.ProcessorCount + 4));
        Should.Throw<ArgumentNullException>(() => executor.Submit((Action)null!));
        Should.Throw<ArgumentNullException>(() => executor.Submit((Func<int>)null!));
        Should.Throw<ArgumentException>(() => executor.Shutdown(true, double.NaN));
    }
}
