using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Tasks;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>What a group waits for, what it throws, and what it gives back.</summary>
public class TaskGroupTests
{
    private const string Rows = "test_taskgroups.py::TestTaskGroup.";

    [Fact]
    [CPython(Rows + "test_taskgroup_01")]
    [CPython(Rows + "test_taskgroup_02")]
    public void It_ends_when_all_its_tasks_have_ended_also_those_added_later()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask<int>? first = null;
            CoroutineTask<int>? second = null;
            await new TaskGroup().Run(async group =>
            {
                first = group.CreateTask(Asyncio.Sleep(1, 42));
                await Asyncio.Sleep(1.5);
                second = group.CreateTask(Asyncio.Sleep(2, 11));
            });
            Asyncio.GetRunningLoop().Time.ShouldBe(3.5, 1e-9);
            first!.Result().ShouldBe(42);
            second!.Result().ShouldBe(11);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_03")]
    public void A_task_that_is_cancelled_alone_is_no_failure()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask? first = null;
            CoroutineTask<int>? second = null;
            await new TaskGroup().Run(async group =>
            {
                first = group.CreateTask(Asyncio.Sleep(10));
                await Asyncio.Sleep(1);
                first.Cancel();
                second = group.CreateTask(Asyncio.Sleep(2, 11));
            });
            first!.IsCancelled.ShouldBeTrue();
            second!.Result().ShouldBe(11);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_04")]
    public void A_failing_task_cancels_the_others()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask? other = null;
            var failures = await FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(FailAfter(1));
                other = group.CreateTask(Asyncio.Sleep(10));
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            other!.IsCancelled.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
        }
    }

    [Fact]
    [CPython(Rows + "test_cancel_children_on_child_error")]
    public void A_failing_task_cancels_the_body_too_and_all_failures_are_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool bodyWasCancelled = false;
            CoroutineTask? other = null;
            var failures = await FailuresOf(new TaskGroup().Run(async group =>
            {
                for (int i = 0; i < 3; i++)
                {
                    _ = group.CreateTask(FailAfter(1));
                }
                other = group.CreateTask(Asyncio.Sleep(5));
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    bodyWasCancelled = true;
                    throw;
                }
            }));
            failures.Count.ShouldBe(3);
            failures.ShouldAllBe(failure => failure is FormatException);
            bodyWasCancelled.ShouldBeTrue();
            other!.IsCancelled.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [CPython(Rows + "test_taskgroup_09")]
    [CPython(Rows + "test_taskgroup_10")]
    public void A_failing_body_cancels_the_tasks_and_its_failure_is_told_among_the_others(bool started)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var tasks = new List<CoroutineTask>();
            var failure = new FormatException();
            var failures = await FailuresOf(new TaskGroup().Run(async group =>
            {
                tasks.Add(group.CreateTask(Asyncio.Sleep(1)));
                tasks.Add(group.CreateTask(Asyncio.Sleep(2)));
                if (started)
                {
                    await Asyncio.Sleep(0.1);
                }
                throw failure;
            }));
            failures.ShouldBe([failure]);
            tasks.ShouldAllBe(task => task.IsCancelled);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_14")]
    public void The_failure_of_an_inner_group_is_one_entry_of_the_outer_ones()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask? busy = null;
            var failures = await FailuresOf(new TaskGroup().Run(async outer =>
            {
                busy = outer.CreateTask(Asyncio.Sleep(10));
                await new TaskGroup().Run(async inner =>
                {
                    _ = inner.CreateTask(FailAfter(1));
                    _ = inner.CreateTask(FailAfter(1));
                    await Asyncio.Sleep(10);
                });
            }));
            var nested = failures.ShouldHaveSingleItem().ShouldBeOfType<TaskGroupException>();
            nested.InnerExceptions.Count.ShouldBe(2);
            new TaskGroupException(failures).Flatten().InnerExceptions.ShouldAllBe(failure => failure is FormatException);
            busy!.IsCancelled.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython(Rows + "test_taskgroup_11")]
    [CPython(Rows + "test_taskgroup_12")]
    public void When_the_owner_of_two_groups_is_cancelled_the_failures_of_the_inner_tasks_win_through_both(bool busyOutside)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            CoroutineTask? busy = null;
            var owner = Asyncio.CreateTask(Owner());
            await Asyncio.Sleep(1);
            owner.Cancel();

            var inner = (await FailuresOf(owner)).ShouldHaveSingleItem().ShouldBeOfType<TaskGroupException>();
            inner.InnerExceptions.Count.ShouldBe(5);
            inner.InnerExceptions.ShouldAllBe(failure => failure is FormatException);
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
            (busy?.IsCancelled ?? false).ShouldBe(busyOutside);

            async Coroutine Owner() => await new TaskGroup().Run(async outer =>
            {
                if (busyOutside)
                    busy = outer.CreateTask(Asyncio.Sleep(10));
                await new TaskGroup().Run(async inner =>
                {
                    for (int i = 0; i < 5; i++)
                        _ = inner.CreateTask(FailsWhenCancelled());
                    await Asyncio.Sleep(10);
                });
            });
        }

        static async Coroutine FailsWhenCancelled()
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
    [CPython(Rows + "test_taskgroup_13")]
    public void A_failure_in_the_outer_group_cancels_the_inner_one_and_stands_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failures = await FailuresOf(new TaskGroup().Run(async outer =>
            {
                _ = outer.CreateTask(FailAfter(1));
                await new TaskGroup().Run(async inner => inner.CreateTask(FailAfter(10)));
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_19")]
    [CPython(Rows + "test_taskgroup_context_manager_exit_raises")]
    public void A_body_that_fails_while_it_is_cancelled_adds_its_failure()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failures = await FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(FailAfter(1));
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    throw new InvalidTimeZoneException();
                }
            }));
            failures.Select(failure => failure.GetType()).ShouldBe([typeof(FormatException), typeof(InvalidTimeZoneException)]);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_20")]
    public void A_keyboard_interrupt_of_the_body_comes_out_bare_and_other_failures_are_reported()
    {
        var reports = new List<ExceptionContext>();
        var interrupt = new KeyboardInterruptException();
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main())).ShouldBeSameAs(interrupt);
        var report = reports.ShouldHaveSingleItem();
        report.Exception.ShouldBeOfType<FormatException>();
        report.Task.ShouldNotBeNull().Name.ShouldBe("failed");
        report.Message.ShouldBe("a failure in <TaskGroup ended> could not be thrown, because the group was left otherwise");

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(FailAfter(1), name: "failed");
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    throw interrupt;
                }
            });
        }
    }

    [Fact]
    public void A_keyboard_interrupt_of_a_task_leaves_the_loop_and_the_group()
    {
        var reports = new List<ExceptionContext>();
        var order = new List<string>();
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));
        order.ShouldBe(["body cancelled", "task cancelled"]);
        // Each once, and by its task: the end of the run has nothing to add.
        reports.Select(report => (report.Exception!.GetType(), report.Task!.Name)).ShouldBe([(typeof(FormatException), "failing"), (typeof(InvalidTimeZoneException), "main")]);

        async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Interrupt());
                _ = group.CreateTask(Fail(), name: "failing");
                _ = group.CreateTask(Note("task cancelled"));
                await Note("body cancelled");
                throw new InvalidTimeZoneException();
            });
        }

        static async Coroutine Fail()
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

        async Coroutine Note(string text)
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                order.Add(text);
            }
        }

        static async Coroutine Interrupt()
        {
            await Asyncio.Sleep(1);
            throw new KeyboardInterruptException();
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_24")]
    public void A_task_may_add_tasks()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await new TaskGroup().Run(async group => group.CreateTask(Root(group)));
            Asyncio.GetRunningLoop().Time.ShouldBe(3, 1e-9);
        }

        static async Coroutine Root(TaskGroup group)
        {
            await Asyncio.Sleep(1);
            _ = group.CreateTask(Asyncio.Sleep(1));
            _ = group.CreateTask(Asyncio.Sleep(2));
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_25")]
    public void A_failure_ends_tasks_that_multiply()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int heads = 0;
            var failures = await FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Hydra(group));
                _ = group.CreateTask(Hercules());
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            heads.ShouldBeGreaterThanOrEqualTo(10);
            Asyncio.AllTasks().ShouldBe([CoroutineTask.Current]);

            async Coroutine Hydra(TaskGroup group)
            {
                heads++;
                await Asyncio.Sleep(1);
                _ = group.CreateTask(Hydra(group));
                _ = group.CreateTask(Hydra(group));
            }

            async Coroutine Hercules()
            {
                while (heads < 10)
                {
                    await Asyncio.Sleep(1.5);
                }
                throw new FormatException();
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_task_name")]
    [CPython(Rows + "test_taskgroup_task_context")]
    public void A_task_has_the_name_and_the_context_that_it_is_given()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var variable = new ContextVar<int>("variable", -1);
            var context = Context.Copy();
            await new TaskGroup().Run(async group =>
            {
                var first = group.CreateTask(Set(1), name: "yolo", context);
                first.Name.ShouldBe("yolo");
                await first;
                context.Run(variable.Get).ShouldBe(1);
                await group.CreateTask(Set(2), context: context);
                context.Run(variable.Get).ShouldBe(2);
                variable.Get().ShouldBe(-1);
            });

            async Coroutine Set(int value)
            {
                await Asyncio.Sleep(0);
                variable.Set(value);
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_23")]
    public void Tasks_that_have_ended_are_let_go()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var ended = new List<WeakReference>();
            await new TaskGroup().Run(async group =>
            {
                for (int i = 0; i < 10; i++)
                {
                    ended.Add(Add(group));
                    await Asyncio.Sleep(1);
                }
                await Asyncio.Sleep(10);
                group.ToString().ShouldBe("<TaskGroup entered>");
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                ended.Count(reference => reference.IsAlive).ShouldBeLessThan(5, "only what the machine's registers still hold");
            });
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Add(TaskGroup group) => new(group.CreateTask(Asyncio.Sleep(3)));
    }

    [Fact]
    public void Of_a_million_tasks_none_is_held_when_it_has_ended()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var samples = new List<WeakReference>(); // the memory of the process would tell of the other tests too
            await new TaskGroup().Run(async group =>
            {
                for (int i = 0; i < 1_000_000; i++)
                {
                    Add(group, i % 1000 == 0 ? samples : null);
                    if (i % 100 == 0)
                    {
                        await Asyncio.Sleep(0);
                    }
                }
                await Asyncio.Sleep(0);
                await Asyncio.Sleep(0);
                group.ToString().ShouldBe("<TaskGroup entered>");
                GC.Collect();
                samples.Count(sample => sample.IsAlive).ShouldBeLessThan(5, "only what the machine's registers still hold");
            });
            samples.Count.ShouldBe(1000);
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Add(TaskGroup group, List<WeakReference>? samples)
        {
            var task = group.CreateTask(Nothing());
            samples?.Add(new WeakReference(task));
        }

        static async Coroutine Nothing()
        {
        }
    }

    [Fact]
    public void The_value_of_the_body_is_the_groups()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            (await new TaskGroup().Run(async group =>
            {
                var one = group.CreateTask(Asyncio.Sleep(1, 1));
                var two = group.CreateTask(Asyncio.Sleep(1, 2));
                _ = group.CreateTask(Asyncio.Sleep(5));
                return await one + await two;
            })).ShouldBe(3);
            Asyncio.GetRunningLoop().Time.ShouldBe(5, 1e-9);
        }
    }

    [Fact]
    public void An_empty_group_costs_no_iteration()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var iterations = new IterationCounter();
            await new TaskGroup().Run(async _ => { });
            iterations.Now.ShouldBe(0);
        }
    }

    [Fact]
    public void Its_text_tells_what_is_going_on()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var group = new TaskGroup();
            group.ToString().ShouldBe("<TaskGroup>");
            await FailuresOf(group.Run(async group =>
            {
                group.ToString().ShouldBe("<TaskGroup entered>");
                _ = group.CreateTask(FailAfter(1));
                _ = group.CreateTask(Slow());
                group.ToString().ShouldBe("<TaskGroup tasks=2 entered>");
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    group.ToString().ShouldBe("<TaskGroup tasks=1 errors=1 cancelling>");
                }
            }));
            group.ToString().ShouldBe("<TaskGroup ended>");
            var plain = new TaskGroup();
            await plain.Run(async _ => { });
            plain.ToString().ShouldBe("<TaskGroup ended>");
        }

        static async Coroutine Slow()
        {
            try
            {
                await Asyncio.Sleep(10);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(1);
            }
        }
    }

    /// <summary>Awaits a group that is to fail, and gives what failed.</summary>
    internal static async Coroutine<IReadOnlyList<Exception>> FailuresOf(IAwaitable group)
        => (await OnLoop.Failure<TaskGroupException>(group)).InnerExceptions;

    internal static async Coroutine FailAfter(double seconds)
    {
        await Asyncio.Sleep(seconds);
        throw new FormatException();
    }
}
