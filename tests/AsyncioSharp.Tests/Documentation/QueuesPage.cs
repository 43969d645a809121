using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/queues.md.</summary>
public class QueuesPage
{
    [Fact]
    public void Producing_and_consuming()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>(capacity: 2);
            var consumer = Asyncio.CreateTask(Consume(queue));
            for (int i = 0; i < 5; i++)
            {
                await queue.Put(i); // waits while two are in the queue
            }
            queue.Shutdown(); // nothing more will come
            await consumer;
            Asyncio.GetRunningLoop().Time.ShouldBe(5);
            await queue.Join();
        }

        static async Coroutine Consume(AsyncQueue<int> queue)
        {
            await foreach (int item in queue) // ends when the queue is shut down and empty
            {
                await Asyncio.Sleep(1);
                queue.TaskDone();
            }
        }
    }
}
