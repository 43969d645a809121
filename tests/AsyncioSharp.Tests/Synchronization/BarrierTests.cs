using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>The barrier: fills, drains, is reset and broken, and is never left with a wrong count.</summary>
public class BarrierTests
{
    private const int N = 5;

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_repr")]
    public void Its_text_shows_its_state_and_how_many_wait()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            var tasks = new List<CoroutineTask<int>>();
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/5]>");
            await Come(2);
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:2/5]>");
            await Come(3);
            barrier.ToString().ShouldBe("<AsyncBarrier [draining, waiters:0/5]>");
            barrier.Reset();
            barrier.ToString().ShouldBe("<AsyncBarrier [resetting, waiters:0/5]>");
            barrier.Abort();
            barrier.ToString().ShouldBe("<AsyncBarrier [broken]>");
            await Asyncio.GatherOutcomes(tasks);

            async Coroutine Come(int count)
            {
                tasks.AddRange(Enumerable.Range(0, count).Select(_ => Asyncio.CreateTask(barrier.Wait())));
                await Asyncio.Sleep(0);
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_barrier_parties")]
    public void Less_than_one_party_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncBarrier(0)).ParamName.ShouldBe("parties");
        Should.Throw<ArgumentOutOfRangeException>(() => new AsyncBarrier(-4));
        new AsyncBarrier(N).Parties.ShouldBe(N);
    }

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_context_manager")]
    [CPython("test_locks.py::BarrierTests.test_filling_tasks_wait_twice")]
    [CPython("test_locks.py::BarrierTests.test_filling_tasks_check_return_value")]
    public void Each_party_gets_a_number_of_its_own_in_each_round()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            foreach (int[] numbers in await Asyncio.Gather(Enumerable.Range(0, 3).Select(_ => Round())))
            {
                numbers.ShouldBe([0, 1, 2, 3, 4], ignoreOrder: true);
            }
            barrier.WaitingCount.ShouldBe(0);
            barrier.IsBroken.ShouldBeFalse();

            async Coroutine<int[]> Round() => await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => barrier.Wait()));
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_filling_one_task")]
    [CPython("test_locks.py::BarrierTests.test_filling_one_task_twice")]
    public void With_one_party_it_never_suspends()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(1);
            (await SuspensionAssert.DoesNotSuspend(barrier.Wait())).ShouldBe(0);
            (await SuspensionAssert.DoesNotSuspend(barrier.Wait())).ShouldBe(0);
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/1]>");
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_filling_task_by_task")]
    [CPython("test_locks.py::BarrierTests.test_draining_state")]
    public void It_fills_one_by_one_and_drains_until_the_last_has_left()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(3);
            var states = new List<string>();
            var tasks = new List<CoroutineTask>();
            for (int i = 1; i <= 2; i++)
            {
                tasks.Add(Asyncio.CreateTask(Pass()));
                await Asyncio.Sleep(0);
                barrier.WaitingCount.ShouldBe(i);
            }
            tasks.Add(Asyncio.CreateTask(Pass()));
            await Asyncio.Gather(tasks);
            states.ShouldBe(["<AsyncBarrier [draining, waiters:0/3]>", "<AsyncBarrier [draining, waiters:0/3]>", "<AsyncBarrier [filling, waiters:0/3]>"]);

            async Coroutine Pass()
            {
                await barrier.Wait();
                states.Add(barrier.ToString());
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_blocking_tasks_while_draining")]
    public void Who_comes_while_it_drains_waits_for_the_next_round()
        => OnLoop.Run(async () =>
        {
            const int Again = 2;
            var barrier = new AsyncBarrier(N);
            var rest = new AsyncBarrier(N - Again);
            int again = Again;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => Pass()));

            async Coroutine Pass()
            {
                await barrier.Wait();
                if (again-- <= 0)
                {
                    await rest.Wait();
                }
                await barrier.Wait();
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_filling_tasks_cancel_one")]
    public void A_cancelled_party_leaves_and_does_not_break_it()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(3);
            var first = Asyncio.CreateTask(barrier.Wait());
            var second = Asyncio.CreateTask(barrier.Wait());
            await Asyncio.Sleep(0);
            barrier.WaitingCount.ShouldBe(2);
            first.Cancel();
            await Asyncio.Sleep(0);
            barrier.WaitingCount.ShouldBe(1);
            await OnLoop.Failure<CancelledException>(first);

            var third = Asyncio.CreateTask(barrier.Wait());
            await Asyncio.Sleep(0);
            barrier.WaitingCount.ShouldBe(2);
            await Asyncio.Gather(second, third, Asyncio.CreateTask(barrier.Wait()));
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/3]>");
        });

    [Fact]
    public void Each_party_has_a_number_of_its_own_also_after_one_was_cancelled()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(3);
            var cancelled = Asyncio.CreateTask(barrier.Wait());
            var first = Asyncio.CreateTask(barrier.Wait());
            await Asyncio.Sleep(0);
            cancelled.Cancel();
            await Asyncio.Sleep(0);
            (await Asyncio.Gather(first, Asyncio.CreateTask(barrier.Wait()), Asyncio.CreateTask(barrier.Wait()))).ShouldBe([1, 0, 2]); // CPython: 1, 1, 2
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier", Deviation = "Reset acts at once; nothing is awaited.")]
    public void Resetting_an_idle_one_changes_nothing()
    {
        var barrier = new AsyncBarrier(1);
        barrier.Reset();
        barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/1]>");
    }

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier_while_tasks_waiting")]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again")]
    public void A_reset_fails_those_who_wait_and_they_may_wait_again_at_once()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            int failed = 0;
            var tasks = Enumerable.Range(0, N - 1).Select(_ => Asyncio.CreateTask(WaitTwice())).ToList();
            await Asyncio.Sleep(0);
            barrier.Reset();
            await OnLoop.Turns(3);
            failed.ShouldBe(N - 1);
            barrier.WaitingCount.ShouldBe(N - 1);
            await barrier.Wait();
            await Asyncio.Gather(tasks);
            barrier.IsBroken.ShouldBeFalse();

            async Coroutine WaitTwice()
            {
                (await OnLoop.Failure<BrokenBarrierException>(barrier.Wait())).Message.ShouldContain("reset");
                failed++;
                await barrier.Wait();
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier_when_tasks_half_draining")]
    public void A_reset_while_it_drains_fails_those_who_are_still_inside()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            int passed = 0;
            int failed = 0;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => Pass()));
            (passed, failed).ShouldBe((3, 2));
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/5]>");

            async Coroutine Pass()
            {
                try
                {
                    await barrier.Wait();
                }
                catch (BrokenBarrierException)
                {
                    failed++;
                    return;
                }
                if (++passed == 3)
                {
                    barrier.Reset();
                }
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking")]
    public void A_reset_while_it_drains_spares_those_who_wait_outside()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            int passed = 0;
            int failed = 0;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => PassTwice()));
            (passed, failed).ShouldBe((3, 2));
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/5]>");

            async Coroutine PassTwice()
            {
                try
                {
                    await barrier.Wait();
                    if (++passed == 3)
                    {
                        barrier.Reset();
                    }
                }
                catch (BrokenBarrierException)
                {
                    failed++;
                }
                await barrier.Wait();
            }
        });

    [Fact]
    public void A_reset_while_it_drains_lets_those_outside_in_as_soon_as_those_inside_have_left()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(2);
            var steps = new List<string>();
            await Asyncio.Gather(Fails(), PassTwice(), Pass(), Reset());
            steps.ShouldBe(["twice", "failed", "once", "turn", "twice"]); // as CPython's

            async Coroutine Fails()
            {
                await OnLoop.Failure<BrokenBarrierException>(barrier.Wait());
                steps.Add("failed");
            }

            async Coroutine PassTwice()
            {
                await barrier.Wait();
                steps.Add("twice");
                await barrier.Wait();
                steps.Add("twice");
            }

            async Coroutine Pass()
            {
                await barrier.Wait();
                steps.Add("once");
            }

            async Coroutine Reset()
            {
                barrier.Reset();
                await Asyncio.Sleep(0);
                steps.Add("turn");
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_reset_barrier_while_tasks_draining")]
    public void A_reset_by_the_last_to_leave_disturbs_nobody()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            int passed = 0;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => PassThrice()));
            barrier.WaitingCount.ShouldBe(0);

            async Coroutine PassThrice()
            {
                await barrier.Wait();
                if (++passed == N)
                {
                    barrier.Reset();
                }
                await barrier.Wait();
                await barrier.Wait();
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_abort_barrier", Deviation = "Abort acts at once; nothing is awaited.")]
    public void An_aborted_one_is_broken_until_it_is_reset()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(1);
            barrier.Abort();
            barrier.IsBroken.ShouldBeTrue();
            (await OnLoop.Failure<BrokenBarrierException>(barrier.Wait())).Message.ShouldContain("aborted");
            barrier.Reset();
            await barrier.Wait();
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking")]
    public void An_abort_fails_those_inside_and_those_outside()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            int passed = 0;
            int inside = 0;
            int outside = 0;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => PassTwice()));
            (passed, inside, outside).ShouldBe((3, 2, 2));
            barrier.IsBroken.ShouldBeTrue();

            async Coroutine PassTwice()
            {
                try
                {
                    await barrier.Wait();
                }
                catch (BrokenBarrierException)
                {
                    inside++;
                    return;
                }
                if (++passed == 3)
                {
                    barrier.Abort();
                    return;
                }
                await OnLoop.Failure<BrokenBarrierException>(barrier.Wait());
                outside++;
            }
        });

    [Fact]
    [CPython("test_locks.py::BarrierTests.test_abort_barrier_when_exception")]
    [CPython("test_locks.py::BarrierTests.test_abort_barrier_when_exception_then_resetting")]
    public void A_party_that_fails_can_free_the_others_and_a_reset_repairs_it()
        => OnLoop.Run(async () =>
        {
            var barrier = new AsyncBarrier(N);
            var meeting = new AsyncBarrier(N);
            int failed = 0;
            int passed = 0;
            await Asyncio.Gather(Enumerable.Range(0, N).Select(_ => Party()));
            (failed, passed).ShouldBe((N - 1, N));
            barrier.ToString().ShouldBe("<AsyncBarrier [filling, waiters:0/5]>");

            async Coroutine Party()
            {
                try
                {
                    if (await barrier.Wait() == N / 2)
                    {
                        throw new FormatException();
                    }
                    await barrier.Wait();
                }
                catch (BrokenBarrierException)
                {
                    failed++;
                }
                catch (FormatException)
                {
                    barrier.Abort();
                }
                if (await meeting.Wait() == N / 2)
                {
                    barrier.Reset();
                }
                await meeting.Wait();
                await barrier.Wait();
                passed++;
            }
        });
}
