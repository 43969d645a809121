using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The order in which an iteration runs things, how long it waits before, and what a loop says of itself: section 1 of docs/semantics.md.</summary>
public class LoopCoreTests
{
    [Fact]
    [Rule("LOOP-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_soon")]
    public void Ready_callbacks_run_first_in_first_out_and_once()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<int>();
        for (int i = 0; i < 1000; i++)
        {
            loop.CallSoon(order.Add, i);
        }

        loop.RunIteration();
        loop.RunIteration();

        order.ShouldBe(Enumerable.Range(0, 1000));
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-01")]
    public void Plain_callbacks_thread_safe_ones_tasks_and_done_callbacks_share_one_queue()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        var done = loop.CreateFuture<int>();
        done.SetResult(1);
        async Coroutine Step()
        {
            order.Add("task");
            await Asyncio.Sleep(0);
        }

        loop.CallSoon(() =>
        {
            loop.CallSoon(() => order.Add("soon"));
            loop.CallSoonThreadsafe(() => order.Add("threadsafe"));
            _ = loop.CreateTask(Step());
            done.AddDoneCallback(_ => order.Add("done callback"));
            loop.CallSoon(() => order.Add("soon again"));
        });
        loop.RunIteration();
        order.ShouldBeEmpty();
        loop.RunIteration();

        order.ShouldBe(["soon", "threadsafe", "task", "done callback", "soon again"]);
        loop.RunIteration();
        loop.RunIteration();
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-02")]
    [CPython("test_base_events.py::BaseEventLoopTests.test__run_once_schedule_handle")]
    public void What_callbacks_schedule_waits_for_the_next_iteration()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallSoon(() =>
        {
            order.Add("a");
            loop.CallSoon(() => order.Add("a2"));
        });
        loop.CallSoon(() => order.Add("b"));

        loop.RunIteration();
        order.ShouldBe(["a", "b"]);
        loop.RunIteration();

