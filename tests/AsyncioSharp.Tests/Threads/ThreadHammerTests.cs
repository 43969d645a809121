using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary>Several threads send to one loop as fast as they can: nothing may be lost, and what one thread sends stays in its order.</summary>
public class ThreadHammerTests
{
    private const int Senders = 4;
    private const int Sent = 20_000; // by each

    [Fact, Rule("THR-01")]
    public void CallSoonThreadsafe_loses_nothing_and_keeps_each_threads_order()
    {
        var received = new List<int>[Senders];
        var loop = new EventLoop();
        int left = Senders * Sent;
        var threads = Enumerable.Range(0, Senders).Select(sender =>
        {
            received[sender] = new List<int>(Sent);
            return new TestThread(() =>
            {
                for (int i = 0; i < Sent; i++)
                {
                    loop.CallSoonThreadsafe(Receive, (sender, i));
                }
            });
        }).ToList();

        RunForever(loop);
        threads.ForEach(static t => t.Join());
        loop.Close();

        received.ShouldAllBe(static r => r.SequenceEqual(Enumerable.Range(0, Sent)));

        void Receive((int Sender, int Number) message)
        {
            received[message.Sender].Add(message.Number);
            if (--left == 0)
            {
                loop.Stop();
            }
        }
    }

    [Theory]
    [InlineData("Gather")]
    [InlineData("Wait")]
    [InlineData("AsCompleted")]
    public void Futures_that_several_threads_complete_are_all_counted(string combinator)
    {
        const int Rounds = 30;
        const int Futures = 2_000; // of each thread
        var loop = new EventLoop();
        loop.CallLater(Signal.LimitSeconds, loop.Stop); // a gather that has missed an end cannot even be cancelled
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            for (int round = 0; round < Rounds; round++)
            {
                var futures = Enumerable.Range(0, 2 * Futures).Select(_ => loop.CreateFuture<int>()).ToArray();
                var all = Asyncio.CreateTask(All(futures));
                await Asyncio.Sleep(0);
                using var start = new Barrier(2);
                var threads = new[] { 0, 1 }.Select(parity => new TestThread(() =>
                {
                    start.SignalAndWait();
                    for (int i = parity; i < futures.Length; i += 2)
                    {
                        futures[i].SetResult(i);
                    }
                })).ToList();
                await all;
                threads.ForEach(static thread => thread.Join());
            }
        }

        async Coroutine All(Future<int>[] futures)
        {
            switch (combinator)
            {
                case "Gather":
                    (await Asyncio.Gather<int>(futures)).ShouldBe(Enumerable.Range(0, futures.Length));
                    break;
                case "Wait":
                    (await Asyncio.Wait(futures)).Done.Count.ShouldBe(futures.Length);
                    break;
                default:
                    int seen = 0;
                    await foreach (var future in Asyncio.AsCompleted(futures))
                    {
                        seen += future.IsDone ? 1 : 0;
                    }
                    seen.ShouldBe(futures.Length);
                    break;
            }
        }
    }

    [Fact, Rule("RCT-01")]
    public void RunCoroutineThreadsafe_loses_nothing_and_keeps_each_threads_order()
    {
        var received = Enumerable.Range(0, Senders).Select(static _ => new List<int>(Sent)).ToArray();
        using var other = new LoopThread();
        var threads = Enumerable.Range(0, Senders).Select(sender => new TestThread(() =>
        {
            var futures = new List<ConcurrentFuture<int>>(Sent);
            for (int i = 0; i < Sent; i++)
            {
                futures.Add(Asyncio.RunCoroutineThreadsafe(Receive(sender, i), other.Loop));
            }
            for (int i = 0; i < Sent; i++)
            {
                futures[i].Result(Signal.LimitSeconds).ShouldBe(i);
            }
        })).ToList();
        threads.ForEach(static t => t.Join());

        received.ShouldAllBe(static r => r.SequenceEqual(Enumerable.Range(0, Sent)));

        async Coroutine<int> Receive(int sender, int number)
        {
            received[sender].Add(number);
            await Asyncio.Sleep(0);
            return number;
        }
    }

    [Fact, Rule("THR-01")]
    public void A_loop_that_sleeps_is_woken_every_time()
    {
        using var other = new LoopThread();

        // Each round trip finds the loop asleep, or just falling asleep.
        for (int i = 0; i < 20_000; i++)
        {
            var woken = new ConcurrentFuture<int>();
            int n = i;
            other.Loop.CallSoonThreadsafe(() => woken.Run(() => n));
            woken.Result(Signal.LimitSeconds).ShouldBe(n);
        }
    }

    [Fact, Rule("TT-03")]
    [CPython("test_threads.py::ToThreadTests.test_to_thread_concurrent")]
    public void Functions_in_threads_lose_no_result()
    {
        Asyncio.Run(Main()).ShouldBe(Enumerable.Range(0, 5_000).Sum());

        static async Coroutine<int> Main()
        {
            var results = await Asyncio.Gather(Enumerable.Range(0, 5_000).Select(static n => Asyncio.ToThread(static n => n, n)));
            return results.Sum();
        }
    }

    [Fact]
    public void Virtual_time_stands_still_between_the_end_of_a_function_and_its_arrival()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.CallLater(3600, static () => { }); // something to jump to
            for (int i = 0; i < 20_000; i++)
            {
                await loop.RunInExecutor(null, static () => { });
                loop.Time.ShouldBe(0);
            }
        }
    }

    private static void RunForever(EventLoop loop)
    {
        var limit = loop.CallLater(2 * Signal.LimitSeconds, loop.Stop); // a lost message ends in a failed assertion, not in a hang
        loop.RunForever();
        limit.Cancel();
    }
}
