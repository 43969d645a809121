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

    // With and without a kind of value that the call knows; those behind the first repetition, and those before it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Coroutines_and_sources_given_again_and_again_run_once_each_in_the_order_of_their_first_mention(bool typed)
    {
        var log = new List<int>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe([0, 1, 2, 3, 4]);

        async Coroutine Main()
        {
            IAwaitable<int>[] five = [Child(0), Child(1), new Source(() => Child(2)), Child(3), Child(4)];
            IAwaitable<int>[] given = [five[0], five[1], five[2], five[1], five[3], five[0], five[2], five[4], five[3], five[4], five[0]];
            int before = Asyncio.AllTasks().Count;
            object gather = typed ? Asyncio.Gather(given) : Asyncio.Gather([.. given.Cast<IAwaitable>()]);
            Asyncio.AllTasks().Count.ShouldBe(before + 5);
            object[] results = typed ? [.. (await (IFuture<int[]>)gather).Cast<object>()] : (await (IFuture<object?[]>)gather)!;
            results.ShouldBe(new object[] { 0, 1, 2, 1, 3, 0, 2, 4, 3, 4, 0 });
        }

        async Coroutine<int> Child(int number)
        {
            log.Add(number);
            await Asyncio.Sleep(1);
            return number;
        }
    }

#pragma warning disable ASYNCIO002 // that is the subject
    [Fact]
    public void One_that_is_not_fresh_any_more_is_given_twice_in_vain_and_the_task_of_one_is_another_than_the_coroutine()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var shared = Child(1);
            var first = Asyncio.Gather(shared);
            var second = Asyncio.GatherOutcomes(shared, Child(2), shared); // not that task: each gather makes its own
            (await first).ShouldBe([1]);
            Texts(await second).ShouldBe(["reuse", "2", "reuse"]);

            var coroutine = Child(3);
            var task = Asyncio.CreateTask(coroutine);
            Texts(await Asyncio.GatherOutcomes<int>(task, coroutine, task, coroutine)).ShouldBe(["3", "reuse", "3", "reuse"]);

            var done = Child(4);
            await done;
            Texts(await Asyncio.GatherOutcomes(done, Child(5), done)).ShouldBe(["reuse", "5", "reuse"]);

            var closed = Child(6);
            closed.Close();
            Texts(await Asyncio.GatherOutcomes(closed, Child(7), closed)).ShouldBe(["reuse", "7", "reuse"]);
        }

        static string[] Texts(Outcome<int>[] outcomes) => [.. outcomes.Select(static outcome => outcome.Exception switch
        {
            null => $"{outcome.Value}",
            InvalidOperationException { Message: var message } when message.Contains("cannot reuse") || message.Contains("being awaited already") => "reuse",
            var other => other.ToString(),
        })];
    }
#pragma warning restore ASYNCIO002

    [Fact]
    public void A_turn_is_another_each_time_that_it_is_mentioned()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int before = Asyncio.AllTasks().Count;
            var gather = Asyncio.Gather([Asyncio.Sleep(0), Asyncio.Sleep(0), Asyncio.Sleep(0)]);
            Asyncio.AllTasks().Count.ShouldBe(before + 3);
            (await gather).ShouldBe([null, null, null]);
        }
    }

    [Fact]
    public void A_call_that_is_refused_leaves_no_trace_in_coroutines_that_were_not_reached()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            var late = Child(2);
            Should.Throw<ArgumentException>(() => Asyncio.Gather<int>(Child(1), other.CreateFuture<int>(), late));
            Should.Throw<ArgumentNullException>(() => Asyncio.Gather<int>([late, null!]));
            (await Asyncio.Gather(late, late)).ShouldBe([2, 2]);
        }
    }

    [Fact]
    public void Very_many_given_twice_are_found_without_a_search()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Coroutine<int>[] half = [.. Enumerable.Range(0, 100_000).Select(static number => Value(number))]; // to search each would take minutes
            (await Asyncio.Gather<int>([.. half, .. half])).ShouldBe([.. Enumerable.Range(0, 100_000), .. Enumerable.Range(0, 100_000)]);
        }
    }

    private static async Coroutine<int> Value(int number) => number;

    private static async Coroutine<int> Child(int number)
    {
        await Asyncio.Sleep(1);
        return number;
    }

    private sealed class Source(Func<Coroutine<int>> make) : ICoroutineSource, IAwaitable<int>
    {
        public Coroutine ToCoroutine() => make();
    }

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
