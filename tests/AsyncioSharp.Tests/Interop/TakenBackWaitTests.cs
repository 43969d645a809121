using System.Threading.Tasks.Sources;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A method's wait for a task of .NET is ended only if that is certain to be the method's, to come back to the loop, and not to be on its way already.
/// </summary>
public class TakenBackWaitTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void Of_the_methods_that_wait_for_one_task_the_awaited_one_gets_the_exception()
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["awaited: cancelled", "before: went on", "after: went on"], ignoreOrder: true);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            operation.SetResult();
            await Asyncio.Sleep(1);
        }

        async Coroutine Caller()
        {
            _ = Method("before");
            var awaited = Method("awaited");
            _ = Method("after");
            await awaited;
        }

        async Task Method(string name)
        {
            try
            {
                await operation.Task;
                _log.Add($"{name}: went on");
            }
            catch (CancelledException)
            {
                _log.Add($"{name}: cancelled");
                throw;
            }
        }
    }

    [Fact]
    public void A_method_that_goes_on_in_another_context_is_left_there()
    {
        var elsewhere = new QueueContext();
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller is out", "method went on"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            operation.SetResult();
            elsewhere.RunAll();
        }

        async Coroutine Caller()
        {
            try
            {
                await Method();
            }
            finally
            {
                _log.Add("caller is out");
            }
        }

        async Task Method()
        {
            SynchronizationContext.SetSynchronizationContext(elsewhere);
            await operation.Task;
            _log.Add("method went on");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_completes_before_the_wait_is_taken_back_is_the_methods(int methods)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(Enumerable.Repeat("went on", methods));

        async Coroutine Main()
        {
            var operation = new TaskCompletionSource();
            Task[] started = [];
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            var wait = RawWait.Innermost(started[0], Asyncio.GetRunningLoop().ContextOf(task)).ShouldNotBeNull();
            operation.SetResult();
            wait.TryInterrupt(CancelledException.Unthrown("too late")).ShouldBeNull();
            await task;

            async Coroutine Caller()
            {
                started = [.. Enumerable.Range(0, methods).Select(_ => Method(operation.Task))];
                await Task.WhenAll(started);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_was_taken_back_is_not_taken_back_again(int methods)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBeEmpty();

        async Coroutine Main()
        {
            var operation = new TaskCompletionSource();
            Task[] started = [];
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            var wait = RawWait.Innermost(started[0], Asyncio.GetRunningLoop().ContextOf(task)).ShouldNotBeNull();
            task.Cancel();
            wait.TryInterrupt(CancelledException.Unthrown("again")).ShouldBeNull();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();

            async Coroutine Caller()
            {
                started = [.. Enumerable.Range(0, methods).Select(_ => Method(operation.Task))];
                await started[0];
            }
        }
    }

    [Fact]
    public void What_completes_while_another_thread_has_the_tasks_list_of_continuations_is_the_methods()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["went on", "went on"]);

        async Coroutine Main()
        {
            var operation = new TaskCompletionSource();
            Task? first = null;
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            var wait = RawWait.Innermost(first, Asyncio.GetRunningLoop().ContextOf(task)).ShouldNotBeNull();
            var continuations = TaskFields.ContinuationOf(operation.Task).ShouldBeOfType<List<object?>>();
            var loopThread = Thread.CurrentThread;
            bool isHeld = false;
            var completer = new TestThread(() =>
            {
                lock (continuations)
                {
                    Volatile.Write(ref isHeld, true);
                    SpinWait.SpinUntil(() => (loopThread.ThreadState & ThreadState.WaitSleepJoin) != 0, TimeSpan.FromSeconds(Signal.LimitSeconds)).ShouldBeTrue();
                    operation.SetResult();
                }
            });
            while (!Volatile.Read(ref isHeld))
            {
                Thread.Yield(); // not as a wait: it is the next one that the other thread looks for
            }
            wait.TryInterrupt(CancelledException.Unthrown("too late")).ShouldBeNull();
            completer.Join();
            await task;

            async Coroutine Caller()
            {
                first = Method(operation.Task);
                await Task.WhenAll(first, Method(operation.Task));
            }
        }
    }

    [Fact]
    public void A_second_request_ends_what_the_method_waits_for_after_the_first()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["first", "second"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            foreach (string message in new[] { "first", "second" })
            {
                await Asyncio.Sleep(1);
                task.Cancel(message);
            }
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller() => await CleaningUp();

        async Task CleaningUp()
        {
            for (int i = 0; i < 2; i++)
            {
                try
                {
                    await Never();
                }
                catch (CancelledException e)
                {
                    _log.Add(e.CancelMessage!);
                }
            }
            CoroutineTask.Current.Cancelling.ShouldBe(2);
            throw CancelledException.Unthrown("done");
        }
    }

    // In a Release build the machine of a method is a struct, which is emptied at the method's end: it looks like one at its first await.
    [Fact]
    public void A_method_that_has_ended_is_not_taken_for_one_that_waits()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Task? inner = null;
            Task? outer = null;
            var task = Asyncio.CreateTask(Caller());
            inner = Inner();
            await Asyncio.Sleep(0);
            var host = Asyncio.GetRunningLoop().ContextOf(task);
            (inner.IsCompleted, outer!.IsCompleted).ShouldBe((true, false));
            RawWait.Innermost(inner, host).ShouldBeNull();
            RawWait.Innermost(outer, host).ShouldNotBeNull().Method.ShouldBeSameAs(outer); // it is about to go on
            await task;

            async Coroutine Caller() => await (outer = Outer(inner!));
        }

        static async Task Inner() => await Task.Yield();

        static async Task Outer(Task inner) => await inner;
    }

    [Fact]
    public void A_method_that_has_given_others_their_turn_before_is_not_taken_for_one_that_does_so_now()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Task? method = null;
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            RawWait.Innermost(method, Asyncio.GetRunningLoop().ContextOf(task)).ShouldBeNull();
            await task;

            async Coroutine Caller() => await (method = Method());
        }

        static async Task Method()
        {
            await Task.Yield();
            await Asyncio.Sleep(2);
        }
    }

    [Fact]
    public void A_source_that_has_given_its_outcome_already_and_says_so_does_not_break_the_request()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new SpentSource();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            source.IsSpent = true;
            task.Cancel().ShouldBeTrue();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();

            async Coroutine Caller() => await Method();

            async Task Method() => await new ValueTask(source, 0);
        }
    }

    private async Task Method(Task operation)
    {
        await operation;
        _log.Add("went on");
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);

    private sealed class SpentSource : IValueTaskSource
    {
        internal bool IsSpent { get; set; }

        public void GetResult(short token)
        {
        }

        public ValueTaskSourceStatus GetStatus(short token) => IsSpent ? throw new InvalidOperationException("It has given its outcome.") : ValueTaskSourceStatus.Pending;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
        }
    }
}
