using System.Globalization;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Timers and handles as programs see them: section 3 of docs/semantics.md. The heap behind them has its own tests.</summary>
public class TimerTests
{
    [Fact]
    [Rule("TIM-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_later")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_time_and_call_at")]
    public void CallLater_is_CallAt_the_time_plus_the_delay()
    {
        var clock = new VirtualClock();
        clock.Advance(TimeSpan.FromSeconds(100));
        var loop = VirtualTimeLoop.Create(clock);
        var fired = new List<string>();
        void Note(string name) => fired.Add(string.Create(CultureInfo.InvariantCulture, $"{name} at {loop.Time:0.###}"));

        loop.CallLater(1.5, () => Note("seconds")).When.ShouldBe(101.5, 1e-9);
        loop.CallLater(TimeSpan.FromSeconds(2), () => Note("span")).When.ShouldBe(102, 1e-9);
        loop.CallLater(TimeSpan.FromSeconds(2.75), Note, "span with state").When.ShouldBe(102.75, 1e-9);
        loop.CallLater(2.5, Note, "state").When.ShouldBe(102.5, 1e-9);
        loop.CallAt(103, () => Note("at")).When.ShouldBe(103);
        loop.CallAt(103.5, Note, "at with state").When.ShouldBe(103.5);
        loop.CallAt(104, loop.Stop);
        loop.RunForever();

        fired.ShouldBe(["seconds at 101.5", "span at 102", "state at 102.5", "span with state at 102.75", "at at 103", "at with state at 103.5"]);
        loop.Close();
    }

    [Theory]
    [Rule("TIM-01")]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-1e300)]
    [InlineData(double.NegativeInfinity)]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_later_negative_delays")]
    public void A_delay_of_zero_or_less_means_the_next_iteration(double delay)
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallSoon(() =>
        {
            loop.CallLater(delay, () => order.Add("timer"));
            order.Add("set");
        });

        loop.RunIteration();
        order.ShouldBe(["set"]);
        loop.RunIteration();

        order.ShouldBe(["set", "timer"]);
        loop.Time.ShouldBe(0);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-01")]
    public void A_cancelled_timer_does_not_run()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        var timer = loop.CallLater(1, () => order.Add("cancelled"));
        timer.IsCancelled.ShouldBeFalse();
        timer.Cancel();
        loop.CallLater(2, loop.Stop);

        loop.RunForever();

        timer.IsCancelled.ShouldBeTrue();
        timer.When.ShouldBe(1, 1e-9);
        order.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("TIM-01")]
    public void A_timer_at_positive_infinity_never_fires_and_does_not_disturb_the_others()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallLater(double.PositiveInfinity, () => order.Add("infinite"));
        loop.CallAt(double.PositiveInfinity, () => order.Add("infinite"));
        loop.CallLater(10, () => order.Add("10"));
        loop.CallLater(20, loop.Stop);

        loop.RunForever();

        order.ShouldBe(["10"]);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-01", "LOOP-05")]
    public void Timers_at_positive_infinity_do_not_limit_the_wait()
    {
        var parker = new ScriptedParker(new VirtualClock());
        var loop = new EventLoop(parker: parker);
        loop.CallLater(double.PositiveInfinity, () => { });
        parker.WhileParked = _ => LoopHelpers.OnOtherThread(() => loop.CallSoonThreadsafe(loop.Stop)).ShouldBeNull();

        loop.RunForever();

        parker.Waits.ShouldBe([double.PositiveInfinity]);
        loop.Close();
    }

    [Theory]
    [Rule("TIM-01")]
    [InlineData(1e7)]
    [InlineData(1e8)]
    [InlineData(123456789.123)]
    [InlineData(5e9)]
    public void Long_delays_fire_although_a_tick_of_the_clock_is_lost_in_the_rounding_of_so_large_times(double delay)
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        loop.CallLater(delay, () =>
        {
            order.Add("first");
            loop.CallLater(0.5, () =>
            {
                order.Add("half a second later");
                loop.Stop();
            });
        });

        RunGuarded(loop);

        order.ShouldBe(["first", "half a second later"]);
        loop.Time.ShouldBe(delay + 0.5, 1e-5);
        loop.Close();
    }

    [Theory]
    [Rule("TIM-01")]
    [InlineData(double.PositiveInfinity, "Deadlock on virtual time")]
    [InlineData(1e12, "The virtual clock ends")]
    [InlineData(1e300, "The virtual clock ends")]
    public void A_loop_on_virtual_time_that_waits_for_nothing_but_a_timer_beyond_all_time_says_so(double delay, string message)
    {
        var loop = VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromMilliseconds(20)));
        loop.CallLater(delay, () => { });

        Should.Throw<InvalidOperationException>(() => RunGuarded(loop)).Message.ShouldContain(message);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-02")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_later_negative_delays")]
    public void Timers_fire_in_order_of_deadline_whatever_the_order_of_registration()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<double>();
        foreach (double delay in new[] { 5, 1, 4.5, -1, 3, 0, 2, -2.5 })
        {
            loop.CallLater(delay, order.Add, delay);
        }
        loop.CallLater(6, loop.Stop);

        loop.RunForever();

        order.ShouldBe([-2.5, -1, 0, 1, 2, 3, 4.5, 5]);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-02")]
    public void Equal_deadlines_fire_in_order_of_registration()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<int>();
        for (int i = 0; i < 500; i++)
        {
            loop.CallAt(7, order.Add, i);
        }
        loop.CallAt(7, loop.Stop);

        loop.RunForever();

        order.ShouldBe(Enumerable.Range(0, 500));
        loop.Close();
    }

    [Fact]
    [Rule("TIM-03")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_time_and_call_at")]
    public void A_timer_is_due_up_to_one_tick_of_the_clock_early_and_not_more()
    {
        var clock = new SlowClock(); // ten ticks a second
        var loop = new EventLoop(clock);
        var order = new List<string>();
        loop.CallAt(1.05, () => order.Add("within the tick"));
        loop.CallAt(1.15, () => order.Add("beyond the tick"));

        clock.Ticks = 9;
        loop.RunIteration();
        order.ShouldBeEmpty();
        clock.Ticks = 10; // 1.0 s
        loop.RunIteration();
        order.ShouldBe(["within the tick"]);
        clock.Ticks = 11;
        loop.RunIteration();

        order.ShouldBe(["within the tick", "beyond the tick"]);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-04")]
    public void Bad_arguments_are_refused_at_the_call_by_name()
    {
        var loop = VirtualTimeLoop.Create();

        Should.Throw<ArgumentException>(() => loop.CallLater(double.NaN, () => { })).ParamName.ShouldBe("delay");
        Should.Throw<ArgumentException>(() => loop.CallLater(double.NaN, GC.KeepAlive, new object())).ParamName.ShouldBe("delay");
        Should.Throw<ArgumentException>(() => loop.CallAt(double.NaN, () => { })).ParamName.ShouldBe("when");
        Should.Throw<ArgumentException>(() => loop.CallAt(double.NaN, GC.KeepAlive, new object())).ParamName.ShouldBe("when");
        Should.Throw<ArgumentNullException>(() => loop.CallLater(1, null!)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallLater(TimeSpan.Zero, null!)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallLater<int>(1, null!, 1)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallAt(1, null!)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallAt<int>(1, null!, 1)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallSoon(null!)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallSoon<int>(null!, 1)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallSoonThreadsafe(null!)).ParamName.ShouldBe("callback");
        Should.Throw<ArgumentNullException>(() => loop.CallSoonThreadsafe<int>(null!, 1)).ParamName.ShouldBe("callback");
        loop.RunIteration(); // nothing of it was queued
        loop.Close();
    }

    [Fact]
    [Rule("TIM-05")]
    public void Cancelled_timers_do_not_change_what_fires()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<int>();
        var timers = new List<TimerHandle>();
        for (int i = 0; i < 1000; i++)
        {
            timers.Add(loop.CallLater(1000 - i, order.Add, i));
        }
        for (int i = 0; i < 1000; i++)
        {
            if (i % 10 != 0)
            {
                timers[i].Cancel();
            }
        }
        loop.CallLater(2000, loop.Stop);

        loop.RunForever();

        order.ShouldBe(Enumerable.Range(0, 100).Select(i => i * 10).Reverse());
        loop.Close();
    }

    [Fact]
    [Rule("TIM-06")]
    public void Cancelling_drops_the_callback_with_what_it_holds_at_once_and_may_be_repeated()
    {
        var loop = VirtualTimeLoop.Create();
        var (handles, held) = Make(loop);
        foreach (var handle in handles)
        {
            handle.Cancel();
            handle.Cancel();
            handle.IsCancelled.ShouldBeTrue();
        }

        LoopHelpers.CollectGarbage();

        held.Count.ShouldBe(5);
        held.ShouldAllBe(reference => !reference.IsAlive);
        GC.KeepAlive(handles);
        loop.RunIteration();
        loop.Close();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (List<Handle> Handles, List<WeakReference> Held) Make(EventLoop loop)
        {
            var held = new List<WeakReference>();
            object Held()
            {
                object value = new();
                held.Add(new WeakReference(value));
                return value;
            }
            return ([
                loop.CallSoon(new Holder(Held()).Call),
                loop.CallSoon(GC.KeepAlive, Held()),
                loop.CallSoonThreadsafe(GC.KeepAlive, Held()),
                loop.CallLater(1, new Holder(Held()).Call),
                loop.CallAt(1, GC.KeepAlive, Held()),
            ], held);
        }
    }

    [Fact]
    [Rule("TIM-06")]
    public void Cancelling_a_handle_that_has_run_does_nothing()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        var soon = loop.CallSoon(() => order.Add("soon"));
        var timer = loop.CallLater(0, () => order.Add("timer"));
        loop.RunIteration();

        soon.Cancel();
        timer.Cancel();
        loop.RunIteration();

        order.ShouldBe(["soon", "timer"]);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-06", "EXC-01")]
    public void A_callback_that_cancels_its_own_handle_and_then_fails_is_reported_as_any_other()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var order = new List<string>();
        Handle? handle = null;
        TimerHandle? timer = null;
        handle = loop.CallSoon(() =>
        {
            handle!.Cancel();
            throw new FormatException("soon");
        });
        timer = loop.CallLater(
            0,
            state =>
            {
                timer!.Cancel();
                throw new FormatException(state);
            },
            "timer");
        loop.CallLater(0, () => order.Add("goes on"));

        loop.RunIteration();

        reports.Select(report => report.Exception!.Message).ShouldBe(["soon", "timer"]);
        reports.ShouldAllBe(report => report.Message!.StartsWith("Exception in callback"));
        order.ShouldBe(["goes on"]);
        loop.Close();
    }

    [Fact]
    [Rule("TIM-07")]
    public void The_text_of_a_handle_names_the_callback_until_it_is_cancelled()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var soon = loop.CallSoon(Callback);
        var state = loop.CallSoon(CallbackWith, "secret");
        var timer = loop.CallAt(12.5, Callback);

        soon.ToString().ShouldBe("<Handle TimerTests.Callback()>");
        state.ToString().ShouldBe("<Handle TimerTests.CallbackWith()>");
        timer.ToString().ShouldBe("<TimerHandle when=12.5 TimerTests.Callback()>");
        soon.Cancel();
        timer.Cancel();
        soon.ToString().ShouldBe("<Handle cancelled>");
        timer.ToString().ShouldBe("<TimerHandle cancelled when=12.5>");
        loop.Close();
    }

    [Fact]
    [Rule("TIM-07", "TIM-06")]
    public void In_debug_mode_the_text_shows_arguments_and_origin_and_survives_the_cancellation()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var soon = loop.CallSoon(Callback);
        var state = loop.CallSoon(CallbackWith, "shown");
        var timer = loop.CallAt(12.5, Callback);

        soon.ToString().ShouldStartWith("<Handle TimerTests.Callback() created at ");
        state.ToString().ShouldStartWith("<Handle TimerTests.CallbackWith('shown') created at ");
        timer.ToString().ShouldStartWith("<TimerHandle when=12.5 TimerTests.Callback() created at ");
        soon.Cancel();
        state.Cancel();
        timer.Cancel();
        soon.ToString().ShouldStartWith("<Handle cancelled TimerTests.Callback() created at ");
        state.ToString().ShouldStartWith("<Handle cancelled TimerTests.CallbackWith('shown') created at ");
        timer.ToString().ShouldStartWith("<TimerHandle cancelled when=12.5 TimerTests.Callback() created at ");
        loop.Close();
    }

    private static void Callback()
    {
    }

    private static void CallbackWith(string state) => GC.KeepAlive(state);

    // A loop that spins would hang the test; here it is interrupted.
    private static void RunGuarded(EventLoop loop)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var registration = guard.Token.Register(() => loop.CallSoonThreadsafe(() => throw new KeyboardInterruptException("the loop spins")));
        loop.RunForever();
    }

    private sealed class Holder(object held)
    {
        internal void Call() => GC.KeepAlive(held);
    }

    private sealed class SlowClock : TimeProvider
    {
        internal long Ticks { get; set; }

        public override long TimestampFrequency => 10;

        public override long GetTimestamp() => Ticks;
    }
}
