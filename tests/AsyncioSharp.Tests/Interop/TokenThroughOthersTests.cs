using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// The token with which a task was asked to cancel is in its outcome, and the cancellation is one, whatever is between the task and the operation: a gather, which fails with it, a
/// group below a method, and an operation that was given the task's own token.
/// </summary>
public class TokenThroughOthersTests
{
    public static TheoryData<string> Gathers => ["gather", "outcomes", "any kinds", "pair", "limit", "below a method", "limit below a method"];

    [Theory]
    [MemberData(nameof(Gathers))]
    public void A_gather_that_is_cancelled_by_a_token_tells_which(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var reports = Asyncio.GetRunningLoop().CollectReports();
            OperationCanceledException? seen = null;
            var task = Asyncio.CreateTask(Work(), source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            await Asyncio.Wait(task);
            seen!.CancellationToken.ShouldBe(source.Token);
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);
            GC.Collect();
            reports.ShouldBeEmpty();

            async Coroutine Work()
            {
                try
                {
                    await Gather(kind);
                }
                catch (OperationCanceledException e)
                {
                    seen = e;
                    throw;
                }
            }
        }

        static Coroutine Gather(string kind) => kind switch
        {
            "gather" => Await(Asyncio.Gather(Value(), Value())),
            "outcomes" => Await(Asyncio.GatherOutcomes(Value(), Value())),
            "any kinds" => Await(Asyncio.Gather(Asyncio.Sleep(9), Asyncio.GetRunningLoop().CreateFuture())),
            "pair" => Await(Asyncio.Gather(Value(), Asyncio.Sleep(9, "text"))),
            "limit" => Asyncio.WaitFor(Asyncio.Gather(Asyncio.Sleep(9), Asyncio.Sleep(9)), 99),
            "below a method" => OfMethod(async () => await Asyncio.Gather(Value(), Value())),
            _ => OfMethod(async () => await Asyncio.WaitFor(Asyncio.Gather(Value(), Value()), 99)),
        };

        static Coroutine<int> Value() => Asyncio.Sleep(9, 1);

        static async Coroutine Await(IAwaitable awaitable) => await awaitable;

        static async Coroutine OfMethod(Func<Task> method) => await method();
    }

    [Fact]
    public void A_gather_that_is_cancelled_with_a_token_handed_out_tells_that_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CancellationToken own = default;
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            task.Cancel("enough");
            await Asyncio.Wait(task);
            var thrown = Should.Throw<CancelledException>(() => task.Result());
            thrown.CancellationToken.ShouldBe(own);
            thrown.CancelMessage.ShouldBe("enough");

            async Coroutine Work()
            {
                own = CoroutineTask.Current.CancellationToken;
                await Asyncio.Gather(Asyncio.Sleep(9), Asyncio.Sleep(9));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_group_below_a_method_knows_the_token_of_its_task(bool isShielded)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Work() => await Method();

        async Task Method() => await (isShielded ? new CancelScope(99, shield: true).Run(async _ => await Group()) : Group());

        static Coroutine Group() => new TaskGroup().Run(async _ => await Leaf());

        static async Task Leaf() => await Endless(CoroutineTask.Current.CancellationToken);
    }

    [Fact]
    public void A_group_in_a_shield_below_a_method_keeps_failures_that_have_nothing_to_do_with_the_request()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var unrelated = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            task.Cancel();
            unrelated.Cancel();
            await Asyncio.Wait(task);
            task.Exception().ShouldBeOfType<TaskGroupException>().InnerExceptions.ShouldHaveSingleItem().ShouldBeAssignableTo<OperationCanceledException>();

            async Coroutine Work() => await Method();

            async Task Method() => await new CancelScope(99, shield: true).Run(async _ => await new TaskGroup().Run(async _ => await Endless(unrelated.Token)));
        }
    }

    [Fact]
    public void The_token_of_a_request_that_was_taken_back_is_not_told_of_the_next_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            CancellationToken own = default;
            var task = Asyncio.CreateTask(Work(), source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(own);

            async Coroutine Work()
            {
                try
                {
                    await Asyncio.Sleep(9);
                }
                catch (CancelledException)
                {
                    CoroutineTask.Current.Uncancel();
                }
                own = CoroutineTask.Current.CancellationToken;
                await Endless(own);
            }
        }
    }

    [Fact]
    public void A_failure_that_has_nothing_to_do_with_the_request_does_not_tell_its_token()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            var theirs = new CancelledException("theirs");
            future.SetException(theirs);
            await Asyncio.Wait(task);
            Should.Throw<CancelledException>(() => task.Result()).ShouldBeSameAs(theirs);

            async Coroutine Work()
            {
                _ = CoroutineTask.Current.CancellationToken;
                await Asyncio.CreateTask(Refusing());
                await future;
            }
        }

        static async Coroutine Refusing()
        {
            try
            {
                await Asyncio.Sleep(9);
            }
            catch (CancelledException)
            {
                // It goes on.
            }
        }
    }

    public static TheoryData<string> Waits => ["operation", "value task", "cleaning up", "timeout"];

    [Theory]
    [MemberData(nameof(Waits))]
    public void An_operation_that_was_given_the_tasks_own_token_ends_with_the_one_that_asked(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Work(), source.Token);
            await Asyncio.Sleep(1);
            source.Cancel();
            await Asyncio.Wait(task);
            Should.Throw<CancelledException>(() => task.Result()).CancellationToken.ShouldBe(source.Token);
        }

        async Coroutine Work()
        {
            var own = CoroutineTask.Current.CancellationToken;
            switch (kind)
            {
                case "operation":
                    await Endless(own);
                    break;
                case "value task":
                    await Items(own);
                    break;
                case "cleaning up":
                    try
                    {
                        await Asyncio.Sleep(99);
                    }
                    finally
                    {
                        await Endless(own);
                    }
                    break;
                default:
                    await Asyncio.Timeout(50).Run(async _ => await Items(own));
                    break;
            }
        }

        static async Task Items(CancellationToken token) => await System.Threading.Channels.Channel.CreateUnbounded<int>().Reader.WaitToReadAsync(token);
    }

    private static Task Endless(CancellationToken token) => Task.Delay(Timeout.Infinite, token);
}
