using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A task is cancelled in the moment in which what its methods wait for has completed: they go on by themselves, and clean up before their caller sees the exception,
/// however many turns it takes. And the same with somebody who listens to .NET's events.
/// </summary>
public class CompletedInTheSameMomentTests
{
    private readonly List<string> _log = [];
    private readonly TaskCompletionSource _operation = new();

    [Theory]
    [InlineData("method", 3)]
    [InlineData("pooled", 1)]
    [InlineData("pooled", 4)]
    [InlineData("iterator", 1)]
    [InlineData("iterator", 2)]
    [InlineData("iterator", 4)]
    [InlineData("method over iterators", 3)]
    public void Each_of_the_methods_inside_each_other_cleans_up_first(string kind, int depth)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe([.. Enumerable.Range(1, depth).Select(static n => $"{n}"), "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            _operation.SetResult();
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            try
            {
                await Begin();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Coroutine Begin()
        {
            switch (kind)
            {
                case "method": await Method(depth); break;
                case "pooled": await Pooled(depth); break;
                case "method over iterators": await Over(depth); break;
                default:
                    await foreach (int n in Iterator(depth))
                    {
                        n.ShouldBe(0);
                    }
                    break;
            }
        }

        async Task Over(int n)
        {
            try
            {
                await foreach (int item in Iterator(n - 1))
                {
                    item.ShouldBe(0);
                }
            }
            finally
            {
                _log.Add($"{n}");
            }
        }
    }

    [Fact]
    public void A_request_that_was_put_off_and_taken_back_leaves_no_trace()
    {
        var first = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["1", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            first.SetResult();
            task.Cancel();
            task.Uncancel().ShouldBe(0);
            await Asyncio.Sleep(1);
            _operation.SetResult();
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            await Wait();
            try
            {
                await Method(1);
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Wait() => await first.Task;
    }

    [Fact]
    public void A_completion_that_is_still_on_its_way_from_another_thread_is_waited_for()
    {
        var begun = new Signal();
        var mayGoOn = new Signal();
        Asyncio.Run(Main());
        _log.ShouldBe(["1", "2", "caller"]);

        async Coroutine Main()
        {
            // Called before the method's continuation: the task has completed, and the loop has not been told yet.
            var before = _operation.Task.ContinueWith(
                _ =>
                {
                    begun.Set();
                    mayGoOn.Wait();
                },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            var completer = new TestThread(_operation.SetResult);
            begun.Wait();
            task.Cancel();
            for (int turn = 0; turn < 10; turn++)
            {
                await Asyncio.Sleep(0);
            }
            mayGoOn.Set();
            completer.Join();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            before.IsCompleted.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            try
            {
                await Method(2);
            }
            finally
            {
                _log.Add("caller");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Methods_are_found_while_somebody_listens_to_the_events_of_tasks(bool forThisLibrary)
    {
        using var listener = new TaskEvents();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            try
            {
                await Waiting();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Waiting()
        {
            try
            {
                await (forThisLibrary ? Ours() : _operation.Task);
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }

        static async Task Ours() => await Asyncio.Sleep(60);
    }

    private async Task Method(int n)
    {
        try
        {
            await (n == 1 ? _operation.Task : Method(n - 1));
        }
        finally
        {
            _log.Add($"{n}");
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask Pooled(int n)
    {
        try
        {
            await (n == 1 ? new ValueTask(_operation.Task) : Pooled(n - 1));
        }
        finally
        {
            _log.Add($"{n}");
        }
    }

    private async IAsyncEnumerable<int> Iterator(int n)
    {
        try
        {
            yield return 0;
            if (n == 1)
            {
                await _operation.Task;
                yield break;
            }
            await foreach (int item in Iterator(n - 1))
            {
                yield return item;
            }
        }
        finally
        {
            _log.Add($"{n}");
        }
    }

    private sealed class TaskEvents : EventListener
    {
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Threading.Tasks.TplEventSource")
            {
                EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
            }
        }
    }
}
