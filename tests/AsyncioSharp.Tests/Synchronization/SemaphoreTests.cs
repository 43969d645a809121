using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>Semaphores: as many at a time as there are permits, in order, and no permit lost or made up.</summary>
public class SemaphoreTests
{
    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_initial_value_zero")]
    public void One_without_permits_is_locked() => new AsyncSemaphore(0).IsLocked.ShouldBeTrue();

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_repr")]
    public void Its_text_shows_the_permits_and_how_many_wait()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            semaphore.ToString().ShouldBe("<AsyncSemaphore [unlocked, value:1]>");
            await semaphore.Acquire();
            semaphore.ToString().ShouldBe("<AsyncSemaphore [locked]>");
            var tasks = new[] { Asyncio.CreateTask(semaphore.Acquire()), Asyncio.CreateTask(semaphore.Acquire()) };
            await Asyncio.Sleep(0);
            semaphore.ToString().ShouldBe("<AsyncSemaphore [locked, waiters:2]>");
            new AsyncBoundedSemaphore(3).ToString().ShouldBe("<AsyncBoundedSemaphore [unlocked, value:3]>");
            tasks[0].Cancel();
            tasks[1].Cancel();
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_semaphore_value")]
    public void A_negative_number_of_permits_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncSemaphore(-1)).ParamName.ShouldBe("value");
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncBoundedSemaphore(-1)).ParamName.ShouldBe("value");
    }

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire")]
    public void Permits_are_handed_out_as_long_as_there_are_any_and_each_release_admits_one()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore(3);
            var log = new List<int>();
            await SuspensionAssert.DoesNotSuspend(semaphore.Acquire());
            await SuspensionAssert.DoesNotSuspend(semaphore.Acquire());
            semaphore.IsLocked.ShouldBeFalse();
            var tasks = Enumerable.Range(1, 3).Select(i => Asyncio.CreateTask(Take(i))).ToList();
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);
            semaphore.ToString().ShouldBe("<AsyncSemaphore [locked, waiters:2]>");

            tasks.Add(Asyncio.CreateTask(Take(4)));
            semaphore.Release();
            semaphore.Release();
            semaphore.Value.ShouldBe(0);
            await Asyncio.Sleep(0);
            semaphore.Value.ShouldBe(0);
            log.ShouldBe([1, 2, 3]);
            semaphore.ToString().ShouldBe("<AsyncSemaphore [locked, waiters:1]>");
            semaphore.Release();
            await Asyncio.Gather(tasks);
            log.ShouldBe([1, 2, 3, 4]);

            async Coroutine Take(int number)
            {
                await semaphore.Acquire();
                log.Add(number);
            }
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_cancel")]
    public void A_cancelled_waiter_leaves_the_line()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            await semaphore.Acquire();
            var task = Asyncio.CreateTask(semaphore.Acquire());
            Asyncio.GetRunningLoop().CallSoon(() => task.Cancel());
            await OnLoop.Failure<CancelledException>(task);
            semaphore.ToString().ShouldBe("<AsyncSemaphore [locked]>");
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_cancel_before_awoken")]
    public void A_release_passes_over_the_cancelled_and_wakes_exactly_one()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore(0);
            var tasks = Enumerable.Range(0, 4).Select(_ => Asyncio.CreateTask(semaphore.Acquire())).ToList();
            await Asyncio.Sleep(0);
            tasks[0].Cancel();
            tasks[1].Cancel();
            semaphore.Release();
            await OnLoop.Turns(2);
            tasks.Select(task => task.IsDone).ShouldBe([true, true, true, false]);
            tasks[3].Cancel();
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_hang")]
    public void A_cancel_and_a_release_together_lose_no_permit()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore(0);
            var first = Asyncio.CreateTask(semaphore.Acquire());
            var second = Asyncio.CreateTask(semaphore.Acquire());
            await Asyncio.Sleep(0);
            first.Cancel();
            semaphore.Release();
            await OnLoop.Turns(2);
            semaphore.IsLocked.ShouldBeTrue();
            second.IsDone.ShouldBeTrue();
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_no_hang")]
    public void A_permit_that_was_granted_to_one_who_is_cancelled_comes_back()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            CoroutineTask? second = null;
            var first = Asyncio.CreateTask(First());
            second = Asyncio.CreateTask(Second());

            var outcomes = await Asyncio.GatherOutcomes(first, second);
            outcomes[1].Exception.ShouldBeOfType<CancelledException>();
            await SuspensionAssert.DoesNotSuspend(semaphore.Acquire());

            async Coroutine First()
            {
                using (await semaphore.Acquire())
                {
                    await Asyncio.Sleep(0);
                }
                second!.Cancel();
            }

            async Coroutine Second()
            {
                using var permit = await semaphore.Acquire();
                throw new InvalidOperationException("it got the permit");
            }
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_release_not_acquired", Deviation = "InvalidOperationException, since no argument is wrong.")]
    public void A_bounded_one_refuses_to_be_released_too_often()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncBoundedSemaphore(2);
            Should.Throw<InvalidOperationException>(semaphore.Release).Message.ShouldContain("released too many times");
            var permit = await semaphore.Acquire();
            permit.Dispose();
            permit.Dispose(); // once only
            Should.Throw<InvalidOperationException>(semaphore.Release);
            semaphore.Value.ShouldBe(2);
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_release_no_waiters")]
    public void Released_without_waiters_it_is_available()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            await semaphore.Acquire();
            semaphore.IsLocked.ShouldBeTrue();
            semaphore.Release();
            semaphore.IsLocked.ShouldBeFalse();
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_fifo_order")]
    public void Permits_go_round_and_who_asks_again_goes_to_the_back()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            var log = new List<string>();
            await Asyncio.Gather(Twice("a"), Twice("b"), Twice("c"));
            log.ShouldBe(["a1", "b1", "c1", "a2", "b2", "c2"]);

            async Coroutine Twice(string name)
            {
                foreach (string time in new[] { "1", "2" })
                {
                    await semaphore.Acquire();
                    log.Add(name + time);
                    await Asyncio.Sleep(0.01);
                    semaphore.Release();
                }
            }
        });

    // The starvation of issue 90155: a task that releases and acquires at once took the permit that was promised to another.
    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_fifo_order_2")]
    public void Who_releases_cannot_overtake_those_who_wait()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore();
            var log = new List<int>();
            var tasks = new[] { Asyncio.CreateTask(Take(1)), Asyncio.CreateTask(TakeTwice()), Asyncio.CreateTask(Take(3)) };
            await Asyncio.Sleep(0);
            semaphore.Release();
            semaphore.Release();
            await Asyncio.Gather(tasks);
            log.ShouldBe([1, 2, 3, 4]);

            async Coroutine Take(int number)
            {
                await semaphore.Acquire();
                log.Add(number);
            }

            async Coroutine TakeTwice()
            {
                await Take(2);
                semaphore.Release();
                await Take(4);
            }
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_fifo_order_3")]
    public void The_order_holds_after_the_first_was_cancelled()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore(0);
            var log = new List<int>();
            var tasks = Enumerable.Range(1, 3).Select(i => Asyncio.CreateTask(Take(i))).ToList();
            await Asyncio.Sleep(0);
            tasks[0].Cancel();
            await Asyncio.Sleep(0);
            semaphore.Release();
            semaphore.Release();
            await Asyncio.GatherOutcomes(tasks);
            log.ShouldBe([2, 3]);

            async Coroutine Take(int number)
            {
                await semaphore.Acquire();
                log.Add(number);
            }
        });

    [Fact]
    [CPython("test_locks.py::SemaphoreTests.test_acquire_fifo_order_4")]
    public void Permits_released_while_one_is_promised_are_handed_on_when_that_one_has_run()
        => OnLoop.Run(async () =>
        {
            var semaphore = new AsyncSemaphore(0);
            var log = new List<int>();
            CoroutineTask? fourth = null;
            var tasks = new[] { Asyncio.CreateTask(First()), Asyncio.CreateTask(Second()), Asyncio.CreateTask(Take(3)) };
            await Asyncio.Sleep(0);
            semaphore.Value.ShouldBe(2);
            await Asyncio.Sleep(0);
            await Asyncio.Gather(tasks);
            await fourth!;
            log.ShouldBe([1, 2, 3, 4]);

            async Coroutine First()
            {
                await semaphore.Acquire();
                semaphore.Value.ShouldBe(0);
                fourth = Asyncio.CreateTask(Log(4));
                log.Add(1);
            }

            async Coroutine Second()
            {
                semaphore.Release();
                semaphore.Release();
                semaphore.Release();
                semaphore.Value.ShouldBe(2);
                semaphore.IsLocked.ShouldBeTrue(); // the first has not run yet
                await Take(2);
            }

            async Coroutine Take(int number)
            {
                await semaphore.Acquire();
                semaphore.IsLocked.ShouldBeTrue();
                log.Add(number);
            }

            async Coroutine Log(int number) => log.Add(number);
        });

    [Fact]
    public void Too_many_permits_are_refused()
    {
        var semaphore = new AsyncSemaphore(int.MaxValue);
        Should.Throw<OverflowException>(semaphore.Release);
        semaphore.Value.ShouldBe(int.MaxValue);
    }
}
