using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Threads;

/// <summary><c>Asyncio.WrapFuture</c>: a future of a loop that takes over what another thread computes.</summary>
public class WrapFutureTests
{
    [Fact, Rule("FUT-15")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_use_running_loop")]
    public void A_result_is_carried_over_from_another_thread()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            wrapped.Loop.ShouldBeSameAs(Asyncio.GetRunningLoop());
            var thread = new TestThread(() => source.Run(() => 5));
            (await wrapped).ShouldBe(5);
            thread.Join();
        }
    }

    [Fact, Rule("FUT-15")]
    public void The_outcome_arrives_through_the_loop_and_not_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ConcurrentFuture<int>();
            var early = Asyncio.WrapFuture(source);
            source.Run(() => 5);
            var late = Asyncio.WrapFuture(source); // of a source that is done
            early.IsDone.ShouldBeFalse();
            late.IsDone.ShouldBeFalse();
            await Asyncio.Sleep(0);
            early.Result().ShouldBe(5);
            late.Result().ShouldBe(5);
        }
    }

    [Fact, Rule("FUT-15")]
    public void An_exception_is_carried_over()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException();
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            source.Run(() => throw failure);
            (await OnLoop.Failure<FormatException>(wrapped)).ShouldBeSameAs(failure);
        }
    }

    [Fact, Rule("FUT-15")]
    public void A_cancelled_source_cancels_the_wrapper()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            source.Cancel().ShouldBeTrue();
            await OnLoop.Failure<CancelledException>(wrapped);
            wrapped.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact, Rule("FUT-15")]
    public void A_cancellation_that_the_function_throws_arrives_as_an_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new CancelledException("thrown in the thread");
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            source.Run(() => throw failure);
            source.IsCancelled.ShouldBeFalse();
            await Asyncio.Sleep(0);
            wrapped.IsDone.ShouldBeTrue();
            wrapped.IsCancelled.ShouldBeFalse();
            wrapped.Exception().ShouldBeSameAs(failure);
        }
    }

    [Fact, Rule("FUT-15")]
    public void A_timeout_of_the_thread_side_is_the_one_TimeoutException()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var never = new ConcurrentFuture<int>();
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            source.Run(() => never.Result(0));
            await OnLoop.Failure<TimeoutException>(wrapped);
        }
    }

    [Fact, Rule("FUT-15")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_cancel", Deviation = "at once, not one iteration later")]
    public void Cancelling_the_wrapper_cancels_a_source_that_has_not_started()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            wrapped.Cancel().ShouldBeTrue();
            wrapped.IsCancelled.ShouldBeTrue();
            source.IsCancelled.ShouldBeTrue();
            await Asyncio.Sleep(0);
            source.Run(() => throw new InvalidOperationException("must not run"));
            Should.Throw<CancelledException>(() => source.Result(0));
            wrapped.Cancel().ShouldBeFalse();
        }
    }

    [Fact, Rule("FUT-15")]
    public void A_source_that_runs_goes_on_when_the_wrapper_is_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Signal started = new(), release = new();
            var source = new ConcurrentFuture<int>();
            var wrapped = Asyncio.WrapFuture(source);
            var thread = new TestThread(() => source.Run(() =>
            {
                started.Set();
                release.Wait();
                return 5;
            }));
            started.Wait();
            wrapped.Cancel().ShouldBeTrue();
            await Asyncio.Sleep(0);
            source.IsRunning.ShouldBeTrue();
            release.Set();
            thread.Join();
            source.Result(0).ShouldBe(5);
            await Asyncio.Sleep(0); // the late outcome is dropped without a report
            wrapped.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact, Rule("FUT-15")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_cancel2")]
    public void A_source_that_finished_earlier_keeps_its_result()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ConcurrentFuture<int>();
            source.Run(() => 5);
            var wrapped = Asyncio.WrapFuture(source);
            wrapped.Cancel().ShouldBeTrue();
            await Asyncio.Sleep(0);
            wrapped.IsCancelled.ShouldBeTrue();
            source.IsCancelled.ShouldBeFalse();
            source.Result(0).ShouldBe(5);
        }
    }

    [Fact, Rule("FUT-15")]
    public void The_outcome_for_a_closed_loop_is_dropped()
    {
        var loop = VirtualTimeLoop.Create();
        var source = new ConcurrentFuture<int>();
        var wrapped = Asyncio.WrapFuture(source, loop);
        wrapped.Loop.ShouldBeSameAs(loop);
        loop.Close();
        bool others = false;
        source.AddDoneCallback(_ => others = true);

        source.Run(() => 5);

        source.Result(0).ShouldBe(5);
        others.ShouldBeTrue();
        wrapped.IsDone.ShouldBeFalse();
    }

    [Theory, Rule("FUT-15")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failure_for_a_closed_loop_is_reported_and_not_lost(bool queuedAtClose)
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var source = new ConcurrentFuture<int>();
        var wrapped = Asyncio.WrapFuture(source, loop);
        if (!queuedAtClose)
        {
            loop.Close();
        }
        source.Run(() => throw new FormatException("late"));
        loop.Close();

        var report = reports.ShouldHaveSingleItem();
        report.Exception.ShouldBeOfType<FormatException>().Message.ShouldBe("late");
        report.Future.ShouldBeSameAs(wrapped);
        report.Message.ShouldNotBeNull().ShouldContain("after its loop was closed");
    }

    [Fact, Rule("FUT-15")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_without_loop")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_future")]
    public void Without_a_loop_it_raises_and_a_loops_future_is_given_back()
    {
        Should.Throw<InvalidOperationException>(() => Asyncio.WrapFuture(new ConcurrentFuture<int>())).Message.ShouldContain("no running event loop");
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        Asyncio.WrapFuture(future).ShouldBeSameAs(future);
        loop.Close();
        Should.Throw<ArgumentNullException>(() => Asyncio.WrapFuture((ConcurrentFuture<int>)null!));
        Should.Throw<ArgumentNullException>(() => Asyncio.WrapFuture((Future<int>)null!));
    }
}
