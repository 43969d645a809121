using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>When the callbacks of a loop's timers run that are late, and where those go on that wait for one.</summary>
public class LoopTimerCallTests
{
    [Fact]
    public void A_timer_that_fell_behind_does_not_catch_up()
    {
        List<double> calls = [];
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.RunUntilComplete(Main());
        loop.Close();
        calls.ShouldBe([1, 10.5, 10.5, 11.5, 12.5]);

        async Coroutine Main()
        {
            using var timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(Call, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            await Asyncio.Sleep(13);
        }

        void Call(object? state)
        {
            calls.Add(loop.Time);
            if (calls.Count == 1)
            {
                clock.Advance(TimeSpan.FromSeconds(9.5)); // as if this took so long
            }
        }
    }

    [Fact]
    public void Who_waits_for_a_callback_to_end_does_not_go_on_inside_the_timer()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Task<bool>? isInside = null;
            ITimer? timer = null;
            timer = Asyncio.GetRunningLoop().TimeProvider.CreateTimer(Call, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            await Asyncio.Sleep(2);
            (await isInside!).ShouldBeFalse();

            void Call(object? state)
            {
                int thread = Environment.CurrentManagedThreadId;
                isInside = timer!.DisposeAsync().AsTask().ContinueWith(
                    _ => Environment.CurrentManagedThreadId == thread, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }
}
