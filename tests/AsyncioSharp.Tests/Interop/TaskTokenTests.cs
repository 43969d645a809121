using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A task's own cancellation token, and tasks that a token cancels.</summary>
public class TaskTokenTests
{
    [Fact]
    public void The_token_is_cancelled_when_the_task_is_asked_to_cancel_and_not_before()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(5));
            var token = task.CancellationToken;
            token.ShouldBe(task.CancellationToken);
            await Asyncio.Sleep(1);
            token.IsCancellationRequested.ShouldBeFalse();
            task.Cancel();
            token.IsCancellationRequested.ShouldBeTrue();
            await Asyncio.Wait(task);
        }
    }

    [Fact]
    public void A_task_that_ends_by_itself_never_cancels_its_token()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(5));
            var token = task.CancellationToken;
            await task;
            task.Cancel().ShouldBeFalse();
            token.IsCancellationRequested.ShouldBeFalse();
        }
    }

    [Fact]
    public void A_token_that_is_first_asked_for_after_the_request_is_cancelled()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = CoroutineTask.Current;
            task.Cancel();
            task.CancellationToken.IsCancellationRequested.ShouldBeTrue();
            task.Uncancel();
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void Uncancel_leaves_the_cancelled_token_and_the_task_gets_a_new_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = CoroutineTask.Current;
            var first = task.CancellationToken;
            task.Cancel();
            task.Cancel();
            task.Uncancel();
            task.CancellationToken.ShouldBe(first);
            task.Uncancel();
            first.IsCancellationRequested.ShouldBeTrue();
            var second = task.CancellationToken;
            second.IsCancellationRequested.ShouldBeFalse();
            task.Cancel();
            second.IsCancellationRequested.ShouldBeTrue();
            task.Uncancel();
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void A_task_that_ends_by_its_cancelled_master_token_is_cancelled_also_when_the_request_was_taken_back()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Worker(source.Token), cancellationToken: source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine Worker(CancellationToken token)
        {
            try
            {
                await Asyncio.Sleep(100, CancellationToken.None);
            }
            catch (CancelledException)
            {
                CoroutineTask.Current.Uncancel();
            }
            await Asyncio.Sleep(1, CancellationToken.None);
            token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public void Callbacks_run_inside_Cancel_when_the_request_has_been_passed_on()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Waiting());
            bool? seen = null;
            task.CancellationToken.Register(() => seen = future.IsCancelled);
            await Asyncio.Sleep(1);
            task.Cancel();
            seen.ShouldBe(true);
            await Asyncio.Wait(task);

            async Coroutine Waiting() => await future;
        }
    }

    [Fact]
    public void What_callbacks_throw_is_reported_and_neither_the_others_nor_the_cancellation_are_lost()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.Select(report => report.Exception!.Message).ShouldBe(["second", "first"], ignoreOrder: true);
        reports.ShouldAllBe(report => report.Task!.Name == "worker" && report.Message == "Exception in a callback of the cancellation token of task 'worker'");

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var task = Asyncio.CreateTask(Asyncio.Sleep(5), name: "worker");
            int calls = 0;
            task.CancellationToken.Register(() => throw new FormatException("first"));
            task.CancellationToken.Register(() => calls++);
            task.CancellationToken.Register(() => throw new FormatException("second"));
            await Asyncio.Sleep(1);
            task.Cancel().ShouldBeTrue();
            calls.ShouldBe(1);
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    public void An_exception_of_the_tasks_own_token_that_leaves_the_coroutine_cancels_the_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Obedient());
            await Asyncio.Sleep(1);
            var token = task.CancellationToken;
            task.Cancel("enough");
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            var exception = Should.Throw<CancelledException>(() => task.Result());
            exception.CancellationToken.ShouldBe(token);
            exception.InnerException.ShouldBeOfType<OperationCanceledException>();
        }

        static async Coroutine Obedient()
        {
            try
            {
                await Asyncio.Sleep(5);
            }
            catch (CancelledException)
            {
                CoroutineTask.Current.CancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    [Fact]
    public void An_exception_of_any_other_token_that_leaves_the_coroutine_is_a_failure()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var token = new CancellationToken(canceled: true);
            var task = Asyncio.CreateTask(Foreign());
            _ = task.CancellationToken;
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeFalse();
            task.Exception().ShouldBeOfType<OperationCanceledException>();

            async Coroutine Foreign()
            {
                await Asyncio.Sleep(1);
                token.ThrowIfCancellationRequested();
            }
        }
    }

    [Fact]
    public void A_token_cancels_the_task_that_was_made_with_it_and_is_in_the_exception_inside_and_outside()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var token = source.Token;
            bool inside = false;
            var task = Asyncio.CreateTask(Work(), token, name: "work");
            await Asyncio.Sleep(1);
            source.Cancel();
            task.Cancelling.ShouldBe(1);
            try
            {
                await task;
                Assert.Fail("It was to be cancelled.");
            }
            catch (OperationCanceledException e) when (e.CancellationToken == token)
            {
            }
            inside.ShouldBeTrue();
            task.IsCancelled.ShouldBeTrue();
            task.Name.ShouldBe("work");

            async Coroutine<int> Work()
            {
                try
                {
                    return await Asyncio.Sleep(5, 1);
                }
                catch (OperationCanceledException e) when (e.CancellationToken == token)
                {
                    inside = true;
                    throw;
                }
            }
        }
    }

    [Fact]
    public void A_task_made_with_a_cancelled_token_runs_no_statement()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool ran = false;
            var token = new CancellationToken(canceled: true);
            var task = Asyncio.CreateTask(Work(), token);
            await Asyncio.Wait(task);
            ran.ShouldBeFalse();
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(token);

            async Coroutine Work()
            {
                ran = true;
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_request_of_the_running_task_to_itself_carries_the_token_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var never = Asyncio.CreateTask(Work(), source.Token);
            await Asyncio.Wait(never);
            Should.Throw<CancelledException>(() => never.Result()).CancellationToken.ShouldBe(source.Token);

            async Coroutine Work()
            {
                source.Cancel();
                await Asyncio.Sleep(0);
            }
        }
    }

    [Fact]
    public void A_task_whose_last_step_was_asked_to_cancel_carries_the_token()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Work(), source.Token);
            await Asyncio.Wait(task);
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);

            async Coroutine<int> Work()
            {
                await Asyncio.Sleep(1);
                source.Cancel();
                return 1;
            }
        }
    }

    [Fact]
    public void Later_cancellations_of_the_task_do_not_carry_a_token_that_has_been_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Stubborn(), source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            await Asyncio.Sleep(1);
            task.Cancel("again");
            await Asyncio.Wait(task);
            var exception = Should.Throw<CancelledException>(() => task.Result());
            exception.CancelMessage.ShouldBe("again");
            exception.CancellationToken.ShouldBe(CancellationToken.None);

            async Coroutine Stubborn()
            {
                try
                {
                    await Asyncio.Sleep(9);
                }
                catch (CancelledException e)
                {
                    e.CancellationToken.ShouldBe(source.Token);
                }
                await Asyncio.Sleep(9);
            }
        }
    }

    [Fact]
    public void A_token_that_another_thread_cancels_wakes_the_loop()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Asyncio.Sleep(Signal.LimitSeconds), source.Token);
            await Asyncio.Sleep(0);
            var canceller = new TestThread(source.Cancel);
            await Asyncio.Wait(task);
            canceller.Join();
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);
        }
    }

    [Fact]
    public void A_token_that_is_cancelled_after_the_end_of_task_and_loop_does_nothing()
    {
        using var source = new CancellationTokenSource();
        var loop = VirtualTimeLoop.Create();
        var done = loop.CreateTask(Asyncio.Sleep(1), source.Token);
        loop.RunUntilComplete(done);
        var pending = loop.CreateTask(Asyncio.Sleep(1), source.Token);
        loop.ExceptionHandler = (_, _) => { };
        loop.Close();
        source.Cancel();
        done.IsCancelled.ShouldBeFalse();
        pending.IsDone.ShouldBeFalse();
    }
}
