using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A cancel of a task reaches what the <c>async Task</c> methods wait for that it awaits, so that they clean up before it sees the exception.</summary>
public class OwnedMethodCancellationTests
{
    private readonly List<string> _log = [];

    public static TheoryData<string> Waits => ["future", "coroutine", "task", "sleep", "sleeps", "untyped", "nested"];

    [Theory]
    [MemberData(nameof(Waits))]
    [Rule("CAN-03")]
    public void The_methods_finally_runs_before_the_caller_sees_the_exception(string kind)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method cancelled: stop", "method cleaned up at 2", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel("stop").ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            try
            {
                await (kind == "nested" ? Outer() : Method());
            }
            catch (CancelledException)
            {
                _log.Add("caller");
                throw;
            }
        }

        async Task Outer() => await Task.WhenAll(Valued(), Valued()).ConfigureAwait(true);

        async Task<int> Valued()
        {
            await Method();
            return 1;
        }

        async Task Method()
        {
            try
            {
                switch (kind)
                {
                    case "future": await Asyncio.GetRunningLoop().CreateFuture<int>(); break;
                    case "coroutine": await ForEver(); break;
                    case "task": await Asyncio.CreateTask(ForEver()); break;
                    case "sleep": await Asyncio.Sleep(100); break;
                    case "untyped": await (IAwaitable)Asyncio.GetRunningLoop().CreateFuture(); break;
                    case "nested": await ForEver(); break;
                    default:
                        while (true)
                        {
                            await Asyncio.Sleep(0.1);
                        }
                }
            }
            catch (CancelledException e)
            {
                Once($"method cancelled: {e.CancelMessage}");
                throw;
            }
            finally
            {
                await Asyncio.Sleep(1);
                Once(FormattableString.Invariant($"method cleaned up at {Asyncio.GetRunningLoop().Time:0.#}"));
            }
        }

        void Once(string text)
        {
            if (!_log.Contains(text))
            {
                _log.Add(text);
            }
        }
    }

    [Fact]
    [Rule("CAN-03"), Rule("CAN-10")]
    public void A_method_that_refuses_goes_on_and_the_caller_gets_its_value()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            (await task).ShouldBe("refused");
            task.Cancelling.ShouldBe(1);
        }

        static async Coroutine<string> Caller() => await Method();

        static async Task<string> Method()
        {
            try
            {
                await Asyncio.Sleep(100);
                return "slept";
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(1);
                return "refused";
            }
        }
    }

    [Fact]
    [Rule("CAN-06")]
    public void A_method_that_only_gives_others_their_turn_is_cancelled_there()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            task.Cancel("stop");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }

        async Coroutine Caller() => await Method();

        async Task Method()
        {
            try
            {
                while (true)
                {
                    await Asyncio.Sleep(0);
                }
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }
    }

    [Fact]
    public void A_failure_of_a_cleanup_at_the_end_of_a_run_is_reported_once()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            _ = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
        }

        static async Coroutine Caller() => await Method();

        static async Task Method() => await Inner();

        static async Coroutine Inner()
        {
            try
            {
                await ForEver();
            }
            catch (CancelledException)
            {
#pragma warning disable CA2219 // A failure in a finally block is what the test is about.
                throw new FormatException();
#pragma warning restore CA2219
            }
        }
    }

    [Fact]
    public void Methods_side_by_side_under_one_task_are_all_cancelled()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["a cancelled", "b cancelled", "a cleaned up", "b cleaned up", "caller at 3"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller()
        {
            try
            {
                await Task.WhenAll(Method("a", 1), Method("b", 2));
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        async Task Method(string name, double cleanUp)
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                _log.Add($"{name} cancelled");
                await Asyncio.Sleep(cleanUp);
                _log.Add($"{name} cleaned up");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_wait_for_any_of_several_methods_is_ended_and_the_methods_go_on_as_with_Wait(int count)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller at 1", .. Enumerable.Repeat("method ended at 5", count)]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller()
        {
            try
            {
                await Task.WhenAny(Enumerable.Range(0, count).Select(_ => Method()));
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        async Task<int> Method()
        {
            await Asyncio.Sleep(5);
            _log.Add(FormattableString.Invariant($"method ended at {Asyncio.GetRunningLoop().Time}"));
            return 1;
        }
    }

    [Fact]
    public void A_method_that_returns_a_task_is_no_wait_for_any()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller()
        {
            try
            {
                await Outer();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task<Task> Outer()
        {
            await Method();
            return Task.CompletedTask;
        }

        async Task Method()
        {
            try
            {
                await ForEver();
            }
            finally
            {
                _log.Add("method");
            }
        }
    }

    [Fact]
    public void A_method_that_was_started_but_is_not_awaited_is_left_alone()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller interrupted at 1", "background ended at 5"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller()
        {
            var background = Background();
            try
            {
                await After(100);
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller interrupted at {Asyncio.GetRunningLoop().Time}"));
            }
            await background;
        }

        async Task Background()
        {
            await Asyncio.Sleep(5);
            _log.Add(FormattableString.Invariant($"background ended at {Asyncio.GetRunningLoop().Time}"));
        }
    }

    [Fact]
    public void Where_a_method_has_left_the_loop_the_one_that_awaits_it_leaves_it_behind()
    {
        using var ended = new ManualResetEventSlim();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller at 1"]);
        ended.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller()
        {
            try
            {
                await Method();
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        async Task Method()
        {
            await After(5).ConfigureAwait(false);
            ended.Set();
        }
    }

    [Fact]
    public void A_second_cancel_ends_a_cleanup_that_waits_for_an_operation_of_NET()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            task.IsDone.ShouldBeFalse();
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            Asyncio.GetRunningLoop().Time.ShouldBe(2);
        }

        static async Coroutine Caller() => await Method();

        static async Task Method()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                await After(50);
            }
        }
    }

    [Fact]
    [Rule("CAN-05")]
    public void When_the_future_that_the_method_waits_for_is_done_already_the_exception_takes_the_place_of_the_result()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method cancelled: stop"]);

        async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Caller(future));
            await Asyncio.Sleep(1);
            future.SetResult(1);
            task.Cancel("stop");
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller(Future<int> future) => await Method(future);

        async Task Method(Future<int> future)
        {
            try
            {
                _log.Add($"value {await future}");
            }
            catch (CancelledException e)
            {
                _log.Add($"method cancelled: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_method_that_is_cancelled_loses_neither_the_item_nor_the_lock_that_its_coroutine_has_taken(int turns)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var worker = Asyncio.CreateTask(Caller(queue));
            var holder = Asyncio.CreateTask(Caller(mutex));
            await Asyncio.Sleep(1);
            queue.PutNowait(17);
            mutex.Release();
            for (int i = 0; i < turns; i++)
            {
                await Asyncio.Sleep(0);
            }
            worker.Cancel("stop");
            holder.Cancel("stop");
            await OnLoop.Failure<CancelledException>(worker);
            await OnLoop.Failure<CancelledException>(holder);
            (queue.Count + _log.Count(static line => line == "item 17")).ShouldBe(1, "either the queue has it, or the method had it");
            mutex.IsLocked.ShouldBeFalse();
            _log.ShouldNotContain("went on");
        }

        async Coroutine Caller(object resource) => await Method(resource);

        async Task Method(object resource)
        {
            if (resource is AsyncQueue<int> queue)
            {
                _log.Add($"item {await queue.Get()}");
            }
            else
            {
                using var held = await ((AsyncLock)resource).Acquire();
                await Asyncio.Sleep(1);
            }
            await Asyncio.Sleep(1);
            _log.Add("went on");
        }
    }

    [Fact]
    [Rule("CAN-07")]
    public void A_method_that_cancels_its_own_task_gets_the_exception_where_it_waits_next()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["goes on", "cancelled: self", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller()
        {
            try
            {
                await Method();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Method()
        {
            await Asyncio.Sleep(1);
            CoroutineTask.Current.Cancel("self");
            _log.Add("goes on");
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException e)
            {
                _log.Add($"cancelled: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Fact]
    [Rule("CAN-14")]
    public void A_method_that_cancels_its_own_task_may_think_better_of_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main() => (await Asyncio.CreateTask(Caller())).ShouldBe(5);

        static async Coroutine<int> Caller() => await Method();

        static async Task<int> Method()
        {
            await Asyncio.Sleep(1);
            CoroutineTask.Current.Cancel();
            CoroutineTask.Current.Uncancel().ShouldBe(0);
            return await Asyncio.Sleep(1, 5);
        }
    }

    [Fact]
    public void A_method_that_waits_for_its_own_task_can_be_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask? self = null;
            self = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            self.Cancel("ring");
            (await OnLoop.Failure<CancelledException>(self)).CancelMessage.ShouldBe("ring");

            async Coroutine Caller() => await Method();

            async Task Method()
            {
                await Task.Yield();
                await self!;
            }
        }
    }

    [Fact]
    public void A_timeout_ends_what_a_method_waits_for()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up at 1"]);

        async Coroutine Main() => await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Caller(), 1));

        async Coroutine Caller() => await Method();

        async Task Method()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"cleaned up at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    [Fact]
    public void The_end_of_a_run_cancels_methods_that_wait_for_this_library()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["main ends", "cleaned up"]);

        async Coroutine Main()
        {
            _ = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            _log.Add("main ends");
        }

        async Coroutine Caller() => await Method();

        async Task Method()
        {
            try
            {
                await ForEver();
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }
    }

    [Fact]
    public void A_scope_in_one_of_several_methods_ends_only_what_is_in_it()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["a timed out at 1", "b ended at 2"]);

        async Coroutine Main()
        {
            await Task.WhenAll(Limited(), Unlimited());
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }

        async Task Limited()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(static async _ => await Asyncio.Sleep(100)));
            _log.Add(FormattableString.Invariant($"a timed out at {Asyncio.GetRunningLoop().Time}"));
        }

        async Task Unlimited()
        {
            await Asyncio.Sleep(2);
            _log.Add(FormattableString.Invariant($"b ended at {Asyncio.GetRunningLoop().Time}"));
        }
    }

    private static async Coroutine ForEver() => await Asyncio.GetRunningLoop().CreateFuture<int>();
}
