using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The loop's clock: what its coarse look says about deadlines is true, and it saves the exact one. Real time is the subject.</summary>
public class LoopClockTests
{
    [Fact]
    public void A_deadline_that_is_said_not_to_have_come_has_not_come()
    {
        var clock = new LoopClock(TimeProvider.System);
        var random = new Random(1);
        int quiet = 0;
        double end = clock.Now + 0.5;
        while (clock.Now < end)
        {
            double now = clock.Now;
            double deadline = now + (random.NextDouble() * 0.1);
            if (clock.MayReach(deadline))
            {
                double looked = clock.Now;
                clock.NoteFirst(deadline, looked);
            }
            for (int i = 0; i < 200; i++)
            {
                double before = clock.Now;
                if (!clock.MayReach(deadline))
                {
                    quiet++;
                    before.ShouldBeLessThan(deadline); // what is in the past already was not denied
                }
            }
        }
        quiet.ShouldBeGreaterThan(0, "the exact clock was never spared");
    }

    [Fact]
    public void A_deadline_that_comes_before_the_one_that_was_looked_at_is_looked_at_anew()
    {
        var clock = new LoopClock(TimeProvider.System);
        clock.MayReach(0).ShouldBeTrue();
        double now = clock.Now;
        clock.NoteFirst(now + 1000, now);
        clock.MayReach(now + 1000).ShouldBeFalse();
        clock.MayReach(now + 2000).ShouldBeFalse();
        clock.MayReach(now + 999).ShouldBeTrue();
        foreach (double deadline in (double[])[now - 1, now, now + 999, now + 1000, now + 2000])
        {
            clock.HasCome(deadline).ShouldBe(deadline <= now);
        }
    }

    [Fact]
    public void Whole_seconds_of_a_virtual_clock_are_whole_numbers()
    {
        var time = new VirtualClock();
        var clock = new LoopClock(time);
        for (int second = 1; second <= 1000; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            clock.Now.ShouldBe(second);
        }
    }

    [Fact]
    public void The_clock_of_another_provider_is_always_asked()
    {
        var time = new VirtualClock();
        var clock = new LoopClock(time);
        clock.NoteFirst(1000, clock.Now);
        clock.MayReach(1000).ShouldBeTrue();
    }
}
