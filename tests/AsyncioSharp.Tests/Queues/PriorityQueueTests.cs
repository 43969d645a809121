using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Queues;

/// <summary>The priority queue: sorted, stable, and unharmed by a comparer that throws.</summary>
public class PriorityQueueTests
{
    [Fact]
    public void It_sorts_like_a_stable_sort_whatever_is_put_and_got_in_between()
    {
        var random = new Random(1);
        for (int round = 0; round < 300; round++)
        {
            var queue = new AsyncPriorityQueue<(int Priority, int Number)>(comparer: ByPriority);
            var model = new List<(int Priority, int Number)>();
            for (int i = 0; i < 60; i++)
            {
                if (model.Count == 0 || random.Next(3) > 0)
                {
                    var item = (random.Next(5), i);
                    queue.PutNowait(item);
                    model.Add(item);
                }
                else
                {
                    var least = model.OrderBy(item => item.Priority).First(); // stable
                    model.Remove(least);
                    queue.GetNowait().ShouldBe(least);
                }
                queue.Count.ShouldBe(model.Count);
            }
        }
    }

    [Fact]
    public void A_comparer_that_throws_changes_nothing()
    {
        var random = new Random(2);
        bool fails = false;
        var queue = new AsyncPriorityQueue<int>(comparer: Comparer<int>.Create((a, b) => fails && random.Next(3) == 0 ? throw new FormatException() : a.CompareTo(b)));
        var model = new List<int>();
        for (int i = 0; i < 5_000; i++)
        {
            fails = random.Next(2) == 0;
            int item = random.Next(1000);
            try
            {
                if (random.Next(2) == 0)
                {
                    queue.PutNowait(item);
                    model.Add(item);
                }
                else if (model.Count > 0)
                {
                    queue.GetNowait().ShouldBe(model.Min());
                    model.Remove(model.Min());
                }
            }
            catch (FormatException)
            {
                // The model stays as it is, and so must the queue.
            }
            queue.Count.ShouldBe(model.Count);
        }
        fails = false;
        foreach (int item in model.Order())
        {
            queue.GetNowait().ShouldBe(item);
        }
    }

    [Fact]
    public void What_the_comparer_throws_comes_out_of_the_await_and_the_promise_is_passed_on()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncPriorityQueue<object>(2);
            queue.PutNowait(1);
            (await OnLoop.Failure<ArgumentException>(queue.Put("text"))).Message.ShouldContain("String");
            queue.Count.ShouldBe(1);
            queue.PutNowait(2);

            var bad = Asyncio.CreateTask(queue.Put("text"));
            var good = Asyncio.CreateTask(queue.Put(3));
            await Asyncio.Sleep(0);
            queue.GetNowait().ShouldBe(1);
            await OnLoop.Failure<ArgumentException>(bad);
            await good;
            (await queue.Get()).ShouldBe(2);
            (await queue.Get()).ShouldBe(3);
        });

    private static Comparer<(int Priority, int Number)> ByPriority { get; }
        = Comparer<(int Priority, int Number)>.Create(static (a, b) => a.Priority.CompareTo(b.Priority));

    [Fact]
    public void An_item_that_comes_back_is_the_first_of_its_equals_again()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncPriorityQueue<(int Priority, int Number)>(comparer: ByPriority);
            queue.PutNowait((1, 1));
            queue.PutNowait((1, 2));
            queue.PutNowait((0, 0));
            queue.GetNowait().ShouldBe((0, 0));
            var loop = Asyncio.CreateTask(Loop());
            await OnLoop.Turns(5);
            queue.Count.ShouldBe(1); // the first item is on its way
            loop.Cancel();
            await Asyncio.Wait([loop]);
            loop.IsCancelled.ShouldBeTrue();
            queue.GetNowait().ShouldBe((1, 1));
            queue.GetNowait().ShouldBe((1, 2));

            async Coroutine Loop()
            {
                await using var items = ((IAsyncEnumerable<(int Priority, int Number)>)queue).GetAsyncEnumerator();
                (await items.MoveNextAsync()).ShouldBeTrue();
                await Asyncio.Sleep(5); // it has not looked at the item
            }
        });
}
