using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A cancel of a task whose <c>async</c> methods and iterators wait for tasks of .NET, and not for anything of this library: it ends their waits as it
/// would end the coroutine's own, and where it cannot, they get it where they wait next.
/// </summary>
public class RawWaitTests
{
    private readonly List<string> _log = [];

    public static TheoryData<string> Awaits =>
    [
        "task", "task of T", "struct", "object", "configured", "configured of T", "options", "value task", "value task of T", "configured value task",
        "WhenAll", "WhenAny", "ContinueWith", "Unwrap", "method that left the loop",
    ];

    [Theory]
    [MemberData(nameof(Awaits))]
    [Rule("CAN-03")]
    public void The_methods_wait_ends_and_its_finally_runs_before_the_caller_sees_the_exception(string kind)
    {
        var operation = new TaskCompletionSource<int>();
        var other = new TaskCompletionSource<decimal>();
        var word = new TaskCompletionSource<string>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method: stop, in caller", "cleaned up at 2, in caller", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller(), name: "caller");
            await Asyncio.Sleep(1);
            task.Cancel("stop").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
            operation.SetResult(1); // does nothing any more
            other.SetResult(1);
            word.SetResult("");
            await Asyncio.Sleep(1);
        }

        async Coroutine Caller()
        {
            try
            {
                await Outer();
            }
            catch (CancelledException)
            {
                _log.Add("caller");
                throw;
            }
        }

        async ValueTask<int> Outer() => await Method();

