using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Interop.Support;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A method that a cancelled task has left behind gets the exception where it waits next, however it comes to go on and whatever else the task has left; others do not.
/// </summary>
public class LeftMethodTests
{
    private const int Count = 50;

    private readonly List<string> _log = [];
    private readonly PostingSource[] _sources = [.. Enumerable.Range(0, Count).Select(static _ => new PostingSource())];

    /// <summary>What a method is.</summary>
    public enum Kind
    {
        Method,
        Pooled,
        Iterator,
    }

    [Theory]
    [InlineData(Kind.Method, false)]
    [InlineData(Kind.Method, true)]
    [InlineData(Kind.Pooled, false)]
    [InlineData(Kind.Pooled, true)]
    [InlineData(Kind.Iterator, false)]
    [InlineData(Kind.Iterator, true)]
    public void One_among_very_many_that_goes_on_gets_it_in_that_turn(Kind kind, bool forThisLibrary)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var worker = Asyncio.CreateTask(Worker(i => Call(kind, i, forThisLibrary)));
            await Asyncio.Sleep(2 * Count);
            foreach (int i in new[] { 40, 7 })
            {
                _sources[i].Complete();
                await OnLoop.Turns(forThisLibrary ? 4 : 3); // a coroutine that it awaits begins before that is cancelled
                _log.ShouldBe([$"{i} cancelled"]);
                _log.Clear();
            }
            worker.Cancel();
            await Asyncio.Wait(worker);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void One_among_very_many_that_goes_on_in_the_middle_of_anothers_turn_gets_it_too(bool otherWaitsForThisLibrary, bool forThisLibrary)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var worker = Asyncio.CreateTask(Worker(i => Call(Kind.Method, i, forThisLibrary), Other));
            await Asyncio.Sleep(2 * Count);
            await OnLoop.Turns(2 * Count);
            _log.ShouldBe(["40 cancelled"]);
            worker.Cancel();
            await Asyncio.Wait(worker);
        }

        async Task Other()
        {
            if (otherWaitsForThisLibrary)
            {
                await Asyncio.Sleep(Count + 1);
            }
            else
            {
                await After(Count + 1);
            }
            _sources[40].CompleteHere();
            if (!forThisLibrary)
            {
                for (int i = 0; i < Count; i++)
                {
                    await (otherWaitsForThisLibrary ? Turn() : Task.CompletedTask);
                    await Task.Yield();
                }
            }
        }

        static async Task Turn() => await Asyncio.Sleep(0);
    }

    [Theory]
    [InlineData(Kind.Method)]
    [InlineData(Kind.Pooled)]
    public void One_that_goes_on_to_wait_with_very_many_others_is_found_among_them(Kind kind)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled"]);

        async Coroutine Main()
        {
            var shared = new TaskCompletionSource();
            for (int i = 0; i < 200; i++)
            {
                _ = Waiting(shared.Task);
            }
            var task = Asyncio.CreateTask(Caller(shared.Task));
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _sources[0].Complete();
            await OnLoop.Turns(3);
        }

        async Coroutine Caller(Task shared)
        {
            if (kind == Kind.Pooled)
            {
                await Pooled(shared);
            }
            else
            {
                await Waiting(shared, _sources[0].ValueTask);
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        async ValueTask Pooled(Task shared)
        {
            await _sources[0].ValueTask;
            try
            {
                await shared;
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
                throw;
            }
        }

        async Task Waiting(Task shared, ValueTask before = default)
        {
            await before;
            try
            {
                await shared;
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
                throw;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_that_is_about_to_go_on_again_gets_it_after_that(bool yields)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _sources[0].Complete();
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller() => await Leaving();

        async Task Leaving()
        {
            await _sources[0].ValueTask;
            if (yields)
            {
                await Task.Yield();
                await Task.Yield();
            }
            else
            {
                await new PostingSource { EndsWhenAwaited = true }.ValueTask;
            }
            try
            {
                await Never();
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
            }
        }
    }

    [Fact]
    public void One_that_refuses_does_not_get_it_again()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "refused"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            _sources[0].Complete();
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller() => await Refusing();

        async Task Refusing()
        {
            await _sources[0].ValueTask;
            try
            {
                await Never();
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
            }
            for (int i = 0; i < 3; i++)
            {
                await After(1);
                await Asyncio.Sleep(1);
            }
            _log.Add("refused");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_that_was_only_started_and_that_something_unknown_waits_for_does_not_get_it(bool forThisLibrary)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["started one goes on", "and ends", "told"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller()
        {
            Started().GetAwaiter().OnCompleted(() => _log.Add("told"));
            await Method(0, false);
        }

        async Task Started()
        {
            await After(2);
            _log.Add("started one goes on");
            if (forThisLibrary)
            {
                await Asyncio.Sleep(1);
            }
            else
            {
                await After(1);
            }
            _log.Add("and ends");
        }
    }

    [Theory]
    [InlineData(Kind.Method)]
    [InlineData(Kind.Pooled)]
    [InlineData(Kind.Iterator)]
    public void When_all_have_ended_the_task_knows_nothing_of_them(Kind kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var worker = Asyncio.CreateTask(Worker(i => Call(kind, i, false), Background));
            await Asyncio.Sleep(2 * Count);
            var methods = Asyncio.GetRunningLoop().ContextOf(worker).Methods!;
            methods.HasLeftSome.ShouldBeTrue();
            Array.ForEach(_sources, static source => source.Complete());
            await Asyncio.Sleep(100);
            methods.HasLeftSome.ShouldBeFalse();
            worker.Cancel();
            await Asyncio.Wait(worker);
        }

        async Task Background()
        {
            while (true)
            {
                await After(1);
            }
        }
    }

    [Fact]
    public void What_has_no_methods_in_it_leaves_nothing_behind()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Caller(), 1));
            Asyncio.GetRunningLoop().ContextOf(CoroutineTask.Current).Methods!.HasLeftSome.ShouldBeFalse();

            static async Coroutine Caller()
            {
                try
                {
                    await Never();
                }
                finally
                {
                    Asyncio.GetRunningLoop().ContextOf(CoroutineTask.Current).Methods!.HasLeftSome.ShouldBeFalse();
                }
            }
        }
    }

    private static async Coroutine Worker(Func<int, Coroutine> call, Func<Task>? first = null)
    {
        await Task.Yield(); // what a coroutine starts that awaits something of .NET belongs to its task
        _ = first?.Invoke();
        for (int i = 0; i < Count; i++)
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(_ => call(i)));
        }
        await Asyncio.Sleep(1000);
    }

    private async Coroutine Call(Kind kind, int i, bool forThisLibrary)
    {
        switch (kind)
        {
            case Kind.Method:
                await Method(i, forThisLibrary);
                break;
            case Kind.Pooled:
                await Pooled(i, forThisLibrary);
                break;
            default:
                await foreach (int _ in Iterator(i, forThisLibrary))
                {
                }
                break;
        }
    }

    private async Task Method(int i, bool forThisLibrary)
    {
        await _sources[i].ValueTask;
        await Wait(i, forThisLibrary);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask Pooled(int i, bool forThisLibrary)
    {
        await _sources[i].ValueTask;
        await Wait(i, forThisLibrary);
    }

    private async IAsyncEnumerable<int> Iterator(int i, bool forThisLibrary)
    {
        await _sources[i].ValueTask;
        await Wait(i, forThisLibrary);
        yield return i;
    }

    private async Task Wait(int i, bool forThisLibrary)
    {
        try
        {
            if (forThisLibrary)
            {
                await Asyncio.Sleep(1000);
            }
            else
            {
                await Never();
            }
        }
        catch (CancelledException)
        {
            _log.Add($"{i} cancelled");
            throw;
        }
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);

    [Fact]
    public void A_task_that_leaves_methods_behind_again_and_again_does_not_look_at_all_of_them_for_each()
    {
        const int Each = 100;
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var never = new TaskCompletionSource();
            await Leave(Each, never.Task);
            long few = await Leave(Each, never.Task);
            await Leave(4 * Each, never.Task);
            (await Leave(Each, never.Task)).ShouldBeLessThan(2 * few);
            never.SetResult();
        }

        static async Coroutine<long> Leave(int count, Task never)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(0).Run(async _ => await Outer(never)));
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static async Task Outer(Task never) => await Inner(never);

        static async Task Inner(Task never) => await never.ConfigureAwait(false); // cannot be ended: it does not come back to the loop
    }
}
