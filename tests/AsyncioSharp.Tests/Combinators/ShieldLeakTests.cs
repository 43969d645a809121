using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>What is behind a shield may live long; those who waited for it and were cancelled must not live as long.</summary>
public class ShieldLeakTests
{
    [Fact]
    public void CPython_155143_and_155854_a_cancelled_waiter_leaves_nothing_at_what_is_shielded()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Asyncio.Sleep(3600));
            var waiters = new List<WeakReference>();
            for (int i = 0; i < 100; i++)
            {
                await CancelAWaiter(future, waiters);
                await CancelAWaiter(task, waiters);
            }
            future.ToString().ShouldBe("<Future pending>"); // no callback is registered any more
            task.ToString().ShouldNotContain("cb=");
            GC.Collect();
            waiters.Count(waiter => waiter.IsAlive).ShouldBeLessThan(5, "only what the machine's registers still hold");
            GC.KeepAlive(future);
        }
    }

    private static async Coroutine CancelAWaiter(IAwaitable inner, List<WeakReference> waiters)
    {
        Begin(inner, waiters);
        await Asyncio.Sleep(0);
        Cancel(waiters[^1]);
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(0);

        static async Coroutine Wait(IAwaitable inner) => await Asyncio.Shield(inner);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Begin(IAwaitable inner, List<WeakReference> waiters) => waiters.Add(new WeakReference(Asyncio.CreateTask(Wait(inner))));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Cancel(WeakReference waiter) => ((CoroutineTask)waiter.Target!).Cancel();
    }
}
