using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of gather and shield on plain futures, driven one iteration at a time.</summary>
public sealed class RestatedGatherTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();

    public void Dispose() => _loop.Close();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_tasks.py::GatherTestsBase.test_success")]
    [CPython("test_tasks.py::GatherTestsBase.test_result_exception_success")]
    public void It_completes_with_its_last_child_and_calls_back_once(bool outcomes)
    {
        var (a, b, c) = (_loop.CreateFuture<int>(), _loop.CreateFuture<int>(), _loop.CreateFuture<int>());
        var gather = outcomes ? (Future)Asyncio.GatherOutcomes(a, b, c) : (Future)Asyncio.Gather(a, b, c);
        var called = CallsOf(gather);

        b.SetResult(1);
        a.SetResult(2);
        RunLoop();
        called.ShouldBeEmpty();
        gather.IsDone.ShouldBeFalse();

        c.SetResult(3);
        RunLoop();
        called.ShouldBe([gather]);
        int[] results = outcomes
            ? [.. ((IFuture<Outcome<int>[]>)gather).Result().Select(outcome => outcome.Value)]
            : ((IFuture<int[]>)gather).Result();
        results.ShouldBe([2, 1, 3]);
    }

    [Fact]
    [CPython("test_tasks.py::GatherTestsBase.test_one_exception")]
    public void After_the_first_failure_nothing_that_becomes_of_the_other_children_matters()
    {
        var futures = Enumerable.Range(0, 5).Select(_ => _loop.CreateFuture<int>()).ToList();
        var gather = (Future)Asyncio.Gather(futures);
        var called = CallsOf(gather);
        var failure = new FormatException();

        futures[0].SetResult(1);
        futures[1].SetException(failure);
        RunLoop();
        gather.IsDone.ShouldBeTrue();
        called.ShouldBe([gather]);
        gather.Exception().ShouldBeSameAs(failure);

        futures[2].SetResult(3);
        futures[3].Cancel();
        futures[4].SetException(new NotSupportedException());
        RunLoop();
        called.ShouldBe([gather]);
        gather.Exception().ShouldBeSameAs(failure);
    }

    [Fact]
    [CPython("test_tasks.py::FutureGatherTests.test_one_cancellation")]
    public void After_the_cancellation_of_a_child_nothing_that_becomes_of_the_others_matters()
    {
        var futures = Enumerable.Range(0, 5).Select(_ => _loop.CreateFuture<int>()).ToList();
        var gather = (Future)Asyncio.Gather(futures);
        var called = CallsOf(gather);

        futures[0].SetResult(1);
        futures[1].Cancel();
        RunLoop();
        called.ShouldBe([gather]);
        gather.IsCancelled.ShouldBeFalse();
        _ = gather.Exception().ShouldBeOfType<CancelledException>();

        futures[2].SetResult(3);
        futures[3].Cancel();
        futures[4].SetException(new NotSupportedException());
        RunLoop();
        called.ShouldBe([gather]);
    }

    [Fact]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_homogenous_futures")]
    public void It_belongs_to_the_loop_of_its_futures_which_may_be_gathered_again()
    {
        var futures = Enumerable.Range(0, 3).Select(_ => _loop.CreateFuture<int>()).ToList();

        var first = Asyncio.Gather(futures);
        RunLoop();
        var second = Asyncio.Gather(futures);
        RunLoop();

        (first.Loop, second.Loop).ShouldBe((_loop, _loop));
        (first.IsDone, second.IsDone).ShouldBe((false, false));
        futures.ForEach(static future => future.SetResult(1));
        RunLoop();
        (first.Result().Sum(), second.Result().Sum()).ShouldBe((3, 3));
    }

    [Fact]
    [CPython("test_tasks.py::FutureGatherTests.test_constructor_heterogenous_futures")]
    public void Futures_of_different_loops_are_refused_where_no_loop_runs_too()
    {
        var other = VirtualTimeLoop.Create();
        Should.Throw<ArgumentException>(() => Asyncio.Gather(_loop.CreateFuture<int>(), other.CreateFuture<int>())).Message.ShouldContain("different loop");
        other.Close();
    }

    [Fact]
    [CPython("test_tasks.py::CoroutineGatherTests.test_issue46672")]
    public void A_child_that_was_started_before_an_argument_was_refused_ends_without_a_report()
    {
        var reports = new List<string?>();
        _loop.ExceptionHandler = (_, context) => reports.Add(context.Message);
        CoroutineTask? started = null;

        _loop.RunUntilComplete(Main());

        started.ShouldNotBeNull().IsDone.ShouldBeTrue();
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Should.Throw<ArgumentException>(() => Asyncio.Gather(Child(), new NotAwaitable()));
            await Asyncio.Sleep(1);
        }

        async Coroutine Child() => started = CoroutineTask.Current;
    }

    [Theory]
    [InlineData(null)]
    [InlineData("my message")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancel_gather_2", Deviation = "a message is text")]
    public void Cancelling_a_task_in_a_gather_of_outcomes_is_thrown_in_it_with_the_message(string? message)
    {
        var turns = 0;

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(Main())).CancelMessage.ShouldBe(message);

        turns.ShouldBe(3);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Gathering());
            await Asyncio.Sleep(0.175);
            task.Cancel(message);
            await task;
        }

        async Coroutine Gathering()
        {
            while (true)
            {
                await Asyncio.GatherOutcomes(Asyncio.Sleep(0.05, 1));
                turns++;
            }
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_gather")]
    public void Cancelling_a_shield_around_a_gather_leaves_the_gather_to_complete()
    {
        var (a, b) = (_loop.CreateFuture<int>(), _loop.CreateFuture<int>());
        var gather = Asyncio.Gather(a, b);
        var shield = Asyncio.Shield(gather);
        RunLoop();

        shield.Cancel();
        RunLoop();
        shield.IsCancelled.ShouldBeTrue();
        a.SetResult(1);
        b.SetResult(2);
        RunLoop();

        gather.Result().ShouldBe([1, 2]);
    }

    private static List<Future> CallsOf(Future future)
    {
        var calls = new List<Future>();
        future.AddDoneCallback(calls.Add);
        return calls;
    }

    // Long enough for everything that is under way.
    private void RunLoop()
    {
        for (int i = 0; i < 5; i++)
        {
            _loop.RunOnce();
        }
    }

    private sealed class NotAwaitable : IAwaitable;
}
