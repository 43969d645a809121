using static AsyncioSharp.Benchmarks.Measurement;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// A mixed load: sleeps, gathers, timeouts that expire and that do not, scopes, cancellations, failures, queues, locks, tasks, methods and iterators of .NET, work in threads
/// and from threads. Every result is checked, so that a worker that finds a wrong one ends.
/// </summary>
internal sealed class SoakLoad
{
    private readonly AsyncQueue<int> _queue = new(capacity: 8);
    private readonly AsyncLock _lock = new();
    private readonly AsyncSemaphore _semaphore = new(4);
    private volatile bool _isOver;
    private int _holders; // of the lock

    internal bool IsOver
    {
        get => _isOver;
        set => _isOver = value;
    }

    internal long Operations { get; private set; }

    /// <summary>Does one thing after the other, at random, until it is cancelled.</summary>
    internal async Coroutine Work(int seed)
    {
        var random = new Random(seed);
        Func<Random, Coroutine>[] operations =
        [
            Sleep, Gather, WaitForInTime, WaitForTooLate, CancelTask, FailTask, UseThread, PassThroughQueue, UseLock, UseGroup, ExpireScope, AwaitDotnet, CancelDotnet, Iterate,
        ];
        while (true)
        {
            await operations[random.Next(operations.Length)](random);
            Operations++;
        }
    }

    /// <summary>Submits from another thread, with and without waiting for the result, until it is over.</summary>
    internal void Submit(EventLoop loop)
    {
        var random = new Random(7);
        while (!IsOver)
        {
            for (int i = 0; i < 20; i++)
            {
                loop.CallSoonThreadsafe(static () => { });
            }
            Check(Asyncio.RunCoroutineThreadsafe(Value(8, new Random(1)), loop).Result(30) == 8);
            Thread.Sleep(random.Next(3));
        }
    }

    private static async Coroutine Sleep(Random random) => await Asyncio.Sleep(random.NextDouble() * 0.02);

    private static async Coroutine Gather(Random random)
    {
        int[] values = await Asyncio.Gather(Value(1, random), Value(2, random), Value(3, random));
        Check(values is [1, 2, 3]);
    }

    private static async Coroutine WaitForInTime(Random random) => Check(await Asyncio.WaitFor(Value(4, random), 10.0) == 4);

    private static async Coroutine WaitForTooLate(Random random)
    {
        try
        {
            await Asyncio.WaitFor(Asyncio.Sleep(100), random.NextDouble() * 0.01);
        }
        catch (TimeoutException)
        {
            return;
        }
        Check(false);
    }

    private static async Coroutine CancelTask(Random random)
    {
        var task = Asyncio.CreateTask(Value(5, random));
        await Asyncio.Sleep(0);
        task.Cancel("soak");
        await Asyncio.Wait([task]);
    }

    private static async Coroutine FailTask(Random random)
    {
        var outcome = (await Asyncio.GatherOutcomes(Fail(random)))[0];
        Check(outcome.Exception is FormatException);
    }

    private static async Coroutine UseThread(Random random) => Check(await Asyncio.ToThread(static i => i + 1, 6) == 7);

    // Each worker puts as much as it takes, so that nobody waits for ever; and it gives up a wait for an item that nobody puts.
    private async Coroutine PassThroughQueue(Random random)
    {
        var put = Asyncio.CreateTask(_queue.Put(random.Next(100)));
        await Asyncio.Sleep(0);
        Check(await _queue.Get() is >= 0 and < 100);
        await put;
        var abandoned = Asyncio.CreateTask(new AsyncQueue<int>().Get());
        await Asyncio.Sleep(0);
        abandoned.Cancel();
        Check((await Asyncio.GatherOutcomes(abandoned))[0].IsCancelled);
    }

    private async Coroutine UseLock(Random random)
    {
        using (await _semaphore.Acquire())
        using (await _lock.Acquire())
        {
            Check(++_holders == 1);
            await Asyncio.Sleep(0);
            Check(--_holders == 0);
        }
    }

    private static async Coroutine UseGroup(Random random)
    {
        int total = 0;
        await new TaskGroup().Run(async group =>
        {
            for (int i = 1; i <= 3; i++)
            {
                _ = group.CreateTask(Add(i));
            }
        });
        Check(total == 6);

        async Coroutine Add(int i)
        {
            int value = await Value(i, random);
            total += value;
        }
    }

    private static async Coroutine ExpireScope(Random random)
    {
        var scope = new CancelScope(timeout: random.NextDouble() * 0.01);
        await scope.Run(async _ => await Asyncio.Sleep(100));
        Check(scope.IsCancelled);
    }

    private static async Coroutine AwaitDotnet(Random random)
    {
        await Task.Delay(random.Next(5));
        Check(await Method(9) == 9);

        static async Task<int> Method(int value)
        {
            await Asyncio.Sleep(0.001);
            await Task.Yield();
            return value;
        }
    }

    private static async Coroutine CancelDotnet(Random random)
    {
        var task = Asyncio.CreateTask(Wait());
        await Asyncio.Sleep(random.NextDouble() * 0.002);
        task.Cancel();
        Check((await Asyncio.GatherOutcomes(task))[0].IsCancelled);

        static async Coroutine Wait() => await Task.Delay(Timeout.Infinite);
    }

    // Half of them are left before their end.
    private static async Coroutine Iterate(Random random)
    {
        int last = random.Next(1, 9);
        int total = 0;
        await foreach (int item in Items())
        {
            total += item;
            if (item == last)
            {
                break;
            }
        }
        Check(total == Sum(Math.Min(last, 4) + 1));

        static async IAsyncEnumerable<int> Items()
        {
            for (int i = 1; i <= 4; i++)
            {
                await Asyncio.Sleep(0);
                yield return i;
            }
        }
    }

    private static async Coroutine<int> Value(int value, Random random)
    {
        await Asyncio.Sleep(random.Next(2) * random.NextDouble() * 0.01);
        return value;
    }

    private static async Coroutine<int> Fail(Random random)
    {
        await Asyncio.Sleep(random.NextDouble() * 0.005);
        throw new FormatException("soak");
    }
}
