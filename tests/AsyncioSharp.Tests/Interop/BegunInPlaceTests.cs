using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A coroutine that an <c>async Task</c> method awaits begins inside the step of that method. What else it does is what it does in its later steps.</summary>
public class BegunInPlaceTests
{
    private readonly List<string> _log = [];

    [Theory]
    [InlineData("task")]
    [InlineData("scope")]
    [InlineData("group")]
    [InlineData("token")]
    public void A_request_that_is_made_there_reaches_the_coroutine_first_then_the_method_then_the_caller(string what)
    {
        using var source = new CancellationTokenSource();
        var scope = new CancelScope();
        TaskGroup? group = null;
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["coroutine in caller", "method in caller", "caller in caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller(), source.Token, name: "caller");
            await Asyncio.Wait(task);
        }

        async Coroutine Caller()
        {
            switch (what)
            {
                case "scope":
                    await scope.Run(async _ => await Body());
                    break;
                case "group":
                    await new TaskGroup().Run(async entered =>
                    {
                        group = entered;
                        await Body();
                    });
                    break;
                default:
                    await Body();
                    break;
            }
        }

        async Coroutine Body()
        {
            try
            {
                await Method();
            }
            finally
            {
                Log("caller");
            }
        }

        async Task Method()
        {
            try
            {
                await Asyncio.Sleep(0);
                await Coroutine();
            }
            finally
            {
                Log("method");
            }
        }

        async Coroutine Coroutine()
        {
            try
            {
                Request();
                await Asyncio.Sleep(1);
            }
            finally
            {
                Log("coroutine");
            }
        }

        void Request()
        {
            switch (what)
            {
                case "scope":
                    scope.Cancel();
                    break;
                case "group":
                    group!.Cancel();
                    break;
                case "token":
                    source.Cancel();
                    break;
                default:
                    Asyncio.CurrentTask()!.Cancel();
                    break;
            }
        }

        void Log(string who) => _log.Add($"{who} in {Asyncio.CurrentTask()?.Name}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_task_that_cancels_itself_in_the_last_statement_of_a_coroutine_below_a_method_ends_cancelled(bool isCoroutine)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method goes on"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller()
        {
            if (isCoroutine)
            {
                await Through();
            }
            else
            {
                await Method();
            }
        }

        async Coroutine Through()
        {
            await Last();
            _log.Add("method goes on");
        }

        async Task Method()
        {
            await Last();
            _log.Add("method goes on");
        }

        static async Coroutine Last()
        {
            await Asyncio.Sleep(0);
            CoroutineTask.Current.Cancel();
        }
    }

    [Fact]
    public void An_eager_task_that_cancels_its_creator_in_a_method_does_not_tear_it_away_from_that()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method", "caller"]);

        async Coroutine Main() => await Asyncio.Wait(Asyncio.CreateTask(Caller()));

        async Coroutine Caller()
        {
            try
            {
                await Method(CoroutineTask.Current);
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Method(CoroutineTask caller)
        {
            try
            {
                await Asyncio.Sleep(0);
                await Asyncio.CreateTask(Cancelling(caller), eagerStart: true);
                await Asyncio.Sleep(1);
            }
            finally
            {
                _log.Add("method");
            }
        }

        static async Coroutine Cancelling(CoroutineTask task) => task.Cancel();
    }

    [Fact]
    public void A_slow_first_step_is_told_of_its_coroutine()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        using var log = new StringWriter();
        loop.LogWriter = log;
        loop.RunUntilComplete(loop.CreateTask(Main(), "slow"));
        loop.Close();
        var reports = log.ToString().Split("Executing", StringSplitOptions.None)[1..];
        reports.Length.ShouldBe(3);
        reports.ShouldAllBe(report => report.StartsWith(" <Task", StringComparison.Ordinal) && report.Contains("name='slow'", StringComparison.Ordinal));
        reports[0].ShouldContain(".Slow() ");
        reports[1].ShouldContain(".Slow() ");
        reports[2].ShouldContain(".Main() "); // behind the end of the method

        async Coroutine Main()
        {
            await Method();
            clock.Advance(TimeSpan.FromSeconds(2));
        }

        async Task Method()
        {
            await Asyncio.Sleep(0);
            await Slow();
            await Task.Yield();
            await Slow();
        }

        async Coroutine Slow()
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void It_finds_the_same_synchronization_context_in_its_first_step_as_later_and_callbacks_find_the_loops()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await Method();
            var found = Asyncio.GetRunningLoop().CreateFuture<SynchronizationContext?>();
            Asyncio.GetRunningLoop().CallSoon(() => found.SetResult(SynchronizationContext.Current));
            (await found).ShouldBeSameAs(Asyncio.GetRunningLoop().SynchronizationContext);
        }

        static async Task Method()
        {
            var own = SynchronizationContext.Current;
            await Coroutine();
            SynchronizationContext.Current.ShouldBeSameAs(own);
            await Coroutine();
            SynchronizationContext.Current.ShouldBeSameAs(own);
        }

        static async Coroutine Coroutine()
        {
            var first = SynchronizationContext.Current;
            first.ShouldBeSameAs(Asyncio.GetRunningLoop().SynchronizationContext);
            await Asyncio.Sleep(0);
            SynchronizationContext.Current.ShouldBeSameAs(first);
        }
    }

    [Fact]
    public void A_task_that_waits_for_NET_leaves_the_loops_synchronization_context_as_it_was()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var waiting = Asyncio.CreateTask(Waiting());
            Asyncio.GetRunningLoop().CallSoon(() =>
            {
                SynchronizationContext.Current.ShouldBeSameAs(Asyncio.GetRunningLoop().SynchronizationContext);
                source.SetResult();
            });
            await waiting;

            async Coroutine Waiting() => await source.Task;
        }
    }

    [Fact]
    public void What_a_Cancel_throws_that_it_calls_is_reported_and_it_goes_on()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<NotSupportedException>();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            var future = new UncancellableFuture(loop);
            loop.CallLater(1, () => future.SetResult(1));
            await Method(future);
            loop.Time.ShouldBe(1);
        }

        static async Task Method(Future<int> future)
        {
            await Asyncio.Sleep(0);
            await Coroutine(future);
        }

        static async Coroutine Coroutine(Future<int> future)
        {
            var scope = new CancelScope();
            await scope.Run(async _ =>
            {
                scope.Cancel();
                await future;
            });
        }
    }

    [Fact]
    public void Of_several_iterators_of_one_method_each_is_disposed_that_is_left_half_consumed()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["main ends", "disposed", "disposed"]);

        async Coroutine Main()
        {
            var one = Numbers().GetAsyncEnumerator();
            var other = Numbers().GetAsyncEnumerator();
            await Begin(one, other);
            _log.Add("main ends");
            GC.KeepAlive(one);
            GC.KeepAlive(other);
        }

        static async Task Begin(IAsyncEnumerator<int> one, IAsyncEnumerator<int> other)
        {
            var first = one.MoveNextAsync().AsTask();
            var second = other.MoveNextAsync().AsTask();
            await first;
            await second;
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                _log.Add("disposed");
            }
        }
    }
}
