using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>A lock or a queue that tasks of one loop have waited for refuses every other loop, before anything is changed.</summary>
public class LoopBindingTests
{
    public static TheoryData<string> Names() => ["lock", "event", "condition", "semaphore", "barrier", "queue of getters", "queue of putters", "join"];

    [Theory]
    [MemberData(nameof(Names))]
    [CPython("test_locks.py::ConditionTests.test_ambiguous_loops")]
    public void Waiting_on_another_loop_is_refused(string name)
    {
        var wait = WaitOf(name);
        var first = VirtualTimeLoop.Create();
        var second = VirtualTimeLoop.Create();
        var waiter = first.CreateTask(wait());
        first.CallLater(1, first.Stop);
        first.RunForever();
        waiter.IsDone.ShouldBeFalse();

        Should.Throw<InvalidOperationException>(() => second.RunUntilComplete(wait())).Message.ShouldContain("is bound to a different event loop");

        second.Close();
        waiter.Cancel();
        Should.Throw<CancelledException>(() => first.RunUntilComplete(waiter));
        first.Close();
    }

    [Fact]
    public void A_change_that_would_wake_somebody_of_another_loop_is_refused_and_changes_nothing()
    {
        var mutex = new AsyncLock();
        var semaphore = new AsyncSemaphore(0);
        var flag = new AsyncEvent();
        var barrier = new AsyncBarrier(2);
        var empty = new AsyncQueue<int>(1);
        var full = new AsyncQueue<int>(1);
        full.PutNowait(1);
        var first = VirtualTimeLoop.Create();
        var second = VirtualTimeLoop.Create();
        first.RunUntilComplete(mutex.Acquire());
        Coroutine[] waits = [mutex.Acquire(), semaphore.Acquire(), flag.Wait(), barrier.Wait(), empty.Get(), full.Put(2), full.Join()];
        var tasks = waits.Select(wait => first.CreateTask(wait)).ToList();
        first.CallLater(1, first.Stop);
        first.RunForever();

        Action[] changes =
        [
            mutex.Release, semaphore.Release, flag.Set, barrier.Reset, barrier.Abort, () => empty.PutNowait(1), () => full.GetNowait(), full.TaskDone, () => full.Shutdown(),
        ];
        foreach (var change in changes)
        {
            second.RunUntilComplete(Refused(change));
        }
        second.RunUntilComplete(RefusedAwait(empty.Put(1)));
        second.RunUntilComplete(RefusedAwait(full.Get()));
        second.RunUntilComplete(RefusedAwait(barrier.Wait()));
        second.Close();

        mutex.ToString().ShouldBe("<AsyncLock [locked, waiters:1]>");
        semaphore.ToString().ShouldBe("<AsyncSemaphore [locked, waiters:1]>");
        flag.ToString().ShouldBe("<AsyncEvent [unset, waiters:1]>");
        barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:1/2]>");
        empty.ToString().ShouldBe("<AsyncQueue maxsize=1 _getters[1]>");
        full.ToString().ShouldBe("<AsyncQueue maxsize=1 _queue=[1] _putters[1] tasks=1>");

