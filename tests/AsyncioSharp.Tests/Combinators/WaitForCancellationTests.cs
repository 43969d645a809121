using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>WaitFor when its caller is cancelled, and when completion, cancellation and timeout meet in one iteration.</summary>
public class WaitForCancellationTests
{
    [Fact]
    [Rule("WF-06")]
    public void Cancelling_the_caller_cancels_the_inner_one_and_waits_for_its_end()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(CleansUp(), 10));
            await Asyncio.Sleep(1);
            waiting.Cancel("caller");
            (await OnLoop.Failure<CancelledException>(waiting)).CancelMessage.ShouldBe("caller");
            loop.Time.ShouldBe(4, 1e-6);
        }

        static async Coroutine<int> CleansUp()
        {
            try
            {
                return await Asyncio.Sleep(50, 1);
            }
            finally
            {
                await Asyncio.Sleep(3);
            }
        }
    }

    [Fact]
    [Rule("WF-06")]
    public void Cancelling_the_caller_gives_whatever_the_inner_one_answers()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var returning = Asyncio.CreateTask(Asyncio.WaitFor(Answers(() => 7), 10));
            var failure = new FormatException();
            var failing = Asyncio.CreateTask(Asyncio.WaitFor(Answers(() => throw failure), 10));
            await Asyncio.Sleep(1);
            returning.Cancel();
            failing.Cancel();

            (await returning).ShouldBe(7);
            (await OnLoop.Failure<FormatException>(failing)).ShouldBeSameAs(failure);
        }

        static async Coroutine<int> Answers(Func<int> answer)
        {
            try
            {
                return await Asyncio.Sleep(50, 1);
            }
            catch (CancelledException)
            {
                return answer();
            }
        }
    }

    [Fact]
    [Rule("WF-06")]
    public void A_cancellation_of_the_caller_during_the_clean_up_after_a_timeout_is_no_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(CleansUp(), 1));
            await Asyncio.Sleep(2);
            waiting.Cancel();
            await OnLoop.Failure<CancelledException>(waiting);
            waiting.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine CleansUp()
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            finally
            {
                await Asyncio.Sleep(5);
            }
        }
    }

    [Fact]
    [Rule("WF-06")]
    public void A_coroutine_begins_even_if_the_caller_is_cancelled_before_and_not_if_the_time_is_up_before()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["begins", "cancelled: one", "begins", "ends"]);

        async Coroutine Main()
        {
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(Inner(), 10));
            await Asyncio.Sleep(0);
            waiting.Cancel("one");
            waiting.Cancel("two");
            await OnLoop.Failure<CancelledException>(waiting);

            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Inner(), 0));

            // A request that is taken back before the first step is forgotten, as any other that was only remembered.
            waiting = Asyncio.CreateTask(Asyncio.WaitFor(Inner(), 10));
            await Asyncio.Sleep(0);
            var inner = Asyncio.AllTasks().Single(task => task != waiting && task != Asyncio.CurrentTask());
            inner.Cancel("three");
            inner.Uncancel().ShouldBe(0);
            await waiting;
        }

        async Coroutine Inner()
        {
            log.Add("begins");
            try
            {
                await Asyncio.Sleep(5);
                log.Add("ends");
            }
            catch (CancelledException e)
            {
                log.Add($"cancelled: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Fact]
    [Rule("WF-07")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_self_cancellation", Deviation = "forwarded to the inner task, as since 3.12")]
    public void A_second_request_is_forwarded_to_the_inner_one_too()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["refused one at 1", "gave in to two at 2", "caller at 2"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(Resists(loop, log), 50));
            await Asyncio.Sleep(1);
            waiting.Cancel("one");
            await Asyncio.Sleep(1);
            waiting.IsDone.ShouldBeFalse();
            waiting.Cancel("two");
            await OnLoop.Failure<CancelledException>(waiting);
            log.Add($"caller at {loop.Time:0}");
        }
    }

    [Fact]
    [Rule("WF-08")]
    [CPython("test_waitfor.py::AsyncioWaitForTest.test_wait_for_issue86296")]
    public void A_caller_cancelled_after_the_completion_but_before_it_resumed_is_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inner = Asyncio.GetRunningLoop().CreateFuture<int>();
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(inner, 10));
            await Asyncio.Sleep(1);
            inner.SetResult(1);
            waiting.Cancel("late");
            (await OnLoop.Failure<CancelledException>(waiting)).CancelMessage.ShouldBe("late");
            waiting.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("WF-07")]
    public void With_no_time_too_a_request_is_forwarded_to_what_is_being_cancelled()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["refused  at 0", "gave in to two at 1"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var inner = Asyncio.CreateTask(Resists(loop, log));
            await Asyncio.Sleep(0);
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(inner, 0));
            await Asyncio.Sleep(1);
            waiting.IsDone.ShouldBeFalse();
            waiting.Cancel("two");
            (await OnLoop.Failure<CancelledException>(waiting)).CancelMessage.ShouldBe("two");
            inner.IsCancelled.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("WF-09")]
    public void A_result_that_arrives_in_the_iteration_of_the_timeout_wins(bool completesFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var inner = loop.CreateFuture<string>();
            double when = loop.Time + 1;
            if (completesFirst)
            {
                loop.CallAt(when, () => inner.SetResult("in time"));
            }
            var waiting = Asyncio.CreateTask(Asyncio.WaitFor(inner, 1));
            await Asyncio.Sleep(0);
            if (!completesFirst)
            {
                loop.CallAt(when, () => inner.SetResult("in time"));
            }
            (await waiting).ShouldBe("in time");
            loop.Time.ShouldBe(when, 1e-6);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("WF-10")]
    public void A_cancellation_from_outside_in_the_iteration_of_the_timeout_wins(bool cancelFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            CoroutineTask? waiting = null;
            double when = loop.Time + 1;
            if (cancelFirst)
            {
                loop.CallAt(when, () => waiting!.Cancel());
            }
            waiting = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.Sleep(10), 1));
            await Asyncio.Sleep(0);
            if (!cancelFirst)
            {
                loop.CallAt(when, () => waiting.Cancel());
            }
            await OnLoop.Failure<CancelledException>(waiting);
            waiting.IsCancelled.ShouldBeTrue();
        }
    }

    private static async Coroutine Resists(EventLoop loop, List<string> log)
    {
        try
        {
            await Asyncio.Sleep(20);
        }
        catch (CancelledException e)
        {
            log.Add($"refused {e.CancelMessage} at {loop.Time:0}");
        }
        try
        {
            await Asyncio.Sleep(20);
        }
        catch (CancelledException e)
        {
            log.Add($"gave in to {e.CancelMessage} at {loop.Time:0}");
            throw;
        }
    }
}
