using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>What comes while a group ends: requests from outside, which of them is told, and what is left of the group afterwards.</summary>
public class TaskGroupEndTests
{
    [Fact]
    public void Of_two_cancellations_from_outside_the_first_is_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(new TaskGroup().Run(async group => _ = group.CreateTask(EndsSlowly())));
            await Asyncio.Sleep(1);
            task.Cancel("first");
            await Asyncio.Sleep(1);
            task.Cancel("second");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("first");
            task.Cancelling.ShouldBe(2);
        }
    }

    [Fact]
    public void A_cancellation_from_outside_is_told_and_not_the_groups_own_for_which_the_body_did_not_wait()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(EndsSlowly());
                await Asyncio.Sleep(1);
                group.Cancel("the group's");
            }));
            await Asyncio.Sleep(2);
            task.Cancel("from outside");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("from outside");
            task.Cancelling.ShouldBe(1);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_body_that_throws_the_token_it_was_cancelled_by_was_cancelled_and_has_not_failed(bool fails)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Asyncio.Sleep(50));
                var token = CoroutineTask.Current.CancellationToken;
                try
                {
                    await Asyncio.Sleep(50);
                }
                catch (CancelledException)
                {
                    throw fails ? new OperationCanceledException(new CancellationToken(canceled: false)) : new OperationCanceledException(token);
                }
            }));
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait([task]);
            task.IsCancelled.ShouldBe(!fails);
            if (fails)
            {
                (await OnLoop.Failure<TaskGroupException>(task)).InnerException.ShouldBeOfType<OperationCanceledException>();
            }
        }
    }

    [Fact]
    public void A_group_that_was_left_holds_on_to_no_failure()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var group = new TaskGroup();
            await OnLoop.Failure<TaskGroupException>(group.Run(async _ => throw new FormatException()));
            group.ToString().ShouldBe("<TaskGroup ended>");
        }
    }

    [Fact]
    public void A_request_that_is_to_be_delivered_again_is_the_last_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            string? delivered = null;
            var task = Asyncio.CreateTask(Meets());
            await Asyncio.Sleep(1);
            task.Cancel("first");
            await Asyncio.Wait([task]);
            delivered.ShouldBe("second");

            async Coroutine Meets()
            {
                await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async _ =>
                {
                    try
                    {
                        await Asyncio.Sleep(5);
                    }
                    catch (CancelledException)
                    {
                        CoroutineTask.Current.Cancel("second"); // not delivered any more: the body ends with the first
                        throw new FormatException();
                    }
                }));
                delivered = (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(5))).CancelMessage;
            }
        }
    }

    [Fact]
    public void A_request_that_is_delivered_again_keeps_its_message()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            string? delivered = null;
            var task = Asyncio.CreateTask(Meets());
            await Asyncio.Sleep(1);
            task.Cancel("from outside");
            await Asyncio.Wait([task]);
            delivered.ShouldBe("from outside");

            async Coroutine Meets()
            {
                await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group => _ = group.CreateTask(FailsSlowly())));
                delivered = (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(5))).CancelMessage;
            }

            static async Coroutine FailsSlowly()
            {
                try
                {
                    await Asyncio.Sleep(50);
                }
                catch (CancelledException)
                {
                    throw new FormatException();
                }
            }
        }
    }

    [Fact]
    public void A_request_interrupts_the_waiting_of_a_group_that_ends_and_so_its_turn_comes_when_it_does_in_Python()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var flag = new AsyncEvent();
            int requests = 0;
            var failure = await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Inner());
                _ = group.CreateTask(Fails());
                _ = group.CreateTask(Sleeps("outer child"));
                await Asyncio.Sleep(1);
                flag.Set();
            }));
            order.ShouldBe(["inner child", "inner group", "outer child"]);
            requests.ShouldBe(1);
            failure.InnerExceptions.Count.ShouldBe(2);

            async Coroutine Inner()
            {
                try
                {
                    await new TaskGroup().Run(async group =>
                    {
                        _ = group.CreateTask(Sleeps("inner child"));
                        await Fails();
                    });
                }
                finally
                {
                    order.Add("inner group"); // its body has failed, it waits for its child, and then the outer group cancels it
                    requests = CoroutineTask.Current.Cancelling;
                }
            }

            async Coroutine Fails()
            {
                await flag.Wait();
                throw new FormatException();
            }

            async Coroutine Sleeps(string name)
            {
                try
                {
                    await Asyncio.Sleep(50);
                }
                finally
                {
                    order.Add(name);
                }
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_group_that_waits_is_interrupted_by_its_own_request_and_takes_it_back(bool isCancelled)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var parent = CoroutineTask.Current;
            var group = new TaskGroup();
            int requests = -1;
            var run = group.Run(async self =>
            {
                _ = self.CreateTask(Fails());
                _ = self.CreateTask(Looks());
            });
            if (isCancelled)
            {
                Asyncio.GetRunningLoop().CallLater(1, () => group.Cancel("the group's"));
                await run;
            }
            else
            {
                (await OnLoop.Failure<TaskGroupException>(run)).InnerExceptions.ShouldHaveSingleItem();
            }
            requests.ShouldBe(1);
            parent.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1); // nothing is left of it

            async Coroutine Fails()
            {
                await Asyncio.Sleep(isCancelled ? 50 : 1);
                throw new FormatException();
            }

            async Coroutine Looks()
            {
                try
                {
                    await Asyncio.Sleep(50);
                }
                finally
                {
                    requests = parent.Cancelling;
                }
            }
        }
    }

    [Fact]
    public void A_failure_while_the_group_waits_brings_its_turn_and_not_the_end_of_the_last_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var flag = new AsyncEvent();
            var task = Asyncio.CreateTask(Group());
            await Asyncio.Sleep(1);
            flag.Set();
            await task;
            await Asyncio.Sleep(1);
            order.ShouldBe(["other 0", "other 1", "group", "other 2"]);

            async Coroutine Group()
            {
                await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group =>
                {
                    _ = group.CreateTask(Fails());
                    await Asyncio.Sleep(0);
                    _ = Asyncio.CreateTask(Other());
                    await Asyncio.Sleep(0);
                    _ = group.CreateTask(Ends());
                }));
                order.Add("group");
            }

            async Coroutine Fails()
            {
                await flag.Wait();
                throw new FormatException();
            }

            async Coroutine Other()
            {
                await flag.Wait();
                for (int i = 0; i < 3; i++)
                {
                    order.Add($"other {i}");
                    await Asyncio.Sleep(0);
                }
            }

            async Coroutine Ends() => await flag.Wait();
        }
    }

    [Fact]
    public void In_a_body_that_the_group_has_ended_a_later_cancellation_from_outside_is_told_and_not_the_groups_own()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(EndsSlowly());
                Asyncio.GetRunningLoop().CallLater(1, () => group.Cancel("the group's"));
                await Asyncio.Sleep(50);
            }));
            await Asyncio.Sleep(2);
            task.Cancel("from outside");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("from outside");
            task.Cancelling.ShouldBe(1);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_exception_tells_all_the_requests_that_came_while_the_group_was_ending(bool inScope)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(inScope ? new CancelScope().Run(async _ => await Ends()) : Ends());
            for (int i = 1; i <= 4; i++)
            {
                await Asyncio.Sleep(1);
                task.Cancel($"{i}");
            }
            await task;
            task.Cancelling.ShouldBe(4);

            static async Coroutine Ends()
            {
                var failure = await OnLoop.Failure<CancelledException>(new TaskGroup().Run(async group => _ = group.CreateTask(EndsSlowly())));
                failure.CancelMessage.ShouldBe("1");
                await Asyncio.Sleep(1); // not told again
            }
        }
    }

    [Fact]
    public void In_a_cancelled_scope_a_group_waits_for_its_tasks_all_the_same()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 1);
            await scope.Run(async _ => await new TaskGroup().Run(async group =>
            {
                var child = group.CreateTask(EndsSlowly());
                await Asyncio.Sleep(0);
                child.IsDone.ShouldBeFalse();
            }));
            scope.WasCaught.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(6, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void A_child_that_the_group_cancels_before_its_first_step_does_not_take_that_for_its_own_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask? child = null;
            await new TaskGroup().Run(async group =>
            {
                child = group.CreateTask(Limited());
                group.Cancel();
            });
            child!.IsCancelled.ShouldBeTrue();

            static Coroutine Limited() => Asyncio.Timeout(0).Run(async _ => await Asyncio.Sleep(5));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Requests_that_the_body_does_not_await_wait_for_the_next_await(int count)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var steps = new List<string>();
            var task = Asyncio.CreateTask(Asks());
            await Asyncio.Wait([task]);
            steps.ShouldBe(["left"]);
            (task.IsCancelled, task.Cancelling).ShouldBe((true, count));

            async Coroutine Asks()
            {
                await new TaskGroup().Run(async _ =>
                {
                    for (int i = 0; i < count; i++)
                    {
                        CoroutineTask.Current.Cancel("self");
                    }
                });
                steps.Add("left");
                await Asyncio.Sleep(1);
                steps.Add("lost");
            }
        }
    }

    [Fact]
    public void An_eager_task_that_succeeds_at_once_costs_the_end_of_the_group_no_turn()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isTurn = false;
            Asyncio.GetRunningLoop().CallSoon(() => isTurn = true);
            await new TaskGroup().Run(async group => _ = group.CreateTask(Nothing(), eagerStart: true));
            isTurn.ShouldBeFalse();
        }

        static async Coroutine Nothing()
        {
        }
    }

    [Fact]
    public void A_group_learns_in_the_next_turn_of_an_eager_task_that_fails_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var failure = await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group =>
            {
                group.CreateTask(Fails(), eagerStart: true).IsDone.ShouldBeTrue();
                _ = group.CreateTask(Begins(), eagerStart: true);
                order.Add("body goes on");
                try
                {
                    await Asyncio.Sleep(50);
                }
                finally
                {
                    order.Add("body cancelled");
                    Should.Throw<InvalidOperationException>(() => group.CreateTask(Begins())).Message.ShouldContain("is shutting down");
                }
            }));
            failure.InnerExceptions.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            order.ShouldBe(["second task begins", "body goes on", "second task cancelled", "body cancelled"]);
            Asyncio.GetRunningLoop().Time.ShouldBe(0);

            async Coroutine Begins()
            {
                order.Add("second task begins");
                try
                {
                    await Asyncio.Sleep(50);
                }
                finally
                {
                    order.Add("second task cancelled");
                }
            }
        }

        static async Coroutine Fails() => throw new FormatException();
    }

    private static async Coroutine EndsSlowly()
    {
        try
        {
            await Asyncio.Sleep(50);
        }
        finally
        {
            await Asyncio.Sleep(5);
        }
    }
}
