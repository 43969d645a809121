using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A task that waits for methods of .NET together with other things is cancelled: the methods clean up first, and then its wait ends, whatever the
/// others do.
/// </summary>
public class StuckWaitTests
{
    private readonly List<string> _log = [];

    /// <summary>What a method is awaited together with, or through.</summary>
    public enum Form
    {
        WhenAll,
        WhenAllOfT,
        WhenAllTwice,
        WhenAllBelowAMethod,
        WhenAllBelowAMethodThatCleansUp,
        PooledMethodAsTask,
        ContinueWith,
    }

    public static TheoryData<Form> Forms => [.. Enum.GetValues<Form>()];

    [Theory]
    [MemberData(nameof(Forms))]
    [Rule("CAN-03")]
    public void A_wait_for_a_method_and_something_else_ends_when_the_method_has_cleaned_up(Form form)
    {
        VirtualTimeLoop.Run(Main());
        string[] end = form == Form.WhenAllBelowAMethodThatCleansUp ? ["outer method cleaned up at 3", "caller at 3"] : ["caller at 2"];
        _log.ShouldBe(["method cancelled: stop", "method cleaned up at 2", .. end]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("stop");
        }

        async Coroutine Caller()
        {
            try
            {
                await Awaited();
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time:0.#}"));
            }
        }

        Task Awaited() => form switch
        {
            Form.WhenAll => Task.WhenAll(Method(), Never()),
            Form.WhenAllOfT => Task.WhenAll(Method(), NeverOfT()),
            Form.WhenAllTwice => Task.WhenAll(Task.WhenAll(Never(), Method()), Never()),
            Form.WhenAllBelowAMethod => Outer(),
            Form.WhenAllBelowAMethodThatCleansUp => OuterWithCleanUp(),
            Form.PooledMethodAsTask => Task.WhenAll(Pooled().AsTask(), Never()),
            _ => Task.WhenAll(Method().ContinueWith(static _ => { }, TaskScheduler.Default), Never()),
        };

        async Task Outer() => await Task.WhenAll(Method(), Never());

        async Task OuterWithCleanUp()
        {
            try
            {
                await Task.WhenAll(Method(), Never());
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"outer method cleaned up at {Asyncio.GetRunningLoop().Time:0.#}"));
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        async ValueTask<int> Pooled() => await Method();

        async Task<int> Method()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException e)
            {
                _log.Add($"method cancelled: {e.CancelMessage}");
                await Asyncio.Sleep(1);
                _log.Add(FormattableString.Invariant($"method cleaned up at {Asyncio.GetRunningLoop().Time:0.#}"));
                throw;
            }
            return 1;
        }
    }

    [Fact]
    public void A_timeout_ends_such_a_wait_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Caller(), 1));
            Asyncio.GetRunningLoop().Time.ShouldBe(1);
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(static _ => Caller()));
            Asyncio.GetRunningLoop().Time.ShouldBe(2);
        }

        static async Coroutine Caller() => await Task.WhenAll(Method(), Never());

        static async Task Method() => await Asyncio.Sleep(100);
    }

    [Fact]
    public void A_method_that_waited_for_something_of_NET_and_comes_to_wait_for_this_library_is_reached_then()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["first cancelled at 1", "second cancelled at 3", "caller at 3"]);

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
                await Task.WhenAll(First(), Second(), Never());
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        async Task First()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"first cancelled at {Asyncio.GetRunningLoop().Time}"));
                await Asyncio.Sleep(2);
            }
        }

        async Task Second()
        {
            await After(2);
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"second cancelled at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    [Fact]
    public void A_method_that_refuses_is_waited_for_and_then_the_wait_for_the_others_ends()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            Asyncio.GetRunningLoop().Time.ShouldBe(6);
        }

        static async Coroutine Caller() => await Task.WhenAll(Refusing(), Never());

        static async Task Refusing()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(5);
            }
        }
    }

    [Fact]
    public void Requests_without_end_to_such_a_wait_leave_nothing_at_the_methods_and_the_last_one_counts()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var stop = Asyncio.GetRunningLoop().CreateFuture();
            Task? method = null;
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            for (int i = 0; i < 100; i++)
            {
                task.Cancel($"request {i}");
                await Asyncio.Sleep(1);
            }
            ContinuationsOf(method!).ShouldBe(2); // the wait for all, and one for the requests
            stop.SetResult(null);
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("request 99");

            async Coroutine Caller() => await Task.WhenAll(method = Refusing(), Never());

            async Task Refusing()
            {
                while (!stop.IsDone)
                {
                    try
                    {
                        await Asyncio.Shield(stop);
                    }
                    catch (CancelledException)
                    {
                        // Waits again.
                    }
                }
            }
        }

        static int ContinuationsOf(Task task) => TaskFields.ContinuationOf(task) is List<object?> several ? several.Count(static one => one is not null) : 1;
    }

    [Fact]
    public void A_request_that_was_taken_back_meanwhile_ends_nothing()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller(source.Task));
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            task.Uncancel().ShouldBe(0);
            await Asyncio.Sleep(10);
            task.IsDone.ShouldBeFalse();
            source.SetResult();
            await task;
        }

        static async Coroutine Caller(Task other) => await Task.WhenAll(Refusing(), other);

        static async Task Refusing()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(5);
            }
        }
    }

    [Fact]
    public void The_wait_that_follows_another_in_the_same_coroutine_is_not_ended_by_an_old_request()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller(source));
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            source.SetResult(); // the first wait ends when the method, which refuses, does
            await Asyncio.Sleep(10);
            task.IsDone.ShouldBeFalse();
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        static async Coroutine Caller(TaskCompletionSource source)
        {
            await Task.WhenAll(Refusing(), source.Task);
            await Task.WhenAll(Never(), Never());
        }

        static async Task Refusing()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(5);
            }
        }
    }

    [Fact]
    public void Pooled_methods_and_iterators_that_nobody_awaits_do_not_keep_the_caller_from_leaving()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller at 1", "pooled ended at 5", "iterator ended at 5"]);

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
            var pooled = Pooled();
            await using var iterator = Numbers().GetAsyncEnumerator();
            var next = iterator.MoveNextAsync();
            try
            {
                await Never();
            }
            catch (CancelledException)
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
                await pooled;
                (await next).ShouldBeTrue();
                throw;
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        async ValueTask Pooled()
        {
            await Asyncio.Sleep(5);
            _log.Add(FormattableString.Invariant($"pooled ended at {Asyncio.GetRunningLoop().Time}"));
        }

        async IAsyncEnumerable<int> Numbers()
        {
            await Asyncio.Sleep(5);
            _log.Add(FormattableString.Invariant($"iterator ended at {Asyncio.GetRunningLoop().Time}"));
            yield return 1;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pooled_method_cleans_up_before_its_caller_sees_the_exception(bool configured)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up at 2", "caller at 2"]);

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
                if (configured)
                {
                    await Pooled().ConfigureAwait(false);
                }
                else
                {
                    await Pooled();
                }
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        async ValueTask Pooled()
        {
            try
            {
                await Asyncio.Sleep(5);
            }
            finally
            {
                await After(1);
                _log.Add(FormattableString.Invariant($"cleaned up at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    [Fact]
    public void A_continuation_of_unknown_kind_counts_as_awaited_and_does_not_keep_the_caller_from_leaving()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["continuation: True", "caller at 1"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            future.GetAwaiter().OnCompleted(() => _log.Add($"continuation: {future.IsCancelled}"));
            try
            {
                await Never();
            }
            finally
            {
                _log.Add(FormattableString.Invariant($"caller at {Asyncio.GetRunningLoop().Time}"));
            }
        }
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);

    private static Task<int> NeverOfT() => new TaskCompletionSource<int>().Task;
}
