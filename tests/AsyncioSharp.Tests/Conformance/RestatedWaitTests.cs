using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of wait and wait_for that have no counterpart among the tests of the combinators.</summary>
public class RestatedWaitTests
{
    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_wait")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_exception")]
    public void Waiting_again_for_what_is_done_gives_the_same_and_takes_no_time()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask[] tasks = [Asyncio.CreateTask(Asyncio.Sleep(0.1)), Asyncio.CreateTask(GatherTests.Fails(0.15, new FormatException()))];
            for (int i = 0; i < 2; i++)
            {
                var (done, pending) = await Asyncio.Wait(tasks);
                done.ShouldBe(tasks, ignoreOrder: true);
                pending.ShouldBeEmpty();
                done.Count(static task => task.Exception() is not null).ShouldBe(1);
                Asyncio.GetRunningLoop().Time.ShouldBe(0.15, 1e-6);
            }
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_first_exception")]
    public void First_exception_returns_for_a_task_that_fails_in_its_first_step()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var sleeping = Asyncio.CreateTask(Asyncio.Sleep(10));
            var failing = Asyncio.CreateTask(FailsAtOnce());
            var (done, pending) = await Asyncio.Wait([failing, sleeping], returnWhen: ReturnWhen.FirstException);
            done.ShouldBe([failing]);
            pending.ShouldBe([sleeping]);
            Asyncio.GetRunningLoop().Time.ShouldBe(0);
        }

        static async Coroutine FailsAtOnce() => throw new FormatException();
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_concurrent_complete")]
    public void A_task_that_ends_at_the_instant_of_the_timeout_is_done()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inTime = Asyncio.CreateTask(Asyncio.Sleep(0.1));
            var late = Asyncio.CreateTask(Asyncio.Sleep(0.15));
            await Asyncio.Sleep(0); // their timers are set before the timeout's
            var (done, pending) = await Asyncio.Wait([late, inTime], timeout: 0.1);
            done.ShouldBe([inTime]);
            pending.ShouldBe([late]);
            Asyncio.GetRunningLoop().Time.ShouldBe(0.1, 1e-6);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_asyncio_wait_for_cancelled")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_asyncio_wait_for_timeout")]
    public void WaitFor_ends_after_what_it_waits_for_however_often_that_ignores_a_cancellation(bool byTimeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var slow = new Slow();
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(slow.Run(), byTimeout ? 1 : 100));
            await Asyncio.Sleep(0);
            if (!byTimeout)
            {
                waiting.Cancel();
                await Asyncio.Sleep(1);
                waiting.Cancel();
            }
            await Asyncio.Wait([waiting]);
            slow.HasEnded.ShouldBeTrue();
            slow.Ignored.ShouldBe(byTimeout ? 1 : 2);
            Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-6);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(60.0)]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_cancel_blocking_wait_for")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_cancel_wait_for")]
    public void Cancelling_the_caller_cancels_the_task_with_and_without_a_timeout(double? timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Blocks());
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(task, timeout));
            Asyncio.GetRunningLoop().CallSoon(() => waiting.Cancel());
            await OnLoop.Failure<CancelledException>(waiting);
            task.IsCancelled.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(0);
        }

        static async Coroutine Blocks() => await Asyncio.GetRunningLoop().CreateFuture();
    }

    [Fact]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_issue86296")]
    public void A_caller_cancelled_when_the_inner_task_has_just_ended_does_not_go_on()
    {
        bool reachedEnd = false;
        VirtualTimeLoop.Run(Main());
        reachedEnd.ShouldBeFalse();

        async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(Done());
            var task = Asyncio.CreateTask(Waits(inner));
            await Asyncio.Sleep(0);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            inner.IsDone.ShouldBeTrue();
            (await inner).ShouldBe("done");
        }

        async Coroutine Waits(CoroutineTask<string> inner)
        {
            await Asyncio.WaitFor(inner, 100);
            await Asyncio.Sleep(1);
            reachedEnd = true;
        }

        static async Coroutine<string> Done() => "done";
    }

    [Fact]
    [CPython("test_waitfor.py::WaitForShieldTests.test_none_timeout")]
    public void Without_a_timeout_a_shielded_task_is_waited_for_to_its_end()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(0.1, "done"));
            (await Asyncio.WaitFor(Asyncio.Shield(task), null)).ShouldBe("done");
            task.IsDone.ShouldBeTrue();
            (await task).ShouldBe("done");
        }
    }

    // Runs for two seconds, whatever cancellations it gets.
    private sealed class Slow
    {
        internal bool HasEnded { get; private set; }

        internal int Ignored { get; private set; }

        internal async Coroutine Run()
        {
            var loop = Asyncio.GetRunningLoop();
            double end = loop.Time + 2;
            while (loop.Time < end)
            {
                try
                {
                    await Asyncio.Sleep(end - loop.Time);
                }
                catch (CancelledException)
                {
                    Ignored++;
                }
            }
            HasEnded = true;
        }
    }
}
