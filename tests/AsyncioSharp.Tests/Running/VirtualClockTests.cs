using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Running;

/// <summary>Virtual time: it jumps from deadline to deadline, stands still while functions run in threads, and recognises a deadlock.</summary>
public class VirtualClockTests
{
    [Fact]
    public void An_hour_of_sleep_takes_no_time()
    {
        long start = TimeProvider.System.GetTimestamp();
        double time = VirtualTimeLoop.Run(Main());

        time.ShouldBe(3600);
        TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(Signal.LimitSeconds));

        static async Coroutine<double> Main()
        {
            await Asyncio.Sleep(3600);
            return Asyncio.GetRunningLoop().Time;
        }
    }

    [Fact]
    public void Time_stands_still_while_there_is_anything_to_do()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var sleeper = Asyncio.CreateTask(Asyncio.Sleep(1));
            for (int i = 0; i < 100; i++)
            {
                await Asyncio.Sleep(0);
            }
            loop.Time.ShouldBe(0);
            await sleeper;
            loop.Time.ShouldBe(1);
        }
    }

    [Theory]
    [InlineData(new[] { 0.1, 0.2 }, 300_000_000)]
    [InlineData(new[] { 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7 }, 2_800_000_000)]
    [InlineData(new[] { 1.1, 2.2, 3.3 }, 6_600_000_000)]
    [InlineData(new[] { 1e-9, 1e-9, 1e-9 }, 3)]
    [InlineData(new[] { 86400.1, 86400.2 }, 172_800_300_000_000)]
    public void It_jumps_exactly_to_the_deadlines(double[] sleeps, long nanoseconds)
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.RunUntilComplete(Main());
        loop.Close();

        clock.GetTimestamp().ShouldBe(nanoseconds);
        clock.Seconds.ShouldBe(nanoseconds / 1e9);

        async Coroutine Main()
        {
            foreach (double seconds in sleeps)
            {
                await Asyncio.Sleep(seconds);
            }
        }
    }

    [Fact]
    public void Timers_of_the_same_deadline_reached_by_different_sums_fire_together()
    {
        var order = new List<string>();
        VirtualTimeLoop.Run(Main());
        order.ShouldBe(["in two steps 0.3", "in one step 0.3"], ignoreOrder: true);

        async Coroutine Main()
        {
            await Asyncio.Gather(TwoSteps(), OneStep());

            async Coroutine TwoSteps()
            {
                await Asyncio.Sleep(0.1);
                await Asyncio.Sleep(0.2);
                Note("in two steps");
            }

            async Coroutine OneStep()
            {
                await Asyncio.Sleep(0.3);
                Note("in one step");
            }

            void Note(string what) => order.Add(FormattableString.Invariant($"{what} {((VirtualClock)Asyncio.GetRunningLoop().Clock).Seconds:R}"));
        }
    }

    [Theory]
    [InlineData(1e5)]
    [InlineData(1e7)]
    [InlineData(4.1e8)]
    [InlineData(9e9)]
    public void Tiny_sleeps_long_after_the_start_still_end(double start)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            await Asyncio.Sleep(start);
            for (int i = 1; i <= 100; i++)
            {
                await Asyncio.Sleep(i * 0.37e-9);
                await Asyncio.Sleep(i * 1.7e-6);
            }
        }
    }

    [Fact]
    public void Time_stands_still_while_a_function_runs_in_a_thread()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Signal started = new(), release = new();
            var timer = Asyncio.CreateTask(Asyncio.Sleep(3600));
            var function = Asyncio.CreateTask(Asyncio.ToThread(() =>
            {
                started.Set();
                release.Wait();
            }));
            await Asyncio.Sleep(0);
            started.Wait();
            // From another thread, when the loop has nothing left to do but wait.
            var thread = new TestThread(() =>
            {
                Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(0), loop).Result(Signal.LimitSeconds);
                release.Set();
            });
            await function;
            loop.Time.ShouldBe(0);
            timer.IsDone.ShouldBeFalse();
            await timer;
            loop.Time.ShouldBe(3600);
            thread.Join();
        }
    }

    [Fact]
    public void A_function_in_a_thread_that_waits_for_virtual_time_does_not_stop_it_for_ever()
    {
        var clock = new VirtualClock(idleLimit: TimeSpan.FromMilliseconds(20));
        double time = Asyncio.Run(Main(), loopFactory: () => VirtualTimeLoop.Create(clock));

        time.ShouldBe(3600);

        static async Coroutine<double> Main()
        {
            var loop = Asyncio.GetRunningLoop();
            await Asyncio.ToThread(() => Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(3600), loop).Result());
            return loop.Time;
        }
    }

    [Fact]
    public void Waiting_for_what_nobody_will_complete_raises_with_an_explanation()
    {
        var loop = VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromMilliseconds(1)));

        var error = Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(loop.CreateFuture()));

        error.Message.ShouldContain("Deadlock on virtual time");
        error.Message.ShouldContain("nobody will complete");
        loop.Close();
    }

    [Fact]
    public void A_deadlock_ends_a_whole_program_too()
    {
        var order = new List<string>();

        var error = Should.Throw<InvalidOperationException>(
            () => Asyncio.Run(Main(), loopFactory: static () => VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromMilliseconds(1)))));

        error.Message.ShouldContain("Deadlock");
        order.ShouldBe(["cleaned up"]);

        async Coroutine Main()
        {
            try
            {
                await Asyncio.GetRunningLoop().CreateFuture();
            }
            finally
            {
                order.Add("cleaned up");
            }
        }
    }

    [Fact]
    public void Another_thread_may_wake_an_idle_loop()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(5);

        static async Coroutine<int> Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var thread = new TestThread(() => loop.CallSoonThreadsafe(() => future.SetResult(5)));
            int result = await future;
            thread.Join();
            return result;
        }
    }

    [Fact]
    public void Advance_moves_the_clock()
    {
        var clock = new VirtualClock();
        clock.Seconds.ShouldBe(0);
        clock.IdleLimit.ShouldBe(TimeSpan.FromSeconds(10));
        clock.Advance(TimeSpan.FromMinutes(1));
        clock.Seconds.ShouldBe(60);
        clock.GetUtcNow().ShouldBe(new DateTimeOffset(2000, 1, 1, 0, 1, 0, TimeSpan.Zero));
        clock.LocalTimeZone.ShouldBe(TimeZoneInfo.Utc);
        Should.Throw<ArgumentOutOfRangeException>(() => clock.Advance(TimeSpan.FromTicks(-1)));
        Should.Throw<ArgumentNullException>(() => VirtualTimeLoop.Create(null!));
    }
}
