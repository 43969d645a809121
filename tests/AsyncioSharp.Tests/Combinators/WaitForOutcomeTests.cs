using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>
/// WaitFor makes a task of a coroutine, which nobody else knows. What that task ends with, a lock or an item, must not be lost when the caller is
/// cancelled between that end and its own next step; nor must the cancellation.
/// </summary>
public class WaitForOutcomeTests
{
    public static TheoryData<string> Forms() => ["timeout", "token", "timeout and token", "nested"];

    [Theory]
    [MemberData(nameof(Forms))]
    [Rule("WF-08")]
    public void A_lock_that_was_handed_over_is_not_lost_and_neither_is_the_cancellation(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var mutex = new AsyncLock();
            var steps = new List<string>();
            var held = await mutex.Acquire();
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            held.Dispose();
            await CancelBetween(task, form);
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("late");
            steps.ShouldBe(["held", "cancelled"]);
            mutex.ToString().ShouldBe("<AsyncLock [unlocked]>");

            async Coroutine Body()
            {
                using (await WaitFor(mutex.Acquire(), form))
                {
                    steps.Add("held");
                    try
                    {
                        await Asyncio.Sleep(1);
                    }
                    catch (CancelledException)
                    {
                        steps.Add("cancelled");
                        throw;
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    [Rule("WF-08")]
    public void An_item_that_was_got_is_the_result_of_a_task_that_ends_with_it(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var task = Asyncio.CreateTask(Take());
            await Asyncio.Sleep(1);
            queue.PutNowait(7);
            await CancelBetween(task, form);
            (await task).ShouldBe(7);
            task.IsCancelled.ShouldBeFalse();
            task.Cancelling.ShouldBe(1);

            async Coroutine<int> Take() => await WaitFor(queue.Get(), form);
        }
    }

    [Fact]
    [Rule("WF-08")]
    public void A_put_that_has_happened_is_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>(1);
            queue.PutNowait(1);
            var task = Asyncio.CreateTask(Asyncio.WaitFor(queue.Put(2), 10));
            await Asyncio.Sleep(1);
            queue.GetNowait().ShouldBe(1);
            await CancelBetween(task, "timeout");
            await task;
            queue.GetNowait().ShouldBe(2);
        }
    }

    [Fact]
    [Rule("WF-08")]
    public void A_failure_that_has_come_is_told_and_the_cancellation_is_thrown_behind_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            await CancelBetween(task, "timeout");
            await OnLoop.Failure<CancelledException>(task);

            static async Coroutine Body()
            {
                await OnLoop.Failure<FormatException>(Asyncio.WaitFor(Fails(), 10));
                await Asyncio.Sleep(1);
                throw new InvalidOperationException("the request was lost");
            }

            static async Coroutine Fails()
            {
                await Asyncio.Sleep(1);
                throw new FormatException();
            }
        }
    }

    [Fact]
    [Rule("WF-08")]
    public void A_task_that_was_given_keeps_its_result_and_the_caller_is_cancelled_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var given = Asyncio.CreateTask(Asyncio.Sleep(1, 5));
            var task = Asyncio.CreateTask(Asyncio.WaitFor(given, 10));
            await Asyncio.Sleep(1);
            await Asyncio.Sleep(0);
            given.IsDone.ShouldBeTrue();
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            (await given).ShouldBe(5);
        }
    }

    [Fact]
    [Rule("CAN-08")]
    public void A_request_that_comes_after_the_outcome_was_taken_cancels_the_task_as_always()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var task = Asyncio.CreateTask(Take());
            await Asyncio.Sleep(1);
            queue.PutNowait(7);
            await CancelBetween(task, "timeout");
            await OnLoop.Failure<CancelledException>(task);
            task.Cancelling.ShouldBe(2);

            async Coroutine<int> Take()
            {
                int item = await Asyncio.WaitFor(queue.Get(), 10);
                CoroutineTask.Current.Cancel();
                return item;
            }
        }
    }

    [Fact]
    [Rule("CAN-14")]
    public void The_request_can_be_taken_back_before_it_is_thrown()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var task = Asyncio.CreateTask(Take());
            await Asyncio.Sleep(1);
            queue.PutNowait(7);
            await CancelBetween(task, "timeout");
            (await task).ShouldBe(7);

            async Coroutine<int> Take()
            {
                int item = await Asyncio.WaitFor(queue.Get(), 10);
                CoroutineTask.Current.Uncancel().ShouldBe(0);
                await Asyncio.Sleep(1);
                return item;
            }
        }
    }

    [Fact]
    public void A_group_that_fails_at_this_moment_ends_and_the_item_has_reached_its_body()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var got = new List<int>();
            Asyncio.GetRunningLoop().CallLater(1, () => queue.PutNowait(7));
            var failing = await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Fail());
                while (true)
                {
                    got.Add(await Asyncio.WaitFor(Asyncio.WaitFor(queue.Get(), 10), 10));
                }
            }));
            failing.InnerExceptions.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            got.ShouldBe([7]);
            queue.IsEmpty.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-6);

            static async Coroutine Fail()
            {
                await Asyncio.Sleep(1);
                await Asyncio.Sleep(0); // one turn behind the one who gets the item, so that the group is told between the two inner tasks
                throw new FormatException();
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("WF-03", "WF-10")]
    public void In_a_shield_a_limit_is_told_as_a_limit_although_a_cancellation_from_outside_waits(bool withToken)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var steps = new List<string>();
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("outside");
            await Asyncio.Sleep(2);
            source.Cancel();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("outside");
            steps.ShouldBe([withToken ? "token" : "timeout"]);

            async Coroutine Body()
            {
                await new CancelScope(shield: true).Run(async _ =>
                {
                    await Asyncio.Sleep(2); // the request waits from here on
                    try
                    {
                        await (withToken ? Asyncio.WaitFor(Asyncio.Sleep(10), source.Token) : Asyncio.WaitFor(Asyncio.Sleep(10), 1));
                    }
                    catch (TimeoutException)
                    {
                        steps.Add("timeout");
                    }
                    catch (CancelledException e) when (e.CancellationToken == source.Token)
                    {
                        steps.Add("token");
                    }
                });
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    [Rule("WF-10")]
    public void With_a_token_a_request_that_arrives_in_a_shield_meanwhile_is_no_reason_to_tell_another_story()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            bool told = false;
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("outside");
            source.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            told.ShouldBeTrue();

            async Coroutine Body()
            {
                await new CancelScope(shield: true).Run(async _ =>
                    told = (await OnLoop.Failure<CancelledException>(Asyncio.WaitFor(Asyncio.Sleep(10), source.Token))).CancellationToken == source.Token);
                await Asyncio.Sleep(1);
            }
        }
    }

    // The inner task ends in the next iteration, before the caller of this, which then cancels in the very same one.
    private static async Coroutine CancelBetween(CoroutineTask task, string form)
    {
        await Asyncio.Sleep(0);
        if (form == "nested")
        {
            await Asyncio.Sleep(0); // here the outer of the two inner tasks has ended; one turn earlier is tested with the group
        }
        task.IsDone.ShouldBeFalse();
        task.Cancel("late").ShouldBeTrue();
    }

    private static Coroutine<T> WaitFor<T>(Coroutine<T> coroutine, string form) => form switch
    {
        "timeout" => Asyncio.WaitFor(coroutine, 10),
        "token" => Asyncio.WaitFor(coroutine, new CancellationTokenSource().Token),
        "timeout and token" => Asyncio.WaitFor(coroutine, 10, new CancellationTokenSource().Token),
        _ => Asyncio.WaitFor(Asyncio.WaitFor(coroutine, 10), 20),
    };
}
