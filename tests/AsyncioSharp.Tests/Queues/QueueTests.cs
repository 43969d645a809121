using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Queues;

/// <summary>Putting and getting: order, bounds, waiting, and what becomes of items and promises when a task is cancelled.</summary>
public class QueueTests
{
    [Fact]
    [CPython("test_queues.py::QueueBasicTests.test_empty")]
    [CPython("test_queues.py::QueueBasicTests.test_full")]
    public void It_is_empty_without_items_and_full_at_its_bound()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            queue.IsEmpty.ShouldBeTrue();
            await queue.Put(1);
            queue.IsEmpty.ShouldBeFalse();
            queue.IsFull.ShouldBeFalse();
            (await queue.Get()).ShouldBe(1);
            queue.IsEmpty.ShouldBeTrue();

            var bounded = new AsyncQueue<int>(1);
            bounded.IsFull.ShouldBeFalse();
            await bounded.Put(1);
            bounded.IsFull.ShouldBeTrue();
            bounded.Count.ShouldBe(1);
            new AsyncQueue<int>(0).IsFull.ShouldBeFalse();
        });

    [Fact]
    [CPython("test_queues.py::QueueBasicTests.test_order")]
    [CPython("test_queues.py::LifoQueueTests.test_order")]
    [CPython("test_queues.py::PriorityQueueTests.test_order")]
    public void Each_kind_has_its_order()
        => OnLoop.Run(async () =>
        {
            (await Through(new AsyncQueue<int>())).ShouldBe([1, 3, 2]);
            (await Through(new AsyncLifoQueue<int>())).ShouldBe([2, 3, 1]);
            (await Through(new AsyncPriorityQueue<int>())).ShouldBe([1, 2, 3]);
            (await Through(new AsyncPriorityQueue<int>(comparer: Comparer<int>.Create(static (a, b) => b.CompareTo(a))))).ShouldBe([3, 2, 1]);

            static async Coroutine<List<int>> Through(AsyncQueue<int> queue)
            {
                foreach (int item in new[] { 1, 3, 2 })
                {
                    await queue.Put(item);
                }
                return [await queue.Get(), await queue.Get(), await queue.Get()];
            }
        });

    [Fact]
    [CPython("test_queues.py::QueueBasicTests.test_maxsize")]
    public void A_putter_waits_at_the_bound_and_goes_on_after_a_get()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>(2);
            queue.Capacity.ShouldBe(2);
            var put = new List<int>();
            var putter = Asyncio.CreateTask(Put());
            await OnLoop.Turns(2);
            put.ShouldBe([0, 1]);
            (await queue.Get()).ShouldBe(0);
            await Asyncio.Sleep(0);
            put.ShouldBe([0, 1, 2]);
            (await queue.Get()).ShouldBe(1);
            (await queue.Get()).ShouldBe(2);
            putter.IsDone.ShouldBeTrue();

            async Coroutine Put()
            {
                for (int i = 0; i < 3; i++)
                {
                    await queue.Put(i);
                    put.Add(i);
                }
            }
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_blocking_get")]
    [CPython("test_queues.py::QueuePutTests.test_blocking_put")]
    public void Without_need_neither_suspends()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            await SuspensionAssert.DoesNotSuspend(queue.Put(1));
            (await SuspensionAssert.DoesNotSuspend(queue.Get())).ShouldBe(1);
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_nonblocking_get")]
    [CPython("test_queues.py::QueueGetTests.test_nonblocking_get_exception")]
    [CPython("test_queues.py::QueuePutTests.test_nonblocking_put")]
    [CPython("test_queues.py::QueuePutTests.test_nonblocking_put_exception")]
    public void Without_waiting_an_empty_and_a_full_queue_refuse()
    {
        var queue = new AsyncQueue<int>(1);
        queue.PutNowait(1);
        Should.Throw<QueueFullException>(() => queue.PutNowait(2)).Message.ShouldContain("full");
        queue.GetNowait().ShouldBe(1);
        Should.Throw<QueueEmptyException>(() => queue.GetNowait()).Message.ShouldContain("empty");
        queue.Count.ShouldBe(0);
    }

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_blocking_get_wait")]
    [CPython("test_queues.py::QueuePutTests.test_put_with_waiting_getters")]
    public void A_get_waits_for_a_later_put()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<string>();
            var get = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(0);
            await queue.Put("a");
            (await get).ShouldBe("a");

            Asyncio.GetRunningLoop().CallLater(0.01, () => queue.PutNowait("b"));
            (await SuspensionAssert.Suspends(queue.Get())).ShouldBe("b");
        });

    [Fact]
    [CPython("test_queues.py::QueuePutTests.test_blocking_put_wait")]
    [CPython("test_queues.py::QueueGetTests.test_get_with_putters")]
    public void A_put_waits_for_a_later_get()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>(1);
            await queue.Put(1);
            Asyncio.GetRunningLoop().CallLater(0.01, () => queue.GetNowait());
            await SuspensionAssert.Suspends(queue.Put(2));

            var putter = Asyncio.CreateTask(queue.Put(3));
            await Asyncio.Sleep(0);
            (await SuspensionAssert.DoesNotSuspend(queue.Get())).ShouldBe(2);
            await putter;
            queue.GetNowait().ShouldBe(3);
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_get_cancelled_race")]
    public void A_cancelled_getter_does_not_swallow_the_next_item()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<string>();
            var first = Asyncio.CreateTask(queue.Get());
            var second = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(0);
            first.Cancel();
            await Asyncio.Sleep(0);
            first.IsDone.ShouldBeTrue();
            await queue.Put("a");
            await Asyncio.Sleep(0);
            (await second).ShouldBe("a");
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_get_with_waiting_putters")]
    public void Waiting_putters_refill_it_in_order()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<string>(1);
            var putters = new[] { Asyncio.CreateTask(queue.Put("a")), Asyncio.CreateTask(queue.Put("b")), Asyncio.CreateTask(queue.Put("c")) };
            (await queue.Get()).ShouldBe("a");
            (await queue.Get()).ShouldBe("b");
            (await queue.Get()).ShouldBe("c");
            await Asyncio.Gather(putters);
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_why_are_getters_waiting")]
    [CPython("test_queues.py::QueuePutTests.test_why_are_putters_waiting")]
    public void Putters_and_getters_over_a_small_queue_all_end()
        => OnLoop.Run(async () =>
        {
            var one = new AsyncQueue<int>(1);
            await Asyncio.Gather(Put(), Get());

            var two = new AsyncQueue<int>(2);
            await Asyncio.Gather(TakeAll(), two.Put(0), two.Put(1), two.Put(2), two.Put(3));
            two.Count.ShouldBe(2);

            async Coroutine Put()
            {
                for (int i = 0; i < 5; i++)
                {
                    await one.Put(i);
                }
            }

            async Coroutine Get()
            {
                for (int i = 0; i < 5; i++)
                {
                    (await one.Get()).ShouldBe(i);
                }
            }

            async Coroutine TakeAll()
            {
                await Asyncio.Sleep(0);
                for (int count = two.Count; count > 0; count--)
                {
                    two.GetNowait();
                }
            }
        });

    [Fact]
    [CPython("test_queues.py::QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters")]
    [CPython("test_queues.py::QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters")]
    [CPython("test_queues.py::QueueGetTests.test_get_cancelled")]
    public void Who_times_out_leaves_the_line()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>(1);
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(queue.Get(), 0.1));
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1>");
            queue.PutNowait(1);
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(queue.Put(2), 0.1));
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1 _queue=[1] tasks=1>");
            queue.GetNowait();

            Asyncio.GetRunningLoop().CallLater(0.05, () => queue.PutNowait(3));
            (await Asyncio.WaitFor(queue.Get(), 0.1)).ShouldBe(3);
        });

    [Fact]
    [CPython("test_queues.py::QueuePutTests.test_get_cancel_drop_one_pending_reader")]
    [CPython("test_queues.py::QueuePutTests.test_get_cancel_drop_many_pending_readers")]
    public void An_item_that_was_promised_to_a_cancelled_getter_goes_to_the_next()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var getters = Enumerable.Range(0, 3).Select(_ => Asyncio.CreateTask(queue.Get())).ToList();
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            queue.PutNowait(2);
            getters[0].Cancel();
            await OnLoop.Failure<CancelledException>(getters[0]);
            (await Asyncio.Gather(getters[1], getters[2])).ShouldBe([1, 2], ignoreOrder: true);

            var alone = Asyncio.CreateTask(queue.Get());
            await Asyncio.Sleep(0);
            queue.PutNowait(3);
            queue.PutNowait(4);
            alone.Cancel();
            await OnLoop.Failure<CancelledException>(alone);
            (await queue.Get()).ShouldBe(3);
        });

    [Fact]
    [CPython("test_queues.py::QueuePutTests.test_put_cancel_drop")]
    [CPython("test_queues.py::QueuePutTests.test_cancelled_put_silence_value_error_exception")]
    public void The_item_of_a_putter_that_is_cancelled_after_a_slot_was_promised_to_it_is_not_in_the_queue()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>(1);
            queue.PutNowait(1);
            var put = Asyncio.CreateTask(queue.Put(2));
            await Asyncio.Sleep(0);
            queue.GetNowait().ShouldBe(1);
            put.Cancel();
            await OnLoop.Failure<CancelledException>(put);
            queue.Count.ShouldBe(0);
            await queue.Put(2);
            queue.GetNowait().ShouldBe(2);
            queue.Count.ShouldBe(0);
        });

    [Fact]
    [CPython("test_queues.py::QueuePutTests.test_put_cancelled")]
    public void A_put_that_need_not_wait_is_complete_before_the_getter_goes_on()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var put = Asyncio.CreateTask(queue.Put(1));
            (await queue.Get()).ShouldBe(1);
            put.IsDone.ShouldBeTrue();
        });

    [Fact]
    [CPython("test_queues.py::QueuePutTests.test_put_cancelled_race")]
    public void A_cancelled_putter_does_not_hold_up_the_others()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<string>(1);
            var a = Asyncio.CreateTask(queue.Put("a"));
            var b = Asyncio.CreateTask(queue.Put("b"));
            var x = Asyncio.CreateTask(queue.Put("x"));
            await Asyncio.Sleep(0);
            a.IsDone.ShouldBeTrue();
            b.IsDone.ShouldBeFalse();
            x.Cancel();
            await Asyncio.Sleep(0);
            x.IsDone.ShouldBeTrue();
            queue.GetNowait().ShouldBe("a");
            await Asyncio.Sleep(0);
            queue.GetNowait().ShouldBe("b");
            await b;
        });

    [Fact]
    [CPython("test_queues.py::QueueBasicTests.test_str")]
    public void Its_text_shows_items_and_waiters()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>(1);
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1>");
            var get = Asyncio.CreateTask(queue.Get(), name: "getter");
            await Asyncio.Sleep(0);
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1 _getters[1]>");
            get.ToString().ShouldContain("wait_for=<Future pending AsyncQueue.Get()>");
            queue.PutNowait(1);
            var put = Asyncio.CreateTask(queue.Put(2));
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1 _queue=[1] tasks=1>"); // the getter is on its way
            await get;
            await put;
            var putAgain = Asyncio.CreateTask(queue.Put(3));
            await Asyncio.Sleep(0);
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1 _queue=[2] _putters[1] tasks=2>");
            queue.Shutdown();
            queue.ToString().ShouldBe("<AsyncQueue maxsize=1 _queue=[2] tasks=2 shutdown>");
            new AsyncPriorityQueue<int>(2).ToString().ShouldBe("<AsyncPriorityQueue maxsize=2>");
            new AsyncLifoQueue<int>().ToString().ShouldBe("<AsyncLifoQueue maxsize=0>");
            await OnLoop.Failure<QueueShutDownException>(putAgain);
        });

    // As in CPython; but there, the one who had waited goes to the end of the line.
    [Fact]
    public void Who_comes_while_an_item_is_promised_may_take_it_and_the_one_who_waited_keeps_its_place()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var log = new List<string>();
            var first = Asyncio.CreateTask(Get("first"));
            var second = Asyncio.CreateTask(Get("second"));
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            queue.IsEmpty.ShouldBeFalse();
            (await SuspensionAssert.DoesNotSuspend(queue.Get())).ShouldBe(1); // what is there can be had
            await Asyncio.Sleep(0);
            queue.PutNowait(2);
            queue.PutNowait(3);
            await Asyncio.Gather(first, second);
            log.ShouldBe(["first 2", "second 3"]);

            async Coroutine Get(string name) => log.Add($"{name} {await queue.Get()}");
        });

    [Fact]
    public void Who_comes_while_a_slot_is_promised_may_take_it_and_the_one_who_waited_keeps_its_place()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<string>(1);
            queue.PutNowait("full");
            var first = Asyncio.CreateTask(queue.Put("first"));
            var second = Asyncio.CreateTask(queue.Put("second"));
            await Asyncio.Sleep(0);
            queue.GetNowait();
            await SuspensionAssert.DoesNotSuspend(queue.Put("late"));
            await Asyncio.Sleep(0);
            (await queue.Get()).ShouldBe("late");
            (await queue.Get()).ShouldBe("first");
            (await queue.Get()).ShouldBe("second");
            await Asyncio.Gather(first, second);
        });

    [Fact]
    public void One_whose_promised_item_is_taken_without_waiting_keeps_its_place()
        => OnLoop.Run(async () =>
        {
            var queue = new AsyncQueue<int>();
            var log = new List<string>();
            var tasks = new[] { Asyncio.CreateTask(Get("first")), Asyncio.CreateTask(Get("second")), Asyncio.CreateTask(Get("third")) };
            await Asyncio.Sleep(0);
            queue.PutNowait(1);
            queue.PutNowait(2);
            queue.GetNowait().ShouldBe(1);
            queue.GetNowait().ShouldBe(2);
            await Asyncio.Sleep(0); // they find nothing
            log.ShouldBeEmpty();
            queue.ToString().ShouldBe("<AsyncQueue maxsize=0 _getters[3] tasks=2>");
            for (int i = 3; i <= 5; i++)
            {
                queue.PutNowait(i);
                await Asyncio.Sleep(0);
            }
            log.ShouldBe(["first 3", "second 4", "third 5"]);
            await Asyncio.Gather(tasks);

            async Coroutine Get(string name) => log.Add($"{name} {await queue.Get()}");
        });

    [Fact]
    public void A_negative_bound_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncQueue<int>(-1)).ParamName.ShouldBe("capacity");
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncLifoQueue<int>(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncPriorityQueue<int>(-1));
    }

    [Fact]
    public void A_put_as_a_task_has_no_result() => OnLoop.Run(async () =>
    {
        var queue = new AsyncQueue<string>();
        var task = Asyncio.CreateTask(queue.Put("item"));
        await task;
        task.ResultObject().ShouldBeNull();
        task.ToString().ShouldNotContain("result"); // as that of a method without a value
    });

    [Fact]
    public void An_operation_is_one_small_object()
    {
        var numbers = new AsyncQueue<int>();
        var texts = new AsyncQueue<string>();
        var mutex = new AsyncLock();
        var flag = new AsyncEvent();
        Bytes(() => numbers.Put(1)).ShouldBe(56);
        Bytes(() => numbers.Get()).ShouldBe(56);
        Bytes(() => texts.Put("")).ShouldBe(56);
        Bytes(() => texts.Get()).ShouldBe(64);
        Bytes(() => mutex.Acquire()).ShouldBe(64);
        Bytes(() => flag.Wait()).ShouldBe(48);

        static long Bytes(Func<object> make) => Allocation.LeastOf(() => _ = make());
    }

    [Fact]
    public void Items_that_are_put_back_come_first_however_full_the_queue_is() => OnLoop.Run(async () =>
    {
        var queue = new AsyncQueue<int>();
        int put = 0;
        int got = 0;
        for (int round = 1; round < 40; round++)
        {
            for (int i = 0; i < round; i++)
            {
                queue.PutNowait(put++);
            }
            await PutBackTheFirst(queue);
            for (int i = 0; i < round - (round % 3); i++)
            {
                (await queue.Get()).ShouldBe(got++);
            }
        }
        while (!queue.IsEmpty)
        {
            (await queue.Get()).ShouldBe(got++);
        }
        got.ShouldBe(put);

        static async Coroutine PutBackTheFirst(IAsyncEnumerable<int> queue)
        {
            var items = queue.GetAsyncEnumerator();
            (await items.MoveNextAsync()).ShouldBeTrue();
            await items.DisposeAsync(); // nobody has looked at it
        }
    });
}
