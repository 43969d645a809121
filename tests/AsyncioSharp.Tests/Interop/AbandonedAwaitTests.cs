using System.Runtime.CompilerServices;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What an operation of .NET keeps of a wait for it that was cancelled: it may last as long as the program.</summary>
public class AbandonedAwaitTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cancelled_task_and_its_coroutine_are_collected_while_the_operation_goes_on(bool asValueTask)
    {
        var operation = new TaskCompletionSource<int>();
        var (task, local) = Cancelled(operation.Task, asValueTask);
        for (int i = 0; i < 10 && (task.IsAlive || local.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        local.IsAlive.ShouldBeFalse();
        task.IsAlive.ShouldBeFalse();
        operation.SetException(new FormatException()); // seen and dropped
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Task, WeakReference Local) Cancelled(Task<int> operation, bool asValueTask)
    {
        WeakReference task = new(null);
        WeakReference local = new(null);
        Asyncio.Run(Main());
        return (task, local);

        async Coroutine Main()
        {
            var waiting = Asyncio.CreateTask(Wait());
            task.Target = waiting;
            await Asyncio.Sleep(0);
            waiting.Cancel();
            await Asyncio.Wait(waiting);
            waiting.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Wait()
        {
            object mine = new();
            local.Target = mine;
            try
            {
                if (asValueTask)
                {
                    await new ValueTask<int>(operation);
                }
                else
                {
                    await operation;
                }
            }
            finally
            {
                GC.KeepAlive(mine);
            }
        }
    }
}
