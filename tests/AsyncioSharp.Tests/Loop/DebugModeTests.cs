using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>What debug mode adds: section 6 of docs/semantics.md.</summary>
public class DebugModeTests
{
    [Fact]
    [Rule("DBG-02")]
    [CPython("test_base_events.py::BaseEventLoopWithSelectorTests.test_log_slow_callbacks")]
    public void A_slow_callback_is_logged_with_its_text_and_its_time()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        var log = loop.CollectLog();
        loop.SlowCallbackDuration.ShouldBe(TimeSpan.FromSeconds(0.1));
        Should.Throw<ArgumentOutOfRangeException>(() => loop.SlowCallbackDuration = TimeSpan.FromSeconds(-1));
        loop.SlowCallbackDuration.ShouldBe(TimeSpan.FromSeconds(0.1));
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(0.0999)));
        loop.RunIteration();
        log.ToString().ShouldBeEmpty();

        loop.CallSoon(Slow, clock);
        loop.RunIteration();

        log.ToString().ShouldContain("Executing <Handle DebugModeTests.Slow(");
        log.ToString().ShouldEndWith(" took 0.100 seconds" + Environment.NewLine);
        loop.Close();
    }

    [Fact]
    [Rule("DBG-02")]
    [CPython("test_base_events.py::BaseEventLoopWithSelectorTests.test_log_slow_callbacks")]
    public void For_a_slow_step_of_a_task_the_tasks_own_text_is_shown()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        var log = loop.CollectLog();
        async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            clock.Advance(TimeSpan.FromSeconds(1.25));
            await Asyncio.Sleep(0);
        }

        loop.RunUntilComplete(loop.CreateTask(Main(), "tardy"));

        log.ToString().ShouldContain("Executing <Task pending name='tardy'");
        log.ToString().Split('\n')[0].TrimEnd().ShouldEndWith(" took 1.250 seconds");
        loop.Close();
    }

    [Fact]
    [Rule("DBG-02")]
    public void The_limit_can_be_set_and_nothing_is_measured_outside_debug_mode()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        var log = loop.CollectLog();
        loop.Debug = true;
        loop.SlowCallbackDuration = TimeSpan.FromSeconds(2);
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(1.9)));
        loop.RunIteration();
        loop.Debug = false;
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(100)));
        loop.RunIteration();
        log.ToString().ShouldBeEmpty();

        loop.Debug = true;
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(2)));
        loop.RunIteration();

        log.ToString().ShouldContain(" took 2.000 seconds");
        loop.Close();
    }

    [Fact]
    [Rule("DBG-03")]
    [CPython("test_base_events.py::BaseEventLoopWithSelectorTests.test_call_coroutine")]
    public void Async_methods_are_refused_as_callbacks_in_debug_mode()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;

        foreach (var (method, argument, use) in new (string, string, Action)[]
        {
#pragma warning disable ASYNCIO005 // refused in debug mode
            ("CallSoon", "callback", () => loop.CallSoon(AsyncVoid)),
            ("CallSoon", "callback", () => loop.CallSoon(async () => await Asyncio.Sleep(0))),
            ("CallSoon", "callback", () => loop.CallSoon(async _ => await Asyncio.Sleep(0), 1)),
            ("CallSoonThreadsafe", "callback", () => loop.CallSoonThreadsafe(AsyncVoid)),
            ("CallSoonThreadsafe", "callback", () => loop.CallSoonThreadsafe(async _ => await Asyncio.Sleep(0), 1)),
            ("CallAt", "callback", () => loop.CallAt(1, AsyncVoid)),
            ("CallAt", "callback", () => loop.CallAt(1, async _ => await Asyncio.Sleep(0), 1)),
            ("CallAt", "callback", () => loop.CallLater(1, AsyncVoid)),
            ("RunInExecutor", "action", () => loop.RunInExecutor(null, AsyncVoid)),
#pragma warning restore ASYNCIO005
            ("RunInExecutor", "function", () => loop.RunInExecutor(null, Forgotten)),
        })
        {
            var refused = Should.Throw<ArgumentException>(use);
            refused.ParamName.ShouldBe(argument);
            refused.Message.ShouldContain($"coroutines cannot be used with {method}()");
        }
        loop.Close();
    }

    [Fact]
    [Rule("DBG-03")]
    public void Outside_debug_mode_async_methods_are_not_looked_for()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;

