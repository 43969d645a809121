using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Loop;

/// <summary>A loop that is given a clock, and no parker, waits by that clock.</summary>
public class TimerParkerTests
{
    [Fact]
    public void A_sleep_ends_when_another_thread_advances_the_clock_that_far_and_not_before()
    {
        var clock = new SteppedClock();
        var loop = new EventLoop(clock);
        var woken = new List<double>();
        var running = new TestThread(() => loop.RunUntilComplete(Main()));
        for (int hour = 1; hour <= 3; hour++)
        {
            clock.WaitForTimer();
            clock.Advance(TimeSpan.FromMinutes(30));
            clock.WaitForTimer();
            woken.Count.ShouldBe(hour - 1);
            clock.Advance(TimeSpan.FromMinutes(30));
        }
        running.Join();
        loop.Close();
        woken.ShouldBe([3600, 7200, 10800]);

        async Coroutine Main()
        {
            for (int i = 0; i < 3; i++)
            {
                await Asyncio.Sleep(TimeSpan.FromHours(1));
                woken.Add(loop.Time);
            }
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_clock_that_jumps_while_the_loop_falls_asleep_is_not_missed(double seconds)
    {
        var clock = new SteppedClock { JumpsAtTimer = TimeSpan.FromSeconds(seconds) };
        var loop = new EventLoop(clock);
        var running = new TestThread(() => loop.RunUntilComplete(Asyncio.Sleep(1)));
        if (seconds < 1)
        {
            clock.WaitForTimer();
            clock.Advance(TimeSpan.FromSeconds(1 - seconds));
        }
        running.Join();
        loop.Close();
    }

    [Fact]
    public void Work_from_other_threads_wakes_it_although_the_clock_stands()
    {
        var loop = new EventLoop(new SteppedClock());
        var started = new Signal();
        var running = new TestThread(() => loop.RunUntilComplete(Main()));
        started.Wait();
        loop.CallSoonThreadsafe(loop.Stop);
        Should.Throw<InvalidOperationException>(running.Join).Message.ShouldContain("stopped");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();

        async Coroutine Main()
        {
            started.Set();
            await Asyncio.Sleep(1000);
        }
    }

    // Goes only when it is told to, as the fakes that programs test with.
    private sealed class SteppedClock : TimeProvider
    {
        private readonly object _gate = new();
        private readonly List<Timer> _timers = [];
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        internal TimeSpan JumpsAtTimer { get; set; }

        public override long GetTimestamp()
        {
            lock (_gate)
            {
                return _now.Ticks;
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(this, callback, state);
            lock (_gate)
            {
                _now += JumpsAtTimer;
                JumpsAtTimer = TimeSpan.Zero;
            }
            timer.Change(dueTime, period);
            return timer;
        }

        internal void Advance(TimeSpan time)
        {
            Timer[] due;
            lock (_gate)
            {
                _now += time;
                due = [.. _timers.Where(timer => timer.Due <= _now)];
                _timers.RemoveAll(timer => timer.Due <= _now);
            }
            Array.ForEach(due, static timer => timer.Fire());
        }

        // Waits until the loop has a timer that is not due.
        internal void WaitForTimer() => SpinWait.SpinUntil(
            () =>
            {
                lock (_gate)
                {
                    return _timers.Exists(timer => timer.Due > _now);
                }
            },
            TimeSpan.FromSeconds(Signal.LimitSeconds)).ShouldBeTrue();

        private sealed class Timer(SteppedClock clock, TimerCallback callback, object? state) : ITimer
        {
            internal TimeSpan Due { get; private set; }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                lock (clock._gate)
                {
                    clock._timers.Remove(this);
                    Due = clock._now + dueTime;
                    clock._timers.Add(this);
                    if (Due > clock._now)
                    {
                        return true;
                    }
                    clock._timers.Remove(this);
                }
                Fire();
                return true;
            }

            public void Dispose()
            {
                lock (clock._gate)
                {
                    clock._timers.Remove(this);
                }
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }

            internal void Fire() => callback(state);
        }
    }
}
