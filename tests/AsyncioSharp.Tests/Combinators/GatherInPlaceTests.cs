using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>A gather that makes eager tasks: each child is asked whether it is done, and waited for, before the next one begins, as in CPython 3.13.</summary>
public class GatherInPlaceTests
{
    [Fact]
    public void A_future_that_a_later_child_completes_takes_its_turn_of_the_queue()
        => InPlace(async loop =>
        {
            var future = loop.CreateFuture<int>();
            var gather = Asyncio.Gather(future, Set(future, 5));
            gather.IsDone.ShouldBeFalse();
            await Asyncio.Sleep(0);
            gather.IsDone.ShouldBeTrue();
            (await gather).ShouldBe([5, 1]);
        });

    [Fact]
    public void A_child_that_fails_in_place_is_told_before_a_future_that_failed_during_the_call()
        => InPlace(async loop =>
        {
            var reports = loop.CollectReports();
            var future = loop.CreateFuture<int>();
            var gather = Asyncio.Gather(future, Fail(future, "future"), Fail(null, "second"));
            (await Should.ThrowAsync<FormatException>(gather.AsTask())).Message.ShouldBe("second");
            GC.Collect();
            reports.ShouldBeEmpty();
        });

    [Fact]
    public void One_that_is_given_again_after_others_have_come_to_wait_counts_as_one()
        => InPlace(async loop =>
        {
            var future = loop.CreateFuture<int>();
            var gather = Asyncio.Gather(future, Wait(future), future);
            future.SetResult(3);
            (await gather).ShouldBe([3, 3, 3]);
        });

    [Fact]
    public void A_call_that_is_refused_takes_the_failures_of_those_that_have_begun()
        => InPlace(async loop =>
        {
            var reports = loop.CollectReports();
            var other = new EventLoop();
            var failing = loop.CreateFuture<int>();
            var ending = loop.CreateFuture<int>();
            Should.Throw<ArgumentException>(() => Asyncio.Gather<int>(failing, ending, other.CreateFuture<int>()));
            failing.SetException(new FormatException());
            ending.SetResult(1);
            await Asyncio.Sleep(1);
            GC.Collect();
            reports.ShouldBeEmpty();
            other.Close();
        });

    private static void InPlace(Func<EventLoop, Task> body)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.TaskFactory = Asyncio.EagerTaskFactory;
            await body(loop);
            loop.TaskFactory = null;
        }
    }

    private static async Coroutine<int> Set(Future<int> future, int value)
    {
        future.SetResult(value);
        return 1;
    }

    private static async Coroutine<int> Fail(Future<int>? future, string message)
    {
        if (future is null)
        {
            throw new FormatException(message);
        }
        future.SetException(new FormatException(message));
        return 1;
    }

    private static async Coroutine<int> Wait(Future<int> future) => await future;
}
