using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Testing;

/// <summary>Waiting until no task can go on by itself, with and without a cushion.</summary>
public class WaitUntilIdleTests
{
    [Fact]
    public void It_waits_until_every_task_is_blocked_and_no_time_passes()
    {
        Schedules.Explore(Main, count: 200);

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            int turns = 0;
            var busy = Asyncio.CreateTask(Busy());
            var sleeping = Asyncio.CreateTask(Asyncio.Sleep(1));
            var waiting = Asyncio.CreateTask(Wait());

            await VirtualTimeLoop.WaitUntilIdle();

            turns.ShouldBe(20);
            busy.IsDone.ShouldBeTrue();
            sleeping.IsDone.ShouldBeFalse();
            waiting.IsDone.ShouldBeFalse();
            loop.Time.ShouldBe(0);
            await VirtualTimeLoop.WaitUntilIdle(); // again: it suspends, and comes back
            await sleeping;
            await waiting;

            async Coroutine Busy()
            {
                for (; turns < 20; turns++)
                {
                    await Asyncio.Sleep(0);
                }
            }

            static async Coroutine Wait() => await Asyncio.Sleep(2);
        }
    }

    [Fact]
    public void A_cushion_waits_for_the_timers_within_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var rung = new List<double>();
            foreach (double time in new[] { 0.5, 1.0, 1.5, 10.0 })
            {
                loop.CallAt(time, () => rung.Add(time));
            }
            await VirtualTimeLoop.WaitUntilIdle(cushion: 1);

            loop.Time.ShouldBe(2.5); // a second after the last
            rung.ShouldBe([0.5, 1.0, 1.5]);
        }
    }

    [Fact]
    public void The_least_patient_is_woken_first_and_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var log = new List<string>();
            await Asyncio.Gather(Wait("patient", 2), Wait("first", 0), Wait("second", 0), Wait("less", 1));

            log.ShouldBe(["first 0", "second 0", "less 1", "patient 3"]);

            async Coroutine Wait(string name, double cushion)
            {
                await VirtualTimeLoop.WaitUntilIdle(cushion);
                log.Add($"{name} {Asyncio.GetRunningLoop().Time}");
                await Asyncio.Sleep(0);
            }
        }
    }

    [Fact]
    public void A_cancelled_wait_is_forgotten()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var waiter = Asyncio.CreateTask(VirtualTimeLoop.WaitUntilIdle(5));
            await Asyncio.Sleep(1);
            waiter.Cancel();
            await Asyncio.Wait([waiter]);
            waiter.IsCancelled.ShouldBeTrue();
            await Asyncio.Sleep(10);
            loop.Time.ShouldBe(11);
        }
    }

    [Fact]
    public void A_deadlock_is_still_found_behind_it()
        => Should.Throw<InvalidOperationException>(() => Asyncio.Run(IdleThenDeadlock(), loopFactory: static () => VirtualTimeLoop.Create(new VirtualClock(TimeSpan.Zero))))
            .Message.ShouldContain("Deadlock");

    [Fact]
    public void Bad_input_is_refused()
    {
        foreach (double cushion in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Should.Throw<ArgumentOutOfRangeException>(() => VirtualTimeLoop.WaitUntilIdle(cushion));
        }
        Should.Throw<InvalidOperationException>(() => VirtualTimeLoop.WaitUntilIdle()).Message.ShouldContain("no running event loop");
        Asyncio.Run(OnRealTime());

        static async Coroutine OnRealTime()
        {
            await Asyncio.Sleep(0);
            Should.Throw<InvalidOperationException>(() => VirtualTimeLoop.WaitUntilIdle()).Message.ShouldContain("needs a loop on virtual time");
        }
    }

    private static async Coroutine IdleThenDeadlock()
    {
        await VirtualTimeLoop.WaitUntilIdle();
        await Asyncio.GetRunningLoop().CreateFuture();
    }
}
