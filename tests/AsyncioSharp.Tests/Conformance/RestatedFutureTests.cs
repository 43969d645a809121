using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of futures: callbacks that are removed, how a task registers with what it awaits, and futures of other threads.</summary>
public sealed class RestatedFutureTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<int> _bag = [];

    public void Dispose() => _loop.Close();

    [Theory]
    [InlineData(new[] { 0, 0 }, new[] { 1, 2 })]
    [InlineData(new[] { 0, 1, 0 }, new[] { 2 })]
    [InlineData(new[] { 2, 2 }, new[] { 0, 1 })]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_callbacks_remove_first_callback")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_callbacks_remove_first_and_second_callback")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_callbacks_remove_third_callback")]
    public void Removing_callbacks_leaves_the_others_in_order_and_may_be_repeated(int[] removed, int[] called)
    {
        var future = _loop.CreateFuture<string>();
        var callbacks = Enumerable.Range(0, 3).Select(number => (Action<Future>)(_ => _bag.Add(number))).ToList();
        callbacks.ForEach(callback => future.AddDoneCallback(callback));

        foreach (int number in removed)
        {
            future.RemoveDoneCallback(callbacks[number]);
        }
        _bag.ShouldBeEmpty();
        future.SetResult("foo");
        _loop.RunOnce();

        _bag.ShouldBe(called);
        future.Result().ShouldBe("foo");
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_remove_done_callbacks_list_mutation", Deviation = "the comparison of delegates runs no code that could interfere")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_remove_done_callbacks_list_clear", Deviation = "the comparison of delegates runs no code that could interfere")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_schedule_callbacks_list_mutation_2", Deviation = "the comparison of delegates runs no code that could interfere")]
    public void Removing_compares_delegates_without_asking_their_targets()
    {
        var future = _loop.CreateFuture<int>();
        var registered = new Interfering(future, _bag);
        future.AddDoneCallback(registered.Call);
        for (int i = 0; i < 63; i++)
        {
            future.AddDoneCallback(registered.Call);
        }

        future.RemoveDoneCallback(new Interfering(future, _bag).Call).ShouldBe(0);
        future.SetResult(1);
        _loop.RunOnce();

        _bag.Count.ShouldBe(64);
        registered.Compared.ShouldBe(0);
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_step_result_future", Deviation = "AddDoneCallback cannot be overridden")]
    [CPython("test_tasks.py::add_subclass_tests.test_subclasses_ctask_cfuture", Deviation = "AddDoneCallback cannot be overridden; the texts show what is registered")]
    public void A_task_registers_once_with_what_it_awaits_and_a_run_once_with_its_task()
    {
        var future = new Derived(_loop);
        object result = new();
        string? textOfTask = null;
        CoroutineTask<object>? task = null;
        task = _loop.CreateTask(Await());

        _loop.RunUntilComplete(task).ShouldBeSameAs(result);

        textOfTask.ShouldNotBeNull().ShouldMatch(@" wait_for=<Future pending cb=\[CoroutineTask\.Wakeup\(\)\]> cb=\[[^,]+\]>$");
        task.ToString().ShouldNotContain("cb=");

        async Coroutine<object> Await()
        {
            _loop.CallSoon(() =>
            {
                textOfTask = task!.ToString();
                future.SetResult(result);
            });
            return await future;
        }
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_yield_from_twice")]
    public void A_future_that_was_awaited_while_pending_is_awaited_again_without_suspending()
    {
        var future = _loop.CreateFuture<int>();
        var task = _loop.CreateTask(AwaitTwice());
        _loop.RunOnce();
        task.IsDone.ShouldBeFalse();

        future.SetResult(42);
        _loop.RunOnce();

        task.Result().ShouldBe((42, 42));

        async Coroutine<(int, int)> AwaitTwice() => (await future, await future);
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future")]
    public void The_result_of_a_function_in_a_thread_arrives_in_the_loop()
    {
        using var executor = new ThreadPoolExecutor(1);

        var wrapped = Asyncio.WrapFuture(executor.Submit(() => ("oi", Environment.CurrentManagedThreadId)), _loop);

        var (text, thread) = _loop.RunUntilComplete(wrapped);
        Asyncio.IsFuture(wrapped).ShouldBeTrue();
        text.ShouldBe("oi");
        thread.ShouldNotBe(Environment.CurrentManagedThreadId);
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_copy_state")]
    public void A_state_taken_over_from_another_future_is_the_same_with_the_line_that_threw_once()
    {
        var failing = new ConcurrentFuture<int>();
        failing.Run(ThrowsHere);
        var (result, failure, cancelled) = (_loop.CreateFuture<int>(), Asyncio.WrapFuture(failing, _loop), _loop.CreateFuture<int>());
        var copies = new[] { Asyncio.Shield(result), Asyncio.Shield(failure), Asyncio.Shield(cancelled) };
        result.SetResult(10);
        cancelled.Cancel();
        for (int i = 0; i < 3; i++)
        {
            _loop.RunOnce();
        }

        copies.ShouldAllBe(static copy => copy.IsDone);
        copies[0].Result().ShouldBe(10);
        copies[2].IsCancelled.ShouldBeTrue();
        for (int i = 0; i < 3; i++)
        {
            string trace = Should.Throw<FormatException>(() => copies[1].Result()).StackTrace.ShouldNotBeNull();
            trace.Split(nameof(ThrowsHere)).Length.ShouldBe(2);
        }
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_cancel2")]
    public void Cancelling_the_wrapper_of_what_has_just_finished_leaves_the_result_alone()
    {
        var source = new ConcurrentFuture<int>();
        var wrapped = Asyncio.WrapFuture(source, _loop);
        source.Run(() => 42);

        wrapped.Cancel().ShouldBeTrue();
        _loop.RunOnce();

        source.IsCancelled.ShouldBeFalse();
        source.Result(0).ShouldBe(42);
        wrapped.IsCancelled.ShouldBeTrue();
    }

    private static int ThrowsHere() => throw new FormatException();

    private sealed class Derived(EventLoop loop) : Future<object>(loop);

    // Equality that interferes: nothing may ask for it.
    private sealed class Interfering(Future future, List<int> bag)
    {
        internal int Compared { get; private set; }

        public override bool Equals(object? obj)
        {
            Compared++;
            future.RemoveDoneCallback(Call);
            return false;
        }

        public override int GetHashCode() => 0;

        internal void Call(Future done) => bag.Add(1);
    }
}
