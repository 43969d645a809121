using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Sleeping: how long, in what order sleepers wake, and what a cancelled sleep leaves behind.</summary>
public class SleepTests
{
    [Fact]
    [Rule("SLP-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_sleep")]
    public void A_sleep_takes_its_seconds_of_loop_time_and_gives_its_result()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            double start = loop.Time;

            await Asyncio.Sleep(1.5);
            (loop.Time - start).ShouldBe(1.5, 1e-6);
            (await Asyncio.Sleep(2, "slept")).ShouldBe("slept");
            (loop.Time - start).ShouldBe(3.5, 1e-6);
            await Asyncio.Sleep(TimeSpan.FromSeconds(3));
            (await Asyncio.Sleep(TimeSpan.FromMinutes(1), 7)).ShouldBe(7);
            (loop.Time - start).ShouldBe(66.5, 1e-6);
        }
    }

    [Fact]
    [Rule("SLP-01")]
    public void The_time_of_a_sleep_begins_when_it_is_awaited()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var sleep = Asyncio.Sleep(1);
            await Asyncio.Sleep(5);
            double start = loop.Time;
            await sleep;
            (loop.Time - start).ShouldBe(1, 1e-6);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NegativeInfinity)]
    [Rule("SLP-02")]
    [CPython("test_tasks.py::SleepTests.test_sleep_zero")]
    public void Zero_and_less_mean_exactly_one_iteration_and_no_timer(double seconds)
    {
        var log = new List<string>();
        var loop = VirtualTimeLoop.Create();
        _ = loop.CreateTask(Sleeper());

        loop.RunOnce();
        log.ShouldBe(["before"]);
        loop.RunOnce();
        log.ShouldBe(["before", "between"]);
        loop.RunOnce();
        log.ShouldBe(["before", "between", "result"]);
        loop.Time.ShouldBe(0);
        loop.Close();

        async Coroutine Sleeper()
        {
            log.Add("before");
            await Asyncio.Sleep(seconds);
            log.Add("between");
            log.Add(await Asyncio.Sleep(seconds, "result"));
        }
    }

    [Fact]
    [Rule("SLP-02")]
    [CPython("test_tasks.py::SleepTests.test_sleep_zero")]
    public void Sleep_zero_lets_every_other_ready_task_run_once()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["a1", "b1", "a2", "b2", "a3", "b3"]);

        async Coroutine Main() => await Asyncio.Gather(Turns("a"), Turns("b"));

        async Coroutine Turns(string name)
        {
            log.Add(name + "1");
            await Asyncio.Sleep(0);
            log.Add(name + "2");
            await Asyncio.Sleep(TimeSpan.Zero);
            log.Add(name + "3");
        }
    }

    [Fact]
    [Rule("SLP-03")]
    [CPython("test_tasks.py::BaseTaskTests.test_sleep_cancel")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_cancel_sleeping_task")]
    public void Cancelling_a_sleeper_cancels_its_timer()
    {
        var waits = LoopSteps.WaitsOf(Main);
        waits.ShouldBe([1, 100]); // not 1, 9 and 91: the timer at 10 is gone

        static async Coroutine Main()
        {
            var sleeper = Asyncio.CreateTask(Asyncio.Sleep(10));
            await Asyncio.Sleep(1);
            sleeper.Cancel("enough").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(sleeper)).CancelMessage.ShouldBe("enough");
            sleeper.IsCancelled.ShouldBeTrue();
            await Asyncio.Sleep(100);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("SLP-03")]
    [CPython("test_futures.py::BaseFutureTests.test_set_result_unless_cancelled")]
    public void A_timer_that_fires_in_the_iteration_of_the_cancellation_does_not_undo_it(bool cancelFirst)
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            double when = loop.Time + 1;
            CoroutineTask? sleeper = null;
            if (cancelFirst)
            {
                loop.CallAt(when, () => sleeper!.Cancel());
            }
            sleeper = Asyncio.CreateTask(Asyncio.Sleep(1));
            await Asyncio.Sleep(0);
            if (!cancelFirst)
            {
                loop.CallAt(when, () => sleeper.Cancel());
            }
            await OnLoop.Failure<CancelledException>(sleeper);
            sleeper.IsCancelled.ShouldBeTrue();
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    [Rule("SLP-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_sleep_when_delay_is_nan", Deviation = "at the call, not when it runs")]
    public void Not_a_number_is_refused_at_the_call()
    {
        Should.Throw<ArgumentException>(() => Asyncio.Sleep(double.NaN)).ParamName.ShouldBe("seconds");
        var refused = Should.Throw<ArgumentException>(() => Asyncio.Sleep(double.NaN, "result"));
        refused.ParamName.ShouldBe("seconds");
        refused.Message.ShouldContain("NaN");
    }

    [Fact]
    [Rule("SLP-05")]
    public void Sleepers_wake_in_order_of_their_deadlines_and_those_without_a_time_before_any_timer()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["zero", "negative", "short", "middle", "long"]);

        async Coroutine Main() => await Asyncio.Gather(
            Sleeper("long", 3), Sleeper("short", 1e-6), Sleeper("zero", 0), Sleeper("middle", 2), Sleeper("negative", -1));

        async Coroutine Sleeper(string name, double seconds)
        {
            await Asyncio.Sleep(seconds);
            log.Add(name);
        }
    }

    [Fact]
    [Rule("SLP-05")]
    public void Sleepers_with_the_same_deadline_wake_in_the_order_in_which_they_fell_asleep()
    {
        var log = new List<int>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(Enumerable.Range(0, 20));

        async Coroutine Main() => await Asyncio.Gather(Enumerable.Range(0, 20).Select(Sleeper));

        async Coroutine Sleeper(int number)
        {
            await Asyncio.Sleep(1);
            log.Add(number);
        }
    }

    [Fact]
    public void The_text_of_a_cancelled_sleepers_task_says_that_its_wait_is_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(3600));
            await Asyncio.Sleep(0);
            task.Cancel();
            task.ToString().ShouldContain("wait_for=<Future cancelled>");
            await OnLoop.Failure<CancelledException>(task);
        }
    }

    [Theory]
    [InlineData("sleep")]
    [InlineData("wait")]
    [InlineData("timeout")]
    [InlineData("scope")]
    public void The_timers_of_sleeps_that_are_cancelled_and_of_waits_that_end_in_time_do_not_pile_up(string what)
    {
        VirtualTimeLoop.Run(Main(what));

        static async Coroutine Main(string what)
        {
            var loop = Asyncio.GetRunningLoop();
            loop.CallLater(1000, static () => { }); // so that the others are not simply the first
            for (int i = 0; i < 1000; i++)
            {
                switch (what)
                {
                    case "wait": await Asyncio.WaitFor(Asyncio.Sleep(0), 3600); break;
                    case "timeout": await Asyncio.Timeout(3600).Run(static _ => Asyncio.Sleep(0)); break;
                    case "scope": await new CancelScope(3600).Run(static _ => Asyncio.Sleep(0)); break;
                    default:
                        var task = Asyncio.CreateTask(Asyncio.Sleep(3600));
                        await Asyncio.Sleep(0);
                        task.Cancel();
                        await OnLoop.Failure<CancelledException>(task);
                        break;
                }
            }
            loop.TimerCount.ShouldBeLessThan(150);
        }
    }
}
