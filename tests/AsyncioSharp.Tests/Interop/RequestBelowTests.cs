using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A request that waits for methods to end belongs to one wait of its task: it ends no other, and keeps nothing of what has ended.</summary>
public class RequestBelowTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_that_begins_in_the_turn_in_which_the_request_is_over_is_not_ended(bool isOfNothingKnown)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var first = new Support.Operation();
            var second = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            first.End(Support.Ending.Result);
            task.Cancel(); // it goes to the one of whom nothing is known
            await Asyncio.Sleep(1);
            task.IsDone.ShouldBeFalse();
            second.SetResult();
            await task;

            async Coroutine Caller()
            {
                Asyncio.GetRunningLoop().CreateFuture().GetAwaiter().OnCompleted(static () => { });
                if (isOfNothingKnown)
                {
                    await first.OfStruct;
                }
                else
                {
                    await first.Task;
                }
                await second.Task;
            }
        }
    }

    [Fact]
    public void A_request_to_the_next_wait_is_one_of_its_own_also_before_the_last_is_over()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Task? all = null;
            var loop = Asyncio.GetRunningLoop();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            bool isNext = false;
            bool wasNext = false;
            _ = all!.ContinueWith(
                _ => loop.CallSoonThreadsafe(() =>
                {
                    wasNext = isNext;
                    task.Cancel("second");
                }),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            task.Cancel("first");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("second");
            wasNext.ShouldBeTrue();

            async Coroutine Caller()
            {
                await (all = Task.WhenAll(Refusing(), Task.CompletedTask));
                isNext = true;
                await Task.WhenAll(Refusing(), Never());
            }
        }
    }

    [Fact]
    public void Requests_without_end_keep_nothing_of_what_has_ended()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            List<WeakReference> ended = [];
            bool isOver = false;
            var task = Asyncio.CreateTask(Caller());
            for (int i = 0; i < 20; i++)
            {
                await Asyncio.Sleep(1);
                task.Cancel();
            }
            await Asyncio.Sleep(1);
            Loop.Support.LoopHelpers.CollectGarbage();
            int kept = ended.Count(static one => one.IsAlive);
            isOver = true; // first: a method that refuses for ever would keep a failed test from ending
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            kept.ShouldBeLessThan(10);

            async Coroutine Caller() => await Task.WhenAll(Refusing(), Never());

            async Task Refusing()
            {
                while (!isOver)
                {
                    try
                    {
                        await Noted(Wait());
                    }
                    catch (CancelledException)
                    {
                        // Waits again.
                    }
                }
            }

            async Task Wait() => await Noted(Asyncio.GetRunningLoop().CreateFuture());

            T Noted<T>(T thing)
            {
                ended.Add(new WeakReference(thing));
                return thing;
            }
        }
    }

    [Fact]
    public void A_task_that_goes_on_keeps_nothing_of_the_methods_that_its_last_request_waited_for()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            WeakReference method = new(null);
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(10);
            task.IsDone.ShouldBeFalse();
            Loop.Support.LoopHelpers.CollectGarbage();
            method.IsAlive.ShouldBeFalse();
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);

            async Coroutine Caller()
            {
                await Begin();
                await Asyncio.Sleep(100);
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            Task Begin()
            {
                var refusing = Refusing();
                method.Target = refusing;
                return Task.WhenAll(refusing, Task.CompletedTask);
            }
        }
    }

    [Fact]
    public void A_task_that_refuses_again_and_again_is_followed_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isOver = false;
            var refusing = Asyncio.CreateTask(RefusingCoroutine());
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            for (int i = 0; i < 20; i++)
            {
                task.Cancel();
                await Asyncio.Sleep(1);
            }
            int waiters = refusing.ListWaiters().Count;
            isOver = true; // likewise
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            waiters.ShouldBe(2); // the method, and one for the requests

            async Coroutine Caller() => await Task.WhenAll(Method(), Never());

            async Task Method() => await refusing;

            async Coroutine RefusingCoroutine()
            {
                while (!isOver)
                {
                    try
                    {
                        await Asyncio.Sleep(100);
                    }
                    catch (CancelledException)
                    {
                        // Waits again.
                    }
                }
            }
        }
    }

    [Fact]
    public void A_pooled_method_that_goes_on_when_those_that_it_awaits_have_refused_is_not_asked_again()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            (await task).ShouldBe("went on");
            Asyncio.GetRunningLoop().Time.ShouldBe(7);
        }

        static async Coroutine<string> Caller() => await Pooled();

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        static async ValueTask<string> Pooled()
        {
            await Task.WhenAll(Refusing(), Task.CompletedTask);
            await Asyncio.Sleep(5);
            return "went on";
        }
    }

    private static async Task Refusing()
    {
        try
        {
            await Asyncio.Sleep(100);
        }
        catch (CancelledException)
        {
            await Asyncio.Sleep(1);
        }
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);
}
