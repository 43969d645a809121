using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// Which token is in the exception of a cancellation, and that the outcome does not depend on the thread that cancels, nor on the order in which a token tells
/// those who registered with it.
/// </summary>
public class TokenOriginTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_task_whose_operation_has_a_token_linked_with_the_tasks_is_cancelled_in_whichever_thread(bool otherThread)
    {
        Asyncio.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var ended = new Signal();
            Exception? seen = null;
            var task = Asyncio.CreateTask(Work(), source.Token);
            task.AddDoneCallback(_ => ended.Set());
            // Of the callbacks the latest is called first: the operation's, then this one, then the task's. In another thread, the task has gone on by then.
            using var between = source.Token.Register(() =>
            {
                if (otherThread)
                {
                    ended.Wait();
                }
            });
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            var canceller = otherThread ? new TestThread(source.Cancel) : null;
            if (!otherThread)
            {
                source.Cancel();
            }
            await Asyncio.Wait(task);
            canceller?.Join();

            task.IsCancelled.ShouldBeTrue();
            task.Cancelling.ShouldBe(1);
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);
            seen.ShouldBeOfType<CancelledException>().CancellationToken.ShouldBe(source.Token);

            async Coroutine Work()
            {
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(source.Token, CancellationToken.None);
                try
                {
                    await Obedient(linked.Token);
                }
                catch (OperationCanceledException e)
                {
                    seen = e;
                    throw;
                }
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_WaitFor_that_a_token_ends_says_so_if_the_operation_has_it_too(bool otherThread, bool ours)
    {
        Asyncio.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var ended = new Signal();
            var ready = Asyncio.GetRunningLoop().CreateFuture();
            var waiting = Asyncio.CreateTask(Wait());
            await ready;
            await Asyncio.Sleep(0);
            var canceller = otherThread ? new TestThread(source.Cancel) : null;
            if (!otherThread)
            {
                source.Cancel();
            }
            await waiting;
            canceller?.Join();

            async Coroutine Wait()
            {
                try
                {
                    await Asyncio.WaitFor(Work(), 60, source.Token);
                    Assert.Fail("It was to be cancelled.");
                }
                catch (OperationCanceledException e) when (e.CancellationToken == source.Token)
                {
                    e.ShouldBeOfType<CancelledException>().InnerException.ShouldBeAssignableTo<OperationCanceledException>();
                    CoroutineTask.Current.Cancelling.ShouldBe(0);
                }
            }

            async Coroutine Work()
            {
                using var between = source.Token.Register(() =>
                {
                    if (otherThread)
                    {
                        ended.Wait();
                    }
                });
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(source.Token, CancellationToken.None);
                ready.SetResult(null);
                try
                {
                    if (ours)
                    {
                        await Asyncio.Sleep(60, linked.Token);
                    }
                    await Obedient(linked.Token);
                }
                finally
                {
                    ended.Set(); // before the registration above is taken back, which waits for its callback
                }
            }
        }
    }

    [Fact]
    public void An_exception_of_a_linked_token_is_a_cancellation_also_if_the_task_was_not_told_yet()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var ended = new Signal();
            var task = Asyncio.CreateTask(Work(), source.Token);
            task.AddDoneCallback(_ => ended.Set());
            using var between = source.Token.Register(ended.Wait);
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);

            async Coroutine Work()
            {
                await Asyncio.Sleep(0);
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(source.Token);
                _ = new TestThread(source.Cancel);
                while (true)
                {
                    linked.Token.ThrowIfCancellationRequested(); // busy: the thread of the loop is not told of anything
                    Thread.Yield();
                }
            }
        }
    }

    [Theory]
    [InlineData("sleep")]
    [InlineData("future")]
    [InlineData("operation")]
    [InlineData("method")]
    [InlineData("method on a future")]
    [InlineData("coroutine in a method")]
    public void A_cancelled_task_that_handed_out_its_token_has_it_in_the_exception(string wait)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            bool caught = false;
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            var token = task.CancellationToken;
            task.Cancel("why");
            await Asyncio.Wait(task);
            caught.ShouldBeTrue();
            var exception = Should.Throw<CancelledException>(() => task.Result());
            exception.CancellationToken.ShouldBe(token);
            exception.CancelMessage.ShouldBe("why");

            async Coroutine Work()
            {
                var mine = CoroutineTask.Current.CancellationToken;
                try
                {
                    switch (wait)
                    {
                        case "sleep": await Asyncio.Sleep(60); break;
                        case "future": await Asyncio.GetRunningLoop().CreateFuture(); break;
                        case "operation": await Obedient(mine); break;
                        case "method": await Method(Asyncio.Sleep(60)); break;
                        case "method on a future": await Method(Asyncio.GetRunningLoop().CreateFuture()); break;
                        default: await Method(Coroutine()); break;
                    }
                }
                catch (OperationCanceledException e) when (e.CancellationToken == mine)
                {
                    caught = true;
                    throw;
                }

                async Task Method(IAwaitable awaited)
                {
                    try
                    {
                        await awaited;
                    }
                    catch (CancelledException e)
                    {
                        e.CancellationToken.ShouldBe(mine);
                        throw;
                    }
                }

                async Coroutine Coroutine()
                {
                    try
                    {
                        await Asyncio.Sleep(60);
                    }
                    catch (CancelledException e)
                    {
                        e.CancellationToken.ShouldBe(mine);
                        throw;
                    }
                }
            }
        }
    }

    [Fact]
    public void A_later_cancellation_of_what_is_awaited_does_not_carry_the_tasks_token()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Stubborn());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            future.Cancel("by others");
            await task;

            async Coroutine Stubborn()
            {
                var mine = CoroutineTask.Current.CancellationToken;
                (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(60))).CancellationToken.ShouldBe(mine);
                (await OnLoop.Failure<CancelledException>(future)).CancellationToken.ShouldBe(CancellationToken.None);
            }
        }
    }

    [Fact]
    public void A_timeout_counts_the_exception_of_the_tasks_token_as_its_own()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(static _ => Translating()));
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Translating(), 1));
            await new CancelScope(1.0).Run(static _ => Translating());
        }

        static async Coroutine Translating()
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(CoroutineTask.Current.CancellationToken);
            try
            {
                await Asyncio.Sleep(60);
            }
            catch (CancelledException)
            {
                linked.Token.ThrowIfCancellationRequested(); // as code of .NET does
            }
        }
    }

    private static Task Obedient(CancellationToken token)
    {
        var source = new TaskCompletionSource();
        token.Register(() => source.TrySetCanceled(token));
        return source.Task;
    }
}
