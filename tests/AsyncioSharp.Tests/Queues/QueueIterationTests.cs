using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Synchronization;

namespace AsyncioSharp.Tests.Queues;

/// <summary>Queues as <see cref="IAsyncEnumerable{T}"/>: a loop that is left by a cancellation has lost no item, whenever the cancellation comes.</summary>
public class QueueIterationTests
{
    public static TheoryData<int, string> Meetings()
    {
        var data = new TheoryData<int, string>();
        foreach (string kind in (string[])["fifo", "lifo", "priority"])
        {
            for (int turns = 0; turns < 8; turns++)
            {
                data.Add(turns, kind);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Meetings))]
    public void An_item_is_got_or_still_there_however_many_turns_the_cancellation_comes_behind_it(int turns, string kind)
    {
        foreach (string form in (string[])["coroutine", "method", "token of the task", "other token"])
        {
            VirtualTimeLoop.Run(Main(form));
        }

        async Coroutine Main(string form)
        {
            using var source = new CancellationTokenSource();
            var queue = QueueOf(kind);
            var got = new List<int>();
            var task = Asyncio.CreateTask(form == "method" ? InMethod() : InCoroutine());
            await Asyncio.Sleep(1);
            queue.PutNowait(2);
            queue.PutNowait(3);
            await OnLoop.Turns(turns);
            if (form == "other token")
            {
                source.Cancel();
            }
            else
            {
                task.Cancel("late");
            }
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            var left = new List<int>();
            while (!queue.IsEmpty)
            {
                left.Add(queue.GetNowait());
            }
            got.Concat(left).ShouldBe(kind == "lifo" ? [3, 2] : [2, 3], $"after {turns} turns, {form}");

            async Coroutine InCoroutine()
            {
                var token = form switch { "token of the task" => CoroutineTask.Current.CancellationToken, "other token" => source.Token, _ => default };
                await foreach (int item in ((IAsyncEnumerable<int>)queue).WithCancellation(token))
                {
                    got.Add(item);
                    await Asyncio.Sleep(1);
                }
            }

            async Coroutine InMethod() => await Method();

            async Task Method()
            {
                await foreach (int item in (IAsyncEnumerable<int>)queue)
                {
                    got.Add(item);
                    await Asyncio.Sleep(1);
                }
            }
        }
    }

