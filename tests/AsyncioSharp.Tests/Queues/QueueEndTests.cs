using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Queues;

/// <summary>The end of a queue: TaskDone and Join, Shutdown, and loops over the items. For all three kinds.</summary>
public class QueueEndTests
{
    public static TheoryData<string> Kinds() => ["fifo", "lifo", "priority"];

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueJoinTestMixin.test_task_done_underflow", Deviation = "InvalidOperationException, since no argument is wrong.")]
    public void Task_done_more_often_than_put_is_refused(string kind)
    {
        var queue = Create(kind);
        Should.Throw<InvalidOperationException>(queue.TaskDone).Message.ShouldContain("too many times");
        queue.PutNowait(1);
        queue.TaskDone();
        Should.Throw<InvalidOperationException>(queue.TaskDone);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueJoinTestMixin.test_task_done")]
    public void Join_ends_when_every_item_is_done(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind);
            for (int i = 0; i < 100; i++)
            {
                queue.PutNowait(i);
            }
            int sum = 0;
            var workers = new[] { Asyncio.CreateTask(Worker()), Asyncio.CreateTask(Worker()) };
            await queue.Join();
            sum.ShouldBe(4950);
            queue.Shutdown();
            await Asyncio.GatherOutcomes(workers);

            async Coroutine Worker()
            {
                while (true)
                {
                    sum += await queue.Get();
                    await Asyncio.Sleep(0);
                    queue.TaskDone();
                }
            }
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueJoinTestMixin.test_join_empty_queue")]
    public void Join_of_an_untouched_queue_does_not_suspend(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind);
            await SuspensionAssert.DoesNotSuspend(queue.Join());
            await SuspensionAssert.DoesNotSuspend(queue.Join());
        });

    [Fact]
    public void Join_ends_even_if_an_item_is_put_before_it_has_run_and_can_be_cancelled()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            queue.PutNowait(1);
            var cancelled = Asyncio.CreateTask(queue.Join());
            var join = Asyncio.CreateTask(queue.Join());
            await Asyncio.Sleep(0);
            cancelled.Cancel();
            queue.TaskDone();
            queue.PutNowait(2);
            await join;
            cancelled.IsCancelled.ShouldBeTrue();
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueShutdownTestMixin.test_shutdown_empty")]
    public void Shut_down_empty_it_fails_who_waits_and_who_comes(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind);
            var get = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(0);
            queue.Shutdown();
            queue.IsShutDown.ShouldBeTrue();
            await queue.Join();
            await Asyncio.Sleep(0);
            get.IsDone.ShouldBeTrue();
            await OnLoop.Failure<QueueShutDownException>(get);
            await OnLoop.Failure<QueueShutDownException>(queue.Put(1));
            await OnLoop.Failure<QueueShutDownException>(queue.Get());
            Should.Throw<QueueShutDownException>(() => queue.PutNowait(1));
            Should.Throw<QueueShutDownException>(() => queue.GetNowait());
            queue.Shutdown(); // again
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Items_that_are_dropped_were_perhaps_told_to_be_done_before(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind, 0);
            queue.PutNowait(1);
            queue.PutNowait(1);
            queue.TaskDone(); // early: nothing was got yet
            var join = Asyncio.CreateTask(queue.Join());
            await Asyncio.Sleep(0);
            queue.Shutdown(immediate: true);
            await Asyncio.WaitFor(join, 1);
            queue.ToString().ShouldEndWith(" shutdown>");
            queue.ToString().ShouldNotContain("tasks=");
            Should.Throw<InvalidOperationException>(queue.TaskDone);
        });

    [Fact]
    public void One_item_wakes_one_getter()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var getters = Enumerable.Range(0, 3).Select(_ => Asyncio.CreateTask(queue.Get())).ToList();
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            queue.ToString().ShouldBe("<AsyncQueue maxsize=0 _queue=[1] _getters[2] tasks=1>");
            queue.PutNowait(2);
            queue.PutNowait(3);
            (await Asyncio.Gather(getters)).ShouldBe([1, 2, 3]);
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueShutdownTestMixin.test_shutdown_nonempty")]
    public void Shut_down_with_items_it_fails_putters_and_gives_the_items(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind, 2);
            queue.PutNowait(1);
            queue.PutNowait(1);
            var put = Asyncio.CreateTask(queue.Put(1));
            var join = Asyncio.CreateTask(queue.Join());
            await Asyncio.Sleep(0);
            queue.Shutdown();
            queue.Count.ShouldBe(2);
            await OnLoop.Failure<QueueShutDownException>(put);
            await OnLoop.Failure<QueueShutDownException>(queue.Put(2));
            Should.Throw<QueueShutDownException>(() => queue.PutNowait(2));

            (await queue.Get()).ShouldBe(1);
            queue.GetNowait().ShouldBe(1);
            await OnLoop.Failure<QueueShutDownException>(queue.Get());
            Should.Throw<QueueShutDownException>(() => queue.GetNowait());
            join.IsDone.ShouldBeFalse();
            queue.TaskDone();
            queue.TaskDone();
            await join;
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    [CPython("test_queues.py::_QueueShutdownTestMixin.test_shutdown_immediate")]
    [CPython("test_queues.py::_QueueShutdownTestMixin.test_shutdown_immediate_with_unfinished")]
    public void Shut_down_immediately_it_drops_the_items_but_not_the_work_that_was_begun(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind);
            queue.PutNowait(1);
            queue.PutNowait(1);
            var join = Asyncio.CreateTask(queue.Join());
            await queue.Get();
            queue.Shutdown(immediate: true);
            queue.Count.ShouldBe(0);
            await OnLoop.Failure<QueueShutDownException>(queue.Get());
            Should.Throw<QueueShutDownException>(() => queue.GetNowait());
            await OnLoop.Turns(3);
            join.IsDone.ShouldBeFalse(); // one was got and is not done
            queue.TaskDone();
            await join;
            Should.Throw<InvalidOperationException>(queue.TaskDone);

            var dropped = Create(kind);
            dropped.PutNowait(1);
            var joinDropped = Asyncio.CreateTask(dropped.Join());
            await Asyncio.Sleep(0);
            dropped.Shutdown(immediate: true);
            await joinDropped;
        });

    [Fact]
    public void One_whose_promised_item_is_taken_after_the_shutdown_is_told()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var promised = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            queue.Shutdown();
            (await SuspensionAssert.DoesNotSuspend(queue.Get())).ShouldBe(1);
            await OnLoop.Failure<QueueShutDownException>(promised);
        });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_loop_over_it_ends_at_its_shutdown_after_the_last_item(string kind)
        => OnLoop.Run(async () =>
        {
            var queue = Create(kind, 2);
            var got = new List<int>();
            var consumers = new[] { Asyncio.CreateTask(Consume()), Asyncio.CreateTask(Consume()) };
            for (int i = 0; i < 10; i++)
            {
                await queue.Put(i);
            }
            queue.Shutdown();
            await Asyncio.Gather(consumers);
            got.ShouldBe(Enumerable.Range(0, 10), ignoreOrder: true);

            async Coroutine Consume()
            {
                await foreach (int item in queue)
                {
                    got.Add(item);
                    await Asyncio.Sleep(0);
                }
            }
        });

    [Fact]
    public void A_cancelled_loop_loses_no_item()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var consumer = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            consumer.Cancel();
            await OnLoop.Failure<CancelledException>(consumer);
            queue.GetNowait().ShouldBe(1);

            async Coroutine Consume()
            {
                await foreach (int item in queue)
                {
                    throw new InvalidOperationException($"got {item}");
                }
            }
        });

    [Fact]
    public void As_an_async_enumerable_it_serves_plain_methods_and_their_tokens()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            queue.PutNowait(1);
            queue.PutNowait(2);
            queue.Shutdown();
            (await Sum(queue, CancellationToken.None)).ShouldBe(3);

            using var source = new CancellationTokenSource();
            var endless = new AsyncQueue<int>();
            endless.PutNowait(1);
            var sum = Sum(endless, source.Token);
            await OnLoop.Turns(5);
            source.Cancel();
            OperationCanceledException? failure = null;
            try
            {
                await sum;
            }
#pragma warning disable ASYNCIO004 // that of the token is the subject
            catch (OperationCanceledException e)
#pragma warning restore ASYNCIO004
            {
                failure = e;
            }
            failure.ShouldNotBeNull().CancellationToken.ShouldBe(source.Token);
            endless.ToString().ShouldBe("<AsyncQueue maxsize=0 tasks=1>"); // nobody waits any more
        }

        static async Task<int> Sum(IAsyncEnumerable<int> items, CancellationToken token)
        {
            int sum = 0;
            await foreach (int item in items.WithCancellation(token))
            {
                sum += item;
            }
            return sum;
        }
    }

    private static AsyncQueue<int> Create(string kind, int capacity = 0) => kind switch
    {
        "fifo" => new AsyncQueue<int>(capacity),
        "lifo" => new AsyncLifoQueue<int>(capacity),
        _ => new AsyncPriorityQueue<int>(capacity),
    };
}
