using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>
/// Python falls back on a loop set with <c>set_event_loop</c> where none runs. There is no such loop here: each of these functions raises, and
/// takes the loop as an argument instead.
/// </summary>
public sealed class CurrentLoopTests : IDisposable
{
    private const string Deviation = "there is no current loop to set; the loop is an argument";

    private readonly EventLoop _loop = VirtualTimeLoop.Create();

    public void Dispose() => _loop.Close();

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_constructor_use_global_loop", Deviation = Deviation)]
    [CPython("test_futures.py::BaseFutureTests.test_init_constructor_default_loop", Deviation = Deviation)]
    public void A_future_is_made_for_a_loop()
    {
        var future = new Future<int>(_loop);
        future.Loop.ShouldBeSameAs(_loop);
        _loop.CreateFuture<int>().Loop.ShouldBeSameAs(_loop);
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_use_global_loop", Deviation = Deviation)]
    public void WrapFuture_takes_the_loop()
    {
        var source = new ConcurrentFuture<int>();
        NeedsALoop(() => Asyncio.WrapFuture(source));
        Asyncio.WrapFuture(source, _loop).Loop.ShouldBeSameAs(_loop);
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_coroutine", Deviation = Deviation)]
    public void EnsureFuture_takes_the_loop()
    {
        var coroutine = FortyTwo();
        NeedsALoop(() => Asyncio.EnsureFuture(coroutine));
        _loop.RunUntilComplete(Asyncio.EnsureFuture(coroutine, _loop)).ShouldBe(42);
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_coroutine_use_global_loop", Deviation = Deviation)]
    public void Shield_takes_a_task_of_the_loop()
    {
        var coroutine = FortyTwo();
        NeedsALoop(() => Asyncio.Shield(coroutine));
        _loop.RunUntilComplete(Asyncio.Shield(_loop.CreateTask(coroutine))).ShouldBe(42);
    }

    [Fact]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_use_global_loop", Deviation = Deviation)]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_loop_selection")]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_empty_sequence_use_global_loop", Deviation = Deviation)]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_empty_sequence")]
    public void Gather_takes_the_loop()
    {
        var coroutine = FortyTwo();
        NeedsALoop(() => Asyncio.Gather(coroutine));
        NeedsALoop(() => Asyncio.Gather<int>());

        var gather = Asyncio.Gather([coroutine, FortyTwo()], _loop);
        gather.Loop.ShouldBeSameAs(_loop);
        _loop.RunUntilComplete(gather).ShouldBe([42, 42]);
        foreach (var nothing in new IEnumerable<IAwaitable<int>>[] { [], new HashSet<IAwaitable<int>>(), Enumerable.Empty<IAwaitable<int>>() })
        {
            var empty = Asyncio.Gather(nothing, _loop);
            empty.Loop.ShouldBeSameAs(_loop);
            empty.IsDone.ShouldBeTrue();
            empty.Result().ShouldBeEmpty();
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_global_loop")]
    public void Wait_uses_the_loop_that_runs_it()
    {
        var tasks = new[] { _loop.CreateTask(Asyncio.Sleep(0.01)), _loop.CreateTask(Asyncio.Sleep(0.015)) };
        var (done, pending) = _loop.RunUntilComplete(Asyncio.Wait(tasks));
        done.ShouldBe(tasks, ignoreOrder: true);
        pending.ShouldBeEmpty();
    }

    private static void NeedsALoop(Action use) => Should.Throw<InvalidOperationException>(use).Message.ShouldContain("no running event loop");

    private static async Coroutine<int> FortyTwo() => 42;
}
