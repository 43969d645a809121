using AsyncioSharp;

namespace AwaitShapes;

/// <summary>Awaits of what is .NET's, and below a coroutine in async methods and async iterators; and in generators of ours.</summary>
public static class DotnetShapes
{
    public static async Coroutine OfTasks()
    {
        await Probe.Task();
        await Probe.Task().ConfigureAwait(true);
        await new ValueTask<int>(Probe.Task());
        await new ValueTask<int>(Probe.Task()).ConfigureAwait(true);
        await (Task)Probe.Task();
        await new ValueTask(Probe.Task());
        await Task.WhenAll(Probe.Task());
    }

    public static async Coroutine AsyncMethods()
    {
        using (Probe.At()) await OfTask();
        using (Probe.At()) await OfTask().ConfigureAwait(true);
        using (Probe.At()) await OfValueTask();
        using (Probe.At()) await OfGenericTask<string>(new());
        using (Probe.At()) await OfPooledTask();
        Func<Task> lambda = async () => await Probe.Task();
        using (Probe.At()) await lambda();
    }

    public static async Coroutine AsyncMethodsBelowEachOther()
    {
        using (Probe.At()) await Deeper(3);

        static async Task Deeper(int n)
        {
            if (n > 0)
            {
                using (Probe.At()) await Deeper(n - 1);
                return;
            }
            await Probe.Task();
        }
    }

    public static async Coroutine CoroutinesBelowAsyncMethods()
    {
        using (Probe.At()) await Method();

        static async Task Method()
        {
            using (Probe.At()) await Inner();
        }

        static async Coroutine Inner()
        {
            await Probe.Future();
            await Probe.Call();
        }
    }

    public static async Coroutine AsyncIterators()
    {
        using var at = Probe.At(); await foreach (var n in Numbers()) _ = n;
    }

    public static async Coroutine Generators()
    {
#pragma warning disable CS0618 // generator-based coroutines are API, though obsolete
        using (Probe.At()) await Asyncio.Coroutine(Generator)();
#pragma warning restore CS0618
    }

    private static async Task OfTask()
    {
        await Probe.Future();
        await Probe.Task();
    }

    private static async ValueTask OfValueTask()
    {
        await Probe.Task();
        await Probe.Call();
    }

    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask OfPooledTask() => await Probe.Task();

    private static async Task<T?> OfGenericTask<T>(List<T> list)
    {
        await Probe.Task(list.Count);
        try
        {
            await Probe.Future();
        }
        finally
        {
            await Probe.Task();
        }
        return default;
    }

    private static async IAsyncEnumerable<int> Numbers()
    {
        await Probe.Future();
        yield return await Probe.Task();
        for (int i = 0; i < 2; i++)
        {
            try
            {
                await Probe.Call(i);
                yield return i;
            }
            finally
            {
                await Probe.Future();
            }
        }
    }

    private static IEnumerable<IAwaitable> Generator()
    {
        yield return Probe.Future();
        for (int i = 0; i < 2; i++)
        {
            yield return Probe.Call(i);
        }
        try
        {
            yield return Probe.Future();
        }
        finally
        {
            _ = 1;
        }
    }
}
