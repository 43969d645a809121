using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What becomes of a cancelled await of .NET, of its task, and of the operation that was left behind.</summary>
public class CancelledAwaitTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void The_failure_of_an_operation_that_was_left_behind_does_not_surface_as_unobserved()
    {
        var marker = new FormatException("left behind");
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, e) =>
        {
            if (e.Exception.InnerExceptions.Contains(marker))
            {
                Interlocked.Increment(ref unobserved);
            }
        };
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            VirtualTimeLoop.Run(Main());
            LoopHelpers.CollectGarbage();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }
        unobserved.ShouldBe(0);

        async Coroutine Main()
        {
            await Cancel(lateFailure: true);
            await Cancel(lateFailure: false);
        }

        // Not inlined into the machine above, which would keep the tasks alive.
        async Coroutine Cancel(bool lateFailure)
        {
            var source = new TaskCompletionSource<int>();
            var task = Asyncio.CreateTask(Await(source.Task));
            await Asyncio.Sleep(1);
            if (lateFailure)
            {
                task.Cancel();
                source.SetException(marker);
            }
            else
            {
                source.SetException(marker); // the wake-up is on its way
                task.Cancel();
            }
            await Asyncio.Sleep(1);
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine<int> Await(Task<int> task) => await task;
    }

    [Fact]
    public void The_late_completion_of_an_operation_that_was_left_behind_wakes_nobody()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "slept till 5"]);

        async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Twice(source.Task));
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            source.SetResult(); // while the task sleeps
            await task;
        }

        async Coroutine Twice(Task operation)
        {
            try
            {
                await operation;
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
            }
            await Asyncio.Sleep(4);
            _log.Add(FormattableString.Invariant($"slept till {Asyncio.GetRunningLoop().Time}"));
        }
    }

    [Fact]
    [Rule("CAN-11")]
    public void The_exception_at_the_await_is_the_one_that_the_tasks_outcome_shows()
    {
        CancelledException? caught = null;
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            task.Cancel("why");
            var seen = await OnLoop.Failure<CancelledException>(task);
            seen.ShouldBeSameAs(caught);
            seen.CancelMessage.ShouldBe("why");
        }

        async Coroutine Await()
        {
            try
            {
                await new TaskCompletionSource().Task;
            }
            catch (CancelledException e)
            {
                caught = e;
                throw;
            }
        }
    }

    [Fact]
    [Rule("CAN-13")]
    public void The_trace_of_the_cancellation_names_the_interrupted_method_run_or_skipped()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            foreach (var coroutine in (Coroutine[])[Skipped(), Run()])
            {
                var task = Asyncio.CreateTask(coroutine);
                await Asyncio.Sleep(1);
                task.Cancel();
                var e = await OnLoop.Failure<CancelledException>(task);
                e.StackTrace.ShouldNotBeNull().ShouldContain("Interrupted");
            }
        }

        static async Coroutine Skipped() => await Interrupted();

        static async Coroutine Interrupted() => await new TaskCompletionSource().Task;

        static async Coroutine Run()
        {
            try
            {
                await Interrupted();
            }
            finally
            {
                GC.KeepAlive(null);
            }
        }
    }

    [Fact]
    [Rule("CAN-09"), Rule("CAN-14")]
    public void The_first_of_two_messages_counts_and_both_requests_are_counted()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            task.Cancel("first").ShouldBeTrue();
            task.Cancel("second").ShouldBeTrue();
            task.Cancelling.ShouldBe(2);
            var e = await OnLoop.Failure<CancelledException>(task);
            e.CancelMessage.ShouldBe("first");
        }

        static async Coroutine Await() => await new TaskCompletionSource().Task;
    }

    [Fact]
    [Rule("CAN-10")]
    public void A_cancellation_can_be_refused_and_asked_for_again()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["refused one", "refused two"]);

        async Coroutine Main()
        {
            var source = new TaskCompletionSource<int>();
            var task = Asyncio.CreateTask(Stubborn(source.Task));
            await Asyncio.Sleep(1);
            task.Cancel("one");
            await Asyncio.Sleep(1);
            task.Cancel("two");
            await Asyncio.Sleep(1);
            source.SetResult(7);
            (await task).ShouldBe(7);
        }

        async Coroutine<int> Stubborn(Task<int> operation)
        {
            while (true)
            {
                try
                {
                    return await operation; // the same task, awaited again after it was left behind
                }
                catch (CancelledException e)
                {
                    _log.Add($"refused {e.CancelMessage}");
                }
            }
        }
    }

    [Fact]
    [Rule("CAN-07")]
    public void A_task_that_cancels_itself_is_interrupted_at_its_next_await_that_suspends()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["a completed task does not interrupt", "interrupted"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Own());
            await Asyncio.Sleep(1);
            task.IsDone.ShouldBeTrue();
        }

        async Coroutine Own()
        {
            CoroutineTask.Current.Cancel();
            await Task.CompletedTask;
            _log.Add("a completed task does not interrupt");
            try
            {
                await new TaskCompletionSource().Task;
            }
            catch (CancelledException)
            {
                _log.Add("interrupted");
            }
        }
    }

    [Fact]
    public void Other_awaits_of_the_same_kind_in_the_method_are_not_touched()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Three());
            await Asyncio.Sleep(1);
            task.Cancel();
            (await task).ShouldBe("1 cancelled 3");
        }

        static async Coroutine<string> Three()
        {
            string text = $"{await After(0.5, 1)}";
            try
            {
                text += await After(2, 2);
            }
            catch (CancelledException)
            {
                text += " cancelled ";
            }
            return text + await After(1, 3);
        }

        static Task<int> After(double seconds, int value)
        {
            var source = new TaskCompletionSource<int>();
            Asyncio.GetRunningLoop().CallLater(seconds, () => source.SetResult(value));
            return source.Task;
        }
    }

    [Fact]
    public void A_variable_of_the_awaiters_own_type_is_not_mistaken_for_the_awaiter()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Keep());
            await Asyncio.Sleep(1);
            task.Cancel();
            (await task).ShouldBe(5);
        }

        static async Coroutine<int> Keep()
        {
            TaskAwaiter<int> kept = Task.FromResult(5).GetAwaiter(); // lives across the await, so it is a field of the state machine too
            try
            {
                await new TaskCompletionSource<int>().Task;
            }
            catch (CancelledException)
            {
#pragma warning disable ASYNCIO003 // done by then
                return kept.GetResult();
#pragma warning restore ASYNCIO003
            }
            return 0;
        }
    }

    [Fact]
    public void Task_Yield_is_one_turn_and_a_cancellation_passes_it_at_the_next_await()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["yields", "other", "went on", "cancelled: stop"]);

        async Coroutine Main()
        {
            var yielding = Asyncio.CreateTask(Yields());
            var other = Asyncio.CreateTask(Other());
            await Asyncio.Sleep(0);
            yielding.Cancel("stop");
            await Asyncio.Wait([yielding, other]);
        }

        async Coroutine Yields()
        {
            _log.Add("yields");
            try
            {
                await Task.Yield();
                _log.Add("went on");
                await Asyncio.Sleep(0);
            }
            catch (CancelledException e)
            {
                _log.Add($"cancelled: {e.CancelMessage}");
            }
        }

        async Coroutine Other() => _log.Add("other");
    }

    [Fact]
    public void Task_Yield_without_handlers_around_it_is_cancelled_there()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(ForEver());
            await Asyncio.Sleep(0);
            task.Cancel();
            await Asyncio.Sleep(0);
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine ForEver()
        {
            while (true)
            {
                await Task.Yield();
            }
        }
    }

    [Fact]
    public void The_text_of_a_task_says_what_it_waits_for()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await ShouldSay(Await(new TaskCompletionSource().Task), "Task");
            await ShouldSay(Await(new TaskCompletionSource<List<int>>().Task), "Task<List<Int32>>");
            await ShouldSay(Await(Task.Delay(1000)), "Task.DelayPromise");
            await ShouldSay(Await(Method()), $"{nameof(CancelledAwaitTests)}.{nameof(The_text_of_a_task_says_what_it_waits_for)}.<locals>.Method()");
            await ShouldSay(Await(Generic(1)), $"{nameof(CancelledAwaitTests)}.{nameof(Generic)}()");
            await ShouldSay(Await(Items()), $"{nameof(CancelledAwaitTests)}.{nameof(Items)}()");

            static async Task Method() => await new TaskCompletionSource().Task;
        }

        static async Coroutine ShouldSay(Coroutine coroutine, string awaited)
        {
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            task.ToString().ShouldContain($" wait_for=<awaited {awaited}>");
            task.Cancel();
        }

        static async Coroutine Await<T>(T awaitable)
        {
            switch (awaitable)
            {
                case Task task:
                    await task;
                    break;
                case IAsyncEnumerable<int> items:
                    await foreach (int _ in items)
                    {
                    }
                    break;
                default:
                    break;
            }
        }
    }

    private static async Task<List<T>> Generic<T>(T value)
    {
        await new TaskCompletionSource().Task;
        return [value];
    }

    private static async IAsyncEnumerable<int> Items()
    {
        await new TaskCompletionSource().Task;
        yield return 1;
    }

    [Fact]
    public void Cancellation_and_completion_race_on_two_threads_and_one_of_them_wins()
    {
        int cancelled = 0;
        int completed = 0;
        for (int round = 0; round < 200; round++)
        {
            Asyncio.Run(Main(round));
        }
        (cancelled + completed).ShouldBe(200);

        async Coroutine Main(int round)
        {
            var source = new TaskCompletionSource<int>();
            var task = Asyncio.CreateTask(Await(source.Task));
            await Asyncio.Sleep(0);
            var thread = new TestThread(() =>
            {
                Thread.SpinWait(round * 10);
                source.SetResult(round);
            });
            Thread.SpinWait(1000);
            task.Cancel("stop");
            var (value, failure) = (await Asyncio.GatherOutcomes(task))[0];
            if (failure is null)
            {
                value.ShouldBe(round);
                completed++;
            }
            else
            {
                failure.ShouldBeOfType<CancelledException>();
                cancelled++;
            }
            thread.Join();
        }

        static async Coroutine<int> Await(Task<int> operation)
        {
            try
            {
                return await operation;
            }
            finally
            {
                await Asyncio.Sleep(0);
            }
        }
    }
}
