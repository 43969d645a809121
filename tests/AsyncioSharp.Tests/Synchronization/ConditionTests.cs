using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>The condition: wakes in order, always ends a wait with the lock held, and never loses a notification.</summary>
public class ConditionTests
{
    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait")]
    public void A_wait_releases_the_lock_and_goes_on_when_it_is_notified_and_has_the_lock()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            var log = new List<int>();
            var tasks = Enumerable.Range(1, 3).Select(i => Asyncio.CreateTask(Wait(condition, log, i, release: false))).ToList();
            await Asyncio.Sleep(0);
            log.ShouldBeEmpty();
            condition.IsLocked.ShouldBeFalse();

            await condition.Acquire();
            condition.Notify();
            await Asyncio.Sleep(0);
            log.ShouldBeEmpty();
            condition.IsLocked.ShouldBeTrue();

            condition.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);
            condition.IsLocked.ShouldBeTrue();

            condition.Notify(2);
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);
            condition.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2]);
            condition.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2, 3]);
            condition.IsLocked.ShouldBeTrue();
            await Asyncio.Gather(tasks);
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_cancel")]
    public void A_cancelled_wait_has_the_lock_again()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            await condition.Acquire();
            var wait = Asyncio.CreateTask(condition.Wait());
            Asyncio.GetRunningLoop().CallSoon(() => wait.Cancel());
            await OnLoop.Failure<CancelledException>(wait);
            condition.ToString().ShouldBe("<AsyncCondition [locked]>");
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_cancel_contested")]
    public void A_notified_wait_that_is_cancelled_while_the_lock_is_contested_ends_with_it_held()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            await condition.Acquire();
            var wait = Asyncio.CreateTask(condition.Wait());
            await Asyncio.Sleep(0);
            condition.IsLocked.ShouldBeFalse();

            await condition.Acquire();
            condition.Notify();
            Asyncio.GetRunningLoop().CallSoon(() => wait.Cancel());
            Asyncio.GetRunningLoop().CallSoon(condition.Release);
            await Asyncio.Wait([wait]);
            condition.IsLocked.ShouldBeTrue();
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_cancel_after_notify")]
    public void A_cancellation_that_comes_while_the_lock_is_taken_again_is_delivered_then()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            var waiter = Asyncio.CreateTask(Wait(condition, [], 1));
            await Asyncio.Sleep(0);
            await condition.Acquire();
            condition.Notify();
            await Asyncio.Sleep(0); // it asks for the lock
            waiter.Cancel();
            await Asyncio.Sleep(0); // it sees the cancellation
            waiter.IsDone.ShouldBeFalse();
            condition.Release();
            await Asyncio.Sleep(0);
            waiter.IsCancelled.ShouldBeTrue();
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_unacquired")]
    [CPython("test_locks.py::ConditionTests.test_notify_unacquired")]
    [CPython("test_locks.py::ConditionTests.test_notify_all_unacquired")]
    public void Without_the_lock_nobody_can_wait_or_notify()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            (await OnLoop.Failure<InvalidOperationException>(condition.Wait())).Message.ShouldContain("cannot wait on un-acquired lock");
            Should.Throw<InvalidOperationException>(() => condition.Notify()).Message.ShouldContain("cannot notify on un-acquired lock");
            Should.Throw<InvalidOperationException>(condition.NotifyAll).Message.ShouldContain("cannot notify on un-acquired lock");
            Should.Throw<InvalidOperationException>(condition.Release).Message.ShouldContain("Lock is not acquired");
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_for")]
    public void A_wait_for_a_predicate_ends_when_it_is_true_at_a_wake_up()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            bool isReady = false;
            var task = Asyncio.CreateTask(WaitUntilReady());
            await Asyncio.Sleep(0);

            await NotifyOnce();
            task.IsDone.ShouldBeFalse();
            isReady = true;
            await NotifyOnce();
            task.IsDone.ShouldBeTrue();
            task.Result();

            async Coroutine WaitUntilReady()
            {
                using (await condition.Acquire())
                {
                    await condition.WaitFor(() => isReady);
                }
            }

            async Coroutine NotifyOnce()
            {
                using (await condition.Acquire())
                {
                    condition.Notify();
                }
                await Asyncio.Sleep(0);
            }
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_wait_for_unacquired", Deviation = "WaitFor gives no value; its predicate is a bool.")]
    public void A_predicate_that_is_true_at_once_needs_no_lock()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            await SuspensionAssert.DoesNotSuspend(condition.WaitFor(() => true));
            await OnLoop.Failure<InvalidOperationException>(condition.WaitFor(() => false));
            await OnLoop.Failure<FormatException>(condition.WaitFor(() => throw new FormatException()));
            Should.Throw<ArgumentNullException>(() => condition.WaitFor(null!));
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_notify")]
    public void Notify_wakes_at_most_as_many_as_it_is_told()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            var log = new List<int>();
            var tasks = Enumerable.Range(1, 3).Select(i => Asyncio.CreateTask(Wait(condition, log, i))).ToList();
            await Asyncio.Sleep(0);
            using (await condition.Acquire())
            {
                condition.Notify(0);
                condition.Notify();
                Should.Throw<ArgumentOutOfRangeException>(() => condition.Notify(-1));
            }
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);
            using (await condition.Acquire())
            {
                condition.Notify(1);
                condition.Notify(2048);
            }
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2, 3]);
            await Asyncio.Gather(tasks);
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_notify_all")]
    public void Notify_all_wakes_everybody_in_order()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            var log = new List<int>();
            var tasks = Enumerable.Range(1, 4).Select(i => Asyncio.CreateTask(Wait(condition, log, i))).ToList();
            await Asyncio.Sleep(0);
            using (await condition.Acquire())
            {
                condition.NotifyAll();
            }
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2, 3, 4]);
            await Asyncio.Gather(tasks);
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_repr")]
    public void Its_text_shows_the_lock_and_how_many_wait()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            condition.ToString().ShouldBe("<AsyncCondition [unlocked]>");
            var tasks = new[] { Asyncio.CreateTask(Wait(condition, [], 1)), Asyncio.CreateTask(Wait(condition, [], 2)) };
            await Asyncio.Sleep(0);
            condition.ToString().ShouldBe("<AsyncCondition [unlocked, waiters:2]>");
            tasks[0].Cancel();
            await Asyncio.Wait([tasks[0]]);
            await condition.Acquire();
            condition.ToString().ShouldBe("<AsyncCondition [locked, waiters:1]>");
            tasks[1].ToString().ShouldContain("wait_for=<Future pending AsyncCondition.Wait()>");
            condition.NotifyAll();
            condition.Release();
            await tasks[1];
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_context_manager")]
    [CPython("test_locks.py::ConditionTests.test_explicit_lock")]
    public void It_shares_the_lock_that_it_is_given()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            var condition = new AsyncCondition(mutex);
            using (await condition.Acquire())
            {
                mutex.IsLocked.ShouldBeTrue();
                condition.IsLocked.ShouldBeTrue();
            }
            mutex.IsLocked.ShouldBeFalse();
            using (await mutex.Acquire())
            {
                condition.IsLocked.ShouldBeTrue();
                new AsyncCondition().IsLocked.ShouldBeFalse();
            }
            condition.IsLocked.ShouldBeFalse();
        });

    [Fact]
    [CPython("test_locks.py::ConditionTests.test_timeout_in_block")]
    public void A_timeout_around_a_wait_leaves_the_lock_held()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            using (await condition.Acquire())
            {
                await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(condition.Wait(), 0.5));
                condition.IsLocked.ShouldBeTrue();
            }
            condition.IsLocked.ShouldBeFalse();
        });

    // Issue 111693: the exception that ends the wait is the very one that was thrown into it, of several the last.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_locks.py::ConditionTests.test_cancelled_error_wakeup")]
    [CPython("test_locks.py::ConditionTests.test_cancelled_error_re_aquire")]
    public void The_very_exception_of_the_cancellation_comes_out_of_the_wait(bool whileLocking)
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            CancelledException? seen = null;
            var task = Asyncio.CreateTask(Waiter());
            await Asyncio.Sleep(0);
            if (whileLocking)
            {
                await condition.Acquire();
                condition.Notify();
                await Asyncio.Sleep(0);
                task.Cancel("first");
                await Asyncio.Sleep(0);
                task.Cancel("foo");
                condition.Release();
            }
            else
            {
                task.Cancel("foo");
            }

            var failure = await OnLoop.Failure<CancelledException>(task);
            failure.CancelMessage.ShouldBe("foo");
            failure.ShouldBeSameAs(seen);

            async Coroutine Waiter()
            {
                using (await condition.Acquire())
                {
                    try
                    {
                        await condition.WaitFor(() => false);
                    }
                    catch (CancelledException e)
                    {
                        seen = e;
                        throw;
                    }
                }
            }
        });

    // Issue 112202: a task that is notified and cancelled at the same time must not swallow the notification.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [CPython("test_locks.py::ConditionTests.test_cancelled_wakeup")]
    [CPython("test_locks.py::ConditionTests.test_cancelled_wakeup_relock")]
    public void A_notification_of_one_who_is_cancelled_goes_to_the_next(int turnsBetween)
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            int items = 0;
            var consumers = new[] { Asyncio.CreateTask(Consume()), Asyncio.CreateTask(Consume()) };
            await Asyncio.Sleep(0);
            using (await condition.Acquire())
            {
                items = 1;
                condition.Notify();
                await OnLoop.Turns(turnsBetween); // with one turn it asks for the lock already
                consumers[0].Cancel();
                await Asyncio.WaitFor(condition.WaitFor(() => items == 0), 1);
            }
            await consumers[1];

            async Coroutine Consume()
            {
                using (await condition.Acquire())
                {
                    await condition.WaitFor(() => items > 0);
                    items--;
                    condition.Notify();
                }
            }
        });

    [Fact]
    public void A_wait_that_is_cancelled_without_having_been_notified_wakes_nobody()
        => OnLoop.Run(async () =>
        {
            var condition = new AsyncCondition();
            var log = new List<int>();
            var tasks = new[] { Asyncio.CreateTask(Wait(condition, log, 1)), Asyncio.CreateTask(Wait(condition, log, 2)) };
            await Asyncio.Sleep(0);
            tasks[0].Cancel();
            await OnLoop.Turns(5);
            tasks[0].IsCancelled.ShouldBeTrue();
            log.ShouldBeEmpty();
            tasks[1].Cancel();
        });

    private static async Coroutine Wait(AsyncCondition condition, List<int> log, int number, bool release = true)
    {
        var held = await condition.Acquire();
        try
        {
            await condition.Wait();
            log.Add(number);
        }
        finally
        {
            if (release)
            {
                held.Dispose();
            }
        }
    }
}
