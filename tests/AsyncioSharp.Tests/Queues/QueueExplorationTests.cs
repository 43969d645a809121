using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using static AsyncioSharp.Tests.Synchronization.ExplorationTests;

namespace AsyncioSharp.Tests.Queues;

/// <summary>
/// Each kind of queue in ten thousand schedules with random cancels: every item that was put is got once or is still there, in order; nobody waits for what is
/// there; and after the end everybody has been told.
/// </summary>
public class QueueExplorationTests
{
    [Theory]
    [InlineData("fifo")]
    [InlineData("lifo")]
    [InlineData("priority")]
    public void Items_are_conserved_and_nobody_waits_in_vain(string kind)
        => Explore(async random =>
        {
            int capacity = random.Next(3);
            AsyncQueue<int> queue = kind switch
            {
                "fifo" => new AsyncQueue<int>(capacity),
                "lifo" => new AsyncLifoQueue<int>(capacity),
                _ => new AsyncPriorityQueue<int>(capacity),
            };
            int number = 0;
            var put = new List<int>();
            var got = new List<int>();
            var getters = Start(3, Getter);
            var putters = Start(3, Putter);
            for (int i = random.Next(4); i > 0; i--)
            {
                await OnLoop.Turns(random.Next(3));
                if (random.Next(2) == 0 && !queue.IsEmpty)
                {
                    got.Add(queue.GetNowait());
                }
                else if (!queue.IsFull)
                {
                    queue.PutNowait(++number);
                    put.Add(number);
                }
            }

            await VirtualTimeLoop.WaitUntilIdle();
            Check(getters.All(getter => getter.IsDone) || queue.IsEmpty, $"somebody waits to get from {queue}");
            Check(putters.All(putter => putter.IsDone) || queue.IsFull, $"somebody waits to put into {queue}");
            Check(queue.Count == put.Count - got.Count, $"{put.Count} were put, {got.Count} got, and {queue} is left");

            queue.Shutdown();
            await Finish(putters);
            if (random.Next(2) == 0)
            {
                getters.ForEach(getter => getter.Cancel());
            }
            await Finish(getters);
            while (!queue.IsEmpty)
            {
                got.Add(queue.GetNowait());
            }
            if (kind == "fifo")
            {
                Check(got.SequenceEqual(put), $"put {string.Join(' ', put)}, got {string.Join(' ', got)}");
            }
            Check(got.Order().SequenceEqual(put.Order()), $"put {string.Join(' ', put)}, got {string.Join(' ', got)}");
            Check(!queue.ToString().Contains("ters[", StringComparison.Ordinal), $"somebody still waits: {queue}");

            async Coroutine Getter()
            {
                try
                {
                    while (true)
                    {
                        got.Add(await queue.Get());
                        await OnLoop.Turns(random.Next(2));
                    }
                }
                catch (QueueShutDownException)
                {
                    // The end.
                }
            }

            async Coroutine Putter()
            {
                try
                {
                    for (int i = 0; i < 3; i++)
                    {
                        int item = ++number;
                        await queue.Put(item);
                        put.Add(item);
                        await OnLoop.Turns(random.Next(2));
                    }
                }
                catch (QueueShutDownException)
                {
                    // The end.
                }
            }
        });

    [Fact]
    public void With_limits_of_time_items_are_conserved_too()
        => Explore(async random =>
        {
            var queue = new AsyncQueue<int>(random.Next(1, 3));
            int number = 0;
            var put = new List<int>();
            var got = new List<int>();
            var getters = Start(3, Getter);
            await Finish(Start(3, Putter));
            await Finish(getters);
            while (!queue.IsEmpty)
            {
                got.Add(queue.GetNowait());
            }
            Check(got.Order().SequenceEqual(put.Order()), $"put {string.Join(' ', put)}, got {string.Join(' ', got)}");
            Check(!queue.ToString().Contains("ters[", StringComparison.Ordinal), $"somebody still waits: {queue}");

            async Coroutine Getter()
            {
                for (int i = 0; i < 3; i++)
                {
                    try
                    {
                        got.Add(await (random.Next(3) == 0
                            ? Asyncio.WaitFor(Asyncio.WaitFor(queue.Get(), random.Next(1, 4)), random.Next(1, 4))
                            : Asyncio.WaitFor(queue.Get(), random.Next(1, 4))));
                    }
                    catch (TimeoutException)
                    {
                        // Nothing was taken.
                    }
                }
                await Asyncio.Sleep(0); // a cancellation that came too late for the last item is told here
            }

            async Coroutine Putter()
            {
                for (int i = 0; i < 3; i++)
                {
                    int item = ++number;
                    try
                    {
                        await Asyncio.WaitFor(queue.Put(item), random.Next(1, 4));
                        put.Add(item);
                        await Asyncio.Sleep(random.Next(2));
                    }
                    catch (TimeoutException)
                    {
                        // It is not in the queue.
                    }
                }
            }
        });

    [Fact]
    public void Join_ends_when_all_is_done_and_not_before()
        => Explore(async random =>
        {
            var queue = new AsyncQueue<int>(random.Next(3));
            int begun = 0;
            int done = 0;
            var workers = Start(3, Worker);
            await Finish(Start(2, Putter));
            var joins = Start(2, Join);
            await VirtualTimeLoop.WaitUntilIdle();
            Check(joins.All(join => join.IsDone), $"all is done and somebody still joins {queue}");
            queue.Shutdown(immediate: true);
            workers.ForEach(worker => worker.Cancel());
            await Finish(workers);
            await Finish(joins);

            async Coroutine Worker()
            {
                await foreach (int item in queue)
                {
                    begun++;
                    try
                    {
                        await OnLoop.Turns(random.Next(3));
                    }
                    finally
                    {
                        done++;
                        queue.TaskDone();
                    }
                }
            }

            async Coroutine Putter()
            {
                for (int i = 0; i < 3; i++)
                {
                    await queue.Put(i);
                }
            }

            async Coroutine Join()
            {
                await queue.Join();
                Check(begun == done && queue.IsEmpty, $"joined too early, {queue}");
            }
        },
        mayCancel: static task => task.Name != "Worker-1"); // somebody has to do the work
}