    [Fact]
    public void An_item_that_comes_back_is_the_next_in_its_order_even_if_the_queue_is_full_again()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            foreach (string kind in (string[])["fifo", "lifo", "priority"])
            {
                var queue = QueueOf(kind, capacity: 1);
                var items = ((IAsyncEnumerable<int>)queue).GetAsyncEnumerator();
                queue.PutNowait(1);
                (await items.MoveNextAsync()).ShouldBeTrue();
                queue.PutNowait(1 + 1);
                var waiting = Asyncio.CreateTask(queue.Put(3));
                await Asyncio.Sleep(1);
                await items.DisposeAsync(); // Current was never read
                queue.Count.ShouldBe(2);
                queue.IsFull.ShouldBeTrue();
                (await queue.Get()).ShouldBe(1);
                waiting.IsDone.ShouldBeFalse();
                (await queue.Get()).ShouldBe(2);
                await waiting;
                (await queue.Get()).ShouldBe(3);
                for (int i = 0; i < 3; i++)
                {
                    queue.TaskDone();
                }
                await SuspensionAssert.DoesNotSuspend(queue.Join()); // what comes back is not counted twice
            }
        }
    }

    [Fact]
    public void An_item_that_comes_back_after_an_immediate_end_is_dropped_like_the_others()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            foreach (string kind in (string[])["fifo", "lifo", "priority"])
            {
                var queue = QueueOf(kind);
                var items = ((IAsyncEnumerable<int>)queue).GetAsyncEnumerator();
                queue.PutNowait(1);
                queue.PutNowait(2);
                (await items.MoveNextAsync()).ShouldBeTrue();
                var joined = Asyncio.CreateTask(queue.Join());
                await Asyncio.Sleep(1);
                queue.Shutdown(immediate: true);
                await Asyncio.Sleep(1);
                joined.IsDone.ShouldBeFalse();
                await items.DisposeAsync();
                queue.IsEmpty.ShouldBeTrue();
                Should.Throw<QueueShutDownException>(() => queue.GetNowait());
                await joined;
            }
        }
    }

    [Fact]
    public void An_item_that_comes_back_goes_to_the_one_who_waits()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var items = ((IAsyncEnumerable<int>)queue).GetAsyncEnumerator();
            queue.PutNowait(1);
            (await items.MoveNextAsync()).ShouldBeTrue();
            var getter = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(1);
            await items.DisposeAsync();
            (await getter).ShouldBe(1);
        }
    }

    [Fact]
    public void Items_that_are_skipped_or_read_do_not_come_back()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            for (int i = 0; i < 3; i++)
            {
                queue.PutNowait(i);
            }
            var items = ((IAsyncEnumerable<int>)queue).GetAsyncEnumerator();
            (await items.MoveNextAsync()).ShouldBeTrue();
            (await items.MoveNextAsync()).ShouldBeTrue(); // 0 is skipped
            items.Current.ShouldBe(1);
            await items.DisposeAsync();
            await items.DisposeAsync();
            queue.GetNowait().ShouldBe(2);
            queue.IsEmpty.ShouldBeTrue();
        }
    }

    [Fact]
    public void A_cancellation_of_the_task_is_not_told_as_that_of_a_token_that_is_cancelled_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var queue = new AsyncQueue<int>();
            var task = Asyncio.CreateTask(Loop());
            await Asyncio.Sleep(1);
            task.Cancel("task");
            source.Cancel();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("task");
            task.IsCancelled.ShouldBeTrue();

            async Coroutine Loop()
            {
                await foreach (int item in queue.WithCancellation(source.Token))
                {
                    throw new InvalidOperationException($"got {item}");
                }
            }
        }
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("lifo")]
    [InlineData("priority")]
    public void In_ten_thousand_schedules_every_item_is_got_or_still_there(string kind)
        => ExplorationTests.Explore(async random =>
        {
            var queue = QueueOf(kind, random.Next(3));
            var put = new List<int>();
            var got = new List<int>();
            using var source = new CancellationTokenSource();
            var getters = ExplorationTests.Start(3, Getter);
            await ExplorationTests.Finish(ExplorationTests.Start(2, Putter));
            await VirtualTimeLoop.WaitUntilIdle();
            ExplorationTests.Check(getters.All(getter => getter.IsDone) || queue.IsEmpty, $"somebody waits to get from {queue}");
            source.Cancel();
            await Asyncio.Wait(getters);
            ExplorationTests.Check(getters.All(getter => getter.IsCancelled), "a getter has ended otherwise than by a cancellation");
            while (!queue.IsEmpty)
            {
                got.Add(queue.GetNowait());
            }
            ExplorationTests.Check(got.Order().SequenceEqual(put.Order()), $"put {string.Join(' ', put)}, got {string.Join(' ', got)}");

            async Coroutine Getter()
            {
                if (random.Next(2) == 0)
                {
                    await InMethod();
                }
                await foreach (int item in queue.WithCancellation(source.Token))
                {
                    got.Add(item);
                    await OnLoop.Turns(random.Next(2));
                }
            }

            async Task InMethod()
            {
                await foreach (int item in queue.WithCancellation(source.Token))
                {
                    got.Add(item);
                    await OnLoop.Turns(random.Next(2));
                }
            }

            async Coroutine Putter()
            {
                for (int i = 0; i < 3; i++)
                {
                    int item = random.Next(100);
                    if (queue.Capacity > 0)
                    {
                        try
                        {
                            await Asyncio.Timeout(50).Run(async _ => await queue.Put(item));
                        }
                        catch (TimeoutException)
                        {
                            return; // every getter is gone
                        }
                    }
                    else
                    {
                        queue.PutNowait(item);
                    }
                    put.Add(item);
                    await OnLoop.Turns(random.Next(2));
                }
            }
        });

    private static AsyncQueue<int> QueueOf(string kind, int capacity = 0) => kind switch
    {
        "fifo" => new AsyncQueue<int>(capacity),
        "lifo" => new AsyncLifoQueue<int>(capacity),
        _ => new AsyncPriorityQueue<int>(capacity),
    };
}