        order.ShouldBe(["a", "b", "a2"]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-02")]
    public void A_callback_that_reschedules_itself_does_not_starve_the_others()
    {
        var loop = VirtualTimeLoop.Create();
        int turns = 0;
        void Again()
        {
            turns++;
            loop.CallSoon(Again);
        }

        loop.CallSoon(Again);
        for (int i = 0; i < 500; i++)
        {
            loop.RunIteration();
        }

        turns.ShouldBe(500);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-03")]
    public void Due_timers_run_behind_what_is_ready_in_order_of_deadline()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        var order = new List<string>();
        loop.CallLater(0.3, () => order.Add("timer 0.3"));
        loop.CallLater(0, () => order.Add("timer 0"));
        loop.CallLater(0.1, () => order.Add("timer 0.1"));
        loop.CallSoon(() => order.Add("soon"));
        clock.Advance(TimeSpan.FromSeconds(1));

        loop.RunIteration();

        order.ShouldBe(["soon", "timer 0", "timer 0.1", "timer 0.3"]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-04")]
    public void The_callbacks_of_a_future_keep_their_place_among_callbacks_queued_before_and_after()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        var future = loop.CreateFuture<int>();
        future.AddDoneCallback(_ => order.Add("future 1"));
        future.AddDoneCallback(_ => order.Add("future 2"));

        loop.CallSoon(() => order.Add("x"));
        future.SetResult(1);
        loop.CallSoon(() => order.Add("y"));
        order.ShouldBeEmpty();
        loop.RunIteration();

        order.ShouldBe(["x", "future 1", "future 2", "y"]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-05")]
    public void Nothing_is_waited_for_while_something_is_ready_or_a_stop_is_pending()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker);
        loop.CallLater(60, () => { });

        loop.RunIteration();
        loop.CallSoon(() => loop.CallSoon(loop.Stop));
        loop.RunForever();

        parker.Waits.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-05")]
    [CPython("test_base_events.py::BaseEventLoopTests.test__run_once")]
    public void The_wait_lasts_until_the_first_timer_that_is_not_cancelled()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker);
        loop.CallLater(1, () => { }).Cancel();
        loop.CallLater(5, loop.Stop);
        loop.CallLater(2, () => { });

        loop.RunForever();

        parker.Waits.ShouldBe([2, 3]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-05")]
    public void One_wait_is_24_hours_at_most()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker);
        loop.CallLater(60 * 3600, loop.Stop);

        loop.RunForever();

        parker.Waits.ShouldBe([24 * 3600, 24 * 3600, 12 * 3600]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-05")]
    public void Without_timers_the_wait_is_unlimited()
    {
        var parker = new ScriptedParker(new VirtualClock());
        var loop = new EventLoop(parker: parker);
        parker.WhileParked = _ => LoopHelpers.OnOtherThread(() => loop.CallSoonThreadsafe(loop.Stop)).ShouldBeNull();

        loop.RunForever();

        parker.Waits.ShouldBe([double.PositiveInfinity]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-05")]
    public void Timers_that_are_all_cancelled_do_not_limit_the_wait()
    {
        var parker = new ScriptedParker(new VirtualClock());
        var loop = new EventLoop(parker: parker);
        loop.CallLater(1, () => { }).Cancel();
        parker.WhileParked = _ => LoopHelpers.OnOtherThread(() => loop.CallSoonThreadsafe(loop.Stop)).ShouldBeNull();

        loop.RunForever();

        parker.Waits.ShouldBe([double.PositiveInfinity]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-06")]
    public void A_handle_cancelled_earlier_in_the_same_iteration_is_skipped()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        Handle? second = null;
        TimerHandle? third = null;
        loop.CallSoon(() =>
        {
            order.Add("first");
            second!.Cancel();
            third!.Cancel();
        });
        second = loop.CallSoon(() => order.Add("second"));
        third = loop.CallLater(0, () => order.Add("third"));
        loop.CallLater(0, () => order.Add("fourth"));

        loop.RunIteration();

        order.ShouldBe(["first", "fourth"]);
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-07")]
    public void Time_is_seconds_of_the_clock_and_works_on_a_closed_loop()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        double start = loop.Time;
        clock.Advance(TimeSpan.FromMilliseconds(1500));
        loop.Time.ShouldBe(start + 1.5, 1e-9);
        loop.Close();
        clock.Advance(TimeSpan.FromSeconds(1));

        loop.Time.ShouldBe(start + 2.5, 1e-9);
    }

    [Fact]
    [Rule("LOOP-07")]
    public void The_time_of_the_system_never_goes_back()
    {
        var loop = new EventLoop();
        double last = loop.Time;
        for (int i = 0; i < 10_000; i++)
        {
            double now = loop.Time;
            now.ShouldBeGreaterThanOrEqualTo(last);
            last = now;
        }
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-08")]
    public void The_running_loop_is_known_in_coroutines_and_in_callbacks_and_nowhere_else()
    {
        var loop = VirtualTimeLoop.Create();
        var seen = new List<EventLoop>();
        async Coroutine Main()
        {
            seen.Add(Asyncio.GetRunningLoop());
            await Asyncio.Sleep(1);
            seen.Add(Asyncio.GetRunningLoop());
            LoopHelpers.OnOtherThread(() => Asyncio.GetRunningLoop()).ShouldBeOfType<InvalidOperationException>();
        }

        loop.CallSoon(() => seen.Add(Asyncio.GetRunningLoop()));
        loop.RunUntilComplete(Main());

        seen.ShouldBe([loop, loop, loop]);
        Should.Throw<InvalidOperationException>(() => Asyncio.GetRunningLoop()).Message.ShouldContain("no running event loop");
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-09")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_without_loop")]
    [CPython("test_futures.py::BaseFutureTests.test_wrap_future_without_loop")]
    public void What_needs_a_loop_raises_where_none_runs_and_never_makes_one()
    {
        static async Coroutine<int> One()
        {
            await Asyncio.Sleep(0);
            return 1;
        }

        foreach (var use in new Action[]
        {
            () => Asyncio.EnsureFuture(One()),
            () => Asyncio.Gather(One(), One()),
            () => Asyncio.Gather<int>([]),
            () => Asyncio.Shield(One()),
            () => Asyncio.CreateTask(One()),
            () => Asyncio.CurrentTask(),
            () => Asyncio.AllTasks(),
            () => Asyncio.WrapFuture(new ConcurrentFuture<int>()),
        })
        {
            Should.Throw<InvalidOperationException>(use).Message.ShouldContain("no running event loop");
        }
    }

    [Fact]
    [Rule("LOOP-09")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_use_running_loop")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_constructor_loop_selection")]
    [CPython("test_tasks.py::BaseTaskTests.test_shield_coroutine_use_running_loop")]
    public void What_needs_a_loop_uses_the_running_one()
    {
        var loop = VirtualTimeLoop.Create();
        static async Coroutine<int> One()
        {
            await Asyncio.Sleep(0);
            return 1;
        }
        async Coroutine Main()
        {
            Asyncio.EnsureFuture(One()).Loop.ShouldBeSameAs(loop);
            Asyncio.Gather(One(), One()).Loop.ShouldBeSameAs(loop);
            Asyncio.Shield(One()).Loop.ShouldBeSameAs(loop);
            await Asyncio.Sleep(1);
        }

        loop.RunUntilComplete(Main());
        loop.Close();
    }

    [Fact]
    [Rule("LOOP-10")]
    public void The_text_of_a_loop_tells_its_state()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        string? running = null;
        loop.CallSoon(() => running = loop.ToString());
        loop.ToString().ShouldBe("<EventLoop running=False closed=False debug=False>");
        loop.RunIteration();
        running.ShouldBe("<EventLoop running=True closed=False debug=False>");
        loop.Close();
        loop.Debug = true;

        loop.ToString().ShouldBe("<EventLoop running=False closed=True debug=True>");
    }

    [Fact]
    [Rule("LOOP-11")]
    public void A_loop_that_is_dropped_unclosed_warns_and_is_closed()
    {
        using var log = new StringWriter();
        using var executor = new DisposableExecutor();
        MakeAndDrop(log, closed: false, executor.Pool);

        LoopHelpers.CollectGarbage();

        log.ToString().ShouldContain("unclosed event loop <EventLoop running=False closed=False");
        Should.Throw<InvalidOperationException>(() => executor.Pool.Submit(() => 1)).Message.ShouldContain("shutdown");
    }

    [Fact]
    [Rule("LOOP-11")]
    public void A_closed_loop_is_dropped_without_a_word()
    {
        using var log = new StringWriter();
        using var executor = new DisposableExecutor();
        MakeAndDrop(log, closed: true, executor.Pool);

        LoopHelpers.CollectGarbage();

        log.ToString().ShouldBeEmpty();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MakeAndDrop(StringWriter log, bool closed, ThreadPoolExecutor executor)
    {
        var loop = new EventLoop { LogWriter = log, Debug = false };
        loop.SetDefaultExecutor(executor);
        loop.CallSoon(() => { });
        loop.RunIteration();
        if (closed)
        {
            loop.Close();
        }
    }

    private sealed class DisposableExecutor : IDisposable
    {
        internal ThreadPoolExecutor Pool { get; } = new(1);

        public void Dispose() => Pool.Shutdown(wait: false);
    }
}