        // On their own loop, and from outside of any, all goes on.
        mutex.Release();
        semaphore.Release();
        flag.Set();
        empty.PutNowait(1);
        full.GetNowait();
        full.TaskDone();
        barrier.Abort();
        first.RunUntilComplete(Asyncio.Wait(tasks, timeout: 1));
        tasks.Select(task => task.IsDone).ShouldAllBe(done => done);
        tasks[3].Exception().ShouldBeOfType<BrokenBarrierException>();
        first.Close();
    }

    [Fact]
    public void Once_bound_every_use_on_another_loop_is_refused_also_one_that_would_not_have_to_wait()
    {
        var mutex = new AsyncLock();
        var condition = new AsyncCondition();
        var semaphore = new AsyncSemaphore(1);
        var bounded = new AsyncBoundedSemaphore(1);
        var flag = new AsyncEvent();
        var barrier = new AsyncBarrier(2);
        var queue = new AsyncQueue<int>(2);
        VirtualTimeLoop.Run(HaveSomebodyWait());
        flag.Set();
        queue.PutNowait(1);

        VirtualTimeLoop.Run(UseElsewhere());
        mutex.ToString().ShouldBe("<AsyncLock [unlocked]>");
        semaphore.ToString().ShouldBe("<AsyncSemaphore [unlocked, value:1]>");
        bounded.ToString().ShouldBe("<AsyncBoundedSemaphore [unlocked, value:1]>");
        flag.IsSet.ShouldBeTrue();
        barrier.WaitingCount.ShouldBe(0);
        queue.ToString().ShouldBe("<AsyncQueue maxsize=2 _queue=[1] tasks=1>");

        async Coroutine HaveSomebodyWait()
        {
            using (await mutex.Acquire())
            using (await condition.Acquire())
            using (await semaphore.Acquire())
            using (await bounded.Acquire())
            {
                Coroutine[] waits = [mutex.Acquire(), condition.Acquire(), semaphore.Acquire(), bounded.Acquire(), flag.Wait(), barrier.Wait(), queue.Get()];
                var tasks = waits.Select(wait => Asyncio.CreateTask(wait)).ToList();
                await Asyncio.Sleep(1);
                tasks.ForEach(task => task.Cancel());
                await Asyncio.Wait(tasks);
            }
        }

        async Coroutine UseElsewhere()
        {
            foreach (var use in (Coroutine[])
                [mutex.Acquire(), condition.Acquire(), semaphore.Acquire(), bounded.Acquire(), flag.Wait(), barrier.Wait(), queue.Get(), queue.Put(2), queue.Join()])
            {
                await RefusedAwait(use);
            }
            (await OnLoop.Failure<InvalidOperationException>(Asyncio.CreateTask(mutex.Acquire()))).Message.ShouldContain("is bound to a different event loop");
            foreach (var use in (Action[])
                [flag.Set, flag.Clear, barrier.Reset, barrier.Abort, () => queue.PutNowait(2), () => queue.GetNowait(), queue.TaskDone, () => queue.Shutdown()])
            {
                await Refused(use);
            }
        }
    }

    [Fact]
    public void Nobody_can_wait_without_a_loop()
    {
        var mutex = new AsyncLock();
        mutex.Acquire().GetAwaiter().IsCompleted.ShouldBeTrue(); // a free one needs none
        mutex.IsLocked.ShouldBeTrue();
    }

    [Fact]
    public void Without_contention_one_lock_may_be_used_on_several_loops()
    {
        var mutex = new AsyncLock();
        VirtualTimeLoop.Run(Use());
        VirtualTimeLoop.Run(Use());
        mutex.IsLocked.ShouldBeFalse();

        async Coroutine Use()
        {
            using (await mutex.Acquire())
            {
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_condition_with_waiters_is_neither_acquired_nor_released_on_another_loop()
    {
        var condition = new AsyncCondition();
        var first = VirtualTimeLoop.Create();
        var second = VirtualTimeLoop.Create();
        var waiter = first.CreateTask(WaitOnce());
        first.CallLater(1, first.Stop);
        first.RunForever();

        second.RunUntilComplete(RefusedAwait(condition.Acquire()));
        condition.IsLocked.ShouldBeFalse();
        first.RunUntilComplete(condition.Acquire());
        second.RunUntilComplete(Refused(condition.Release));
        condition.IsLocked.ShouldBeTrue();
        second.Close();

        condition.NotifyAll();
        condition.Release();
        first.RunUntilComplete(waiter);
        first.Close();

        async Coroutine WaitOnce()
        {
            using (await condition.Acquire())
            {
                await condition.Wait();
            }
        }
    }

    [Fact]
    public void A_condition_is_not_waited_for_on_another_loop_through_a_lock_that_knows_no_loop()
    {
        var mutex = new AsyncLock();
        var condition = new AsyncCondition(mutex);
        var first = VirtualTimeLoop.Create();
        var waiter = first.CreateTask(WaitOnce());
        first.CallLater(1, first.Stop);
        first.RunForever();

        VirtualTimeLoop.Run(Elsewhere());

        first.RunUntilComplete(Notify());
        first.RunUntilComplete(waiter);
        first.Close();

        async Coroutine WaitOnce()
        {
            using (await condition.Acquire())
            {
                await condition.Wait();
            }
        }

        async Coroutine Elsewhere()
        {
            using (await mutex.Acquire())
            {
                await RefusedAwait(SuspensionAssert.DoesNotSuspend((IAwaitable)condition.Wait()));
                mutex.IsLocked.ShouldBeTrue();
                condition.ToString().ShouldBe("<AsyncCondition [locked, waiters:1]>");
            }
        }

        async Coroutine Notify()
        {
            using (await condition.Acquire())
            {
                condition.Notify();
            }
        }
    }

    [Fact]
    public void A_condition_that_refuses_a_wait_has_not_given_the_lock_away()
    {
        var mutex = new AsyncLock();
        var condition = new AsyncCondition(mutex);
        var first = VirtualTimeLoop.Create();
        Should.Throw<TimeoutException>(() => first.RunUntilComplete(Asyncio.WaitFor(WaitOnce(), 1)));
        VirtualTimeLoop.Run(Elsewhere());
        first.Close();

        async Coroutine WaitOnce()
        {
            using (await condition.Acquire())
            {
                await condition.Wait();
            }
        }

        async Coroutine Elsewhere()
        {
            using (await mutex.Acquire())
            {
                var next = Asyncio.CreateTask(mutex.Acquire());
                await Asyncio.Sleep(0);
                await RefusedAwait(condition.Wait());
                await Asyncio.Sleep(1);
                next.IsDone.ShouldBeFalse();
                next.Cancel();
            }
        }
    }

    [Fact]
    public void In_debug_mode_another_thread_is_refused()
    {
        var flag = new AsyncEvent();
        Exception? failure = null;
        Asyncio.Run(Main(), debug: true);
        failure.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("the current one: <AsyncEvent [unset, waiters:1]> belongs to that of another thread");
        flag.IsSet.ShouldBeFalse();

        async Coroutine Main()
        {
            var wait = Asyncio.CreateTask(flag.Wait());
            await Asyncio.Sleep(0);
            failure = await Asyncio.ToThread(() => Record.Exception(flag.Set));
            wait.Cancel();
        }
    }

    [Fact]
    public void A_guest_in_the_same_thread_is_another_loop()
    {
        var mutex = new AsyncLock();
        var queue = new AsyncQueue<int>();
        VirtualTimeLoop.Run(Host());
        mutex.ToString().ShouldBe("<AsyncLock [locked]>");
        queue.IsEmpty.ShouldBeTrue();

        async Coroutine Host()
        {
            await mutex.Acquire();
            Coroutine[] waits = [mutex.Acquire(), queue.Get()];
            var tasks = waits.Select(wait => Asyncio.CreateTask(wait)).ToList();
            await Asyncio.Sleep(1);
            var guest = new EventLoop();
            var ended = guest.RunAsGuest(SynchronizationContext.Current!);
            var refusals = guest.CreateTask(Guest());
            refusals.AddDoneCallback(_ => guest.Stop());
            await ended;
            refusals.Result();
            guest.Close();
            tasks.ForEach(task => task.Cancel());
            await Asyncio.Wait(tasks);
        }

        async Coroutine Guest()
        {
            await RefusedAwait(mutex.Acquire());
            await RefusedAwait(queue.Get());
            await Refused(mutex.Release);
            await Refused(() => queue.PutNowait(1));
        }
    }

    private static async Coroutine Refused(Action change)
    {
        await Asyncio.Sleep(0);
        Should.Throw<InvalidOperationException>(change).Message.ShouldContain("is bound to a different event loop");
    }

    private static async Coroutine RefusedAwait(Coroutine change)
        => (await OnLoop.Failure<InvalidOperationException>(change)).Message.ShouldContain("is bound to a different event loop");

    private static Func<Coroutine> WaitOf(string name)
    {
        var mutex = new AsyncLock();
        mutex.Acquire().GetAwaiter().IsCompleted.ShouldBeTrue();
        var condition = new AsyncCondition();
        var semaphore = new AsyncSemaphore(0);
        var flag = new AsyncEvent();
        var barrier = new AsyncBarrier(3);
        var queue = new AsyncQueue<int>(1);
        if (name is "queue of putters" or "join")
        {
            queue.PutNowait(1);
        }
        return name switch
        {
            "lock" => mutex.Acquire,
            "event" => flag.Wait,
            "semaphore" => semaphore.Acquire,
            "barrier" => barrier.Wait,
            "queue of getters" => queue.Get,
            "queue of putters" => () => queue.Put(2),
            "join" => queue.Join,
            _ => WaitForCondition,
        };

        async Coroutine WaitForCondition()
        {
            using (await condition.Acquire())
            {
                await condition.Wait();
            }
        }
    }
}
