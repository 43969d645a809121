using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Operations of .NET as futures that are cancelled by their token and awaited to their real end.</summary>
public class WrapOperationTests
{
    [Fact]
    public void Results_and_failures_are_the_operations()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var time = Asyncio.GetRunningLoop().TimeProvider;
            (await Asyncio.WrapFuture(token => Later(1, token))).ShouldBe(1);
            (await Asyncio.WrapFuture(_ => Task.FromResult(2))).ShouldBe(2);
            await Asyncio.WrapFuture(token => Task.Delay(TimeSpan.FromSeconds(1), time, token));
            await OnLoop.Failure<FormatException>(Asyncio.WrapFuture(_ => Task.FromException<int>(new FormatException())));
            await OnLoop.Failure<TaskCanceledException>(Asyncio.WrapFuture(_ => Task.FromCanceled(new CancellationToken(true))));

            async Task<int> Later(int value, CancellationToken token)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, token);
                return value;
            }
        }
    }

    [Fact]
    public void A_cancellation_reaches_the_operation_and_the_task_goes_on_when_that_has_ended()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            bool cleanedUp = false;
            var task = Asyncio.CreateTask(Wait());
            await Asyncio.Sleep(1);
            task.Cancel("why");
            var exception = await OnLoop.Failure<CancelledException>(task);
            exception.CancelMessage.ShouldBe("why");
            exception.InnerException.ShouldBeAssignableTo<OperationCanceledException>();
            cleanedUp.ShouldBeTrue();
            loop.Time.ShouldBe(3);

            async Coroutine Wait() => await Asyncio.WrapFuture(Operation);

            async Task Operation(CancellationToken token)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromHours(1), loop.TimeProvider, token).ConfigureAwait(false);
                }
                finally
                {
                    await Task.Delay(TimeSpan.FromSeconds(2), loop.TimeProvider, CancellationToken.None).ConfigureAwait(false);
                    cleanedUp = true;
                }
            }
        }
    }

    [Fact]
    public void An_operation_that_ends_well_in_spite_of_the_cancellation_has_its_result_kept()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource<int>();
            var future = Asyncio.WrapFuture(_ => source.Task);
            future.Cancel().ShouldBeTrue();
            future.IsDone.ShouldBeFalse();
            source.SetResult(7);
            (await future).ShouldBe(7);
            future.Cancel().ShouldBeFalse();
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(
                Asyncio.WrapFuture(token => Task.Delay(TimeSpan.FromHours(1), Asyncio.GetRunningLoop().TimeProvider, token)), 5));
        }
    }

    [Fact]
    public void An_operation_that_is_a_method_belongs_to_the_task_that_starts_it_and_is_cancelled_with_it()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["cancelled: why", "cleaned up at 3", "task left at 3", "other at 5"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Wait());
            await Asyncio.Sleep(1);
            task.Cancel("why");
            await OnLoop.Failure<CancelledException>(task);
            log.Add(FormattableString.Invariant($"task left at {Asyncio.GetRunningLoop().Time}"));
            await Asyncio.Sleep(10);
        }

        async Coroutine Wait()
        {
            _ = Other();
            await Asyncio.WrapFuture(_ => Task.WhenAll(Operation(CoroutineTask.Current), Task.CompletedTask));
        }

        async Task Operation(CoroutineTask owner)
        {
            await Task.Yield();
            Asyncio.CurrentTask().ShouldBeSameAs(owner);
            await OwnedMethodTests.After(0.5);
            Asyncio.CurrentTask().ShouldBeSameAs(owner);
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException e)
            {
                log.Add($"cancelled: {e.CancelMessage}");
                await Asyncio.Sleep(2);
                Asyncio.CurrentTask().ShouldBeSameAs(owner);
                log.Add(FormattableString.Invariant($"cleaned up at {Asyncio.GetRunningLoop().Time}"));
                throw;
            }
        }

        async Task Other() // not the operation's
        {
            await Asyncio.Sleep(5);
            log.Add(FormattableString.Invariant($"other at {Asyncio.GetRunningLoop().Time}"));
        }
    }

    [Fact]
    public void A_method_that_the_token_cancels_is_not_cancelled_again_in_its_cleanup()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            bool cleanedUp = false;
            var task = Asyncio.CreateTask(Wait());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            cleanedUp.ShouldBeTrue();

            async Coroutine Wait() => await Asyncio.WrapFuture(Operation);

            async Task Operation(CancellationToken token)
            {
                try
                {
                    await Asyncio.Sleep(100, token);
                }
                finally
                {
                    await Asyncio.Sleep(2, CancellationToken.None);
                    cleanedUp = true;
                }
            }
        }
    }

    [Fact]
    public void What_callbacks_of_the_token_throw_is_reported_and_bad_operations_are_refused()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var source = new TaskCompletionSource();
            var future = Asyncio.WrapFuture(token =>
            {
                token.Register(() => throw new FormatException());
                token.Register(source.SetCanceled);
                return source.Task;
            });
            future.Cancel();
            await OnLoop.Failure<CancelledException>(future);
            Should.Throw<ArgumentNullException>(() => Asyncio.WrapFuture((Func<CancellationToken, Task>)null!)).ParamName.ShouldBe("operation");
            Should.Throw<InvalidOperationException>(() => Asyncio.WrapFuture(_ => (Task)null!)).Message.ShouldContain("returned null");
            Should.Throw<FormatException>(() => Asyncio.WrapFuture(Throws));

            static Task Throws(CancellationToken token) => throw new FormatException();
        }
    }

    [Fact]
    public void An_operation_that_fails_while_it_is_asked_to_cancel_has_failed()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var future = Asyncio.WrapFuture(_ => source.Task);
            future.Cancel();
            source.SetException(new FormatException());
            await OnLoop.Failure<FormatException>(future);
            future.IsCancelled.ShouldBeFalse();
        }
    }
}
