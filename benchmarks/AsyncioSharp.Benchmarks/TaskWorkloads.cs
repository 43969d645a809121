using System.Threading.Channels;
using static AsyncioSharp.Benchmarks.Measurement;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The same workloads with plain <c>Task</c>, on a single-threaded pump or on the thread pool: what a program would use without this library.
/// A thing that plain tasks have no word for is done the way a .NET program does it.
/// </summary>
internal sealed class TaskWorkloads
{
    private const int Batch = 10_000;

    private readonly Pump? _pump;
    private TaskScheduler? _scheduler;

    private TaskWorkloads(bool onPump) => _pump = onPump ? new Pump() : null;

    private string Peer => _pump is null ? "pool" : "pump";

    internal static IEnumerable<Workload> All(bool onPump)
    {
        var w = new TaskWorkloads(onPump);
        yield return w.Of("spawn_join", 1_000_000, n => SpawnJoin(n, w.Queued));
        yield return w.Of("spawn_join_inline", 1_000_000, n => SpawnJoin(n, Value));
        yield return w.Of("spawn_join_yield", 1_000_000, n => SpawnJoin(n, YieldValue));
        yield return w.Of("yield_1", 2_000_000, Yielder);
        yield return w.Of("yield_1000", 2_000_000, w.Yield1000);
        yield return w.Of("await_chain", 1_000_000, n => Chains(n, 1));
        yield return w.Of("await_chain_valuetask", 1_000_000, ValueChains);
        yield return w.Of("deep_yield", 1_000_000, n => Chains(n, 100));
        yield return w.Of("gather", 200_000, Gather);
        yield return w.Of("gather_eager", 200_000, Gather); // its tasks begin in place anyway
        yield return w.Of("ping_pong_future", 500_000, n => PingPong(n, TaskCreationOptions.RunContinuationsAsynchronously));
        if (onPump)
        {
            yield return w.Of("ping_pong_future_inline", 500_000, n => PingPong(n, TaskCreationOptions.None));
        }
        yield return w.Of("ping_pong_queue", 500_000, PingPongChannel);
        yield return w.Of("timers", 1_000_000, Timers);
        yield return w.Of("timeout", 500_000, Timeout);
        yield return w.Of("timeout_scope", 500_000, TimeoutScope);
        yield return w.Of("cancel", 50_000, n => Cancel(n, Wait, CollectByCatching));
        yield return w.Of("cancel_status", 200_000, n => Cancel(n, WaitQuietly, CollectByStatus));
        yield return w.Of("cancel_throw_once", 50_000, n => Cancel(n, Wait, CollectByStatus));
        yield return w.Of("cancel_outcomes", 50_000, n => Cancel(n, Wait, CollectTogether));
        yield return w.Of("cancel_handler", 50_000, n => Cancel(n, WaitGuarded, CollectByCatching));
        yield return w.Of("cancel_handler_status", 50_000, n => Cancel(n, WaitGuarded, CollectByStatus));
        yield return w.Of("dotnet_completed", 5_000_000, DotnetWorkloads.PlainCompleted);
        yield return w.Of("dotnet_pending", 1_000_000, DotnetWorkloads.PlainPending);
        yield return w.Of("dotnet_cancel_status", 50_000, n => Cancel(n, DotnetWorkloads.PlainWaitForEver, CollectByStatus));
        yield return w.Of("dotnet_cancel_handler_status", 50_000, n => Cancel(n, WaitGuarded, CollectByStatus));
        yield return w.Of("method_turn", 500_000, DotnetWorkloads.PlainMethodTurns);
        yield return w.Of("method_future", 500_000, DotnetWorkloads.PlainPending);
        yield return w.Of("iterator_turn", 500_000, DotnetWorkloads.PlainIteratorTurns);
        yield return w.Of("method_cancel_status", 50_000, n => Cancel(n, DotnetWorkloads.PlainWaitForEver, CollectByStatus));
        yield return w.Of("threadsafe_cb", 500_000, w.ThreadsafeCallbacks);
        yield return w.Of("threadsafe_coro", 500_000, w.ThreadsafeCoroutines);
        yield return w.Of("threadsafe_rt", 20_000, w.ThreadsafeRoundTrips);
        yield return w.Of("memory_sleep", 1_000_000, n => w.Memory(n, "memory_sleep", static () => SleepLong())) with { IsMemory = true };
        yield return w.Of("memory_future", 1_000_000, n => w.Memory(n, "memory_future", static () => AwaitOn(NewSource<int>().Task))) with { IsMemory = true };
    }

    private Workload Of(string name, int operations, Func<int, Task<int>> main) => new(Peer, name, operations, n => Run(() => main(n)));

    private T Run<T>(Func<Task<T>> main)
    {
        if (_pump is null)
        {
            return Task.Run(main).GetAwaiter().GetResult();
        }
        return _pump.Run(() =>
        {
            _scheduler = TaskScheduler.FromCurrentSynchronizationContext();
            return main();
        });
    }

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Not run in place: queued, as CreateTask does.
    private Task<int> Queued(int i) => _pump is null
        ? Task.Run(() => i)
        : Task.Factory.StartNew(static state => (int)state!, i, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler!);

