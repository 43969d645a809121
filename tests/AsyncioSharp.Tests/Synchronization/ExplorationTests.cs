using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>
/// Every primitive in ten thousand schedules with random cancels: whoever is cancelled when, nothing is lost, and what the primitive promises holds.
/// How sharp these tests are is told in docs/testing.md.
/// </summary>
public class ExplorationTests
{
    private const int Count = 10_000;

    [Fact]
    public void Lock()
        => Explore(async random =>
        {
            var mutex = new AsyncLock();
            int tickets = 0;
            int served = 0;
            bool isHeld = false;
            await Finish(Start(4, Worker));
            Check(mutex.ToString() == "<AsyncLock [unlocked]>", $"{mutex} was left");

            async Coroutine Worker()
            {
                for (int i = 0; i < 3; i++)
                {
                    int ticket = ++tickets;
                    using (await mutex.Acquire())
                    {
                        Check(!isHeld, "two hold the lock");
                        Check(ticket > served, "an earlier one is served later");
                        served = ticket;
                        isHeld = true;
                        try
                        {
                            await OnLoop.Turns(random.Next(3));
                        }
                        finally
                        {
                            isHeld = false;
                        }
                    }
                }
            }
        });

    [Fact]
    public void Semaphore()
        => Explore(async random =>
        {
            const int Permits = 2;
            AsyncSemaphore semaphore = random.Next(2) == 0 ? new AsyncSemaphore(Permits) : new AsyncBoundedSemaphore(Permits);
            int held = 0;
            var waiting = new List<CoroutineTask>();
            var workers = Start(5, Worker);
            for (int i = 0; i < 4; i++)
            {
                await Asyncio.Sleep(0.5);
                await VirtualTimeLoop.WaitUntilIdle();
                Check(waiting.Count == 0 || semaphore.Value == 0, $"somebody waits for {semaphore}");
            }
            await Finish(workers);
            Check(semaphore.Value == Permits && !semaphore.ToString().Contains("waiters", StringComparison.Ordinal), $"{semaphore} was left");

            async Coroutine Worker()
            {
                for (int i = 0; i < 3; i++)
                {
                    var self = CoroutineTask.Current;
                    waiting.Add(self);
                    try
                    {
                        using (await semaphore.Acquire())
                        {
                            // Others that were woken may still have to run, but nobody is overtaken who was not.
                            Check(waiting.TakeWhile(task => task != self).Count(task => task.Cancelling == 0) < Permits, "an earlier one is overtaken");
                            waiting.Remove(self);
                            Check(++held <= Permits, "more hold a permit than there are");
                            try
                            {
                                await Asyncio.Sleep(random.Next(2));
                            }
                            finally
                            {
                                held--;
                            }
                        }
                    }
                    finally
                    {
                        waiting.Remove(self);
                    }
                }
            }
        });

    [Fact]
    public void Event()
        => Explore(async random =>
        {
            var flag = new AsyncEvent();
            var waiting = new HashSet<CoroutineTask>();
            var tasks = Start(5, Worker);
            for (int i = 0; i < 3; i++)
            {
                await OnLoop.Turns(random.Next(3));
                var owed = waiting.ToList();
                flag.Set();
                if (random.Next(2) == 0)
                {
                    flag.Clear();
                }
                await VirtualTimeLoop.WaitUntilIdle();
                Check(!owed.Any(waiting.Contains), "one who waited when it was set still waits");
            }
            flag.Set();
            await Finish(tasks);
            Check(flag.ToString() == "<AsyncEvent [set]>", $"{flag} was left");

            async Coroutine Worker()
            {
                await OnLoop.Turns(random.Next(4));
                waiting.Add(CoroutineTask.Current);
                try
                {
                    await flag.Wait();
                }
                finally
                {
                    waiting.Remove(CoroutineTask.Current);
                }
            }
        });

    [Fact]
    public void Condition()
        => Explore(async random =>
        {
            var condition = new AsyncCondition();
            int produced = 0;
            int consumed = 0;
            bool isHeld = false;
            var consumers = Start(3, Consumer);
            await Finish(Start(3, Producer));
            await VirtualTimeLoop.WaitUntilIdle();
            Check(consumers.All(consumer => consumer.IsDone) || consumed == produced, "a consumer waits although there is something to consume");
            consumers.ForEach(consumer => consumer.Cancel());
            await Finish(consumers);
            Check(condition.ToString() == "<AsyncCondition [unlocked]>", $"{condition} was left");

            async Coroutine Consumer()
            {
                while (true)
                {
                    using (await condition.Acquire())
                    {
                        try
                        {
                            await condition.WaitFor(() => consumed < produced);
                        }
                        finally
                        {
                            Check(!isHeld && condition.IsLocked, "a wait ended without the lock");
                        }
                        consumed++;
                        await Hold();
                    }
                }
            }

            async Coroutine Producer()
            {
                for (int i = 0; i < 2; i++)
                {
                    await Asyncio.Sleep(random.Next(3)); // so that consumers wait, and each item has to wake one
                    using (await condition.Acquire())
                    {
                        produced++;
                        condition.Notify();
                        await Hold();
                    }
                }
            }

            async Coroutine Hold()
            {
                Check(!isHeld, "two hold the lock");
                isHeld = true;
                try
                {
                    await OnLoop.Turns(random.Next(2));
                }
                finally
                {
                    isHeld = false;
                }
            }
        });

