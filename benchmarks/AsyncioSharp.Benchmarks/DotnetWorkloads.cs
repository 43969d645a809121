using static AsyncioSharp.Benchmarks.Measurement;

namespace AsyncioSharp.Benchmarks;

/// <summary>The awaits of .NET tasks: in coroutines of this library, and in plain async methods.</summary>
internal static class DotnetWorkloads
{
    private static readonly Task<int> s_completed = Task.FromResult(1);

    internal static async Coroutine<int> Completed(int n)
    {
        int total = 0;
        for (int i = 0; i < n; i++)
        {
            total += await s_completed;
        }
        Check(total == n);
        return n;
    }

    internal static async Task<int> PlainCompleted(int n)
    {
        int total = 0;
        for (int i = 0; i < n; i++)
        {
            total += await s_completed;
        }
        Check(total == n);
        return n;
    }

    internal static async Coroutine<int> Pending(int n)
    {
        int total = 0;
        var loop = Asyncio.GetRunningLoop();
        for (int i = 0; i < n; i++)
        {
            var source = new TaskCompletionSource<int>();
            loop.CallSoon(static source => source.SetResult(1), source);
            total += await source.Task;
        }
        Check(total == n);
        return n;
    }

    internal static async Task<int> PlainPending(int n)
    {
        int total = 0;
        for (int i = 0; i < n; i++)
        {
            var source = new TaskCompletionSource<int>();
            if (SynchronizationContext.Current is { } pump)
            {
                pump.Post(static source => ((TaskCompletionSource<int>)source!).SetResult(1), source);
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(static source => source.SetResult(1), source, preferLocal: true);
            }
            total += await source.Task;
        }
        Check(total == n);
        return n;
    }

    internal static async Coroutine WaitForEver() => await new TaskCompletionSource<int>().Task;

    internal static async Task PlainWaitForEver(CancellationToken token) => await new TaskCompletionSource<int>().Task.WaitAsync(token);

    // What async methods and iterators of .NET wait for, below a coroutine: a coroutine that gives others their turn, a future, and a task of .NET.

    internal static async Coroutine<int> MethodTurns(int n)
    {
        return await Method(n);

        static async Task<int> Method(int n)
        {
            for (int i = 0; i < n; i++)
            {
                await Turn();
            }
            return n;
        }
    }

    internal static async Task<int> PlainMethodTurns(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await PlainTurn();
        }
        return n;
    }

    internal static async Coroutine<int> MethodFutures(int n)
    {
        return await Method(n);

        static async Task<int> Method(int n)
        {
            int total = 0;
            var loop = Asyncio.GetRunningLoop();
            for (int i = 0; i < n; i++)
            {
                var future = loop.CreateFuture<int>();
                loop.CallSoon(static future => future.SetResult(1), future);
                total += await future;
            }
            Check(total == n);
            return n;
        }
    }

    internal static async Coroutine<int> IteratorTurns(int n)
    {
        int total = 0;
        await foreach (int one in Items(n))
        {
            total += one;
        }
        Check(total == n);
        return n;

        static async IAsyncEnumerable<int> Items(int n)
        {
            for (int i = 0; i < n; i++)
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
        }
    }

    internal static async Task<int> PlainIteratorTurns(int n)
    {
        int total = 0;
        await foreach (int one in Items(n))
        {
            total += one;
        }
        Check(total == n);
        return n;

        static async IAsyncEnumerable<int> Items(int n)
        {
            for (int i = 0; i < n; i++)
            {
                await Task.Yield();
                yield return 1;
            }
        }
    }

    internal static async Coroutine MethodWaitsForEver() => await PlainWaitForEver(CancellationToken.None);

    private static async Coroutine Turn() => await Asyncio.Sleep(0);

    private static async Task PlainTurn() => await Task.Yield();
}
