using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Closing a loop, and what a closed loop still does and what it refuses: RUN-09 to RUN-11 of docs/semantics.md.</summary>
public class ClosedLoopTests
{
    [Fact]
    [Rule("RUN-09")]
    public void A_running_loop_cannot_be_closed()
    {
        var loop = VirtualTimeLoop.Create();
        Exception? failure = null;
        loop.CallSoon(() => failure = Record.Exception(loop.Close));

        loop.RunIteration();

        failure.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("Cannot close a running event loop");
        loop.IsClosed.ShouldBeFalse();
        loop.Close();
        loop.IsClosed.ShouldBeTrue();
    }

    [Fact]
    [Rule("RUN-09")]
    public void Closing_discards_what_is_queued_and_lets_it_go()
    {
        var loop = VirtualTimeLoop.Create();
        var (soon, later, threadsafe) = Queue(loop);

        loop.Close();
        LoopHelpers.CollectGarbage();

        soon.IsAlive.ShouldBeFalse();
        later.IsAlive.ShouldBeFalse();
        threadsafe.IsAlive.ShouldBeFalse();
        GC.KeepAlive(loop);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (WeakReference Soon, WeakReference Later, WeakReference Threadsafe) Queue(EventLoop loop)
        {
            object a = new(), b = new(), c = new();
            loop.CallSoon(GC.KeepAlive, a);
            loop.CallLater(1, GC.KeepAlive, b);
            loop.CallSoonThreadsafe(GC.KeepAlive, c);
            return (new WeakReference(a), new WeakReference(b), new WeakReference(c));
        }
    }

    [Fact]
    [Rule("RUN-09")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_close")]
    public void Closing_again_does_nothing()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        _ = loop.CreateTask(Nothing());
        loop.Close();
        loop.Close();

        loop.IsClosed.ShouldBeTrue();
        reports.Count.ShouldBe(1);
    }

    [Fact]
    [Rule("RUN-09")]
    public void Closing_shuts_the_default_executor_down_without_waiting_for_it()
    {
        var loop = new EventLoop();
        var executor = new ThreadPoolExecutor(1);
        loop.SetDefaultExecutor(executor);
        using var release = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        _ = loop.RunInExecutor(null, () =>
        {
            release.Wait();
            ended.Set();
        });

        loop.Close(); // would never return if it waited

        ended.IsSet.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => executor.Submit(() => 1)).Message.ShouldContain("shutdown");
        release.Set();
        ended.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
    }

    [Fact]
    [Rule("RUN-10")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_close")]
    public void A_closed_loop_refuses_to_queue_and_to_run()
    {
        var loop = VirtualTimeLoop.Create();
        var done = loop.CreateFuture<int>();
        done.SetResult(1);
        var pending = loop.CreateFuture<int>();
        using var executor = new ClosingExecutor();
        var coroutine = Nothing();
        loop.Close();

        foreach (var use in new Action[]
        {
            () => loop.CallSoon(() => { }),
            () => loop.CallSoon(GC.KeepAlive, new object()),
            () => loop.CallSoonThreadsafe(() => { }),
            () => loop.CallSoonThreadsafe(GC.KeepAlive, new object()),
            () => loop.CallLater(1, () => { }),
            () => loop.CallLater(TimeSpan.FromSeconds(1), () => { }),
            () => loop.CallLater(1, GC.KeepAlive, new object()),
            () => loop.CallAt(1, () => { }),
            () => loop.CallAt(1, GC.KeepAlive, new object()),
            () => loop.CreateTask(coroutine),
            () => loop.CreateTask((Coroutine)coroutine),
            () => loop.RunInExecutor(null, () => 1),
            () => loop.RunInExecutor(executor.Pool, () => 1),
            loop.RunForever,
            () => loop.RunUntilComplete(done),
            () => loop.RunUntilComplete(pending),
            () => loop.RunUntilComplete(coroutine),
            () => done.AddDoneCallback(_ => { }),
        })
        {
            Should.Throw<InvalidOperationException>(use).Message.ShouldContain("Event loop is closed");
        }
        coroutine.State.ShouldBe(CoroutineState.Created);
        coroutine.Close();
    }

    [Fact]
    [Rule("RUN-10")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_close")]
    public void A_closed_loop_still_makes_futures_and_tells_the_time()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Close();

        var future = loop.CreateFuture<int>();
        future.SetResult(3);
        future.Result().ShouldBe(3);
        loop.Stop();
        loop.Time.ShouldBe(0);
        loop.IsClosed.ShouldBeTrue();
        loop.IsRunning.ShouldBeFalse();
    }

    [Fact]
    [Rule("RUN-10")]
    public void Completing_a_future_of_a_closed_loop_marks_it_done_and_then_raises()
    {
        var loop = VirtualTimeLoop.Create();
        var withCallback = loop.CreateFuture<int>();
        var cancelled = loop.CreateFuture<int>();
        withCallback.AddDoneCallback(_ => { });
        cancelled.AddDoneCallback(_ => { });
        loop.Close();

        Should.Throw<InvalidOperationException>(() => withCallback.SetResult(1)).Message
            .ShouldStartWith("Event loop is closed, so what waits for this can no longer be told. Complete or cancel ");
        Should.Throw<InvalidOperationException>(() => cancelled.Cancel()).Message.ShouldContain("before you close their loop");
        Should.Throw<InvalidOperationException>(() => withCallback.AddDoneCallback(_ => { })).Message.ShouldContain("before you close their loop");

        withCallback.Result().ShouldBe(1);
        cancelled.IsCancelled.ShouldBeTrue();
    }

    [Fact]
    [Rule("RUN-11")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_create_task_error_closes_coro")]
    public void CreateTask_on_a_closed_loop_leaves_the_coroutine_unstarted_and_EnsureFuture_closes_it()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Close();
        var created = Nothing();
        var ensured = Nothing();

        Should.Throw<InvalidOperationException>(() => loop.CreateTask(created)).Message.ShouldContain("Event loop is closed");
        Should.Throw<InvalidOperationException>(() => Asyncio.EnsureFuture(ensured, loop)).Message.ShouldContain("Event loop is closed");

        created.State.ShouldBe(CoroutineState.Created);
        ensured.State.ShouldBe(CoroutineState.Closed);
        created.Close();
    }

    private static async Coroutine<int> Nothing()
    {
        await Asyncio.Sleep(0);
        return 0;
    }

    private sealed class ClosingExecutor : IDisposable
    {
        internal ThreadPoolExecutor Pool { get; } = new(1);

        public void Dispose() => Pool.Shutdown(wait: false);
    }
}