    [Fact]
    public void Barrier()
        => Explore(async random =>
        {
            const int Parties = 3;
            var barrier = new AsyncBarrier(Parties);
            var passed = new HashSet<int>();
            var tasks = Start(5, Worker);
            await OnLoop.Turns(random.Next(6));
            switch (random.Next(4))
            {
                case 0:
                    barrier.Reset();
                    break;
                case 1:
                    barrier.Abort();
                    await OnLoop.Turns(random.Next(3));
                    barrier.Reset();
                    break;
                default:
                    break;
            }
            await VirtualTimeLoop.WaitUntilIdle();
            Check(tasks.Count(task => !task.IsDone) == barrier.WaitingCount, $"{barrier} miscounts");
            Check(barrier.WaitingCount < Parties, $"{barrier} is full and does not open");
            barrier.Abort();
            await Finish(tasks);
            barrier.Reset();
            Check(barrier.ToString() == "<AsyncBarrier [filling, waiters:0/3]>", $"{barrier} was left");

            async Coroutine Worker()
            {
                try
                {
                    for (int i = 0; i < 3; i++)
                    {
                        int place = await barrier.Wait();
                        if (place == Parties - 1)
                        {
                            passed.Clear(); // the last to come opens it, and is the first to go on
                        }
                        Check(passed.Add(place) && passed.Contains(Parties - 1), $"one went on as number {place} in a round that is {string.Join(',', passed)}");
                        await OnLoop.Turns(random.Next(2));
                    }
                }
                catch (BrokenBarrierException)
                {
                    // Aborted or reset.
                }
            }
        });

    [Fact]
    public void A_lock_with_a_limit_of_time()
        => Explore(async random =>
        {
            var mutex = new AsyncLock();
            var semaphore = new AsyncSemaphore(2);
            bool isHeld = false;
            await Finish(Start(4, Worker));
            Check(mutex.ToString() == "<AsyncLock [unlocked]>", $"{mutex} was left");
            Check(semaphore.ToString() == "<AsyncSemaphore [unlocked, value:2]>", $"{semaphore} was left");

            async Coroutine Worker()
            {
                for (int i = 0; i < 3; i++)
                {
                    try
                    {
                        using (await Limited(semaphore.Acquire()))
                        using (await Limited(mutex.Acquire()))
                        {
                            Check(!isHeld, "two hold the lock");
                            isHeld = true;
                            try
                            {
                                await Asyncio.Sleep(random.Next(2));
                            }
                            finally
                            {
                                isHeld = false;
                            }
                        }
                    }
                    catch (TimeoutException)
                    {
                        await OnLoop.Turns(random.Next(2));
                    }
                }
                await Asyncio.Sleep(0); // a cancellation that came too late for the last outcome is told here
            }

            Coroutine<AsyncReleaser> Limited(Coroutine<AsyncReleaser> acquire) => random.Next(4) switch
            {
                0 => Asyncio.WaitFor(Asyncio.WaitFor(acquire, random.Next(1, 3)), random.Next(1, 3)),
                1 => Asyncio.WaitFor(acquire, new CancellationTokenSource().Token),
                _ => Asyncio.WaitFor(acquire, random.Next(1, 3)),
            };
        });

    internal static void Explore(Func<Random, Coroutine> body, Func<CoroutineTask, bool>? mayCancel = null)
        => Schedules.Explore(body, Count, options: new ScheduleOptions { Cancels = 3, MayCancel = mayCancel })
            .ShouldBeGreaterThan(Count / 2, "most schedules must differ, or little is tried");

    internal static List<CoroutineTask> Start(int count, Func<Coroutine> worker)
        => [.. Enumerable.Range(1, count).Select(i => Asyncio.CreateTask(worker(), name: $"{worker.Method.Name.Split('>')[^1].Split('|')[0].Split('_')[^1]}-{i}"))];

    /// <summary>All end, by cancellation or without a failure; and who was cancelled, and swallows nothing, by cancellation.</summary>
    internal static async Coroutine Finish(List<CoroutineTask> tasks)
    {
        await Asyncio.Wait(tasks);
        Check(tasks.All(task => task.Cancelling == 0 || task.IsCancelled), "a cancellation was lost");
        foreach (var task in tasks.Where(task => !task.IsCancelled))
        {
            task.Result();
        }
    }

    internal static void Check(bool isRight, string complaint)
    {
        if (!isRight)
        {
            throw new InvalidOperationException(complaint);
        }
    }
}
