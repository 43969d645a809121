using static AsyncioSharp.Benchmarks.Measurement;

namespace AsyncioSharp.Benchmarks;

/// <summary>The workloads written with this library. Each is described in docs/performance.md; <see cref="TaskWorkloads"/> has the same for plain tasks.</summary>
internal static class AsyncioWorkloads
{
    private const int Batch = 10_000;

    internal static IEnumerable<Workload> All()
    {
        yield return Of("spawn_join", 1_000_000, n => SpawnJoin(n, Value, eagerStart: false));
        yield return Of("spawn_join_inline", 1_000_000, CallJoin);
        yield return Of("spawn_join_eager", 1_000_000, n => SpawnJoin(n, Value, eagerStart: true));
        yield return Of("spawn_join_yield", 1_000_000, n => SpawnJoin(n, YieldValue, eagerStart: false));
        yield return Of("yield_1", 5_000_000, Yielder);
        yield return Of("yield_1000", 5_000_000, Yield1000);
        yield return Of("await_chain", 2_000_000, n => Chains(n, 1));
        yield return Of("deep_yield", 2_000_000, n => Chains(n, 100));
        yield return Of("gather", 200_000, Gather);
        yield return Of("gather_eager", 200_000, GatherEager);
        yield return Of("ping_pong_future", 1_000_000, PingPong);
        yield return Of("ping_pong_queue", 1_000_000, PingPongQueue);
        yield return Of("timers", 1_000_000, Timers);
        yield return Of("timeout", 500_000, Timeout);
        yield return Of("timeout_scope", 500_000, TimeoutScope);
        yield return Of("cancel", 200_000, n => Cancel(n, WaitForEver, CollectByCatching));
        yield return Of("cancel_status", 500_000, n => Cancel(n, WaitForEver, CollectByStatus));
        yield return Of("cancel_outcomes", 500_000, n => Cancel(n, WaitForEver, CollectByOutcomes));
        yield return Of("cancel_handler", 100_000, n => Cancel(n, WaitForEverGuarded, CollectByCatching));
        yield return Of("cancel_handler_status", 100_000, n => Cancel(n, WaitForEverGuarded, CollectByStatus));
        yield return Of("dotnet_completed", 5_000_000, DotnetWorkloads.Completed);
        yield return Of("dotnet_pending", 1_000_000, DotnetWorkloads.Pending);
        yield return Of("dotnet_cancel_status", 100_000, n => Cancel(n, DotnetWorkloads.WaitForEver, CollectByStatus));
        yield return Of("dotnet_cancel_handler_status", 50_000, n => Cancel(n, WaitForEverGuardedDotnet, CollectByStatus));
        yield return Of("method_turn", 500_000, DotnetWorkloads.MethodTurns);
        yield return Of("method_future", 500_000, DotnetWorkloads.MethodFutures);
        yield return Of("iterator_turn", 500_000, DotnetWorkloads.IteratorTurns);
        yield return Of("method_cancel_status", 50_000, n => Cancel(n, DotnetWorkloads.MethodWaitsForEver, CollectByStatus));
        yield return Of("threadsafe_cb", 500_000, ThreadsafeCallbacks);
        yield return Of("threadsafe_coro", 500_000, ThreadsafeCoroutines);
        yield return Of("threadsafe_rt", 20_000, ThreadsafeRoundTrips);
        yield return Of("memory_sleep", 1_000_000, MemorySleep) with { IsMemory = true };
        yield return Of("memory_future", 1_000_000, MemoryFuture) with { IsMemory = true };
    }

    /// <summary>The loop of all runs, which keeps its tables from one to the next, as the loops of all peers do; another one for the next runs, if it is set.</summary>
    internal static Runner Runner { get; set; } = new();

    private static Workload Of(string name, int operations, Func<int, Coroutine<int>> main) => new("asyncio", name, operations, n => Runner.Run(main(n)));

    private static async Coroutine<int> Value(int i) => i;

    private static async Coroutine<int> YieldValue(int i)
    {
        await Asyncio.Sleep(0);
        return i;
    }

