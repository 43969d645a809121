using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Which token an exception carries that comes out of a task, where several could, and where none may.</summary>
public class TokenCauseTests
{
    [Fact]
    public void A_token_that_is_asked_for_while_the_request_is_on_its_way_is_in_the_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main() => await Asyncio.CreateTask(Asking());

        static async Coroutine Asking()
        {
            CoroutineTask.Current.Cancel();
            var token = CoroutineTask.Current.CancellationToken;
            var exception = await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
            exception.CancellationToken.ShouldBe(token);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cancellation_of_what_is_awaited_does_not_carry_the_token_of_a_request_that_was_delivered_or_taken_back(bool takenBack)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main() => await Asyncio.CreateTask(Asking());

        async Coroutine Asking()
        {
            var other = Asyncio.GetRunningLoop().CreateFuture();
            CoroutineTask.Current.Cancel();
            if (takenBack)
            {
                _ = CoroutineTask.Current.CancellationToken;
                CoroutineTask.Current.Uncancel();
            }
            else
            {
                await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
                _ = CoroutineTask.Current.CancellationToken;
            }
            Asyncio.GetRunningLoop().CallSoon(() => other.Cancel());
            var exception = await OnLoop.Failure<CancelledException>(other);
            exception.CancellationToken.ShouldBe(CancellationToken.None);
        }
    }

    [Fact]
    public void The_token_that_cancels_the_task_goes_before_the_tasks_own()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Asking(), cancellationToken: source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            (await OnLoop.Failure<CancelledException>(task)).CancellationToken.ShouldBe(source.Token);
        }

        static async Coroutine Asking()
        {
            _ = CoroutineTask.Current.CancellationToken;
            await Asyncio.Sleep(100);
        }
    }

    [Fact]
    public void An_exception_of_the_tasks_own_token_tells_of_the_other_if_that_has_asked()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            CancellationToken own = default;
            var task = Asyncio.CreateTask(Throwing(), cancellationToken: source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            (await OnLoop.Failure<CancelledException>(task)).CancellationToken.ShouldBe(source.Token);

            async Coroutine Throwing()
            {
                own = CoroutineTask.Current.CancellationToken;
                try
                {
                    await Asyncio.Sleep(100);
                }
                finally
                {
                    own.ThrowIfCancellationRequested();
                }
            }
        }
    }

    [Fact]
    public void The_exception_of_the_token_that_cancels_the_task_comes_out_as_it_is()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            CancelledException? seen = null;
            var task = Asyncio.CreateTask(Seeing(), cancellationToken: source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            var exception = await OnLoop.Failure<CancelledException>(task);
            exception.CancellationToken.ShouldBe(source.Token);
            exception.ShouldBeSameAs(seen);

            async Coroutine Seeing()
            {
                try
                {
                    await Asyncio.Sleep(100);
                }
                catch (CancelledException e)
                {
                    seen = e;
                    throw;
                }
            }
        }
    }

    [Fact]
    public void An_exception_of_the_tasks_token_is_a_failure_while_that_is_not_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Throwing());
            await OnLoop.Failure<OperationCanceledException>(task);
            task.IsCancelled.ShouldBeFalse();
        }

        static async Coroutine Throwing()
        {
            await Asyncio.Sleep(1);
            throw new OperationCanceledException(CoroutineTask.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_token_keeps_nothing_of_a_task_whose_loop_is_closed()
    {
        using var source = new CancellationTokenSource();
        var task = Abandoned(source.Token);
        LoopHelpers.CollectGarbage();
        task.IsAlive.ShouldBeFalse();
        source.Cancel();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Abandoned(CancellationToken token)
    {
        var loop = new EventLoop();
        loop.CollectReports();
        var task = loop.CreateTask(Asyncio.Sleep(100, CancellationToken.None));
        task.Details.TokensOf(task).Obey(token);
        loop.RunIteration();
        loop.Close();
        return new WeakReference(task);
    }
}
