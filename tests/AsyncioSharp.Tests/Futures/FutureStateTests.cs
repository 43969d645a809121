using System.Reflection;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Futures;

/// <summary>A future's states and outcomes (FUT-01 to FUT-06, FUT-12 to FUT-14): pending, then finished or cancelled, once and for all.</summary>
public sealed class FutureStateTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();

    public void Dispose() => _loop.Close();

    [Fact]
    [Rule("FUT-01", "FUT-02")]
    [CPython("test_futures.py::BaseFutureTests.test_initial_state")]
    [CPython("test_futures.py::BaseFutureTests.test_result")]
    [CPython("test_futures.py::BaseFutureTests.test_exception")]
    public void A_new_future_is_pending_and_has_neither_result_nor_exception()
    {
        var future = _loop.CreateFuture<int>();

        future.IsDone.ShouldBeFalse();
        future.IsCancelled.ShouldBeFalse();
        Should.Throw<InvalidStateException>(() => future.Result()).Message.ShouldContain("Result is not set");
        Should.Throw<InvalidStateException>(((Future)future).Result).Message.ShouldContain("Result is not set");
        Should.Throw<InvalidStateException>(() => future.Exception()).Message.ShouldBe($"Exception is not set: {future} is not done yet; await it first.");
    }

    [Fact]
    [Rule("FUT-01", "FUT-02")]
    [CPython("test_futures.py::BaseFutureTests.test_result")]
    public void A_result_finishes_it()
    {
        var future = _loop.CreateFuture<int>();
        future.SetResult(42);

        future.IsDone.ShouldBeTrue();
        future.IsCancelled.ShouldBeFalse();
        future.Result().ShouldBe(42);
        future.Result().ShouldBe(42);
        future.Exception().ShouldBeNull();
    }

    [Fact]
    [Rule("FUT-01", "FUT-02", "FUT-12")]
    [CPython("test_futures.py::BaseFutureTests.test_exception")]
    public void An_exception_finishes_it_and_every_retrieval_gives_the_same_object()
    {
        var future = _loop.CreateFuture<int>();
        var failure = new FormatException("x");
        future.SetException(failure);

        future.IsDone.ShouldBeTrue();
        future.IsCancelled.ShouldBeFalse();
        Should.Throw<FormatException>(() => future.Result()).ShouldBeSameAs(failure);
        Should.Throw<FormatException>(() => future.Result()).ShouldBeSameAs(failure);
        future.Exception().ShouldBeSameAs(failure);
        future.Exception().ShouldBeSameAs(failure);
    }

    [Fact]
    [Rule("FUT-01", "FUT-02", "FUT-04")]
    [CPython("test_futures.py::BaseFutureTests.test_initial_state")]
    [CPython("test_futures.py::BaseFutureTests.test_cancel")]
    [CPython("test_futures.py::BaseFutureTests.test_future_cancel_message_getter")]
    public void A_cancellation_is_at_once_and_keeps_its_message_on_every_retrieval()
    {
        var future = _loop.CreateFuture<int>();

        future.Cancel("why").ShouldBeTrue();

        future.IsDone.ShouldBeTrue();
        future.IsCancelled.ShouldBeTrue();
        for (int i = 0; i < 2; i++)
        {
            Should.Throw<CancelledException>(() => future.Result()).CancelMessage.ShouldBe("why");
            Should.Throw<CancelledException>(() => future.Exception()).CancelMessage.ShouldBe("why");
        }
    }

    [Fact]
    [Rule("FUT-04")]
    public void Without_a_message_there_is_none()
    {
        var future = _loop.CreateFuture<int>();
        future.Cancel().ShouldBeTrue();
        Should.Throw<CancelledException>(() => future.Result()).CancelMessage.ShouldBeNull();
    }

    [Fact]
    [Rule("FUT-04")]
    public void Cancelling_schedules_the_callbacks_and_a_done_future_refuses()
    {
        var log = new List<string>();
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(done => log.Add($"cancelled: {done.IsCancelled}"));

        future.Cancel("first");
        log.ShouldBeEmpty();
        future.Cancel("second").ShouldBeFalse();
        var finished = _loop.CreateFuture<int>();
        finished.SetResult(1);
        finished.Cancel().ShouldBeFalse();
        finished.IsCancelled.ShouldBeFalse();
        finished.Result().ShouldBe(1);
        _loop.RunUntilComplete(Asyncio.Sleep(0));

        log.ShouldBe(["cancelled: True"]);
        Should.Throw<CancelledException>(() => future.Result()).CancelMessage.ShouldBe("first");
    }

    [Fact]
    [Rule("FUT-01", "FUT-03")]
    [CPython("test_futures.py::BaseFutureTests.test_cancel")]
    [CPython("test_futures.py::BaseFutureTests.test_result")]
    [CPython("test_futures.py::BaseFutureTests.test_exception")]
    public void A_done_future_refuses_every_second_outcome_and_stays_as_it_is()
    {
        var finished = _loop.CreateFuture<int>();
        finished.SetResult(1);
        var failed = _loop.CreateFuture<int>();
        failed.SetException(new FormatException());
        var cancelled = _loop.CreateFuture<int>();
        cancelled.Cancel();

        foreach (var future in new[] { finished, failed, cancelled })
        {
            string before = future.ToString();
            Should.Throw<InvalidStateException>(() => future.SetResult(2)).Message.ShouldContain("invalid state");
            Should.Throw<InvalidStateException>(() => future.SetException(new ArgumentException("x"))).Message.ShouldContain("invalid state");
            future.Cancel().ShouldBeFalse();
            future.ToString().ShouldBe(before);
        }
        finished.Result().ShouldBe(1);
        failed.Exception().ShouldBeOfType<FormatException>();
        cancelled.IsCancelled.ShouldBeTrue();
    }

    [Fact]
    [Rule("FUT-05")]
    public void A_CancelledException_that_is_set_is_an_ordinary_failure()
    {
        var future = _loop.CreateFuture<int>();
        var failure = new CancelledException("set");
        future.SetException(failure);

        future.IsCancelled.ShouldBeFalse();
        future.IsDone.ShouldBeTrue();
        future.Exception().ShouldBeSameAs(failure);
        Should.Throw<CancelledException>(() => future.Result()).ShouldBeSameAs(failure);
    }

    [Fact]
    [Rule("FUT-06")]
    public void SetException_takes_a_class_and_makes_the_exception()
    {
        var future = _loop.CreateFuture<int>();
        future.SetException<FormatException>();
        future.Exception().ShouldBeOfType<FormatException>();
        Should.Throw<ArgumentNullException>(() => _loop.CreateFuture<int>().SetException(null!)).ParamName.ShouldBe("exception");
    }

    [Fact]
    [Rule("FUT-12")]
    public void The_trace_of_a_stored_exception_does_not_grow_with_retrievals()
    {
        var future = _loop.CreateFuture<int>();
        future.SetException(new FormatException());
        int first = Lines(Should.Throw<FormatException>(Get));
        for (int i = 0; i < 5; i++)
            Lines(Should.Throw<FormatException>(Get)).ShouldBe(first);
        first.ShouldBeGreaterThan(0);

        void Get() => future.Result();
        static int Lines(Exception e) => e.StackTrace!.Split('\n').Length;
    }

    [Fact]
    [Rule("FUT-12")]
    [CPython("test_tasks.py::BaseTaskTests.test_exception_traceback")]
    [CPython("test_futures2.py::FutureTests.test_future_traceback")]
    public void The_trace_of_a_tasks_failure_names_the_line_that_threw_at_every_await()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Throwing());
            var lengths = new List<int>();
            for (int i = 0; i < 4; i++)
            {
                var failure = (await Caught.By(task)).ShouldBeOfType<FormatException>();
                failure.StackTrace.ShouldNotBeNull().ShouldContain(nameof(Throwing));
                lengths.Add(failure.StackTrace!.Split('\n').Length);
            }
            lengths.Skip(1).Distinct().Count().ShouldBe(1);
        }

        static async Coroutine<int> Throwing() => throw new FormatException();
    }

    [Fact]
    public void Of_a_future_and_a_task_only_Cancel_can_be_overridden_and_of_a_loop_nothing()
    {
        foreach (var type in new[] { typeof(Future), typeof(Future<int>), typeof(CoroutineTask), typeof(CoroutineTask<int>) })
        {
            var open = type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(method => method.IsVirtual && !method.IsFinal && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
                .Where(method => method.GetBaseDefinition().DeclaringType != typeof(object));
            open.Select(method => method.Name).ShouldBe([nameof(Future.Cancel)], type.Name);
        }
        typeof(EventLoop).IsSealed.ShouldBeTrue();
    }

    [Fact]
    [Rule("FUT-13")]
    [CPython("test_futures.py::BaseFutureTests.test_isfuture", Deviation = "a class of your own is none")]
    public void IsFuture_is_true_for_futures_and_tasks()
    {
        Asyncio.IsFuture(_loop.CreateFuture<int>()).ShouldBeTrue();
        Asyncio.IsFuture(_loop.CreateFuture()).ShouldBeTrue();
        var task = _loop.CreateTask(Asyncio.Sleep(0));
        Asyncio.IsFuture(task).ShouldBeTrue();
        _loop.RunUntilComplete(task);

        Asyncio.IsFuture(typeof(Future<int>)).ShouldBeFalse();
        Asyncio.IsFuture(Asyncio.Sleep(0)).ShouldBeFalse();
        Asyncio.IsFuture(Task.CompletedTask).ShouldBeFalse();
        Asyncio.IsFuture(null).ShouldBeFalse();
        Asyncio.IsFuture(new Foreign()).ShouldBeFalse();
    }

    [Fact]
    [Rule("FUT-14")]
    [CPython("test_futures.py::BaseFutureTests.test_constructor_use_running_loop", Deviation = "the loop makes the future, or is given")]
    [CPython("test_futures.py::BaseFutureTests.test_constructor_without_loop", Deviation = "a future cannot be made without naming its loop")]
    public void Loop_is_the_loop_given_or_the_one_that_made_the_future()
    {
        new Future<int>(_loop).Loop.ShouldBeSameAs(_loop);
        _loop.CreateFuture<int>().Loop.ShouldBeSameAs(_loop);
        _loop.RunUntilComplete(Test()).ShouldBeSameAs(_loop);
        Should.Throw<ArgumentNullException>(() => new Future<int>(null!)).ParamName.ShouldBe("loop");

        static async Coroutine<EventLoop> Test() => Asyncio.EnsureFuture(Asyncio.Sleep(0)).Loop;
    }

    private sealed class Foreign : ICoroutineSource
    {
        public Coroutine ToCoroutine() => Asyncio.Sleep(0);
    }
}