    private static async Coroutine<int> SpawnJoin(int n, Func<int, Coroutine<int>> body, bool eagerStart)
    {
        long total = 0;
        var tasks = new CoroutineTask<int>[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++)
            {
                tasks[k] = Asyncio.CreateTask(body(b + k), eagerStart: eagerStart);
            }
            for (int k = 0; k < Batch; k++)
            {
                total += await tasks[k];
            }
        }
        Check(total == Sum(n));
        return n;
    }

    // No tasks: what is called runs where it is awaited.
    private static async Coroutine<int> CallJoin(int n)
    {
        long total = 0;
        var calls = new Coroutine<int>[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++)
            {
                calls[k] = Value(b + k);
            }
            for (int k = 0; k < Batch; k++)
            {
                total += await calls[k];
            }
        }
        Check(total == Sum(n));
        return n;
    }

    private static async Coroutine<int> Yielder(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Asyncio.Sleep(0);
        }
        return n;
    }

    private static async Coroutine<int> Yield1000(int n)
    {
        int total = 0;
        var tasks = new CoroutineTask<int>[1000];
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = Asyncio.CreateTask(Yielder(n / 1000));
        }
        foreach (var task in tasks)
        {
            total += await task;
        }
        Check(total == n);
        return total;
    }

    private static async Coroutine<int> Chain(int depth, int yields)
    {
        if (depth == 1)
        {
            for (int i = 0; i < yields; i++)
            {
                await Asyncio.Sleep(0);
            }
            return 1;
        }
        return 1 + await Chain(depth - 1, yields);
    }

    private static async Coroutine<int> Chains(int n, int yields)
    {
        int rounds = n / 100;
        int total = 0;
        for (int i = 0; i < rounds; i++)
        {
            total += await Chain(100, yields);
        }
        Check(total == rounds * 100);
        return rounds * 100;
    }

    private static async Coroutine<int> Gather(int n)
    {
        int rounds = n / Batch;
        long total = 0;
        for (int r = 0; r < rounds; r++)
        {
            var children = new Coroutine<int>[Batch];
            for (int k = 0; k < Batch; k++)
            {
                children[k] = YieldValue(k);
            }
            foreach (int value in await Asyncio.Gather<int>(children))
            {
                total += value;
            }
        }
        Check(total == rounds * Sum(Batch));
        return rounds * Batch;
    }

    private static async Coroutine<int> GatherEager(int n)
    {
        int rounds = n / Batch;
        long total = 0;
        var tasks = new CoroutineTask<int>[Batch];
        for (int r = 0; r < rounds; r++)
        {
            for (int k = 0; k < Batch; k++)
            {
                tasks[k] = Asyncio.CreateTask(YieldValue(k), eagerStart: true);
            }
            foreach (int value in await Asyncio.Gather<int>(tasks))
            {
                total += value;
            }
        }
        Check(total == rounds * Sum(Batch));
        return rounds * Batch;
    }

    private static async Coroutine<int> PingPong(int n)
    {
        var loop = Asyncio.GetRunningLoop();
        var request = loop.CreateFuture<int>();
        Future<int>? reply = null;
        var b = Asyncio.CreateTask(B());
        var a = Asyncio.CreateTask(A());
        Check(await a == Sum(n + 1L));
        await b;
        return n;

        async Coroutine B()
        {
            for (int i = 0; i < n; i++)
            {
                int value = await request;
                request = loop.CreateFuture<int>();
                reply!.SetResult(value + 1);
            }
        }

        async Coroutine<long> A()
        {
            long total = 0;
            for (int i = 0; i < n; i++)
            {
                var mine = reply = loop.CreateFuture<int>();
                request.SetResult(i);
                total += await mine;
            }
            return total;
        }
    }

    private static async Coroutine<int> PingPongQueue(int n)
    {
        var requests = new AsyncQueue<int>(1);
        var replies = new AsyncQueue<int>(1);
        var b = Asyncio.CreateTask(B());
        var a = Asyncio.CreateTask(A());
        Check(await a == Sum(n + 1L));
        await b;
        return n;

        async Coroutine B()
        {
            for (int i = 0; i < n; i++)
            {
                await replies.Put(await requests.Get() + 1);
            }
        }

        async Coroutine<long> A()
        {
            long total = 0;
            for (int i = 0; i < n; i++)
            {
                await requests.Put(i);
                total += await replies.Get();
            }
            return total;
        }
    }

    private static async Coroutine<int> Sleeper(uint microseconds)
    {
        await Asyncio.Sleep(microseconds * 1e-6);
        return 1;
    }

    private static async Coroutine<int> Timers(int n)
    {
        uint x = 12345;
        var tasks = new CoroutineTask<int>[n];
        for (int i = 0; i < n; i++)
        {
            x = (x * 1664525) + 1013904223;
            tasks[i] = Asyncio.CreateTask(Sleeper((x >> 8) % 500_001));
        }
        int total = 0;
        foreach (var task in tasks)
        {
            total += await task;
        }
        Check(total == n);
        return n;
    }

    private static async Coroutine<int> Timeout(int n)
    {
        long total = 0;
        for (int i = 0; i < n; i++)
        {
            total += await Asyncio.WaitFor(YieldValue(i), 10.0);
        }
        Check(total == Sum(n));
        return n;
    }

    private static async Coroutine<int> TimeoutScope(int n)
    {
        long total = 0;
        for (int i = 0; i < n; i++)
        {
            total += await Asyncio.Timeout(10.0).Run(_ => YieldValue(i));
        }
        Check(total == Sum(n));
        return n;
    }

    private static async Coroutine WaitForEver() => await Asyncio.GetRunningLoop().CreateFuture<int>();

    private static async Coroutine WaitForEverGuarded()
    {
        try
        {
            await Asyncio.GetRunningLoop().CreateFuture<int>();
        }
        finally
        {
            s_left++;
        }
    }

    private static async Coroutine WaitForEverGuardedDotnet()
    {
        try
        {
            await new TaskCompletionSource<int>().Task;
        }
        finally
        {
            s_left++;
        }
    }

    private static int s_left; // guarded frames that ran their finally block

    private static async Coroutine<int> Cancel(int n, Func<Coroutine> body, Func<CoroutineTask[], Coroutine<int>> collect)
    {
        int cancelled = 0;
        s_left = 0;
        var tasks = new CoroutineTask[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++)
            {
                tasks[k] = Asyncio.CreateTask(body());
            }
            await Asyncio.Sleep(0);
            foreach (var task in tasks)
            {
                task.Cancel();
            }
            cancelled += await collect(tasks);
        }
        Check(cancelled == n && (body != WaitForEverGuarded || s_left == n));
        return n;
    }

    private static async Coroutine<int> CollectByCatching(CoroutineTask[] tasks)
    {
        int caught = 0;
        foreach (var task in tasks)
        {
            try
            {
                await task;
            }
            catch (CancelledException)
            {
                caught++;
            }
        }
        return caught;
    }

    private static async Coroutine<int> CollectByStatus(CoroutineTask[] tasks)
    {
        int cancelled = 0;
        foreach (var task in tasks)
        {
            while (!task.IsDone)
            {
                await Asyncio.Sleep(0);
            }
            cancelled += task.IsCancelled ? 1 : 0;
        }
        return cancelled;
    }

    private static async Coroutine<int> CollectByOutcomes(CoroutineTask[] tasks)
    {
        int cancelled = 0;
        foreach (var outcome in await Asyncio.GatherOutcomes((IAwaitable[])tasks))
        {
            cancelled += outcome.IsCancelled ? 1 : 0;
        }
        return cancelled;
    }

    private static async Coroutine<int> ThreadsafeCallbacks(int n)
    {
        var loop = Asyncio.GetRunningLoop();
        var done = loop.CreateFuture();
        int seen = 0;
        Action callback = () =>
        {
            if (++seen == n)
            {
                done.SetResult(null);
            }
        };
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                loop.CallSoonThreadsafe(callback);
            }
        });
        await done;
        Threads.Join(thread);
        Check(seen == n);
        return n;
    }

    private static async Coroutine<int> ThreadsafeCoroutines(int n)
    {
        var loop = Asyncio.GetRunningLoop();
        var done = loop.CreateFuture();
        int seen = 0;
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                _ = Asyncio.RunCoroutineThreadsafe(Body(i), loop);
            }
        });
        await done;
        Threads.Join(thread);
        Check(seen == n);
        return n;

        async Coroutine<int> Body(int i)
        {
            if (++seen == n)
            {
                done.SetResult(null);
            }
            return i;
        }
    }

    private static async Coroutine<int> ThreadsafeRoundTrips(int n)
    {
        var loop = Asyncio.GetRunningLoop();
        var done = loop.CreateFuture();
        int good = 0;
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                good += Asyncio.RunCoroutineThreadsafe(Value(i), loop).Result() == i ? 1 : 0;
            }
            loop.CallSoonThreadsafe(() => done.SetResult(null));
        });
        await done;
        Threads.Join(thread);
        Check(good == n);
        return n;
    }

    private static Coroutine<int> MemorySleep(int n) => Memory(n, "memory_sleep", static _ => Asyncio.CreateTask(SleepLong()));

    private static Coroutine<int> MemoryFuture(int n) => Memory(n, "memory_future", static loop => Asyncio.CreateTask(AwaitOn(loop.CreateFuture<int>())));

    private static async Coroutine SleepLong() => await Asyncio.Sleep(1000);

    private static async Coroutine<int> AwaitOn(Future<int> future) => await future;

    private static async Coroutine<int> Memory(int n, string name, Func<EventLoop, CoroutineTask> spawn)
    {
        var loop = Asyncio.GetRunningLoop();
        var keep = new CoroutineTask[n];
        Array.Fill(keep, Asyncio.CurrentTask());
        var probe = MemoryProbe.Start("asyncio", name, n);
        for (int i = 0; i < n; i++)
        {
            keep[i] = spawn(loop);
        }
        await Asyncio.Sleep(0);   // until all of them have begun,
        await Asyncio.Sleep(0.2); // and the loop has nothing to do but wait
        probe.Print();
        foreach (var task in keep)
        {
            task.Cancel();
        }
        return n;
    }
}
