using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/synchronization.md.</summary>
public class SynchronizationPage
{
    [Fact]
    public void Locking()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["in time"]);

        async Coroutine Main()
        {
            var mutex = new AsyncLock();
            using (await mutex.Acquire())
            {
                await Asyncio.Sleep(1); // nobody else is in here
            }
            await mutex.Acquire();
            try
            {
                await Asyncio.Sleep(1);
            }
            finally
            {
                mutex.Release();
            }
            using (await Asyncio.WaitFor(mutex.Acquire(), timeout: 1.0))
            {
                log.Add("in time");
            }
        }
    }

    [Fact]
    public void Waiting_for_a_condition()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["item"]);

        async Coroutine Main()
        {
            var condition = new AsyncCondition();
            var items = new Queue<string>();
            var consumer = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
            using (await condition.Acquire())
            {
                items.Enqueue("item");
                condition.Notify();
            }
            await consumer;

            async Coroutine Consume()
            {
                using (await condition.Acquire())
                {
                    await condition.WaitFor(() => items.Count > 0);
                    log.Add(items.Dequeue());
                }
            }
        }
    }
}
