using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Futures;

/// <summary>Done callbacks and awaiting coroutines of a future (FUT-07 to FUT-11): one queue, in order of registration, run by the loop.</summary>
public sealed class FutureCallbackTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<string> _log = [];

    public void Dispose() => _loop.Close();

    [Theory]
    [InlineData("result")]
    [InlineData("exception")]
    [InlineData("cancel")]
    [Rule("FUT-07")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_result")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_exception")]
    public void Callbacks_run_through_the_loop_in_order_of_addition_with_the_future_as_argument(string outcome)
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(First);
        future.AddDoneCallback(Second);
        future.AddDoneCallback(First);

        switch (outcome)
        {
            case "result":
                future.SetResult(1);
                break;
            case "exception":
                future.SetException(new FormatException());
                future.Exception();
                break;
            default:
                future.Cancel();
                break;
        }
        _log.ShouldBeEmpty();
        Turn();

        _log.ShouldBe(["first True", "second True", "first True"]);

        void First(Future done) => _log.Add($"first {done == future}");
        void Second(Future done) => _log.Add($"second {done == future}");
    }

    [Fact]
    [Rule("FUT-07")]
    public void A_callback_added_to_a_done_future_is_scheduled_at_once_but_not_run_inside_the_call()
    {
        var future = _loop.CreateFuture<int>();
        future.SetResult(1);
        future.AddDoneCallback(_ => _log.Add("called"));
        _log.ShouldBeEmpty();
        Turn();
        _log.ShouldBe(["called"]);
    }

    [Fact]
    [Rule("FUT-07")]
    public void A_null_callback_is_refused()
        => Should.Throw<ArgumentNullException>(() => _loop.CreateFuture<int>().AddDoneCallback(null!)).ParamName.ShouldBe("callback");

    [Fact]
    [Rule("FUT-08")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_remove_done_callback")]
    public void Removing_removes_every_equal_registration_and_gives_their_number()
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(First);
        future.AddDoneCallback(Second);
        future.AddDoneCallback(First);
        future.AddDoneCallback(First);

        future.RemoveDoneCallback(First).ShouldBe(3); // an equal delegate, not the same object
        future.RemoveDoneCallback(First).ShouldBe(0);
        future.RemoveDoneCallback(Never).ShouldBe(0);
        future.SetResult(1);
        Turn();

        _log.ShouldBe(["second"]);

        void First(Future done) => _log.Add("first");
        void Second(Future done) => _log.Add("second");
        void Never(Future done) => _log.Add("never");
    }

    [Fact]
    [Rule("FUT-08")]
    public void A_single_callback_can_be_removed_and_others_added_after_it()
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(First);
        future.RemoveDoneCallback(First).ShouldBe(1);
        future.AddDoneCallback(Second);
        future.SetResult(1);
        Turn();

        _log.ShouldBe(["second"]);

        void First(Future done) => _log.Add("first");
        void Second(Future done) => _log.Add("second");
    }

    [Fact]
    [Rule("FUT-08")]
    [CPython("test_futures.py::BaseFutureDoneCallbackTests.test_schedule_callbacks_list_mutation_1")]
    public void After_completion_nothing_can_be_removed_any_more()
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(First);
        future.AddDoneCallback(Second);
        future.SetResult(1);
        future.RemoveDoneCallback(Second).ShouldBe(0);
        Turn();

        _log.ShouldBe(["first, removed 0", "second"]);

        void First(Future done) => _log.Add($"first, removed {done.RemoveDoneCallback(Second)}");
        void Second(Future done) => _log.Add("second");
    }

    [Fact]
    [Rule("FUT-09")]
    public void A_failing_callback_is_reported_and_the_others_run()
    {
        var future = _loop.CreateFuture<int>();
        _loop.ExceptionHandler = (_, context) =>
        {
            context.Message.ShouldNotBeNull().ShouldStartWith("Exception in callback ");
            (context.Future, context.Handle).ShouldBe((future, null));
            _log.Add($"reported {context.Exception!.Message}");
        };
        future.AddDoneCallback(_ => throw new FormatException("bad"));
        future.AddDoneCallback(_ => _log.Add("second"));
        future.SetResult(1);
        Turn();

        _log.ShouldBe(["reported bad", "second"]);
    }

    [Fact]
    [Rule("FUT-09")]
    public void A_callback_added_by_a_callback_of_the_same_future_runs_one_iteration_later()
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(done =>
        {
            _log.Add("first");
            done.AddDoneCallback(_ => _log.Add("added"));
        });
        future.AddDoneCallback(_ => _log.Add("second"));
        future.SetResult(1);
        _loop.CallSoon(() => _log.Add("same iteration"));
        _loop.RunUntilComplete(Asyncio.Sleep(0));

        _log.ShouldBe(["first", "second", "same iteration", "added"]);
    }

    [Fact]
    [Rule("FUT-10")]
    public void Waiting_coroutines_and_callbacks_are_woken_in_the_order_in_which_they_came()
    {
        var future = _loop.CreateFuture<int>();

        _loop.RunUntilComplete(Test());

        _log.ShouldBe(["callback 1", "waiter A: 7", "callback 2", "waiter B: 7"]);

        async Coroutine Test()
        {
            future.AddDoneCallback(_ => _log.Add("callback 1"));
            var first = Asyncio.CreateTask(Wait("A"));
            await Asyncio.Sleep(0);
            future.AddDoneCallback(_ => _log.Add("callback 2"));
            var second = Asyncio.CreateTask(Wait("B"));
            await Asyncio.Sleep(0);
            future.SetResult(7);
            await first;
            await second;
        }

        async Coroutine Wait(string name) => _log.Add($"waiter {name}: {await future}");
    }

    [Fact]
    [Rule("FUT-10")]
    [CPython("test_futures.py::BaseFutureTests.test_yield_from_twice")]
    public void Awaiting_a_done_future_is_immediate_and_a_pending_one_suspends_once()
    {
        _loop.RunUntilComplete(Test());

        _log.ShouldBe(["done: 1", "iteration", "pending: 2"]);

        async Coroutine Test()
        {
            var done = _loop.CreateFuture<int>();
            done.SetResult(1);
            var pending = _loop.CreateFuture<int>();
            _loop.CallSoon(() =>
            {
                _log.Add("iteration");
                pending.SetResult(2);
            });
            _log.Add($"done: {await done}");
            _log.Add($"pending: {await pending}");
        }
    }

    [Fact]
    [Rule("FUT-10")]
    public void Every_awaiting_coroutine_gets_the_failure()
    {
        _loop.RunUntilComplete(Test());

        async Coroutine Test()
        {
            var future = _loop.CreateFuture<int>();
            var waiters = new[] { Asyncio.CreateTask(Wait(future)), Asyncio.CreateTask(Wait(future)) };
            await Asyncio.Sleep(0);
            var failure = new FormatException();
            future.SetException(failure);
            foreach (var waiter in waiters)
                (await Caught.By(waiter)).ShouldBeSameAs(failure);
        }

        static async Coroutine Wait(Future<int> future) => await future;
    }

    [Fact]
    [Rule("FUT-11")]
    [CPython("test_tasks.py::BaseTaskTests.test_other_loop_future")]
    public void A_pending_future_of_another_loop_fails_inside_the_coroutine_in_the_next_iteration()
    {
        var other = VirtualTimeLoop.Create();
        var foreign = other.CreateFuture<int>();

        _loop.RunUntilComplete(Test());

        _log.ShouldBe(["iteration", "caught"]);
        foreign.IsDone.ShouldBeFalse();
        other.Close();

        async Coroutine Test()
        {
            _loop.CallSoon(() => _log.Add("iteration"));
            try
            {
                await foreign;
            }
            catch (InvalidOperationException e)
            {
                e.Message.ShouldMatch("^Task <Task .*> got Future <Future .*> attached to a different loop; await it in a task of that loop, .*RunCoroutineThreadsafe");
                _log.Add("caught");
            }
        }
    }

    [Fact]
    [Rule("FUT-11")]
    public void Of_a_pending_future_of_a_closed_loop_it_is_told_that_its_loop_is_closed()
    {
        var other = VirtualTimeLoop.Create();
        var foreign = other.CreateFuture<int>();
        other.Close();

        Should.Throw<InvalidOperationException>(() => _loop.RunUntilComplete(Test())).Message
            .ShouldMatch("^Task <Task .*> got Future <Future pending>, whose event loop is closed: it tells nobody any more when it is done; ask it directly");

        async Coroutine Test() => await foreign;
    }

    [Fact]
    [Rule("FUT-11")]
    public void A_done_future_of_another_loop_can_be_awaited()
    {
        var other = VirtualTimeLoop.Create();
        var foreign = other.CreateFuture<int>();
        foreign.SetResult(9);

        _loop.RunUntilComplete(Test()).ShouldBe(9);
        other.Close();

        async Coroutine<int> Test() => await foreign;
    }

    private void Turn() => _loop.RunUntilComplete(Asyncio.Sleep(0));
}
