using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>SemaphoreSlim</c> in coroutines.</summary>
public class SemaphoreTests
{
    [Fact]
    public void It_bounds_how_many_are_inside_at_once()
    {
        Scenario.Run(async () =>
        {
            using var semaphore = new SemaphoreSlim(3);
            int inside = 0, most = 0;
            await Scenario.AtOnce(50, Enter);
            most.ShouldBe(3);

            async Coroutine<int> Enter(int i)
            {
                await semaphore.WaitAsync();
                try
                {
                    most = Math.Max(most, ++inside);
                    await Asyncio.Sleep(0.001);
                    inside--;
                }
                finally
                {
                    semaphore.Release();
                }
                return i;
            }
        });
    }

    [Fact]
    public void A_failure_is_seen_as_it_is()
    {
        Scenario.Run(async () =>
        {
            var semaphore = new SemaphoreSlim(1);
            semaphore.Dispose();
            await Scenario.FailureOf<ObjectDisposedException>(() => semaphore.WaitAsync());
        });
    }

    [Fact]
    public void Waiting_can_be_cancelled_and_timed_out()
    {
        Scenario.Run(async () =>
        {
            using var semaphore = new SemaphoreSlim(0);
            await Scenario.CancelInTheMiddle(() => semaphore.WaitAsync(CoroutineTask.Current.CancellationToken));
            await Scenario.TimeOut(() => semaphore.WaitAsync(CoroutineTask.Current.CancellationToken));
        });
    }

    [Fact]
    public void An_abandoned_wait_takes_an_entry_and_one_that_is_wrapped_does_not()
    {
        Scenario.Run(async () =>
        {
            using var semaphore = new SemaphoreSlim(0);
            await Scenario.CancelInTheMiddle(() => semaphore.WaitAsync());
            semaphore.Release();
            semaphore.CurrentCount.ShouldBe(0);

            await Scenario.CancelInTheMiddle(async () => await Asyncio.WrapFuture(semaphore.WaitAsync));
            await Scenario.TimeOut(async () => await Asyncio.WrapFuture(token => semaphore.WaitAsync(token)));
            semaphore.Release();
            semaphore.CurrentCount.ShouldBe(1);
        });
    }
}
