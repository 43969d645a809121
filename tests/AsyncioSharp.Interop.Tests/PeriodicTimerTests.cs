using AsyncioSharp.Interop.Tests.Support;

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
