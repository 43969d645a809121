using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What comes out of a method's await of something of this library when that has been cancelled, or its task is asked to cancel.</summary>
public class OwnedWaitOutcomeTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Signal.LimitSeconds);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_several_requests_behind_the_result_the_last_counts_in_a_method_as_in_a_coroutine(bool isMethod)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            future.SetResult(1);
            task.Cancel("first");
            task.Cancel("last");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("last");

            async Coroutine Caller() => await (isMethod ? Coroutine() : Plain());

            async Coroutine Coroutine() => await Method();

            async Task Method() => await future;

            async Coroutine Plain() => await future;
        }
    }

    [Fact]
    public void A_request_behind_the_cancellation_by_others_counts_with_its_message_and_token()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Caller());
            var token = task.CancellationToken;
            await Asyncio.Sleep(1);
            future.Cancel("others");
            task.Cancel("stop");
            var exception = await OnLoop.Failure<CancelledException>(task);
            exception.CancelMessage.ShouldBe("stop");
            exception.CancellationToken.ShouldBe(token);

            async Coroutine Caller() => await Method();

            async Task Method() => await future;
        }
    }

    [Fact]
    public void A_continuation_that_does_not_take_the_exception_leaves_it_to_nobody_else()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            future.SetResult(1);
            task.Cancel();
            await Asyncio.Sleep(0);
            future.Result().ShouldBe(1);
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();

            async Coroutine Caller()
            {
                future.GetAwaiter().OnCompleted(static () => { });
                await new TaskCompletionSource().Task;
            }
        }
    }

    [Fact]
    public void A_method_that_is_not_awaited_is_not_shown_as_awaited()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            future.ListWaiters().OfType<IRelay>().ShouldHaveSingleItem().Recipients.ShouldBeEmpty();
            task.Cancel();
            await Asyncio.Wait(task);
            future.IsDone.ShouldBeFalse();

            async Coroutine Caller()
            {
                _ = Method();
                await new TaskCompletionSource().Task;
            }

            async Task Method() => await future;
        }
    }

    [Fact]
    public void The_token_of_a_task_that_others_cancelled_stays_in_the_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var other = Asyncio.CreateTask(Asyncio.Sleep(100, source.Token));
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            source.Cancel();
            await task;

            async Coroutine Caller() => await Method();

            async Task Method()
            {
                try
                {
                    await other;
                    throw new ShouldAssertException("It should be cancelled.");
                }
                catch (CancelledException e)
                {
                    e.CancellationToken.ShouldBe(source.Token);
                }
            }
        }
    }

    [Fact]
    public async Task What_throws_behind_a_wait_that_ended_with_its_loop_is_reported()
    {
        var loop = new EventLoop();
        var reported = new TaskCompletionSource<ExceptionContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.ExceptionHandler = (_, context) => reported.TrySetResult(context);
        var future = loop.CreateFuture<int>();
        loop.RunUntilComplete(Main());
        future.SetResult(1);
        loop.Close();
        (await reported.Task.WaitAsync(s_limit)).Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            future.GetAwaiter().OnCompleted(static () => throw new FormatException());
            await Asyncio.Sleep(0);
        }
    }

    [Theory]
    [InlineData("future")]
    [InlineData("coroutine")]
    [InlineData("coroutine that fails")]
    public async Task A_method_that_was_to_get_an_exception_gets_it_although_the_loop_is_closed_before(string kind)
    {
        var loop = new EventLoop();
        loop.CollectReports();
        var future = loop.CreateFuture<int>();
        Task<int>? method = null;
        var task = loop.CreateTask(Caller());
        loop.RunIteration();
        if (kind == "coroutine that fails")
        {
            task.Cancel(); // of a task that was asked before, the end of the coroutine is told to the method in the next turn
            loop.RunIteration();
        }
        loop.RunIteration();
        switch (kind)
        {
            case "coroutine":
                task.Cancel("stop");
                loop.RunIteration(); // the coroutine is cancelled, the method not told yet
                break;
            case "future":
                future.SetResult(1);
                task.Cancel("stop");
                break;
            default:
                future.SetResult(1);
                loop.RunIteration();
                task.Cancel("stop");
                break;
        }
        method!.IsCompleted.ShouldBeFalse();
        loop.Close();
        (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => method.WaitAsync(s_limit))).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("stop");

        async Coroutine Caller()
        {
            if (kind == "coroutine that fails")
            {
                await AskedBefore();
            }
            await (method = Method());
        }

        static async Coroutine AskedBefore()
        {
            try
            {
                await Asyncio.Sleep(1000);
            }
            catch (CancelledException e) when (e.CancelMessage is null)
            {
                // It goes on.
            }
        }

        async Task<int> Method() => kind switch
        {
            "future" => await future,
            "coroutine" => await Asyncio.Sleep(1000, 1),
            _ => await Failing(),
        };

        async Coroutine<int> Failing()
        {
            await future;
            throw new FormatException();
        }
    }
}
