using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>The lock: one at a time, in order, and never lost, whoever is cancelled when.</summary>
public class LockTests
{
    [Fact]
    [CPython("test_locks.py::LockTests.test_acquire")]
    public void Waiters_obtain_it_in_order_one_for_each_release()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            var log = new List<int>();
            await SuspensionAssert.DoesNotSuspend(mutex.Acquire());
            var first = Asyncio.CreateTask(Take(1));
            var second = Asyncio.CreateTask(Take(2));

            await Asyncio.Sleep(0);
            log.ShouldBeEmpty();
            mutex.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);
            await Asyncio.Sleep(0);
            log.ShouldBe([1]);

            var third = Asyncio.CreateTask(Take(3));
            mutex.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2]);
            mutex.Release();
            await Asyncio.Sleep(0);
            log.ShouldBe([1, 2, 3]);
            foreach (var task in new[] { first, second, third })
            {
                task.IsDone.ShouldBeTrue();
                task.Result();
            }

            async Coroutine Take(int number)
            {
                await mutex.Acquire();
                log.Add(number);
            }
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_acquire_cancel")]
    public void A_cancelled_waiter_leaves_the_line()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var task = Asyncio.CreateTask(mutex.Acquire());
            Asyncio.GetRunningLoop().CallSoon(() => task.Cancel("enough"));

            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("enough");
            mutex.ToString().ShouldBe("<AsyncLock [locked]>");
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_cancel_race")]
    public void A_release_passes_over_one_who_is_cancelled_in_the_same_iteration()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            var blocker = Asyncio.GetRunningLoop().CreateFuture();
            var a = Asyncio.CreateTask(Hold(blocker));
            await Asyncio.Sleep(0);
            var b = Asyncio.CreateTask(Hold(null));
            var c = Asyncio.CreateTask(Hold(null));
            await Asyncio.Sleep(0);
            mutex.ToString().ShouldBe("<AsyncLock [locked, waiters:2]>");

            blocker.SetResult(null);
            b.Cancel();
            await Asyncio.Sleep(0);
            mutex.IsLocked.ShouldBeFalse();
            a.IsDone.ShouldBeTrue();
            b.IsCancelled.ShouldBeTrue();
            await c;

            async Coroutine Hold(Future? until)
            {
                using (await mutex.Acquire())
                {
                    if (until is not null)
                    {
                        await until;
                    }
                }
            }
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_cancel_release_race")]
    public void A_cancel_and_a_release_together_let_exactly_one_other_in()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            int taken = 0;
            await mutex.Acquire();
            var tasks = Enumerable.Range(0, 3).Select(_ => Asyncio.CreateTask(Take())).ToList();
            await Asyncio.Sleep(0);
            Asyncio.GetRunningLoop().CallSoon(() =>
            {
                tasks[0].Cancel();
                mutex.Release();
            });

            await OnLoop.Failure<CancelledException>(tasks[0]);
            taken.ShouldBe(1);
            tasks[1].IsDone.ShouldBeTrue();
            await OnLoop.Turns(3);
            taken.ShouldBe(1);
            tasks[2].Cancel();

            async Coroutine Take()
            {
                await mutex.Acquire();
                taken++;
            }
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_locks.py::LockTests.test_finished_waiter_cancelled")]
    public void One_who_is_cancelled_before_or_after_being_woken_passes_the_lock_on(bool releaseFirst)
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var b = Asyncio.CreateTask(mutex.Acquire());
            await Asyncio.Sleep(0);
            var c = Asyncio.CreateTask(mutex.Acquire());
            if (releaseFirst)
            {
                mutex.Release();
                b.Cancel();
            }
            else
            {
                b.Cancel();
                mutex.Release();
            }
            await Asyncio.Sleep(0);

            b.IsCancelled.ShouldBeTrue();
            await c;
            mutex.ToString().ShouldBe("<AsyncLock [locked]>");
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_release_not_acquired")]
    public void Releasing_a_free_lock_is_refused()
    {
        var mutex = new AsyncLock();

        Should.Throw<InvalidOperationException>(mutex.Release).Message.ShouldContain("Lock is not acquired");
        mutex.IsLocked.ShouldBeFalse();
    }

    [Fact]
    [CPython("test_locks.py::LockTests.test_release_no_waiters")]
    public void Released_without_waiters_it_is_free()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            mutex.IsLocked.ShouldBeTrue();
            mutex.Release();
            mutex.IsLocked.ShouldBeFalse();
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_context_manager")]
    public void Using_releases_it_once_however_the_block_is_left()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            using (await mutex.Acquire())
            {
                mutex.IsLocked.ShouldBeTrue();
            }
            mutex.IsLocked.ShouldBeFalse();

            await OnLoop.Failure<FormatException>(Fail());
            mutex.IsLocked.ShouldBeFalse();

            var releaser = await mutex.Acquire();
            releaser.Dispose();
            await mutex.Acquire();
            releaser.Dispose(); // again: the lock is somebody else's now
            mutex.IsLocked.ShouldBeTrue();
            default(AsyncReleaser).Dispose();

            async Coroutine Fail()
            {
                using var held = await mutex.Acquire();
                throw new FormatException();
            }
        });

    [Fact]
    public void It_can_be_released_and_taken_again_inside_of_the_block()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            using (await mutex.Acquire())
            {
                mutex.Release();
                await Asyncio.Sleep(0);
                await mutex.Acquire();
            }
            mutex.IsLocked.ShouldBeFalse();

            var releaser = await mutex.Acquire();
            mutex.Release();
            Should.Throw<InvalidOperationException>(releaser.Dispose); // as in Python: released once too often
        });

    [Fact]
    [CPython("test_locks.py::LockTests.test_repr")]
    public void Its_text_shows_whether_it_is_held_and_how_many_wait()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            mutex.ToString().ShouldBe("<AsyncLock [unlocked]>");
            await mutex.Acquire();
            mutex.ToString().ShouldBe("<AsyncLock [locked]>");
            var task = Asyncio.CreateTask(mutex.Acquire(), name: "waiter");
            await Asyncio.Sleep(0);
            mutex.ToString().ShouldBe("<AsyncLock [locked, waiters:1]>");
            task.ToString().ShouldContain("wait_for=<Future pending AsyncLock.Acquire()>");
            mutex.Release();
            mutex.ToString().ShouldBe("<AsyncLock [unlocked, waiters:1]>"); // promised
        });

    [Fact]
    public void One_who_asks_while_it_is_promised_to_another_goes_behind_that_one()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var first = Asyncio.CreateTask(mutex.Acquire());
            await Asyncio.Sleep(0);
            mutex.Release();

            mutex.IsLocked.ShouldBeFalse();
            await SuspensionAssert.Suspends(Asyncio.WaitFor(Asyncio.Gather(mutex.Acquire(), ReleaseWhenDone()), 10));
            first.IsDone.ShouldBeTrue();

            async Coroutine<AsyncReleaser> ReleaseWhenDone()
            {
                await first;
                mutex.Release();
                return default;
            }
        });

    [Fact]
    public void Closing_a_coroutine_that_waits_takes_it_out_of_the_line()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var acquire = mutex.Acquire();
            var task = Asyncio.CreateTask(acquire);
            var next = Asyncio.CreateTask(mutex.Acquire());
            await Asyncio.Sleep(0);
            mutex.Release(); // wakes the one that is closed now
            acquire.Close();

            await next;
            (await OnLoop.Failure<InvalidOperationException>(task)).Message.ShouldContain("cannot reuse");
            mutex.ToString().ShouldBe("<AsyncLock [locked]>");
        });

    [Fact]
    public void An_acquire_runs_once_and_only_when_it_is_awaited()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            var acquire = mutex.Acquire();
            mutex.IsLocked.ShouldBeFalse();
            acquire.State.ShouldBe(CoroutineState.Created);
            acquire.ToString().ShouldBe("<coroutine object AsyncLock.Acquire created>");
            await acquire;
            mutex.IsLocked.ShouldBeTrue();
            acquire.State.ShouldBe(CoroutineState.Closed);
            (await OnLoop.Failure<InvalidOperationException>(acquire)).Message.ShouldContain("cannot reuse already awaited coroutine");

            var discarded = mutex.Acquire();
            discarded.Close();
            (await OnLoop.Failure<InvalidOperationException>(discarded)).Message.ShouldContain("cannot reuse");
            mutex.Release();

            var taskOfFree = Asyncio.CreateTask(mutex.Acquire());
            mutex.IsLocked.ShouldBeFalse();
            await taskOfFree;
            mutex.IsLocked.ShouldBeTrue();
        });

    [Fact]
    public void An_attempt_that_failed_is_repeated_when_the_coroutine_is_run_later()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var acquire = mutex.Acquire();
            acquire.GetAwaiter().IsCompleted.ShouldBeFalse();
            mutex.Release();
            await SuspensionAssert.DoesNotSuspend(acquire);
        });

    [Fact]
    public void Behind_waiters_that_are_all_cancelled_nobody_has_to_wait()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var waiters = new[] { Asyncio.CreateTask(mutex.Acquire()), Asyncio.CreateTask(mutex.Acquire()) };
            await Asyncio.Sleep(0);
            waiters[0].Cancel();
            waiters[1].Cancel();
            mutex.Release();
            mutex.ToString().ShouldBe("<AsyncLock [unlocked, waiters:2]>"); // they have not run yet
            await SuspensionAssert.DoesNotSuspend(mutex.Acquire());
            await Asyncio.Wait(waiters);
            mutex.IsLocked.ShouldBeTrue();
        });

    [Fact]
    public void A_task_whose_coroutine_is_closed_while_it_waits_learns_of_it()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var acquire = mutex.Acquire();
            var task = Asyncio.CreateTask(acquire);
            await Asyncio.Sleep(0);
            acquire.Close();
            await Asyncio.Wait([task], timeout: 1); // nobody will release the lock
            (await OnLoop.Failure<InvalidOperationException>(task)).Message.ShouldContain("cannot reuse");
            mutex.ToString().ShouldBe("<AsyncLock [locked]>");
        });

    [Fact]
    public void A_wait_that_is_over_holds_on_to_none_of_its_neighbours()
        => OnLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.Acquire();
            var kept = mutex.Acquire();
            var neighbours = WaitAround(mutex, kept);
            await Asyncio.Sleep(0);
            mutex.Release();
            for (int i = 0; i < 3; i++)
            {
                await OnLoop.Turns(3);
                mutex.Release();
            }
            await OnLoop.Turns(3);
            Loop.Support.LoopHelpers.CollectGarbage();
            neighbours.Count(static neighbour => neighbour.IsAlive).ShouldBe(0);
            kept.State.ShouldBe(CoroutineState.Closed);
        });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> WaitAround(AsyncLock mutex, Coroutine<AsyncReleaser> kept)
    {
        var before = mutex.Acquire();
        var after = mutex.Acquire();
        foreach (var acquire in new[] { before, kept, after })
        {
            _ = Asyncio.CreateTask(acquire);
        }
        return [new WeakReference(before), new WeakReference(after)];
    }

    [Fact]
    public void A_release_that_was_refused_can_be_made_later()
    {
        var mutex = new AsyncLock();
        var loop = VirtualTimeLoop.Create();
        var releaser = loop.RunUntilComplete(mutex.Acquire());
        var waiter = loop.CreateTask(mutex.Acquire());
        loop.RunUntilComplete(Asyncio.Sleep(0)); // the lock belongs to the loop from here on
        VirtualTimeLoop.Run(Elsewhere());
        mutex.IsLocked.ShouldBeTrue();
        releaser.Dispose();
        loop.RunUntilComplete(waiter);
        loop.Close();

        async Coroutine Elsewhere() => Should.Throw<InvalidOperationException>(releaser.Dispose).Message.ShouldContain("different event loop");
    }
}
