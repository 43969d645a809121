using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>A group whose task is cancelled, a group that is cancelled as a whole, and how the two are told apart.</summary>
public class TaskGroupCancellationTests
{
    private const string Rows = "test_taskgroups.py::TestTaskGroup.";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [CPython(Rows + "test_cancellation")]
    [CPython(Rows + "test_taskgroup_07")]
    [CPython(Rows + "test_taskgroup_22")]
    public void Cancelling_the_surrounding_task_cancels_everything_and_is_passed_on(bool bodyWaits)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            int cancelled = 0;
            var runner = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                for (int i = 0; i < 5; i++)
                {
                    _ = group.CreateTask(Count(1));
                }
                if (bodyWaits)
                {
                    await Count(10);
                }
            }));
            await Asyncio.Sleep(0.1);
            runner.Cancel("test");
            (await OnLoop.Failure<CancelledException>(runner)).CancelMessage.ShouldBe("test");
            runner.IsCancelled.ShouldBeTrue();
            cancelled.ShouldBe(bodyWaits ? 15 : 5);

            async Coroutine Count(int weight)
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    cancelled += weight;
                    throw;
                }
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_17")]
    public void An_empty_group_passes_a_cancellation_on_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool handled = false;
            var runner = Asyncio.CreateTask(new TaskGroup().Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    handled = true;
                }
            }));
            await Asyncio.Sleep(1);
            runner.Cancel();
            await OnLoop.Failure<CancelledException>(runner);
            handled.ShouldBeTrue();
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_18")]
    public void A_body_that_answers_a_cancellation_with_another_exception_fails()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var runner = Asyncio.CreateTask(new TaskGroup().Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    throw new FormatException();
                }
            }));
            await Asyncio.Sleep(1);
            runner.Cancel();
            (await TaskGroupTests.FailuresOf(runner)).ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython(Rows + "test_taskgroup_15")]
    [CPython(Rows + "test_taskgroup_16")]
    public void A_child_that_fails_by_itself_while_the_cancelled_body_cleans_up_has_precedence(bool throughAnotherTask)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Coroutine group = new TaskGroup().Run(async group =>
            {
                var child = group.CreateTask(FailsSoon());
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    child.IsDone.ShouldBeFalse(); // the request was to the body; the children hear of it when the body has ended
                    await Asyncio.Sleep(5);
                }
            });
            var runner = Asyncio.CreateTask(throughAnotherTask ? Await(Asyncio.CreateTask(group)) : group);
            await Asyncio.Sleep(1);
            runner.IsDone.ShouldBeFalse();
            runner.Cancel();
            (await TaskGroupTests.FailuresOf(runner)).ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            loop.Time.ShouldBe(3, 1e-6); // the failure ends the cleaning up
        }

        static async Coroutine Await(CoroutineTask task) => await task;

        static async Coroutine FailsSoon()
        {
            await Asyncio.Sleep(3);
            throw new FormatException();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython(Rows + "test_taskgroup_08")]
    public void A_failure_while_a_cancelled_body_cleans_up_has_precedence(bool throughAnotherTask)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            Coroutine group = new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Stubborn());
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    await Asyncio.Sleep(5);
                }
            });
            var runner = Asyncio.CreateTask(throughAnotherTask ? Await(Asyncio.CreateTask(group)) : group);
            await Asyncio.Sleep(1);
            runner.Cancel();
            (await TaskGroupTests.FailuresOf(runner)).ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
        }

        static async Coroutine Await(CoroutineTask task) => await task;

        static async Coroutine Stubborn()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_error_and_cancel")]
    public void A_cancellation_that_meets_a_failure_is_delivered_at_the_next_await()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            CoroutineTask? runner = null;
            runner = Asyncio.CreateTask(Body());
            (await OnLoop.Failure<CancelledException>(runner)).CancelMessage.ShouldBe("from outside");
            order.ShouldBe(["failed, 1 request", "next await cancelled"]);

            async Coroutine Body()
            {
                try
                {
                    await new TaskGroup().Run(async group =>
                    {
                        _ = group.CreateTask(FailAndCancel());
                        await Asyncio.Sleep(10);
                    });
                }
                catch (TaskGroupException)
                {
                    order.Add($"failed, {runner!.Cancelling} request");
                }
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    order.Add("next await cancelled");
                    throw;
                }
            }

            async Coroutine FailAndCancel()
            {
                await Asyncio.Sleep(1);
                runner!.Cancel("from outside");
                throw new FormatException();
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_second_cancellation_from_outside_is_counted_and_neither_cancels_the_tasks_again_nor_is_thrown_twice(bool bodyWaits, bool fails)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var log = new List<string>();
            var parent = Asyncio.CreateTask(Parent());
            await Asyncio.Sleep(1);
            parent.Cancel("one");
            await Asyncio.Sleep(1);
            parent.Cancel("two");
            await parent;
            parent.Cancelling.ShouldBe(2);
            log.ShouldBe(fails
                ? ["child cancelled at 1", "child ends at 6", "TaskGroupException", "then CancelledException"]
                : ["child cancelled at 1", "child ends at 6", "CancelledException one", "then nothing"]); // CPython 3.13 does the same

            async Coroutine Parent()
            {
                try
                {
                    await new TaskGroup().Run(async group =>
                    {
                        _ = group.CreateTask(Child());
                        await Asyncio.Sleep(bodyWaits ? 100 : 0);
                    });
                }
                catch (CancelledException e)
                {
                    log.Add($"CancelledException {e.CancelMessage}");
                }
                catch (TaskGroupException)
                {
                    log.Add("TaskGroupException");
                }
                try
                {
                    await Asyncio.Sleep(1);
                    log.Add("then nothing");
                }
                catch (CancelledException)
                {
                    log.Add("then CancelledException");
                }
            }

            async Coroutine Child()
            {
                var loop = Asyncio.GetRunningLoop();
                try
                {
                    await Asyncio.Sleep(100);
                }
                catch (CancelledException)
                {
                    log.Add($"child cancelled at {loop.Time:0}");
                    await Asyncio.Sleep(5);
                    log.Add($"child ends at {loop.Time:0}");
                    if (fails)
                    {
                        throw new FormatException();
                    }
                    throw;
                }
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_cancelling_level_preserved")]
    public void The_count_of_requests_is_what_it_was()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group => group.CreateTask(TaskGroupTests.FailAfter(0))));
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [CPython(Rows + "test_nested_groups_both_cancelled")]
    public void CPython_116720_an_inner_group_does_not_swallow_the_request_of_the_outer_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool reached = false;
            var failures = await TaskGroupTests.FailuresOf(new TaskGroup().Run(async outer =>
            {
                await TaskGroupTests.FailuresOf(new TaskGroup().Run(async inner =>
                {
                    _ = inner.CreateTask(TaskGroupTests.FailAfter(0));
                    _ = outer.CreateTask(Other());
                }));
                CoroutineTask.Current.Cancelling.ShouldBe(1);
                await Asyncio.Sleep(10);
                reached = true;
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<InvalidTimeZoneException>();
            reached.ShouldBeFalse();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }

        static async Coroutine Other()
        {
            await Asyncio.Sleep(0);
            throw new InvalidTimeZoneException();
        }
    }

    [Fact]
    public void A_task_of_the_group_that_another_one_awaits_begins_too_when_the_group_cancels_both()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var log = new List<string>();
            var parent = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Awaits(group));
                await Asyncio.Sleep(5);
            }));
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            parent.Cancel();
            await Asyncio.Wait(parent);
            log.ShouldBe(["begins"]);

            async Coroutine Awaits(TaskGroup group) => await group.CreateTask(Begins());

            async Coroutine Begins()
            {
                log.Add("begins"); // its request waits for this step
                await Asyncio.Sleep(0);
            }
        }
    }

    [Theory]
    [InlineData("failure")]
    [InlineData("group")]
    [InlineData("outside")]
    [InlineData("body")]
    public void CPython_116048_a_task_that_the_group_cancels_before_its_first_step_begins_all_the_same(string reason)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var log = new List<string>();
            var parent = Asyncio.CreateTask(Parent());
            if (reason == "outside")
            {
                await Asyncio.Sleep(0);
                parent.Cancel("outside");
            }
            await Asyncio.Wait(parent);
            log.ShouldBe(["takes the connection", "closes the connection"]);
            parent.IsCancelled.ShouldBe(reason == "outside");

            async Coroutine Parent()
            {
                try
                {
                    await new TaskGroup().Run(async group =>
                    {
                        if (reason == "failure")
                        {
                            _ = group.CreateTask(Fails());
                            await Asyncio.Sleep(0); // it has failed, and its group learns of that behind the next task's creation
                        }
                        var child = group.CreateTask(Serves());
                        if (reason == "group")
                        {
                            group.Cancel();
                        }
                        else if (reason == "body")
                        {
                            throw new FormatException();
                        }
                    });
                }
                catch (TaskGroupException)
                {
                    // Not the subject.
                }
            }

            async Coroutine Serves()
            {
                log.Add("takes the connection");
                try
                {
                    await Asyncio.Sleep(10);
                    log.Add("serves");
                }
                finally
                {
                    log.Add("closes the connection");
                }
            }

            static async Coroutine Fails() => throw new FormatException();
        }
    }

    [Fact]
    public void A_task_of_a_group_that_is_cancelled_by_itself_before_its_first_step_does_not_begin()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool begun = false;
            await new TaskGroup().Run(async group => group.CreateTask(Begin()).Cancel());
            begun.ShouldBeFalse();

            async Coroutine Begin()
            {
                begun = true;
                await Asyncio.Sleep(1);
            }
        }
    }

    [Theory]
    [InlineData("task")]
    [InlineData("timeout")]
    [InlineData("scope")]
    public void A_request_that_goes_through_an_await_in_the_body_is_the_awaited_tasks_own(string reason)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var begun = new List<string>();
            var group = new TaskGroup();
            var run = group.Run(async group =>
            {
                _ = group.CreateTask(Begin("other"));
                await group.CreateTask(Begin("awaited"));
            });
            switch (reason)
            {
                case "task":
                    var task = Asyncio.CreateTask(run);
                    await Asyncio.Sleep(0);
                    task.Cancel();
                    await OnLoop.Failure<CancelledException>(task);
                    break;
                case "timeout":
                    await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(0).Run(async _ => await run));
                    break;
                default:
                    await new CancelScope(timeout: 0).Run(async _ => await run);
                    break;
            }
            begun.ShouldBe(["other"]);

            async Coroutine Begin(string name)
            {
                begun.Add(name);
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_cancellation_that_arrives_while_the_group_shuts_down_is_not_lost()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool reached = false;
            var runner = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1.5);
            runner.Cancel("late");
            (await OnLoop.Failure<CancelledException>(runner)).CancelMessage.ShouldBe("late");
            reached.ShouldBeFalse();

            async Coroutine Body()
            {
                await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
                {
                    _ = group.CreateTask(TaskGroupTests.FailAfter(1));
                    _ = group.CreateTask(CleansUp());
                }));
                Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);
                await Asyncio.Sleep(10);
                reached = true;
            }
        }
    }

    [Fact]
    public void CPython_155433_a_cancelled_group_does_not_swallow_a_cancellation_from_outside()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1.5).Run(async timeout => await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(CleansUp());
                await Asyncio.Sleep(1);
                group.Cancel();
            })));

            var runner = Asyncio.CreateTask(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(CleansUp());
                await Asyncio.Sleep(1);
                group.Cancel();
            }));
            await Asyncio.Sleep(1.5);
            runner.Cancel("outside");
            (await OnLoop.Failure<CancelledException>(runner)).CancelMessage.ShouldBe("outside");
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    public void Cancelling_a_group_ends_it_without_an_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            string? message = null;
            CoroutineTask? task = null;
            await new TaskGroup().Run(async group =>
            {
                task = group.CreateTask(Asyncio.Sleep(10));
                Asyncio.GetRunningLoop().CallLater(1, () => group.Cancel("enough"));
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException e)
                {
                    message = e.CancelMessage;
                    throw;
                }
            });
            message.ShouldBe("enough");
            task!.IsCancelled.ShouldBeTrue();
            Should.Throw<CancelledException>(task.Result).CancelMessage.ShouldBe("enough");
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1); // nothing is left that would be delivered here
        }
    }

    [Fact]
    public void A_body_that_cancels_the_group_and_returns_is_not_cancelled_later()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            (await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Asyncio.Sleep(10));
                group.Cancel();
                group.Cancel(); // again: nothing
                return 5;
            })).ShouldBe(5);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void A_group_that_was_cancelled_before_it_is_entered_is_cancelled_at_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var group = new TaskGroup();
            group.Cancel();
            await group.Run(async _ =>
            {
                order.Add("begins");
                Should.Throw<InvalidOperationException>(() => group.CreateTask(Asyncio.Sleep(1))).Message.ShouldContain("is shutting down");
                await Asyncio.Sleep(0);
                order.Add("not reached");
            });
            order.ShouldBe(["begins"]);
            group.Cancel(); // afterwards: nothing
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    public void Failures_of_a_cancelled_group_are_thrown()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failures = await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Fails());
                await Asyncio.Sleep(1);
                group.Cancel();
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }

        static async Coroutine Fails()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
        }
    }

    [Fact]
    public void A_group_that_was_cancelled_before_its_body_gave_a_value_says_so()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
            => (await OnLoop.Failure<InvalidOperationException>(new TaskGroup().Run(async group =>
            {
                group.Cancel();
                await Asyncio.Sleep(1);
                return 1;
            }))).Message.ShouldContain("cancelled before its body gave a value");
    }

    [Fact]
    public void A_cancellation_that_was_swallowed_long_ago_is_not_taken_for_a_new_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = CoroutineTask.Current;
            task.Cancel();
            await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
            task.Cancelling.ShouldBe(1); // nobody called Uncancel

            await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group => group.CreateTask(TaskGroupTests.FailAfter(1))));
            await Asyncio.Sleep(1);
            await new TaskGroup().Run(async group =>
            {
                group.Cancel();
                await Asyncio.Sleep(1);
            });
            await Asyncio.Sleep(1);
            await new TaskGroup().Run(async group => group.Cancel()); // the body ends before its cancellation is delivered
            await Asyncio.Sleep(1);
            task.Cancelling.ShouldBe(1);
        }
    }

    [Fact]
    public void A_request_that_was_made_before_the_group_is_not_lost_in_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var runner = Asyncio.CreateTask(Body());
            await OnLoop.Failure<CancelledException>(runner);

            static async Coroutine Body()
            {
                CoroutineTask.Current.Cancel();
                await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
                {
                    try
                    {
                        await Asyncio.Sleep(1);
                    }
                    catch (CancelledException)
                    {
                        throw new FormatException();
                    }
                }));
                await Asyncio.Sleep(1);
                throw new InvalidOperationException("the request was lost");
            }
        }
    }

    [Fact]
    public void A_group_whose_coroutine_is_closed_cancels_its_tasks_and_their_failures_are_reported()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            var group = new TaskGroup();
            var run = group.Run(async group =>
            {
                _ = group.CreateTask(Fails());
                await Asyncio.Sleep(10);
            });
            var task = Asyncio.CreateTask(run);
            await Asyncio.Sleep(1);
            run.Close();
            await Asyncio.Sleep(1);
            Should.Throw<InvalidOperationException>(() => group.CreateTask(Asyncio.Sleep(1))).Message.ShouldContain("is finished");
            await OnLoop.Failure<InvalidOperationException>(task);
        }

        static async Coroutine Fails()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
        }
    }

    private static async Coroutine CleansUp()
    {
        try
        {
            await Asyncio.Sleep(3600);
        }
        finally
        {
            await Asyncio.Sleep(1);
        }
    }
}
