using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>The loop's time as a <see cref="TimeProvider"/>: code of .NET that takes one follows the loop's virtual time.</summary>
public class LoopTimeProviderTests
{
    [Fact]
    public void It_shows_the_loops_time()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var time = Asyncio.GetRunningLoop().TimeProvider;
            time.ShouldBeSameAs(Asyncio.GetRunningLoop().TimeProvider);
            long start = time.GetTimestamp();
            var date = time.GetUtcNow();
            await Asyncio.Sleep(3600);
            time.GetElapsedTime(start).ShouldBe(TimeSpan.FromHours(1));
            (time.GetUtcNow() - date).ShouldBe(TimeSpan.FromHours(1));
            time.LocalTimeZone.ShouldBe(TimeZoneInfo.Utc);
        }
    }

    [Fact]
    public void Delays_periodic_timers_and_timed_tokens_follow_virtual_time()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            await Task.Delay(TimeSpan.FromDays(1), loop.TimeProvider);
            loop.Time.ShouldBe(86400);

            using var timer = new PeriodicTimer(TimeSpan.FromHours(1), loop.TimeProvider);
            for (int hour = 1; hour <= 3; hour++)
            {
                (await timer.WaitForNextTickAsync()).ShouldBeTrue();
                loop.Time.ShouldBe(86400 + (3600 * hour));
            }

            using var source = new CancellationTokenSource(TimeSpan.FromMinutes(1), loop.TimeProvider);
            double before = loop.Time;
            await Assert.ThrowsAsync<TaskCanceledException>(async () => await Task.Delay(TimeSpan.FromDays(1), loop.TimeProvider, source.Token));
            (loop.Time - before).ShouldBe(60);

            await Assert.ThrowsAsync<TimeoutException>(() => new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(5), loop.TimeProvider));
            (loop.Time - before).ShouldBe(65);
        }
    }

    [Fact]
    public void Callbacks_run_on_the_loops_thread_in_the_order_of_their_deadlines_among_the_loops_own()
    {
        var order = new List<string>();
        VirtualTimeLoop.Run(Main());
        order.ShouldBe(["timer 1", "loop 2", "timer 3", "loop 3", "timer 3 again"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            int thread = Environment.CurrentManagedThreadId;
            using var third = Timer(3, "timer 3");
            loop.CallLater(3, () => order.Add("loop 3"));
            using var again = Timer(3, "timer 3 again");
            loop.CallLater(2, () => order.Add("loop 2"));
            using var first = Timer(1, "timer 1");
            await Asyncio.Sleep(4);

            ITimer Timer(double seconds, string name) => loop.TimeProvider.CreateTimer(
                state =>
                {
                    Environment.CurrentManagedThreadId.ShouldBe(thread);
                    Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
                    order.Add((string)state!);
                },
                name,
                TimeSpan.FromSeconds(seconds),
                Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public void A_timer_repeats_changes_and_ends()
    {
        var fired = new List<double>();
        VirtualTimeLoop.Run(Main());
        fired.ShouldBe([1, 3, 5, 15, 25, 30]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var timer = loop.TimeProvider.CreateTimer(_ => fired.Add(Math.Round(loop.Time, 9)), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
            await Asyncio.Sleep(6);
            timer.Change(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10)).ShouldBeTrue();
            await Asyncio.Sleep(20);
            timer.Change(Timeout.InfiniteTimeSpan, TimeSpan.FromSeconds(1)).ShouldBeTrue();
            await Asyncio.Sleep(3);
            timer.Change(TimeSpan.FromSeconds(1), TimeSpan.Zero).ShouldBeTrue();
            await Asyncio.Sleep(10);
            timer.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)).ShouldBeTrue();
            await timer.DisposeAsync();
            timer.Change(TimeSpan.Zero, TimeSpan.Zero).ShouldBeFalse();
            await Asyncio.Sleep(10);
        }
    }

    [Fact]
    public void A_callback_may_change_or_dispose_its_own_timer()
    {
        int fired = 0;
        VirtualTimeLoop.Run(Main());
        fired.ShouldBe(3);

        async Coroutine Main()
        {
            ITimer? timer = null;
            timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(
                _ =>
                {
                    if (++fired == 2)
                    {
                        timer!.Change(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
                    }
                    else if (fired == 3)
                    {
                        timer!.Dispose();
                    }
                },
                null,
                TimeSpan.FromSeconds(1),
                TimeSpan.FromSeconds(1));
            await Asyncio.Sleep(60);
        }
    }

    [Fact]
    public void What_a_callback_throws_is_reported_and_the_timer_goes_on()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.Count.ShouldBe(3);
        reports.ShouldAllBe(report => report.Exception is FormatException);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            using var timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(
                _ => throw new FormatException(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            await Asyncio.Sleep(3.5);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_report_of_a_failure_names_the_callback_also_when_that_ends_its_timer(bool ends)
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        var report = reports.ShouldHaveSingleItem();
        string test = $"{nameof(LoopTimeProviderTests)}.{nameof(The_report_of_a_failure_names_the_callback_also_when_that_ends_its_timer)}";
        report.Message.ShouldBe($"Exception in callback {test}.<locals>.Callback()");
        report.Handle.ShouldNotBeNull().ToString().ShouldContain(".Callback()");

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            ITimer? timer = null;
            timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(Callback, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            await Asyncio.Sleep(3);

            void Callback(object? state)
            {
                if (ends)
                {
                    timer!.Dispose();
                }
                throw new FormatException();
            }
        }
    }

    [Fact]
    public void A_callback_sees_the_context_in_which_its_timer_was_made_each_time_anew()
    {
        var seen = new List<int>();
        VirtualTimeLoop.Run(Main());
        seen.ShouldBe([1, 1]);

        async Coroutine Main()
        {
            var variable = new ContextVar<int>("variable", 0);
            variable.Set(1);
            using var timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(
                _ =>
                {
                    seen.Add(variable.Get());
                    variable.Set(5);
                },
                null,
                TimeSpan.FromSeconds(1),
                TimeSpan.FromSeconds(1));
            variable.Set(2);
            await Asyncio.Sleep(2.5);
        }
    }

    [Fact]
    public void Timers_may_be_made_changed_and_disposed_of_in_any_thread()
    {
        int wrong = 0;
        Asyncio.Run(Main());
        wrong.ShouldBe(0);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var fired = loop.CreateFuture();
            int thread = Environment.CurrentManagedThreadId;
            ITimer? kept = null;
            var maker = new TestThread(() =>
            {
                var hours = TimeSpan.FromHours(1);
                for (int i = 0; i < 1000; i++)
                {
                    var timer = loop.TimeProvider.CreateTimer(_ => wrong++, null, hours, hours);
                    timer.Change(TimeSpan.FromMinutes(i + 1), hours);
                    timer.Dispose();
                }
                kept = loop.TimeProvider.CreateTimer(
                    _ =>
                    {
                        Environment.CurrentManagedThreadId.ShouldBe(thread);
                        fired.SetResult(null);
                    },
                    null,
                    TimeSpan.FromMilliseconds(1),
                    Timeout.InfiniteTimeSpan);
            });
            await Asyncio.WaitFor(fired, Signal.LimitSeconds);
            maker.Join();
            kept!.Dispose();
        }
    }

    [Fact]
    public void On_the_loops_thread_no_callback_comes_behind_a_disposal_or_a_change_even_one_that_is_due()
    {
        var fired = new List<string>();
        VirtualTimeLoop.Run(Main());
        fired.ShouldBe(["first"]);

        async Coroutine Main()
        {
            var time = Asyncio.GetRunningLoop().TimeProvider;
            ITimer? second = null;
            ITimer? third = null;
            using var first = time.CreateTimer(
                _ =>
                {
                    fired.Add("first");
                    second!.Dispose(); // it and the third are due now, and in the loop's queue
                    third!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                },
                null,
                TimeSpan.FromSeconds(1),
                Timeout.InfiniteTimeSpan);
            second = time.CreateTimer(_ => fired.Add("second"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            third = time.CreateTimer(_ => fired.Add("third"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            await Asyncio.Sleep(5);
            third.Dispose();
        }
    }

    [Fact]
    public void A_disposal_in_another_thread_counts_on_the_loops_thread_before_the_loop_was_told()
    {
        int fired = 0;
        VirtualTimeLoop.Run(Main());
        fired.ShouldBe(0);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            ITimer? timer = null;
            loop.CallAt(1, () => new TestThread(timer!.Dispose).Join());
            timer = loop.TimeProvider.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)); // due in the same iteration, behind that
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    public void An_asynchronous_disposal_waits_for_a_callback_that_runs()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Task? disposed = null;
            bool isEarly = false;
            ITimer? timer = null;
            timer = loop.TimeProvider.CreateTimer(
                _ =>
                {
                    new TestThread(() => disposed = timer!.DisposeAsync().AsTask()).Join();
                    isEarly = disposed!.IsCompleted;
                },
                null,
                TimeSpan.FromMilliseconds(1),
                TimeSpan.FromMilliseconds(1));
            while (disposed is null)
            {
                await Asyncio.Sleep(0.001);
            }
            await disposed;
            isEarly.ShouldBeFalse();
            (await Dispose(timer)).ShouldBeTrue(); // nothing runs any more
        }

        static async Coroutine<bool> Dispose(ITimer timer)
        {
            var disposed = timer.DisposeAsync();
            await Asyncio.Sleep(0);
            return disposed.IsCompletedSuccessfully;
        }
    }

    [Fact]
    public void A_closed_loop_fires_no_timer_and_bad_times_are_refused()
    {
        int fired = 0;
        var loop = VirtualTimeLoop.Create();
        var pending = loop.TimeProvider.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.Zero);
        loop.Close();
        pending.Change(TimeSpan.Zero, TimeSpan.Zero).ShouldBeTrue();
        loop.TimeProvider.CreateTimer(_ => fired++, null, TimeSpan.Zero, TimeSpan.Zero).Dispose();
        Should.Throw<ArgumentNullException>(() => loop.TimeProvider.CreateTimer(null!, null, TimeSpan.Zero, TimeSpan.Zero));
        Should.Throw<ArgumentOutOfRangeException>(() => pending.Change(TimeSpan.FromSeconds(-1), TimeSpan.Zero)).ParamName.ShouldBe("dueTime");
        Should.Throw<ArgumentOutOfRangeException>(() => pending.Change(TimeSpan.Zero, TimeSpan.FromDays(365))).ParamName.ShouldBe("period");
        pending.Dispose();
        fired.ShouldBe(0);
    }
}
