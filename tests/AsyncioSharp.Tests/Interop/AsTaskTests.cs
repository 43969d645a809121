using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Outcomes of futures and coroutines as .NET tasks, on the loop's thread and on others.</summary>
public class AsTaskTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Signal.LimitSeconds);

    [Fact]
    public void A_result_crosses_over_typed_and_untyped_now_and_later()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask<int> pending = Asyncio.CreateTask(Asyncio.Sleep(1, 7));
            Task<int> later = pending.AsTask();
            later.IsCompleted.ShouldBeFalse();
            (await later).ShouldBe(7);
            pending.AsTask().IsCompletedSuccessfully.ShouldBeTrue();
            Future<string> future = Asyncio.GetRunningLoop().CreateFuture<string>();
            Task<string> text = future.AsTask();
            future.SetResult("text");
            (await text).ShouldBe("text");
            Task untyped = Asyncio.CreateTask(Asyncio.Sleep(1)).AsTask();
            await untyped;
            Task<int[]> gathered = Asyncio.Gather(pending, pending).AsTask();
            (await gathered).ShouldBe([7, 7]);
            Task<object> covariant = AsTaskExtensions.AsTask<object>(future);
            (await covariant).ShouldBe("text");
        }
    }

    [Fact]
    public void A_failure_is_the_tasks_from_then_on()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var failure = new FormatException();
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = future.AsTask();
            future.SetException(failure);
            await Asyncio.Sleep(1);
            task.Exception!.InnerException.ShouldBeSameAs(failure);
        }
    }

    [Fact]
    public void A_cancellation_is_a_cancelled_task_that_throws_the_same_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var byMessage = future.AsTask();
            var byToken = Asyncio.CreateTask(Asyncio.Sleep(9), source.Token);
            var byTokenToo = byToken.AsTask();
            await Asyncio.Sleep(0);
            future.Cancel("why");
            source.Cancel();
            await Asyncio.Sleep(1);
            byMessage.IsCanceled.ShouldBeTrue();
            byTokenToo.IsCanceled.ShouldBeTrue();
            Should.Throw<CancelledException>(byMessage.GetAwaiter().GetResult).CancelMessage.ShouldBe("why");
            Should.Throw<CancelledException>(byTokenToo.GetAwaiter().GetResult).CancellationToken.ShouldBe(source.Token);
        }
    }

    [Fact]
    public void A_coroutine_is_sent_to_a_loop_and_its_outcome_comes_back()
    {
        using var loop = new LoopThread();
        Work().AsTask(loop.Loop).WaitAsync(s_limit).GetAwaiter().GetResult().ShouldBe(loop.ThreadId);
        var failing = Failing().AsTask(loop.Loop);
        Should.Throw<FormatException>(() => failing.WaitAsync(s_limit).GetAwaiter().GetResult());

        static async Coroutine<int> Work()
        {
            await Asyncio.Sleep(0.001);
            return Environment.CurrentManagedThreadId;
        }

        static async Coroutine Failing()
        {
            await Asyncio.Sleep(0);
            throw new FormatException();
        }
    }

    [Fact]
    public void A_token_cancels_a_coroutine_that_was_sent_and_the_task_ends_when_it_has_cleaned_up()
    {
        using var loop = new LoopThread();
        using var source = new CancellationTokenSource();
        var waiting = new Signal();
        bool cleanedUp = false;
        var task = Work().AsTask(loop.Loop, source.Token);
        waiting.Wait();
        source.Cancel();
        try
        {
            task.WaitAsync(s_limit).GetAwaiter().GetResult();
            Assert.Fail("It was to be cancelled.");
        }
        catch (OperationCanceledException e) when (e.CancellationToken == source.Token)
        {
        }
        task.IsCanceled.ShouldBeTrue();
        cleanedUp.ShouldBeTrue();

        async Coroutine Work()
        {
            try
            {
                waiting.Set();
                await Asyncio.Sleep(Signal.LimitSeconds);
            }
            finally
            {
                await Asyncio.Sleep(0.01);
                cleanedUp = true;
            }
        }
    }

    [Fact]
    public async Task Code_outside_awaits_futures_of_a_running_loop_and_never_goes_on_in_its_thread()
    {
        using var loop = new LoopThread();
        var futures = Enumerable.Range(0, 100).Select(_ => loop.Loop.CreateFuture<int>()).ToArray();
        var awaiting = futures.Select(future => Task.Run(() => Await(future))).ToArray();
        loop.Loop.CallSoonThreadsafe(() => Array.ForEach(futures, future => future.SetResult(Array.IndexOf(futures, future))));
        (await Task.WhenAll(awaiting).WaitAsync(s_limit)).ShouldBe(Enumerable.Range(0, 100));

        async Task<int> Await(Future<int> future)
        {
            int result = await future;
            Environment.CurrentManagedThreadId.ShouldNotBe(loop.ThreadId);
            EventLoopRunsHere().ShouldBeFalse();
            return result;
        }
    }

    [Fact]
    public void Code_outside_goes_on_in_its_own_context()
    {
        using var loop = new LoopThread();
        using var host = new LoopThread(); // any other context will do
        var future = loop.Loop.CreateFuture<int>();
        var done = new TaskCompletionSource<int>();
        host.Loop.SynchronizationContext.Post(_ => _ = Await(), null);
        loop.Loop.CallSoonThreadsafe(() => future.SetResult(1));
        done.Task.WaitAsync(s_limit).GetAwaiter().GetResult().ShouldBe(host.ThreadId);

        async Task Await()
        {
            await future;
            done.SetResult(Environment.CurrentManagedThreadId);
        }
    }

    [Fact]
    public async Task Code_outside_sees_failures_and_cancellations_of_futures()
    {
        using var loop = new LoopThread();
        var failing = loop.Loop.CreateFuture<int>();
        var cancelled = loop.Loop.CreateFuture();
        loop.Loop.CallSoonThreadsafe(() =>
        {
            failing.SetException(new FormatException());
            cancelled.Cancel("why");
        });
        await Assert.ThrowsAsync<FormatException>(async () => await failing);
        (await Assert.ThrowsAsync<CancelledException>(async () => await cancelled)).CancelMessage.ShouldBe("why");
    }

    [Fact]
    public async Task Closing_the_loop_ends_the_wait_of_code_outside_with_an_explanation()
    {
        var loop = new EventLoop();
        var future = loop.CreateFuture<int>();
        var asTask = future.AsTask();
        var awaiting = Await();
        var sent = Asyncio.Sleep(1).AsTask(loop);
        loop.Close();
        (await Assert.ThrowsAsync<InvalidStateException>(() => asTask.WaitAsync(s_limit))).Message.ShouldStartWith("Event loop is closed: <Future pending");
        (await Assert.ThrowsAsync<InvalidStateException>(() => awaiting.WaitAsync(s_limit))).Message.ShouldContain("will never be done");
        (await Assert.ThrowsAsync<InvalidOperationException>(() => sent.WaitAsync(s_limit))).Message.ShouldContain("did not come to its end");
        (await Assert.ThrowsAsync<InvalidStateException>(() => future.AsTask().WaitAsync(s_limit))).Message.ShouldContain("will never be done");
        (await Assert.ThrowsAsync<InvalidStateException>(() => Await().WaitAsync(s_limit))).Message.ShouldContain("will never be done");
        future.SetResult(1);
        (await future.AsTask()).ShouldBe(1);
        Should.Throw<InvalidOperationException>(() => Asyncio.Sleep(1).AsTask(loop)).Message.ShouldStartWith("Event loop is closed");

        async Task<int> Await() => await future;
    }

    [Fact]
    public async Task Code_without_a_loop_waits_for_a_future_until_its_loop_runs()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        var awaiting = Await();
        var running = Task.Run(() =>
        {
            loop.CallLater(1, () => future.SetResult(5));
            loop.RunUntilComplete(future);
        });
        (await awaiting.WaitAsync(s_limit)).ShouldBe(5);
        await running;
        loop.Close();

        async Task<int> Await() => await future;
    }

    [Fact]
    public async Task A_thread_side_future_gives_its_own_cancellation()
    {
        using var loop = new LoopThread();
        var future = Asyncio.RunCoroutineThreadsafe(Body(), loop.Loop);
        (await Assert.ThrowsAsync<CancelledException>(() => future.AsTask().WaitAsync(s_limit))).CancelMessage.ShouldBe("mine");
        future.AsTask().IsCanceled.ShouldBeTrue();

        static async Coroutine Body()
        {
            CoroutineTask.Current.Cancel("mine");
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void Null_is_refused_at_the_call()
    {
        var loop = new EventLoop();
        Should.Throw<ArgumentNullException>(() => ((Future<int>)null!).AsTask()).ParamName.ShouldBe("future");
        Should.Throw<ArgumentNullException>(() => ((Future)null!).AsTask()).ParamName.ShouldBe("future");
        Should.Throw<ArgumentNullException>(() => ((Coroutine<int>)null!).AsTask(loop)).ParamName.ShouldBe("coroutine");
        Should.Throw<ArgumentNullException>(() => Asyncio.Sleep(0).AsTask(null!)).ParamName.ShouldBe("loop");
        loop.Close();
    }

    private static bool EventLoopRunsHere()
    {
        try
        {
            Asyncio.GetRunningLoop();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
