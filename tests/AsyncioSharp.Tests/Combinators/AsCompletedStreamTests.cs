using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>What AsCompleted returns is an IAsyncEnumerable of the futures, for code that knows only the interface.</summary>
public class AsCompletedStreamTests
{
    [Fact]
    public void A_method_of_dotnet_gets_the_futures_in_order_of_completion()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var late = Asyncio.CreateTask(Asyncio.Sleep(2, "late"));
            var early = Asyncio.CreateTask(Asyncio.Sleep(1, "early"));
            (await All(Asyncio.AsCompleted([late, early]))).ShouldBe([early, late]);
            (await All(Asyncio.AsCompleted((IAwaitable[])[late, early]))).ShouldBe([late, early]);
        }

        static async Task<List<T>> All<T>(IAsyncEnumerable<T> futures)
        {
            List<T> all = [];
            await foreach (var future in futures)
            {
                all.Add(future);
            }
            return all;
        }
    }

    [Fact]
    public void It_can_be_queried_as_either_kind_of_sequence()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            IAsyncEnumerable<IFuture<int>> futures = Asyncio.AsCompleted([Asyncio.Sleep(2, 2), Asyncio.Sleep(1, 1)]);
            (await futures.Select(static future => future.Result()).Take(1).ToListAsync()).ShouldBe([1]);
            (await Asyncio.AsCompleted([Asyncio.Sleep(2, 2), Asyncio.Sleep(1, 1)]).AsEnumerable().Take(1).Single()).ShouldBe(1);
        }
    }

    [Fact]
    public void A_loop_that_was_left_is_taken_up_again()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var items = Asyncio.AsCompleted([Asyncio.Sleep(1, 1), Asyncio.Sleep(2, 2)]);
            await foreach (var future in (IAsyncEnumerable<IFuture<int>>)items)
            {
                future.Result().ShouldBe(1);
                break;
            }
            await foreach (var future in items)
            {
                future.Result().ShouldBe(2);
            }
            items.MoveNext().ShouldBeFalse();
        }
    }

    [Fact]
    public void The_token_ends_the_wait_and_the_awaitables_go_on()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var task = Asyncio.CreateTask(Asyncio.Sleep(9, 9));
            Asyncio.GetRunningLoop().CallLater(1, source.Cancel);
            var thrown = await OnLoop.Failure<CancelledException>(Consume());
            thrown.CancellationToken.ShouldBe(source.Token);
            Asyncio.GetRunningLoop().Time.ShouldBe(1);
            (await task).ShouldBe(9);

            async Coroutine Consume()
            {
                await foreach (var future in ((IAsyncEnumerable<IFuture<int>>)Asyncio.AsCompleted([task])).WithCancellation(source.Token))
                {
                    future.ShouldBeNull();
                }
            }
        }
    }

    [Fact]
    public void The_time_limit_comes_out_of_the_loop()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main() => await OnLoop.Failure<TimeoutException>(Consume());

        static async Coroutine Consume()
        {
            await foreach (var future in (IAsyncEnumerable<Future>)Asyncio.AsCompleted((IAwaitable[])[Asyncio.Sleep(9)], timeout: 1))
            {
                future.ShouldBeNull();
            }
        }
    }
}
