using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>The event: who waits when it is set goes on, whatever becomes of the flag afterwards.</summary>
public class EventTests
{
    [Fact]
    [CPython("test_locks.py::EventTests.test_wait")]
    public void Setting_it_wakes_all_in_order_and_who_comes_later_does_not_wait()
        => OnLoop.Run(async () =>
        {
            var flag = new AsyncEvent();
            var log = new List<int>();
            var first = Asyncio.CreateTask(Wait(1));
            var second = Asyncio.CreateTask(Wait(2));
            await Asyncio.Sleep(0);
            log.ShouldBeEmpty();

            var third = Asyncio.CreateTask(Wait(3));
            flag.Set();
            await Asyncio.Sleep(0);
            log.ShouldBe([3, 1, 2]);
            await Asyncio.Gather(first, second, third);

            async Coroutine Wait(int number)
            {
                await flag.Wait();
                log.Add(number);
            }
        });

    [Fact]
    public void Who_waits_although_it_was_to_be_closed_keeps_nobody_else_from_going_on()
        => OnLoop.Run(async () =>
        {
            var gate = new AsyncLock();
            await gate.Acquire();
            var stubborn = Asyncio.CreateTask(Stubborn());
            await Asyncio.Sleep(0);
            Should.Throw<InvalidOperationException>(stubborn.Coroutine.Close).Message.ShouldContain("ignored Close()");
            var other = Asyncio.CreateTask(gate.Acquire());
            await Asyncio.Sleep(0);
            gate.Release();
            await Asyncio.WaitFor(other, 1);
            var third = Asyncio.CreateTask(gate.Acquire());
            await Asyncio.Sleep(0);
            gate.Release();
            await Asyncio.WaitFor(third, 1);
            await Should.ThrowAsync<InvalidOperationException>(() => stubborn.AsTask());

            async Coroutine Stubborn()
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    await gate.Acquire();
                }
            }
        });

    [Fact]
    [CPython("test_locks.py::EventTests.test_wait_on_set", Deviation = "Wait gives no value; it always was True.")]
    public void Waiting_for_a_set_event_does_not_suspend()
        => OnLoop.Run(async () =>
        {
            var flag = new AsyncEvent();
            flag.Set();
            await SuspensionAssert.DoesNotSuspend(flag.Wait());
        });

    [Fact]
    [CPython("test_locks.py::EventTests.test_wait_cancel")]
    public void A_cancelled_waiter_leaves_the_line()
        => OnLoop.Run(async () =>
        {
            var flag = new AsyncEvent();
            var wait = Asyncio.CreateTask(flag.Wait());
            Asyncio.GetRunningLoop().CallSoon(() => wait.Cancel());
            await OnLoop.Failure<CancelledException>(wait);
            flag.ToString().ShouldBe("<AsyncEvent [unset]>");
        });

    [Fact]
    [CPython("test_locks.py::EventTests.test_clear")]
    public void Clear_resets_the_flag()
    {
        var flag = new AsyncEvent();
        flag.IsSet.ShouldBeFalse();
        flag.Set();
        flag.IsSet.ShouldBeTrue();
        flag.Clear();
        flag.IsSet.ShouldBeFalse();
    }

    [Fact]
    [CPython("test_locks.py::EventTests.test_clear_with_waiters")]
    public void Set_and_cleared_at_once_it_still_wakes_who_waited()
        => OnLoop.Run(async () =>
        {
            var flag = new AsyncEvent();
            var wait = Asyncio.CreateTask(flag.Wait());
            await Asyncio.Sleep(0);
            flag.Set();
            flag.Clear();
            flag.IsSet.ShouldBeFalse();
            flag.Set();
            flag.Set();
            flag.ToString().ShouldBe("<AsyncEvent [set, waiters:1]>");
            flag.Clear();
            await Asyncio.Sleep(0);
            wait.IsDone.ShouldBeTrue();
            wait.Result();
            flag.ToString().ShouldBe("<AsyncEvent [unset]>");
        });

    [Fact]
    [CPython("test_locks.py::EventTests.test_repr")]
    public void Its_text_shows_the_flag_and_how_many_wait()
        => OnLoop.Run(async () =>
        {
            var flag = new AsyncEvent();
            flag.ToString().ShouldBe("<AsyncEvent [unset]>");
            _ = Asyncio.CreateTask(flag.Wait());
            await Asyncio.Sleep(0);
            flag.ToString().ShouldBe("<AsyncEvent [unset, waiters:1]>");
            flag.Set();
            await Asyncio.Sleep(0);
            flag.ToString().ShouldBe("<AsyncEvent [set]>");
        });
}
