using AsyncioSharp.Interop.Tests.Support;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>PeriodicTimer</c> in coroutines, on the system's time and on the loop's.</summary>
public class PeriodicTimerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ticks_come_to_the_loops_thread(bool onLoopTime)
    {
        Scenario.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5), onLoopTime ? Asyncio.GetRunningLoop().TimeProvider : TimeProvider.System);
            for (int i = 0; i < 5; i++)
            {
                (await timer.WaitForNextTickAsync()).ShouldBeTrue();
                Environment.CurrentManagedThreadId.ShouldBe(thread);
            }
            timer.Dispose();
            (await timer.WaitForNextTickAsync()).ShouldBeFalse();
        });
    }

    [Fact]
    public void Waiting_twice_at_once_is_the_timers_own_failure()
    {
        Scenario.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1));
            var first = timer.WaitForNextTickAsync();
            await Scenario.FailureOf<InvalidOperationException>(() => timer.WaitForNextTickAsync().AsTask());
            timer.Dispose();
            (await first).ShouldBeFalse();
        });
    }

    [Fact]
    public void A_wait_can_be_cancelled_and_timed_out_and_with_the_token_the_timer_is_good_for_another()
    {
        Scenario.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1));
            await Scenario.CancelInTheMiddle(() => timer.WaitForNextTickAsync(CoroutineTask.Current.CancellationToken).AsTask());
            await Scenario.TimeOut(() => timer.WaitForNextTickAsync(CoroutineTask.Current.CancellationToken).AsTask());
            timer.Period = TimeSpan.FromMilliseconds(1);
            (await timer.WaitForNextTickAsync()).ShouldBeTrue();
        });
    }

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void After_a_bare_wait_with_the_tasks_token_the_next_gets_the_next_tick(Ending ending, bool continueOnCapturedContext)
    {
        Scenario.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1));
            for (int i = 0; i < 3; i++)
            {
                await Scenario.EndWait(ending, async () => await timer.WaitForNextTickAsync(Scenario.Token(ofTask: true)).ConfigureAwait(continueOnCapturedContext));
            }
            timer.Period = TimeSpan.FromMilliseconds(1);
            (await timer.WaitForNextTickAsync()).ShouldBeTrue();
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_bare_wait_that_is_left_behind_holds_the_timer_until_the_next_tick(Ending ending)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var timer = new PeriodicTimer(TimeSpan.FromHours(1), loop.TimeProvider);
            for (int hour = 0; hour < 6; hour += 2)
            {
                await Scenario.EndWait(ending, async () => await timer.WaitForNextTickAsync());
                await Scenario.FailureOf<InvalidOperationException>(Tick());
                await Asyncio.Sleep(((hour + 1.5) * 3600) - loop.Time); // the tick goes to the one that was left behind
                (await timer.WaitForNextTickAsync()).ShouldBeTrue();
                loop.Time.ShouldBe((hour + 2) * 3600, 0.001);
            }

            async Coroutine Tick() => await timer.WaitForNextTickAsync();
        }
    }

    [Fact]
    public void Many_at_once()
    {
        Scenario.Run(async () =>
        {
            (await Scenario.AtOnce(50, Tick)).ShouldAllBe(ticked => ticked);

            static async Coroutine<bool> Tick(int i)
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1 + i));
                return await timer.WaitForNextTickAsync();
            }
        });
    }
}
