using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>An awaitable that is given to one gather several times: it runs once, counts once, and fills every place.</summary>
public class GatherRepetitionTests
{
    [Fact]
    public void A_pending_future_given_twice_fills_both_places()
        => VirtualTimeLoop.Run(Repeat(doneBefore: false)).ShouldBe([7, 8, 7, 7]);

    [Fact]
    public void A_done_future_given_twice_fills_both_places()
        => VirtualTimeLoop.Run(Repeat(doneBefore: true)).ShouldBe([7, 8, 7, 7]);

    private static async Coroutine<int[]> Repeat(bool doneBefore)
    {
        var loop = Asyncio.GetRunningLoop();
        var future = loop.CreateFuture<int>();
        var other = loop.CreateFuture<int>();
        var elsewhere = Asyncio.Gather<int>(future, other, future); // another gather waits for the same ones
        if (doneBefore)
        {
            future.SetResult(7);
        }
        var gather = Asyncio.Gather<int>(future, other, future, future);
        if (!doneBefore)
        {
            future.SetResult(7);
        }
        await Asyncio.Sleep(1);
        gather.IsDone.ShouldBeFalse();
        other.SetResult(8);
        (await elsewhere).ShouldBe([7, 8, 7]);
        return await gather;
    }
}
