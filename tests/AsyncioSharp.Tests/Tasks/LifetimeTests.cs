using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>What is done keeps nothing alive but its result: neither by way of a timer that is not due yet, nor by a task that is kept.</summary>
public class LifetimeTests
{
    // With many timers those of interest lie in a bucket, or behind all buckets; with a few, in the heap.
    public static TheoryData<string, int, double> Timers()
    {
        var data = new TheoryData<string, int, double>();
        foreach (string what in (string[])["result", "caller", "cancelled sleep", "cancelled wait", "closed sleep", "cancelled timeout", "cancelled scope"])
        {
            data.Add(what, 1, 3600);
            data.Add(what, 3000, 3600);
            data.Add(what, 3000, 1e6);
            data.Add(what, 3000, 0.5);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Timers))]
    public void A_timer_that_is_not_due_keeps_nothing_of_what_is_over(string what, int others, double limit)
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            for (int i = 0; i < others; i++)
            {
                _ = loop.CallLater(1 + i, static () => { }); // earlier ones, so that nothing comes up that was cancelled
            }
            await Asyncio.Sleep(0.001);
            var watched = new List<WeakReference>();
            for (int i = 0; i < 20; i++)
            {
                watched.Add(await Finish(what, limit));
            }
            await Asyncio.Sleep(0);
            Alive(watched).ShouldBeLessThan(3); // the last one may still lie somewhere on the stack
        }
    }

    [Fact]
    public void A_task_that_is_kept_does_not_keep_what_its_method_was_given()
    {
        var loop = VirtualTimeLoop.Create();
        var (tasks, watched) = Run(loop);
        Alive(watched).ShouldBe(0);
        tasks.ShouldAllBe(static task => task.IsDone && task.GetStack().Count == 0);
        tasks.OfType<CoroutineTask<int>>().ShouldAllBe(static task => task.Result() == 7 && task.ToString().Contains("result=7"));
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (List<CoroutineTask> Tasks, List<WeakReference> Watched) Run(EventLoop loop)
        {
            var tasks = new List<CoroutineTask>();
            var watched = new List<WeakReference>();
            foreach (bool waits in (bool[])[false, true])
            {
                object given = new();
                tasks.AddRange([loop.CreateTask(Give(given, waits)), loop.CreateTask(Take(given, waits))]);
                watched.Add(new WeakReference(given));
                tasks.ForEach(loop.RunUntilComplete);
            }
            return (tasks, watched);
        }

        static async Coroutine<int> Give(object given, bool waits)
        {
            await Take(given, waits);
            return 7;
        }

        static async Coroutine Take(object given, bool waits)
        {
            if (waits)
            {
                await Asyncio.Sleep(1);
            }
            GC.KeepAlive(given);
        }
    }

    [Theory]
    [InlineData("coroutine")]
    [InlineData("task")]
    [InlineData("future")]
    [InlineData("gather")]
    [InlineData("failure")]
    [InlineData("between awaits of .NET")]
    [InlineData("left by cancellation")]
    [InlineData("generator")]
    public void A_coroutine_that_goes_on_does_not_keep_what_it_has_awaited(string what)
    {
        var loop = VirtualTimeLoop.Create();
        var watched = new List<WeakReference>();
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            List<CoroutineTask> tasks = [.. Enumerable.Range(0, 20).Select(_ => Asyncio.CreateTask(what switch
            {
                "between awaits of .NET" => AwaitAmongOthers(),
                "left by cancellation" => LeaveOnce(),
                "generator" => Asyncio.Coroutine(Generate()),
                _ => AwaitOnce(),
            }))];
            if (what == "left by cancellation")
            {
                await Asyncio.Sleep(0);
                tasks.ForEach(static task => task.Cancel());
            }
            for (int i = 0; i < 20; i++)
            {
                await Asyncio.Sleep(0); // until each has gone on, and takes turns: time does not go by meanwhile
            }
            Alive(watched).ShouldBeLessThan(3);
            tasks.ForEach(static task => task.Cancel());
            await Asyncio.Wait(tasks);
        }

        async Coroutine AwaitOnce()
        {
            try
            {
                await Something(loop, what, Watch(watched));
            }
            catch (InvalidOperationException)
            {
                await Asyncio.Sleep(0);
            }
            while (true)
            {
                await Asyncio.Sleep(0);
            }
        }

        async Coroutine LeaveOnce()
        {
            try
            {
                await new TaskCompletionSource<object>(Watch(watched)).Task;
            }
            catch (CancelledException)
            {
                while (true)
                {
                    await Asyncio.Sleep(0);
                }
            }
        }

        IEnumerable<IAwaitable?> Generate()
        {
            yield return Something(loop, "future", Watch(watched));
            while (true)
            {
                yield return null;
            }
        }

        async Coroutine AwaitAmongOthers()
        {
            await Task.Yield();
            await Something(loop, "task", Watch(watched));
            while (true)
            {
                await Asyncio.Sleep(0);
                await Task.CompletedTask.ConfigureAwait(true);
            }
        }
    }

    [Fact]
    public void A_gather_that_is_kept_does_not_keep_what_it_has_gathered()
    {
        var loop = VirtualTimeLoop.Create();
        var watched = new List<WeakReference>();
        List<Future> gathers = [.. Enumerable.Range(0, 20).Select(i => Start(i % 2 == 0))];
        loop.RunUntilComplete(Asyncio.Sleep(2));
        Alive(watched).ShouldBe(0);
        gathers.ShouldAllBe(static gather => gather.IsDone && !gather.Cancel(null));
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        Future Start(bool fails)
        {
            var child = loop.CreateTask(Take(Watch(watched)));
            var gather = (Future)Asyncio.Gather(child, loop.CreateTask(End(fails)));
            gather.AddDoneCallback(static done => done.Exception());
            return gather;
        }

        static async Coroutine<int> Take(object given)
        {
            await Asyncio.Sleep(1);
            return given.GetHashCode();
        }

        static async Coroutine<int> End(bool fails)
        {
            await Asyncio.Sleep(0.5);
            return fails ? throw new InvalidOperationException() : 7;
        }
    }

    [Fact]
    public void A_cancelled_future_that_is_kept_keeps_the_task_that_waited_for_it()
    {
        var loop = VirtualTimeLoop.Create();
        var (futures, watched) = Run(loop);
        Alive(watched).ShouldBe(20);
        futures.ShouldAllBe(static future => future.IsCancelled);
        futures.Clear();
        Alive(watched).ShouldBeLessThan(3);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (List<Future<int>> Futures, List<WeakReference> Watched) Run(EventLoop loop)
        {
            var futures = new List<Future<int>>();
            var watched = new List<WeakReference>();
            for (int i = 0; i < 20; i++)
            {
                object given = new();
                futures.Add(loop.CreateFuture<int>());
                watched.Add(new WeakReference(given));
                _ = loop.CreateTask(WaitFor(futures[^1], given));
            }
            loop.RunIteration();
            futures.ForEach(static future => future.Cancel());
            loop.RunIteration();
            return (futures, watched);
        }

        static async Coroutine WaitFor(Future<int> future, object given)
        {
            await future;
            GC.KeepAlive(given);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static object Watch(List<WeakReference> watched)
    {
        object given = new();
        watched.Add(new WeakReference(given));
        return given;
    }

    // Something to await that refers to what is given, and ends after it was waited for.
    private static IAwaitable Something(EventLoop loop, string what, object given)
    {
        switch (what)
        {
            case "coroutine":
                return Use(given, fails: false);
            case "task":
                return loop.CreateTask(Use(given, fails: false));
            case "gather":
                return Asyncio.Gather(loop.CreateTask(Use(given, fails: false)));
            case "future":
                var future = loop.CreateFuture<object>();
                _ = loop.CallSoon(static end => end.future.SetResult(end.given), (future, given));
                return future;
            default:
                return Use(given, fails: true);
        }

        static async Coroutine<object> Use(object given, bool fails)
        {
            await Asyncio.Sleep(0);
            return fails ? throw new InvalidOperationException() : given;
        }
    }

    private static int Alive(List<WeakReference> watched)
    {
        LoopHelpers.CollectGarbage();
        return watched.Count(static reference => reference.IsAlive);
    }

    // A reference to what nobody needs any more.
    private static async Coroutine<WeakReference> Finish(string what, double limit)
    {
        switch (what)
        {
            case "result":
                return new WeakReference(await Asyncio.WaitFor(New(), limit));
            case "caller":
                return await Call(new object(), limit);
            default:
                object given = new();
                var watched = new WeakReference(given);
                await End(what, Asyncio.CreateTask(Wait(what, given, limit)));
                return watched;
        }
    }

    private static async Coroutine End(string what, CoroutineTask task)
    {
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(0);
        if (what == "closed sleep")
        {
            task.Coroutine.Close();
        }
        else
        {
            task.Cancel();
        }
        await Asyncio.Wait([task]);
        _ = task.IsCancelled || task.Exception() is not null;
    }

    private static async Coroutine<object> New()
    {
        await Asyncio.Sleep(0);
        return new object();
    }

    private static async Coroutine<WeakReference> Call(object given, double limit)
    {
        await Asyncio.WaitFor(New(), limit);
        return new WeakReference(given);
    }

    private static async Coroutine Wait(string what, object given, double limit)
    {
        await (what switch
        {
            "cancelled wait" => Asyncio.WaitFor(Asyncio.Sleep(2 * limit), limit),
            "cancelled timeout" => Asyncio.Timeout(limit).Run(_ => Asyncio.Sleep(2 * limit)),
            "cancelled scope" => new CancelScope(limit).Run(_ => Asyncio.Sleep(2 * limit)),
            _ => Asyncio.Sleep(limit),
        });
        GC.KeepAlive(given);
    }
}
