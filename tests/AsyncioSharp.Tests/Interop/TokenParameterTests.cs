using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>The <see cref="CancellationToken"/> parameters of the functions that wait: what ends, what goes on, and who sees the token.</summary>
public class TokenParameterTests
{
    [Fact]
    public void A_token_ends_a_sleep_at_once_and_leaves_the_sleeping_task_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            loop.CallLater(1, source.Cancel);
            (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(9, source.Token))).CancellationToken.ShouldBe(source.Token);
            loop.Time.ShouldBe(1);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
            loop.Time.ShouldBe(2);
        }
    }

    [Fact]
    public void A_token_that_is_cancelled_already_raises_at_once_wherever_it_is_given()
    {
        VirtualTimeLoop.Run(Main(), debug: true);

        static async Coroutine Main()
        {
            var token = new CancellationToken(canceled: true);
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => Assert.Fail(context.Message!);
            bool othersRan = false;
            loop.CallSoon(() => othersRan = true);
            var done = loop.CreateFuture<int>();
            done.SetResult(1);
            Coroutine[] waits =
            [
                Asyncio.Sleep(9, token),
                Asyncio.Sleep(0, token),
                Asyncio.Sleep(9, "value", token),
                Asyncio.WaitFor(Asyncio.Sleep(9), 9, token),
                Asyncio.WaitFor(Asyncio.Sleep(9, 1), token),
                Asyncio.WaitFor(done, 9, token),
                Asyncio.Wait([done], cancellationToken: token),
            ];
            foreach (var wait in waits)
            {
                (await OnLoop.Failure<CancelledException>(wait)).CancellationToken.ShouldBe(token);
            }
            othersRan.ShouldBeFalse();
            GC.Collect();
            GC.WaitForPendingFinalizers(); // no coroutine that was given to a function is reported as never awaited
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void WaitFor_cancels_what_it_waits_for_and_sees_it_to_its_end_as_upon_a_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            bool cleanedUp = false;
            loop.CallLater(1, source.Cancel);
            var exception = await OnLoop.Failure<CancelledException>(Asyncio.WaitFor(Inner(), 9, source.Token));
            exception.CancellationToken.ShouldBe(source.Token);
            exception.InnerException.ShouldBeOfType<CancelledException>();
            cleanedUp.ShouldBeTrue();
            loop.Time.ShouldBe(3);

            async Coroutine<int> Inner()
            {
                try
                {
                    return await Asyncio.Sleep(9, 1);
                }
                finally
                {
                    await Asyncio.Sleep(2);
                    cleanedUp = true;
                }
            }
        }
    }

    [Fact]
    public void WaitFor_ends_by_whichever_comes_first_and_a_refusal_of_the_cancellation_is_the_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Asyncio.Sleep(9), 1, source.Token));
            (await Asyncio.WaitFor(Asyncio.Sleep(1, 7), 9, source.Token)).ShouldBe(7);
            await Asyncio.WaitFor(Asyncio.Sleep(1), TimeSpan.FromSeconds(9), source.Token);
            loop.CallLater(1, source.Cancel);
            (await Asyncio.WaitFor(Refusing(), null, source.Token)).ShouldBe(8);

            static async Coroutine<int> Refusing()
            {
                try
                {
                    return await Asyncio.Sleep(9, 1);
                }
                catch (CancelledException)
                {
                    return 8;
                }
            }
        }
    }

    [Fact]
    public void A_cancellation_of_the_waiting_task_is_not_told_as_the_tokens()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Asyncio.WaitFor(Asyncio.Sleep(9), 9, source.Token));
            await Asyncio.Sleep(1);
            task.Cancel("mine");
            source.Cancel();
            var exception = await OnLoop.Failure<CancelledException>(task);
            exception.CancelMessage.ShouldBe("mine");
            exception.CancellationToken.ShouldBe(CancellationToken.None);
        }
    }

    [Fact]
    public void WaitFor_with_a_cancelled_token_ends_what_runs_already_before_it_raises()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var token = new CancellationToken(canceled: true);
            var task = Asyncio.CreateTask(Asyncio.Sleep(9));
            await Asyncio.Sleep(1);
            (await OnLoop.Failure<CancelledException>(Asyncio.WaitFor(task, 9, token))).CancellationToken.ShouldBe(token);
            task.IsCancelled.ShouldBeTrue();
            var again = Asyncio.Sleep(1);
            await again;
#pragma warning disable ASYNCIO002 // that is the subject
            (await OnLoop.Failure<InvalidOperationException>(Asyncio.WaitFor(again, 9, token))).Message.ShouldContain("cannot reuse");