#pragma warning disable ASYNCIO005 // not refused outside debug mode
        loop.CallSoon(AsyncVoid).Cancel();
        loop.CallSoonThreadsafe(AsyncVoid).Cancel();
        loop.CallLater(1, AsyncVoid).Cancel();
#pragma warning restore ASYNCIO005
        loop.Close();
    }

    [Fact]
    [Rule("DBG-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_source_traceback")]
    [CPython("test_futures.py::BaseFutureTests.test_future_source_traceback")]
    public void Futures_tasks_and_handles_know_where_they_were_made()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        loop.ExceptionHandler = (_, _) => { };
        var future = loop.CreateFuture<int>();
        var task = loop.CreateTask(Asyncio.Sleep(0));
        var handle = loop.CallSoon(() => { });

        foreach (object made in new object[] { future, task, handle })
        {
            made.ToString().ShouldNotBeNull().ShouldContain(" created at ");
        }
        future.ToString().ShouldContain(nameof(DebugModeTests) + ".cs:");
        future.SourceTraceback.ShouldNotBeNull().GetFrame(0)!.GetMethod()!.Name.ShouldBe(nameof(Futures_tasks_and_handles_know_where_they_were_made));
        task.SourceTraceback.ShouldNotBeNull().GetFrame(0)!.GetMethod()!.Name.ShouldBe(nameof(Futures_tasks_and_handles_know_where_they_were_made));
        task.ToString().ShouldContain(nameof(DebugModeTests) + ".cs:");
        loop.Close();
    }

    [Fact]
    [Rule("DBG-05")]
    public void Ten_frames_are_kept_at_most_and_none_outside_debug_mode()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        Deep(50).SourceTraceback.ShouldNotBeNull().FrameCount.ShouldBe(10);
        loop.Debug = false;

        var future = Deep(50);
        future.SourceTraceback.ShouldBeNull();
        future.ToString().ShouldBe("<Future pending>");
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        Future<int> Deep(int depth)
        {
            var made = depth == 0 ? loop.CreateFuture<int>() : Deep(depth - 1);
            return made;
        }
    }

    [Fact]
    [Rule("DBG-06")]
    [CPython("test_pep492.py::CoroutineTests.test_debug_mode_manages_coroutine_origin_tracking")]
    public void A_coroutine_that_is_never_awaited_is_reported_with_its_name_and_origin()
    {
        var reports = new List<ExceptionContext>();
        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            Forget();
            CloseOne();
            LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        RunInDebugMode(Main());

        var report = reports.ShouldHaveSingleItem();
        report.Message.ShouldBe("coroutine 'DebugModeTests.Forgotten' was never awaited");
        report.SourceTraceback.ShouldNotBeNull().ToString().ShouldContain(nameof(Forget));
    }

    [Fact]
    [Rule("DBG-06")]
    public void Coroutines_that_ran_or_are_held_are_not_reported()
    {
        var reports = new List<ExceptionContext>();
        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await Forgotten();
            await Asyncio.CreateTask(Forgotten());
            var held = Forgotten();
            LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(0);
            await held;
        }

        RunInDebugMode(Main());

        reports.ShouldBeEmpty();
    }

    [Fact]
    public void A_run_with_a_token_that_is_refused_leaves_nothing_that_was_never_awaited()
    {
        var reports = new List<ExceptionContext>();
        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var held = Forgotten();
            Refused(held);
            LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(0);
            await held;
        }

        RunInDebugMode(Main());

        reports.ShouldBeEmpty();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Refused(Coroutine coroutine)
        {
            using var source = new CancellationTokenSource();
            Should.Throw<InvalidOperationException>(() => Asyncio.Run(coroutine, source.Token)).Message.ShouldContain("running event loop");
        }
    }

    [Fact]
    [Rule("DBG-06")]
    public void A_report_that_is_on_its_way_when_the_loop_is_closed_is_not_lost()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var reports = loop.CollectReports();
        loop.CallSoon(Forget);
        loop.RunIteration();
        LoopHelpers.CollectGarbage(); // the report waits in the loop now
        reports.ShouldBeEmpty();

        loop.Close();

        reports.ShouldHaveSingleItem().Message.ShouldBe("coroutine 'DebugModeTests.Forgotten' was never awaited");
    }

    [Fact]
    [Rule("DBG-06")]
    public void Outside_debug_mode_there_is_no_such_report()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var reports = loop.CollectReports();
        loop.CallSoon(Forget);
        loop.RunIteration();

        LoopHelpers.CollectGarbage();
        loop.RunIteration();

        reports.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("DBG-07")]
    public void What_is_of_interest_only_to_those_who_look_for_it_is_not_written_to_the_standard_error_stream()
    {
        var stream = Console.Error;
        var written = new StringWriter();
        Console.SetError(TextWriter.Synchronized(written)); // other tests may write meanwhile
        try
        {
            VirtualTimeLoop.Run(Asyncio.Sleep(1), debug: true);
            var loop = VirtualTimeLoop.Create();
            loop.Warn("a warning of this test");
            loop.Close();
        }
        finally
        {
            Console.SetError(stream);
        }
        written.ToString().ShouldContain("a warning of this test");
        written.ToString().ShouldNotContain("Close <EventLoop");
    }

    [Fact]
    [Rule("DBG-07")]
    public void Closing_a_loop_in_debug_mode_is_logged()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        var log = loop.CollectLog();
        loop.Close();
        loop.Close();
        log.ToString().ShouldBe("Close <EventLoop running=False closed=False debug=True>" + Environment.NewLine);

        var quiet = VirtualTimeLoop.Create();
        quiet.Debug = false;
        var quietLog = quiet.CollectLog();
        quiet.Close();

        quietLog.ToString().ShouldBeEmpty();
    }

    [Fact]
    [Rule("DBG-08")]
    [CPython("test_pep492.py::CoroutineTests.test_async_def_coroutines")]
    public void Results_and_order_do_not_depend_on_debug_mode()
    {
        var plain = RunProgram(debug: false);
        plain.Count.ShouldBeGreaterThan(8);

        RunProgram(debug: true).ShouldBe(plain);

        static List<string> RunProgram(bool debug)
        {
            var order = new List<string>();
            async Coroutine<int> Worker(int number)
            {
                order.Add($"{number} starts");
                await Asyncio.Sleep(number);
                order.Add($"{number} ends");
                return number;
            }
            async Coroutine<int> Main()
            {
                var loop = Asyncio.GetRunningLoop();
                loop.Debug.ShouldBe(debug);
                loop.LogWriter = TextWriter.Null;
                loop.CallSoon(() => order.Add("soon"));
                loop.CallLater(1.5, () => order.Add("later"));
                var cancelled = loop.CreateTask(Worker(9));
                int[] results = await Asyncio.Gather(Worker(3), Worker(1), Worker(2));
                cancelled.Cancel("enough");
                try
                {
                    await cancelled;
                }
                catch (CancelledException e)
                {
                    order.Add(e.CancelMessage!);
                }
                return results.Sum();
            }
            order.Add($"result {VirtualTimeLoop.Run(Main(), debug)}");
            return order;
        }
    }

    private static void RunInDebugMode(Coroutine main)
        => Asyncio.Run(main, debug: true, loopFactory: static () =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.LogWriter = TextWriter.Null;
            return loop;
        });

    private static void Slow(VirtualClock clock) => clock.Advance(TimeSpan.FromSeconds(0.1));

    private static async void AsyncVoid() => await Asyncio.Sleep(0);

    [MethodImpl(MethodImplOptions.NoInlining)]
#pragma warning disable ASYNCIO001 // that is the subject
    private static void Forget() => _ = Forgotten();
#pragma warning restore ASYNCIO001

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CloseOne() => Forgotten().Close();

    private static async Coroutine Forgotten() => await Asyncio.Sleep(0);

    [Fact]
    [Rule("DBG-06")]
    public void A_guest_of_a_loop_in_debug_mode_takes_the_watch_over_its_coroutines_with_it_only_for_its_iterations()
    {
        var reports = new List<ExceptionContext>();
        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var guest = new EventLoop();
            guest.CallSoon(guest.Stop);
            await guest.RunAsGuest(SynchronizationContext.Current!);
            guest.Close();
            Forget();
            LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        RunInDebugMode(Main());

        reports.ShouldHaveSingleItem().Message.ShouldBe("coroutine 'DebugModeTests.Forgotten' was never awaited");
    }
}
