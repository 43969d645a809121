using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What code of .NET throws on the loop's thread: a report names the task, and an interrupt from the keyboard leaves the loop.</summary>
public class HostedInterruptTests
{
    [Fact]
    public void A_report_of_what_a_continuation_throws_names_the_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var reports = Asyncio.GetRunningLoop().CollectReports();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(2);
            reports.ShouldHaveSingleItem().Task.ShouldBeSameAs(task);
            await task;
        }

        static async Coroutine Caller()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            future.GetAwaiter().OnCompleted(static () => throw new FormatException());
            future.SetResult(null);
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    public void An_interrupt_leaves_the_loop_from_what_is_posted_to_it()
    {
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));

        static async Coroutine Main()
        {
            Asyncio.GetRunningLoop().SynchronizationContext.Post(static _ => throw new KeyboardInterruptException(), null);
            await Asyncio.Sleep(1);
        }
    }
}