#pragma warning restore ASYNCIO002
        }
    }

    [Fact]
    public void A_token_ends_Wait_and_leaves_the_futures_running()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Asyncio.Sleep(9, 7));
            loop.CallLater(1, source.Cancel);
            (await OnLoop.Failure<CancelledException>(Asyncio.Wait([task], 5, cancellationToken: source.Token))).CancellationToken.ShouldBe(source.Token);
            loop.Time.ShouldBe(1);
            (await task).ShouldBe(7);
            task.ToString().ShouldNotContain("cb=");
        }
    }

    [Fact]
    public void A_token_ends_AsCompleted_every_missing_outcome_is_the_cancellation()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            loop.CallLater(2, source.Cancel);
            var slow = Asyncio.CreateTask(Asyncio.Sleep(9, 9));
            int cancelled = 0;
            foreach (var next in Asyncio.AsCompleted([Asyncio.Sleep(1, 1), slow, Asyncio.Sleep(8, 8)], timeout: 5, cancellationToken: source.Token))
            {
                try
                {
                    (await next).ShouldBe(1);
                }
                catch (OperationCanceledException e) when (e.CancellationToken == source.Token)
                {
                    cancelled++;
                }
            }
            cancelled.ShouldBe(2);
            loop.Time.ShouldBe(2);
            (await slow).ShouldBe(9);

            var first = Asyncio.AsCompleted([slow], cancellationToken: source.Token).First();
            await OnLoop.Failure<CancelledException>(first);
            await foreach (var done in Asyncio.AsCompleted([slow], TimeSpan.FromSeconds(1), CancellationToken.None))
            {
                done.ShouldBeSameAs(slow);
            }
        }
    }

    [Fact]
    public void A_token_may_be_cancelled_in_any_thread()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            var never = Asyncio.GetRunningLoop().CreateFuture<int>();
            Func<CancellationToken, Coroutine>[] waits =
            [
                token => Asyncio.Sleep(Signal.LimitSeconds, token),
                token => Asyncio.WaitFor(Asyncio.Sleep(Signal.LimitSeconds, CancellationToken.None), Signal.LimitSeconds, token),
                token => Asyncio.Wait([never], cancellationToken: token),
                token => Asyncio.AsCompleted([never], cancellationToken: token).First(),
            ];
            foreach (var wait in waits)
            {
                using var source = new CancellationTokenSource();
                var task = Asyncio.CreateTask(wait(source.Token));
                await Asyncio.Sleep(0);
                var canceller = new TestThread(source.Cancel);
                (await OnLoop.Failure<CancelledException>(task)).CancellationToken.ShouldBe(source.Token);
                canceller.Join();
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_token_that_lives_long_keeps_nothing_of_what_it_outlives(int kind)
    {
        using var source = new CancellationTokenSource();
        var loop = Use(kind, source.Token);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        loop.TryGetTarget(out _).ShouldBeFalse(); // a registration that was left would hold what waited, and with it the loop
        source.Cancel();
    }

    // Not inlined: a loop in a local variable would live on in the caller.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<EventLoop> Use(int kind, CancellationToken token)
    {
        EventLoop? loop = null;
        VirtualTimeLoop.Run(Main());
        return new WeakReference<EventLoop>(loop!);

        async Coroutine Main()
        {
            loop = Asyncio.GetRunningLoop();
            var done = loop.CreateFuture<int>();
            done.SetResult(1);
            for (int i = 0; i < 10; i++)
            {
                await (kind switch
                {
                    0 => Asyncio.Sleep(1, token),
                    1 => Asyncio.WaitFor(Asyncio.Sleep(1, CancellationToken.None), 5, token),
                    2 => Asyncio.Wait([done], cancellationToken: token),
                    3 => Asyncio.AsCompleted([done], cancellationToken: token).First(),
                    4 => Asyncio.CreateTask(Asyncio.Sleep(1, CancellationToken.None), token),
                    _ => (IAwaitable)Asyncio.WrapFuture(Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, CancellationToken.None), loop, token)),
                });
            }
        }
    }

    [Fact]
    public void Calls_written_the_natural_way_find_their_overload()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var token = CancellationToken.None;
            await Asyncio.Sleep(1, token);
            await Asyncio.Sleep(TimeSpan.FromSeconds(1), token);
            await Asyncio.Sleep(1, default);
            string text = await Asyncio.Sleep(1, "text", token);
            text = await Asyncio.Sleep(TimeSpan.FromSeconds(1), text, cancellationToken: token);
            CancellationToken asResult = await Asyncio.Sleep<CancellationToken>(1, token);
            asResult.ShouldBe(token);

            int value = await Asyncio.WaitFor(Asyncio.Sleep(1, 1), null);
            value += await Asyncio.WaitFor(Asyncio.Sleep(1, 1), null, token);
            value += await Asyncio.WaitFor(Asyncio.Sleep(1, 1), 5, token);
            value += await Asyncio.WaitFor(Asyncio.Sleep(1, 1), 5, default);
            value += await Asyncio.WaitFor(Asyncio.Sleep(1, 1), timeout: TimeSpan.FromSeconds(5), cancellationToken: token);
            value += await Asyncio.WaitFor(Asyncio.Sleep(1, 1), token);
            value += await Asyncio.WaitFor(Asyncio.CreateTask(Asyncio.Sleep(1, 1)), cancellationToken: token);
            value.ShouldBe(7);
            Coroutine untyped = Asyncio.WaitFor(Asyncio.Sleep(1), null, token);
            await untyped;
            await Asyncio.WaitFor(Asyncio.Sleep(1), token);
            await Asyncio.WaitFor(Asyncio.Sleep(1), TimeSpan.FromSeconds(5), token);

            CoroutineTask<int> task = Asyncio.CreateTask(Asyncio.Sleep(1, 1), token);
            CoroutineTask named = Asyncio.CreateTask(Asyncio.Sleep(1), cancellationToken: token, name: "named");
            named = Asyncio.CreateTask(Asyncio.Sleep(1), name: "named", cancellationToken: token);
            named.Name.ShouldBe("named");
            await Asyncio.CreateTask(Asyncio.Sleep(1), null);
            await Asyncio.CreateTask(Asyncio.Sleep(1), "named");
            (HashSet<CoroutineTask<int>> done, _) = await Asyncio.Wait([task], null, ReturnWhen.FirstCompleted, token);
            (done, _) = await Asyncio.Wait([task], cancellationToken: token);
            (done, _) = await Asyncio.Wait([task], TimeSpan.FromSeconds(1), cancellationToken: token);
            done.Count.ShouldBe(1);
            foreach (Coroutine<int> next in Asyncio.AsCompleted([task], null, token))
            {
                await next;
            }
        }
    }
}