    private static async Task<int> Value(int i) => i;

    private static async Task<int> YieldValue(int i)
    {
        await Task.Yield();
        return i;
    }

    private static async Task<int> SpawnJoin(int n, Func<int, Task<int>> make)
    {
        long total = 0;
        var tasks = new Task<int>[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++)
            {
                tasks[k] = make(b + k);
            }
            for (int k = 0; k < Batch; k++)
            {
                total += await tasks[k];
            }
        }
        Check(total == Sum(n));
        return n;
    }

    private static async Task<int> Yielder(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Task.Yield();
        }
        return n;
    }

    private async Task<int> Yield1000(int n)
    {
        int total = 0;
        var tasks = new Task<int>[1000];
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = _pump is null ? Task.Run(() => Yielder(n / 1000)) : Yielder(n / 1000);
        }
        foreach (var task in tasks)
        {
            total += await task;
        }
        Check(total == n);
        return total;
    }

    private static async Task<int> Chain(int depth, int yields)
    {
        if (depth == 1)
        {
            for (int i = 0; i < yields; i++)
            {
                await Task.Yield();
            }
            return 1;
        }
        return 1 + await Chain(depth - 1, yields);
    }

    private static async ValueTask<int> ValueChain(int depth)
    {
        if (depth == 1)
        {
            await Task.Yield();
            return 1;
        }
        return 1 + await ValueChain(depth - 1);
    }

    private static Task<int> ValueChains(int n) => Chains(n, static () => ValueChain(100).AsTask());

    private static Task<int> Chains(int n, int yields) => Chains(n, () => Chain(100, yields));

    private static async Task<int> Chains(int n, Func<Task<int>> chain)
    {
        int rounds = n / 100;
        int total = 0;
        for (int i = 0; i < rounds; i++)
        {
            total += await chain();
        }
        Check(total == rounds * 100);
        return rounds * 100;
    }

    private static async Task<int> Gather(int n)
    {
        int rounds = n / Batch;
        long total = 0;
        var tasks = new Task<int>[Batch];
        for (int r = 0; r < rounds; r++)
        {
            for (int k = 0; k < Batch; k++)
            {
                tasks[k] = YieldValue(k);
            }
            foreach (int value in await Task.WhenAll(tasks))
            {
                total += value;
            }
        }
        Check(total == rounds * Sum(Batch));
        return rounds * Batch;
    }

    private static async Task<int> PingPong(int n, TaskCreationOptions options)
    {
        var request = new TaskCompletionSource<int>(options);
        TaskCompletionSource<int>? reply = null;
        var b = B();
        Check(await A() == Sum(n + 1L));
        await b;
        return n;

        async Task B()
        {
            for (int i = 0; i < n; i++)
            {
                int value = await request.Task;
                Volatile.Write(ref request, new TaskCompletionSource<int>(options));
                reply!.SetResult(value + 1);
            }
        }

        async Task<long> A()
        {
            long total = 0;
            for (int i = 0; i < n; i++)
            {
                var mine = reply = new TaskCompletionSource<int>(options);
                Volatile.Read(ref request).SetResult(i);
                total += await mine.Task;
            }
            return total;
        }
    }

    private static async Task<int> PingPongChannel(int n)
    {
        var options = new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true };
        var requests = Channel.CreateBounded<int>(options);
        var replies = Channel.CreateBounded<int>(options);
        var b = B();
        Check(await A() == Sum(n + 1L));
        await b;
        return n;

        async Task B()
        {
            for (int i = 0; i < n; i++)
            {
                await replies.Writer.WriteAsync(await requests.Reader.ReadAsync() + 1);
            }
        }

        async Task<long> A()
        {
            long total = 0;
            for (int i = 0; i < n; i++)
            {
                await requests.Writer.WriteAsync(i);
                total += await replies.Reader.ReadAsync();
            }
            return total;
        }
    }

    private static async Task<int> Sleeper(uint microseconds)
    {
        await Task.Delay((int)((microseconds + 999) / 1000));
        return 1;
    }

    private static async Task<int> Timers(int n)
    {
        uint x = 12345;
        var tasks = new Task<int>[n];
        for (int i = 0; i < n; i++)
        {
            x = (x * 1664525) + 1013904223;
            tasks[i] = Sleeper((x >> 8) % 500_001);
        }
        int total = 0;
        foreach (var task in tasks)
        {
            total += await task;
        }
        Check(total == n);
        return n;
    }

    private static async Task<int> Timeout(int n)
    {
        long total = 0;
        var limit = TimeSpan.FromSeconds(10);
        for (int i = 0; i < n; i++)
        {
            total += await YieldValue(i).WaitAsync(limit);
        }
        Check(total == Sum(n));
        return n;
    }

    private static async Task<int> TimeoutScope(int n)
    {
        long total = 0;
        var limit = TimeSpan.FromSeconds(10);
        for (int i = 0; i < n; i++)
        {
            using var source = new CancellationTokenSource(limit);
            total += await YieldValue(i, source.Token);
        }
        Check(total == Sum(n));
        return n;

        static async Task<int> YieldValue(int i, CancellationToken token)
        {
            await Task.Yield();
            token.ThrowIfCancellationRequested();
            return i;
        }
    }

    private static async Task Wait(CancellationToken token) => await Task.Delay(System.Threading.Timeout.Infinite, token);

    // Ends well, since nothing is thrown.
    private static async Task WaitQuietly(CancellationToken token)
        => await Task.Delay(System.Threading.Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private static async Task WaitGuarded(CancellationToken token)
    {
        try
        {
            await Task.Delay(System.Threading.Timeout.Infinite, token);
        }
        finally
        {
            Interlocked.Increment(ref s_left);
        }
    }

    private static int s_left; // guarded frames that ran their finally block

    private static async Task<int> Cancel(int n, Func<CancellationToken, Task> body, Func<Task[], Task<int>> collect)
    {
        int cancelled = 0;
        s_left = 0;
        var sources = new CancellationTokenSource[Batch];
        var tasks = new Task[Batch];
        for (int b = 0; b < n; b += Batch)
        {
            for (int k = 0; k < Batch; k++)
            {
                sources[k] = new CancellationTokenSource();
                tasks[k] = body(sources[k].Token);
            }
            await Task.Yield();
            foreach (var source in sources)
            {
                source.Cancel();
            }
            cancelled += await collect(tasks);
            foreach (var source in sources)
            {
                source.Dispose();
            }
        }
        Check(cancelled == n && (body != WaitGuarded || s_left == n));
        return n;
    }

    private static async Task<int> CollectByCatching(Task[] tasks)
    {
        int caught = 0;
        foreach (var task in tasks)
        {
            try
            {
                await task;
            }
            catch (OperationCanceledException)
            {
                caught++;
            }
        }
        return caught;
    }

    private static async Task<int> CollectByStatus(Task[] tasks)
    {
        int cancelled = 0;
        foreach (var task in tasks)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancelled += task.IsFaulted ? 0 : 1;
        }
        return cancelled;
    }

    private static async Task<int> CollectTogether(Task[] tasks)
    {
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return tasks.Count(static task => task.IsCanceled);
    }

    private void Submit(SendOrPostCallback callback, object? state)
    {
        if (_pump is not null)
        {
            _pump.Post(callback, state);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static item => item.callback(item.state), (callback, state), preferLocal: false);
        }
    }

    private async Task<int> ThreadsafeCallbacks(int n)
    {
        int seen = 0;
        var done = NewSource<bool>();
        SendOrPostCallback callback = _ =>
        {
            if (Interlocked.Increment(ref seen) == n)
            {
                done.SetResult(true);
            }
        };
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                Submit(callback, null);
            }
        });
        await done.Task;
        thread.Join();
        Check(seen == n);
        return n;
    }

    private Task<int> FromThread(Func<int, Task<int>> body, int i)
    {
        if (_pump is null)
        {
            return Task.Run(() => body(i));
        }
        var source = NewSource<int>();
        _pump.Post(
            static async state =>
            {
                var (source, body, i) = ((TaskCompletionSource<int>, Func<int, Task<int>>, int))state!;
                source.SetResult(await body(i));
            },
            (source, body, i));
        return source.Task;
    }

    private async Task<int> ThreadsafeCoroutines(int n)
    {
        int seen = 0;
        var done = NewSource<bool>();
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                _ = FromThread(Body, i);
            }
        });
        await done.Task;
        thread.Join();
        Check(seen == n);
        return n;

        async Task<int> Body(int i)
        {
            if (Interlocked.Increment(ref seen) == n)
            {
                done.SetResult(true);
            }
            return i;
        }
    }

    private async Task<int> ThreadsafeRoundTrips(int n)
    {
        var done = NewSource<bool>();
        int good = 0;
        var thread = Threads.Start(() =>
        {
            for (int i = 0; i < n; i++)
            {
                good += FromThread(static async i => i, i).GetAwaiter().GetResult() == i ? 1 : 0;
            }
            done.SetResult(true);
        });
        await done.Task;
        thread.Join();
        Check(good == n);
        return n;
    }

    private static async Task SleepLong() => await Task.Delay(1_000_000);

    private static async Task<int> AwaitOn(Task<int> task) => await task;

    private async Task<int> Memory(int n, string name, Func<Task> spawn)
    {
        var keep = new Task[n];
        Array.Fill(keep, Task.CompletedTask);
        var probe = MemoryProbe.Start(Peer, name, n);
        for (int i = 0; i < n; i++)
        {
            keep[i] = spawn();
        }
        await Task.Delay(200);
        probe.Print();
        GC.KeepAlive(keep);
        return n;
    }
}