        async Task<int> Method()
        {
            int before = 1;
            try
            {
                Task plain = operation.Task;
                switch (kind)
                {
                    case "task": await plain; break;
                    case "task of T": return before + await operation.Task;
                    case "struct": return before + (int)await other.Task;
                    case "object": return before + (await word.Task).Length;
                    case "configured": await plain.ConfigureAwait(true); break;
                    case "configured of T": return before + await operation.Task.ConfigureAwait(true);
                    case "options": await plain.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext); break;
                    case "value task": await new ValueTask(plain); break;
                    case "value task of T": return before + await new ValueTask<int>(operation.Task);
                    case "configured value task": await new ValueTask(plain).ConfigureAwait(true); break;
                    case "WhenAll": await Task.WhenAll(plain, other.Task); break;
                    case "WhenAny": await Task.WhenAny(plain, other.Task); break;
                    case "ContinueWith": await plain.ContinueWith(_ => { }, TaskScheduler.Default); break;
                    case "Unwrap": await Task.FromResult(plain).Unwrap(); break;
                    default: await LeavesTheLoop(); break;
                }
                return before;
            }
            catch (CancelledException e)
            {
                _log.Add($"method: {e.CancelMessage}, in {Asyncio.CurrentTask()?.Name}");
                before.ShouldBe(1);
                throw;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"cleaned up at {Asyncio.GetRunningLoop().Time:0.#}, in {Asyncio.CurrentTask()?.Name}"));
            }
        }

        async Task LeavesTheLoop() => await operation.Task.ConfigureAwait(false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("CAN-03")]
    public void Of_methods_and_iterators_inside_each_other_the_innermost_gets_it_first(bool pooled)
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["iterator", "inner", "middle", "outer"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Outer());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Outer()
        {
            try
            {
                await foreach (int n in Middle())
                {
                    n.ShouldBe(1);
                }
            }
            finally
            {
                _log.Add("outer");
            }
        }

        async IAsyncEnumerable<int> Middle()
        {
            try
            {
                await (pooled ? Pooled() : Inner());
                yield return 1;
            }
            finally
            {
                _log.Add("middle");
            }
        }

        async ValueTask<int> Inner()
        {
            try
            {
                await foreach (int n in Iterator())
                {
                    return n;
                }
                return 0;
            }
            finally
            {
                _log.Add("inner");
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        async ValueTask<int> Pooled() => await Inner();

        async IAsyncEnumerable<int> Iterator()
        {
            try
            {
                await operation.Task;
                yield return 1;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add("iterator");
            }
        }
    }

    [Fact]
    public void Others_that_await_the_same_task_go_on_when_it_completes()
    {
        var operation = new TaskCompletionSource<int>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["a 7", "c 7"], ignoreOrder: true);

        async Coroutine Main()
        {
            var tasks = new[] { "a", "b", "c" }.Select(name => Asyncio.CreateTask(Caller(name))).ToArray();
            await Asyncio.Sleep(1);
            tasks[1].Cancel();
            await Asyncio.Wait(tasks[1]);
            tasks[1].IsCancelled.ShouldBeTrue();
            operation.SetResult(7);
            await Asyncio.Wait(tasks);
        }

        async Coroutine Caller(string name) => await Method(name);

        async Task Method(string name) => _log.Add($"{name} {await operation.Task}");
    }

    [Fact]
    public void A_task_that_methods_have_left_again_and_again_keeps_nothing_of_them()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            for (int i = 0; i < 50; i++)
            {
                await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Caller(), 1));
            }
            ((List<object?>)TaskFields.ContinuationOf(source.Task)!).Count(static one => one is not null).ShouldBe(1); // what looks at its failure

            async Coroutine Caller() => await Method();

            async Task Method() => await source.Task;
        }
    }

    [Fact]
    public void Among_many_that_wait_for_a_task_a_method_is_searched_only_if_asked_for()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var source = new TaskCompletionSource();
            Task? last = null;
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            RawWait.Innermost(last, loop.ContextOf(task)).ShouldNotBeNull().Method.ShouldBeSameAs(last);
            RawWait.Innermost(last, loop.ContextOf(task), mostOthers: 10).ShouldNotBeNull();
            RawWait.Innermost(last, loop.ContextOf(task), mostOthers: 9).ShouldBeNull();
            source.SetResult();
            await task;
            RawWait.Innermost(last, loop.ContextOf(task)).ShouldBeNull();

            async Coroutine Caller()
            {
                for (int i = 0; i < 10; i++)
                {
                    last = Method();
                }
                await last!;
            }

            async Task Method() => await source.Task;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_that_asks_for_a_cancellation_and_ends_in_the_same_turn_is_over_and_its_caller_cancelled_at_its_end(bool isPooled)
    {
        bool wentOn = false;
        VirtualTimeLoop.Run(Main());
        wentOn.ShouldBeTrue(); // as in Python: nothing comes between

        async Coroutine Main() => await OnLoop.Failure<CancelledException>(Asyncio.CreateTask(Caller()));

        async Coroutine Caller()
        {
            if (isPooled)
            {
                await Pooled();
            }
            else
            {
                await Method();
            }
            wentOn = true;
        }

        static async Task Method()
        {
            await Task.Yield();
            CoroutineTask.Current.Cancel();
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        static async ValueTask Pooled()
        {
            await Task.Yield();
            CoroutineTask.Current.Cancel();
        }
    }

    [Fact]
    public void What_fails_after_the_wait_for_it_was_ended_is_seen()
    {
        var failure = new FormatException();
        var unseen = new ConcurrentQueue<Exception>(); // others run their tests meanwhile
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, e) => unseen.Enqueue(e.Exception.InnerException!);
        TaskScheduler.UnobservedTaskException += note;
        RunAndFail(failure);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException -= note;
        unseen.ShouldNotContain(failure);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunAndFail(Exception failure)
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        operation.SetException(failure);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
        }

        async Coroutine Caller() => await Method();

        async Task Method() => await operation.Task;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Several_requests_before_the_method_goes_on_are_one_exception(int requests)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["first", "cleaned up"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            for (int i = 0; i < requests; i++)
            {
                task.Cancel(i == 0 ? "first" : "again");
            }
            await Asyncio.Wait(task);
        }

        async Coroutine Caller() => await Outer();

        async Task Outer() => await Method();

        async Task Method()
        {
            try
            {
                await Never();
            }
            catch (CancelledException e)
            {
                _log.Add(e.CancelMessage!);
                await Asyncio.Sleep(1);
                await Task.Delay(TimeSpan.FromSeconds(1), Asyncio.GetRunningLoop().TimeProvider);
                _log.Add("cleaned up");
                throw;
            }
        }
    }

    [Fact]
    public void What_completed_before_the_request_is_the_methods_and_the_exception_comes_out_of_its_next_await()
    {
        var operation = new TaskCompletionSource<string>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["an entry", "gives it back"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            operation.SetResult("an entry");
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller() => await Method();

        async Task Method()
        {
            _log.Add(await operation.Task);
            try
            {
                await Never();
            }
            finally
            {
                _log.Add("gives it back");
            }
        }
    }

    [Fact]
    public void A_method_that_gives_others_their_turn_at_this_moment_is_not_left_behind()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["inner", "outer"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            _log.ShouldBeEmpty();
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller() => await Outer();

        async Task Outer()
        {
            try
            {
                await Inner();
            }
            finally
            {
                _log.Add("outer");
            }
        }

        async Task Inner()
        {
            try
            {
                for (int i = 0; i < 2; i++)
                {
                    await Task.Yield();
                }
                await Never();
            }
            finally
            {
                _log.Add("inner");
            }
        }
    }

    [Theory]
    [InlineData("source", false)]
    [InlineData("source", true)]
    [InlineData("WhenAll", false)]
    [InlineData("WhenAll", true)]
    public void A_method_that_is_left_behind_gets_the_exception_where_it_waits_next_and_once(string kind, bool forThisLibrary)
    {
        var operation = new TaskCompletionSource<int>();
        var source = new Source();
        VirtualTimeLoop.Run(Main());
        string[] end = kind == "source" ? [] : ["the end"]; // the method that waits for a method on the loop gets it at once
        _log.ShouldBe(["caller is out", "went on", "cancelled: stop", "refused", .. end]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            _log.Add("caller is out");
            operation.SetResult(1);
            source.Complete();
            await Asyncio.Sleep(20);
        }

        async Coroutine Caller()
        {
            if (kind == "WhenAll")
            {
                await Task.WhenAll(Outer(), Task.Delay(-1, CancellationToken.None));
            }
            else
            {
                await Outer();
            }
        }

        async Task Outer()
        {
            await Method();
            await Asyncio.Sleep(1);
            _log.Add("the end");
        }

        async Task Method()
        {
            switch (kind)
            {
                case "source": await new ValueTask(source, 0); break;
                default: await operation.Task; break;
            }
            _log.Add("went on");
            try
            {
                if (forThisLibrary)
                {
                    await Asyncio.Sleep(100);
                }
                else
                {
                    await Never();
                }
            }
            catch (CancelledException e)
            {
                _log.Add($"cancelled: {e.CancelMessage}");
            }
            await Asyncio.Sleep(1);
            _log.Add("refused");
        }
    }

    [Fact]
    public void In_the_same_moment_from_another_thread_a_method_goes_on_once_with_one_of_the_two()
    {
        const int Rounds = 1000;
        TaskCompletionSource[] operations = [.. Enumerable.Range(0, Rounds).Select(static _ => new TaskCompletionSource())];
        int begun = 0;
        int results = 0;
        int cancellations = 0;
        int ready = 0; // rounds whose methods wait
        var completer = new TestThread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                while (Volatile.Read(ref ready) <= i)
                {
                    Thread.Yield();
                }
                Thread.SpinWait(i % 50);
                operations[i].SetResult();
            }
        });
        Asyncio.Run(Main());
        completer.Join();
        (results + cancellations).ShouldBe(begun);
        begun.ShouldBe(2 * Rounds);

        async Coroutine Main()
        {
            for (int i = 0; i < Rounds; i++)
            {
                CoroutineTask[] tasks = [Asyncio.CreateTask(Caller(operations[i].Task)), Asyncio.CreateTask(Caller(operations[i].Task))];
                await Asyncio.Sleep(0);
                await Asyncio.Sleep(0);
                Volatile.Write(ref ready, i + 1);
                Array.ForEach(tasks, static task => task.Cancel());
                await Asyncio.Wait(tasks);
                while (results + cancellations < begun)
                {
                    await Asyncio.Sleep(0); // the other thread is slow
                }
            }
        }

        async Coroutine Caller(Task operation) => await Method(operation);

        async Task Method(Task operation)
        {
            begun++;
            try
            {
                await operation;
            }
            catch (CancelledException)
            {
                cancellations++;
                throw;
            }
            results++;
        }
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);

    // Completes on the loop's thread.
    private sealed class Source : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _core;

        internal void Complete() => _core.SetResult(true);

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
            => _core.OnCompleted(continuation, state, token, flags);
    }
}
