using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Which methods a cancelled operation's future reaches, from where it may be cancelled and started, and what is in the exception.</summary>
public class WrapOperationCancelTests
{
    [Fact]
    public void The_last_message_counts_and_the_operations_own_exception_is_the_cause()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var cause = new OperationCanceledException();
            var future = Asyncio.WrapFuture(_ => source.Task);
            future.Cancel("first");
            future.Cancel("last");
            source.SetException(cause);
            var exception = await OnLoop.Failure<CancelledException>(future);
            exception.CancelMessage.ShouldBe("last");
            exception.InnerException.ShouldBeSameAs(cause);
        }
    }

    [Fact]
    public void What_a_callback_of_the_token_begins_is_not_cancelled()
    {
        bool cleanedUp = false;
        VirtualTimeLoop.Run(Main());
        cleanedUp.ShouldBeTrue();

        async Coroutine Main()
        {
            var source = new TaskCompletionSource<Task>();
            var future = Asyncio.WrapFuture(token =>
            {
                token.Register(() => source.SetResult(CleanUp()));
                return source.Task.Unwrap();
            });
            future.Cancel();
            await future;
        }

        async Task CleanUp()
        {
            await Asyncio.Sleep(2);
            cleanedUp = true;
        }
    }

    [Fact]
    public void In_debug_mode_another_thread_cannot_cancel_it()
    {
        VirtualTimeLoop.Run(Main(), debug: true);

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource<int>();
            bool isAsked = false;
            var future = Asyncio.WrapFuture(token =>
            {
                token.Register(() => isAsked = true);
                return source.Task;
            });
            LoopHelpers.OnOtherThread(() => ((Future)future).Cancel()).ShouldBeOfType<InvalidOperationException>();
            isAsked.ShouldBeFalse();
            source.SetResult(1);
            (await future).ShouldBe(1);
        }
    }

    [Fact]
    public void Started_on_another_thread_it_finds_the_context_of_that_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            SynchronizationContext? found = null;
            Future? future = null;
            LoopHelpers.OnOtherThread(() => future = Asyncio.WrapFuture(
                _ =>
                {
                    found = SynchronizationContext.Current;
                    return Task.Delay(1, CancellationToken.None);
                },
                loop)).ShouldBeNull();
            await future!;
            found.ShouldBeNull();
        }
    }

    [Fact]
    public void A_failure_behind_the_end_of_the_loop_is_seen()
    {
        var failure = new FormatException();
        var unseen = new ConcurrentQueue<Exception>(); // others run their tests meanwhile
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, e) => unseen.Enqueue(e.Exception.InnerException!);
        TaskScheduler.UnobservedTaskException += note;
        RunAndFail(failure);
        LoopHelpers.CollectGarbage();
        TaskScheduler.UnobservedTaskException -= note;
        unseen.ShouldNotContain(failure);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunAndFail(Exception failure)
    {
        var source = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        source.SetException(failure);

        async Coroutine Main()
        {
            _ = Asyncio.WrapFuture(_ => source.Task);
            await Asyncio.Sleep(0);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_result_is_never_lost_to_a_request_and_the_next_await_is_cancelled(bool cancelsFirst, bool inMethod)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            for (int turns = 0; turns < 6; turns++)
            {
                var source = new TaskCompletionSource<int>();
                int got = 0;
                var task = Asyncio.CreateTask(Caller());
                await Asyncio.Sleep(1);
                if (cancelsFirst)
                {
                    task.Cancel("stop");
                }
                else
                {
                    source.SetResult(7);
                }
                for (int i = 0; i < turns; i++)
                {
                    await Asyncio.Sleep(0);
                }
                if (cancelsFirst)
                {
                    source.SetResult(7);
                }
                else
                {
                    task.Cancel("stop");
                }
                await Asyncio.Wait(task);
                got.ShouldBe(7, $"{turns} turns between");
                task.Cancellation().CancelMessage.ShouldBe("stop");

                async Coroutine Caller()
                {
                    got = inMethod ? await Method() : await Asyncio.WrapFuture(_ => source.Task);
                    await Asyncio.Sleep(1);
                    got = 0;
                }

                async Task<int> Method() => await Asyncio.WrapFuture(_ => source.Task);
            }
        }
    }

    [Fact]
    public void A_timeout_that_comes_while_it_ends_well_is_told_at_the_next_await()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            Asyncio.GetRunningLoop().CallLater(2, source.SetResult);
            bool wentOn = false;
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ =>
            {
                await Asyncio.WrapFuture(_ => source.Task);
                wentOn = true;
                await Asyncio.Sleep(5);
            }));
            wentOn.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(2);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    public void Of_two_requests_the_last_message_is_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel("first");
            task.Cancel("last");
            source.SetResult();
            await Asyncio.Wait(task);
            task.Cancellation().CancelMessage.ShouldBe("last");

            async Coroutine Caller()
            {
                await Asyncio.WrapFuture(_ => source.Task);
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_request_that_was_taken_back_meanwhile_is_not_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            task.Uncancel();
            source.SetResult();
            (await task).ShouldBe(1);

            async Coroutine<int> Caller()
            {
                await Asyncio.WrapFuture(_ => source.Task);
                await Asyncio.Sleep(1);
                return 1;
            }
        }
    }
}
