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
}
