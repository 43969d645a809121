using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Where a method of .NET belongs to no task, or to another one than that which awaits it, and where nobody looks at how it ended.</summary>
public class MethodOwnershipTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_that_a_coroutine_without_awaits_of_NET_only_starts_belongs_to_no_task_unless_it_is_wrapped(bool wrapped)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            CoroutineTask? seen = null;
            if (wrapped)
            {
                _ = Asyncio.WrapFuture(_ => Method());
            }
            else
            {
                _ = Method();
            }
            await Asyncio.Sleep(5);
            seen.ShouldBeSameAs(wrapped ? CoroutineTask.Current : null);

            async Task Method()
            {
                (Asyncio.CurrentTask() is null).ShouldBeFalse();
                await After(1);
                seen = Asyncio.CurrentTask();
            }
        }
    }

    [Fact]
    public void Who_looks_away_from_a_methods_end_looks_away_from_the_cancellation_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            (await task).ShouldBe(1);
        }

        static async Coroutine<int> Caller()
        {
            await Method().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return CoroutineTask.Current.Cancelling;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_that_several_tasks_await_is_cancelled_by_the_one_that_called_it(bool caller)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var lazy = new Lazy<Task>(Method);
            var first = Asyncio.CreateTask(Await());
            var second = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            (caller ? first : second).Cancel();
            await Asyncio.Sleep(1);
            first.IsDone.ShouldBe(caller);
            second.IsDone.ShouldBeTrue();
            first.Cancel();
            await OnLoop.Failure<CancelledException>(first);

            async Coroutine Await() => await lazy.Value;
        }
    }

    private static async Task Method() => await Asyncio.Sleep(100);
}
