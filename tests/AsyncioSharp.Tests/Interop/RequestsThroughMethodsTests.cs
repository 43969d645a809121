using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// No request to cancel is lost on its way through methods and iterators of .NET, and nothing that they gave: as if the coroutines that they await ran inside the
/// one who awaits the method. Each moment of the cancellation is tried.
/// </summary>
public class RequestsThroughMethodsTests
{
    private const int MostTurns = 8;

    public enum Kind
    {
        Coroutine,
        Method,
        ValueTaskMethod,
        Iterator,
        MethodInMethod,
    }

    public static IEnumerable<TheoryDataRow<Kind>> Kinds => Enum.GetValues<Kind>().Select(static kind => new TheoryDataRow<Kind>(kind));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_a_shield_in_a_method_holds_back_is_thrown_where_the_method_waits_next(Kind kind)
        => OnLoop.Run(async () =>
        {
            foreach (bool isTimeout in new[] { false, true })
            {
                var log = new List<string>();
                var task = Asyncio.CreateTask(Asyncio.Timeout(isTimeout ? 1 : null).Run(async _ => await Through(kind, () => Body(log))));
                await Asyncio.Sleep(0.5);
                if (!isTimeout)
                {
                    task.Cancel("outside");
                }
                await Asyncio.Wait(task);
                log.ShouldBe(["shielded", "interrupted"]);
                (task.IsCancelled ? task.Cancellation().CancelMessage : task.Exception()!.GetType().Name).ShouldBe(isTimeout ? nameof(TimeoutException) : "outside");
            }

            static async Coroutine Body(List<string> log)
            {
                await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(3));
                log.Add("shielded");
                try
                {
                    await Asyncio.Sleep(100);
                }
                catch (CancelledException)
                {
                    log.Add("interrupted");
                    throw;
                }
            }
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_coroutine_that_a_method_awaits_begins_and_its_shield_holds_a_second_request_back(Kind kind)
        => OnLoop.Run(async () =>
        {
            for (int turns = 0; turns < MostTurns; turns++)
            {
                var log = new List<string>();
                var task = Asyncio.CreateTask(Through(kind, () => Body(log), () => CleanUp(log)));
                await Asyncio.Sleep(1);
                task.Cancel();
                await OnLoop.Turns(turns);
                task.Cancel();
                await Asyncio.Wait(task);
                log.ShouldBe(["begins", "ends"], $"{turns} turns between");
                task.IsCancelled.ShouldBeTrue();
            }

            static async Coroutine Body(List<string> log) => await Asyncio.Sleep(100);

            static async Coroutine CleanUp(List<string> log) => await new CancelScope(shield: true).Run(async _ =>
            {
                log.Add("begins");
                await Asyncio.Sleep(1);
                log.Add("ends");
            });
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_request_is_not_lost_in_a_wait_for_whose_coroutine_ends_in_that_moment(Kind kind)
        => OnLoop.Run(async () =>
        {
            for (int turns = 0; turns < MostTurns; turns++)
            {
                var task = Asyncio.CreateTask(Root());
                await OnLoop.Turns(turns);
                task.Cancel().ShouldBeTrue();
                await Asyncio.Wait(task);
                task.IsCancelled.ShouldBeTrue($"after {turns} turns");
            }

            async Coroutine Root()
            {
                await Through(kind, async () => await Asyncio.WaitFor(Nothing(), 5));
                await Asyncio.Sleep(1);
            }

            static async Coroutine Nothing()
            {
            }
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_a_method_or_an_iterator_gave_is_taken_and_the_next_await_is_cancelled(Kind kind)
        => OnLoop.Run(async () =>
        {
            for (int turns = 0; turns < MostTurns; turns++)
            {
                var queue = new AsyncQueue<int>();
                int seen = 0;
                var task = Asyncio.CreateTask(Consume());
                await Asyncio.Sleep(1);
                queue.PutNowait(7);
                await OnLoop.Turns(turns);
                task.Cancel();
                await Asyncio.Wait(task);
                (seen + queue.Count).ShouldBe(1, $"after {turns} turns");
                task.IsCancelled.ShouldBeTrue();

                async Coroutine Consume()
                {
                    while (true)
                    {
                        await Through(kind, async () => await queue.Get());
                        seen++;
                    }
                }
            }
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_gather_that_is_cancelled_twice_is_not_reported(Kind kind)
        => OnLoop.Run(async () =>
        {
            var reports = new List<string?>();
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Message);
            for (int turns = 0; turns < MostTurns; turns++)
            {
                var task = Asyncio.CreateTask(Through(kind, static async () => await Asyncio.Gather(Asyncio.Sleep(1), Asyncio.Sleep(2))));
                await OnLoop.Turns(4);
                task.Cancel();
                await OnLoop.Turns(turns);
                task.Cancel();
                await Asyncio.Wait(task);
                task.IsCancelled.ShouldBeTrue();
            }
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Asyncio.Sleep(0);
            reports.ShouldBeEmpty();
        });

    [Fact]
    public void Of_methods_awaited_together_none_is_told_twice()
        => OnLoop.Run(async () =>
        {
            double cleanedUp = 0;
            var task = Asyncio.CreateTask(Both());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            cleanedUp.ShouldBe(6);

            async Coroutine Both() => await Task.WhenAll(CleansUp(), IsShielded());

            async Task CleansUp()
            {
                try
                {
                    await Asyncio.Sleep(100);
                }
                finally
                {
                    await Asyncio.Sleep(5);
                    cleanedUp = Asyncio.GetRunningLoop().Time;
                }
            }

            static async Task IsShielded()
            {
                await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(3));
                await Asyncio.Sleep(50);
            }
        });

    [Fact]
    public void Who_made_a_wrapped_operation_and_does_not_wait_for_it_is_not_told_what_its_methods_were_not_told()
        => OnLoop.Run(async () =>
        {
            double cleanedUp = 0;
            var task = Asyncio.CreateTask(Makes());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            cleanedUp.ShouldBe(6);

            async Coroutine Makes()
            {
                var operation = (Future)Asyncio.WrapFuture(async _ =>
                {
                    await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(2));
                    return 1;
                });
                try
                {
                    await Asyncio.Sleep(20);
                }
                finally
                {
                    operation.Cancel();
                    await Asyncio.Sleep(5);
                    cleanedUp = Asyncio.GetRunningLoop().Time;
                }
            }
        });

    [Fact]
    public void A_value_task_that_somebody_else_has_consumed_does_not_disturb_the_loop()
        => OnLoop.Run(async () =>
        {
            ValueTask pending = default;
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Awaits());
            await Asyncio.Sleep(1);
            task.Cancel(); // of a task that was asked before, it is told of the method's end in the next turn
            await Asyncio.Sleep(1);
            source.SetResult();
            for (int turn = 0; turn < 4 && !pending.IsCompleted; turn++)
            {
                await Asyncio.Sleep(0);
            }
            pending.GetAwaiter().GetResult(); // a mistake of the program's
            task.Cancel();
            await Asyncio.Wait([task], timeout: 5);
            task.IsDone.ShouldBeTrue();

            async Coroutine Awaits()
            {
                try
                {
                    await Asyncio.Sleep(3600);
                }
                catch (CancelledException e) when (e.CancelMessage is null)
                {
                    // It goes on.
                }
                pending = Pooled();
                await pending;
            }

            [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder))]
            async ValueTask Pooled() => await source.Task;
        });

    private static async Coroutine Through(Kind kind, Func<Coroutine> body, Func<Coroutine>? cleanUp = null)
    {
        switch (kind)
        {
            case Kind.Coroutine:
                await AsCoroutine(body, cleanUp);
                break;
            case Kind.Method:
                await AsMethod(body, cleanUp);
                break;
            case Kind.ValueTaskMethod:
                await AsValueTask(body, cleanUp);
                break;
            case Kind.MethodInMethod:
                await Outer(body, cleanUp);
                break;
            default:
                await foreach (int item in AsIterator(body, cleanUp))
                {
                    item.ShouldBe(1);
                    break;
                }
                break;
        }

        static async Coroutine AsCoroutine(Func<Coroutine> body, Func<Coroutine>? cleanUp)
        {
            try
            {
                await body();
            }
            finally
            {
                await (cleanUp?.Invoke() ?? None());
            }
        }

        static async Task AsMethod(Func<Coroutine> body, Func<Coroutine>? cleanUp)
        {
            try
            {
                await body();
            }
            finally
            {
                await (cleanUp?.Invoke() ?? None());
            }
        }

        static async Task Outer(Func<Coroutine> body, Func<Coroutine>? cleanUp) => await AsMethod(body, cleanUp);

        static async ValueTask AsValueTask(Func<Coroutine> body, Func<Coroutine>? cleanUp)
        {
            try
            {
                await body();
            }
            finally
            {
                await (cleanUp?.Invoke() ?? None());
            }
        }

        static async IAsyncEnumerable<int> AsIterator(Func<Coroutine> body, Func<Coroutine>? cleanUp)
        {
            try
            {
                await body();
                yield return 1;
            }
            finally
            {
                await (cleanUp?.Invoke() ?? None());
            }
        }

        static async Coroutine None()
        {
        }
    }
}
