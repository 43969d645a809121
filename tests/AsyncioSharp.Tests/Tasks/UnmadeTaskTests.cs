using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>
/// The children of a gather are tasks, although none is made until somebody looks or one is needed: whoever looks, at whatever moment, finds what would have been
/// there from the start.
/// </summary>
public abstract class UnmadeTaskTests : UnmadeTaskFixture
{
    private static readonly ContextVar<string> s_value = new("value", "none");

    [Fact]
    public void Children_that_nobody_looks_at_are_never_made()
    {
        const int Count = 1000;
        Run(async loop =>
        {
            var allocation = new Allocation();
            var children = new Coroutine<int>[Count];
            for (int round = 0; round < Allocation.Rounds; round++)
            {
                for (int i = 0; i < Count; i++)
                {
                    children[i] = Turns(2, i).Anew();
                }
                allocation.Begin();
                var gather = Asyncio.Gather<int>(children);
                allocation.End();
                await Asyncio.Sleep(0);
                children.ShouldAllBe(static child => child.Link is UnmadeTasks);
                (await gather).ShouldBe(Enumerable.Range(0, Count));
            }
            allocation.Least.ShouldBeLessThan(20 * Count); // their array is 8 bytes for each; a task would be 64
            loop.TaskCount.ShouldBe(1);
        });
    }

    [Fact]
    public void Methods_whose_coroutines_wait_have_their_tasks_made_at_once_for_a_while_and_then_again_not()
        => Run(static async loop =>
        {
            var future = loop.CreateFuture<int>();
            future.SetResult(1);
            Unmade(Waits(null)).ShouldBeTrue();
            await Asyncio.Gather(Waits(loop.CreateFuture<int>(), 5));
            int made = 0;
            while (!Unmade(Waits(null)))
            {
                made++;
            }
            made.ShouldBe(64);
            Unmade(Waits(null)).ShouldBeTrue();

            static bool Unmade(Coroutine coroutine) => coroutine.TrySpareTask();

            async Coroutine<int> Waits(Future<int>? given, int after = 0)
            {
                if (given is null)
                {
                    return 0;
                }
                Asyncio.GetRunningLoop().CallSoon(() => given.SetResult(after));
                return await given;
            }
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_child_is_the_same_task_whenever_it_asks(int turns)
        => Run(async loop =>
        {
            var seen = new List<CoroutineTask>();
            int[] results = await Asyncio.Gather(Asks().Anew(), Turns(3, 7).Anew());
            results.ShouldBe([5, 7]);
            seen.Distinct().Count().ShouldBe(1);
            var task = seen[0].ShouldBeOfType<CoroutineTask<int>>();
            task.Result().ShouldBe(5);
            task.Coroutine.State.ShouldBe(CoroutineState.Closed);
            Asyncio.AllTasks().ShouldBe([CoroutineTask.Current]);

            async Coroutine<int> Asks()
            {
                for (int i = 0; i < turns; i++)
                {
                    await Asyncio.Sleep(0);
                }
                for (int i = 0; i < 3; i++)
                {
                    seen.Add(CoroutineTask.Current);
                    seen.Add(Asyncio.CurrentTask()!);
                    await Asyncio.Sleep(0);
                }
                return 5;
            }
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void All_tasks_are_there_in_the_order_of_their_creation_whenever_somebody_looks(int turns)
        => Run(async loop =>
        {
            var before = Asyncio.CreateTask(Turns(9, 0));
            var gather = Asyncio.Gather<int>(Turns(9, 1).Anew(), Turns(9, 2).Anew(), before, Turns(9, 3).Anew(), loop.CreateFuture<int>(), Turns(9, 4).Anew());
            var after = Asyncio.CreateTask(Turns(9, 0));
            for (int i = 0; i < turns; i++)
            {
                await Asyncio.Sleep(0);
            }
            loop.TaskCount.ShouldBe(7);
            var tasks = loop.LiveTasks();
            tasks.Count.ShouldBe(7);
            tasks[0].ShouldBe(CoroutineTask.Current);
            tasks[1].ShouldBe(before);
            tasks[6].ShouldBe(after);
            tasks.ShouldBe(loop.LiveTasks());
            int[] numbers = [.. tasks.Select(static task => int.Parse(task.Name.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture))];
            numbers.ShouldBeInOrder();
            numbers.ShouldBeUnique();
            tasks.Take(2..6).ShouldAllBe(task => task.ListWaiters().Single() == gather);
            for (int i = 2; i < 6; i++)
            {
                await tasks[i];
                ((CoroutineTask<int>)tasks[i]).Result().ShouldBe(i - 1);
            }
        });

    [Fact]
    public void A_child_is_waited_for_as_every_task_once_it_is_known()
        => Run(static async loop =>
        {
            var gather = Asyncio.Gather(Turns(3, 1).Anew(), Turns(3, 2).Anew());
            await Asyncio.Sleep(0);
            var second = (CoroutineTask<int>)loop.LiveTasks()[2];
            (await second).ShouldBe(2);
            gather.IsDone.ShouldBeTrue(); // it waits for the child since the beginning, and so is told first
            (await gather).ShouldBe([1, 2]);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Cancelling_the_gather_cancels_the_children(int turns)
        => Run(async loop =>
        {
            var log = new List<string>();
            var gather = Asyncio.Gather(Child("a").Anew(), Child("b").Anew());
            for (int i = 0; i < turns; i++)
            {
                await Asyncio.Sleep(0);
            }
            gather.Cancel("enough").ShouldBeTrue();
            var cancelled = await OnLoop.Failure<CancelledException>(gather);
            cancelled.CancelMessage.ShouldBe("enough");
            log.ShouldBe(turns == 0 ? [] : ["a: enough", "b: enough"]);
            loop.TaskCount.ShouldBe(1);

            async Coroutine<int> Child(string name)
            {
                try
                {
                    return await Turns(9, 0);
                }
                catch (CancelledException e)
                {
                    log.Add($"{name}: {e.CancelMessage}");
                    throw;
                }
            }
        });

    [Fact]
    public void A_child_can_be_cancelled_by_itself_and_by_another_and_by_its_scope()
        => Run(static async loop =>
        {
            CoroutineTask? found = null;
            var outcomes = await Asyncio.GatherOutcomes(Itself().Anew(), Finds().Anew(), InScope().Anew());
            outcomes[0].IsCancelled.ShouldBeTrue();
            outcomes[1].IsCancelled.ShouldBeTrue();
            outcomes[2].Value.ShouldBe(3);

            static async Coroutine<int> Itself()
            {
                await Asyncio.Sleep(0);
                CoroutineTask.Current.Cancel();
                await Asyncio.Sleep(0);
                return 1;
            }

            async Coroutine<int> Finds()
            {
                found = CoroutineTask.Current;
                loop.CallSoon(() => found.Cancel());
                await Turns(5, 0);
                return 2;
            }

            static async Coroutine<int> InScope()
            {
                await Asyncio.Sleep(0);
                var scope = new CancelScope();
                await scope.Run(static async scope =>
                {
                    scope.Cancel();
                    await Asyncio.Sleep(0);
                });
                return scope.WasCaught ? 3 : 0;
            }
        });

    [Fact]
    public void A_child_that_fails_is_told_and_reported_as_every_task()
        => Run(static async loop =>
        {
            var reports = loop.CollectReports();
            var gather = Asyncio.Gather(Turns(2, 1).Anew(), Fails(0, "first").Anew(), Fails(1, "second").Anew(), Turns(9, 4).Anew());
            (await OnLoop.Failure<FormatException>(gather)).Message.ShouldBe("first");
            await Asyncio.Sleep(1);
            loop.TaskCount.ShouldBe(1);
            LoopHelpers.CollectGarbage();
            await Asyncio.Sleep(1);
            reports.ShouldBeEmpty();

            var outcomes = await Asyncio.GatherOutcomes(Turns(2, 1).Anew(), Fails(1, "third").Anew());
            outcomes[0].Value.ShouldBe(1);
            outcomes[1].Exception.ShouldBeOfType<FormatException>().StackTrace.ShouldNotBeNull().ShouldContain(nameof(Fails));
        });

    [Fact]
    public void Each_child_has_a_context_of_its_own()
        => Run(static async loop =>
        {
            (await Asyncio.Gather(Sets("one").Anew(), Sets(null).Anew(), Sets("two").Anew(), Sets(null).Anew())).ShouldBe(["one one", "none none", "two two", "none none"]);
            s_value.Get().ShouldBe("none");
            s_value.Set("outer");
            (await Asyncio.Gather(Sets("one").Anew(), Sets(null).Anew())).ShouldBe(["one one", "outer outer"]);

            static async Coroutine<string> Sets(string? value)
            {
                await Asyncio.Sleep(0);
                if (value is not null)
                {
                    s_value.Set(value);
                }
                string before = s_value.Get();
                await Asyncio.Sleep(0);
                return $"{before} {s_value.Get()}";
            }
        });

    [Fact]
    public void A_step_that_an_overridden_cancel_has_left_leaves_the_context_too()
    {
        Run(Body);

        static async Coroutine Body(EventLoop loop)
        {
            var reports = loop.CollectReports();
            (await Asyncio.Gather(IsCancelledInVain(loop).Anew(), Turns(9, 1).Anew())).ShouldBe([2, 1]);
            reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();
        }

        static async Coroutine<int> IsCancelledInVain(EventLoop loop)
        {
            await Asyncio.Sleep(0);
            var context = CoroutineTask.Current.Context;
            CoroutineTask.Current.Cancel();
            try
            {
                return await new Unwilling(Turns(3, 5), loop);
            }
            catch (CancelledException)
            {
                CoroutineTask.Current.Context.ShouldBeSameAs(context);
                context.IsEntered.ShouldBeTrue();
                return 2;
            }
        }
    }

    [Fact]
    public void A_context_variable_that_is_set_in_a_step_that_asks_for_the_task_stays_with_it()
        => Run(static async loop =>
        {
            (await Asyncio.Gather(Sets().Anew(), Turns(5, "other").Anew())).ShouldBe(["mine", "other"]);

            static async Coroutine<string> Sets()
            {
                s_value.Set("mine");
                _ = CoroutineTask.Current;
                await Asyncio.Sleep(0);
                return s_value.Get();
            }
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_that_is_given_twice_runs_once(bool isTyped)
        => Run(async loop =>
        {
            int runs = 0;
            var twice = Counts().Anew();
            if (isTyped)
            {
                (await Asyncio.Gather(Turns(1, 9).Anew(), twice, Turns(2, 8).Anew(), twice)).ShouldBe([9, 1, 8, 1]);
            }
            else
            {
                (await Asyncio.Gather((IAwaitable)Turns(1, 9).Anew(), twice, Asyncio.Sleep(0), twice)).ShouldBe([9, 1, null, 1]);
            }
            runs.ShouldBe(1);
            loop.TaskCount.ShouldBe(1);

            async Coroutine<int> Counts()
            {
                await Asyncio.Sleep(0);
                return ++runs;
            }
        });

#pragma warning disable ASYNCIO002 // that a coroutine is used twice is what is tested
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Who_takes_the_coroutine_of_a_child_in_hand_meets_its_task(int turns)
        => Run(async loop =>
        {
            var reports = loop.CollectReports();
            var child = Turns(4, 1).Anew();
            var gather = Asyncio.Gather(child);
            for (int i = 0; i < turns; i++)
            {
                await Asyncio.Sleep(0);
            }
            child.State.ShouldBe(turns == 0 ? CoroutineState.Created : CoroutineState.Suspended);
            if (turns == 0)
            {
                // As in CPython: it has not begun, so it runs here, and its task is refused.
                (await child).ShouldBe(1);
                (await OnLoop.Failure<InvalidOperationException>(gather)).Message.ShouldContain("is being awaited already");
                var late = Turns(1, 2).Anew();
                var first = Asyncio.Gather(late);
                var second = Asyncio.CreateTask(late);
                (await first).ShouldBe([2]);
                (await OnLoop.Failure<InvalidOperationException>(second)).Message.ShouldContain("coroutine");
            }
            else
            {
                (await OnLoop.Failure<InvalidOperationException>(Awaits(child))).Message.ShouldContain("is being awaited already");
                (await gather).ShouldBe([1]);
            }
            reports.ShouldBeEmpty();

            static async Coroutine<int> Awaits(Coroutine<int> given) => await given;
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_a_task_and_a_gather_that_are_given_one_coroutine_the_first_has_it(bool taskFirst)
        => Run(async loop =>
        {
            var coroutine = Turns(1, 3).Anew();
            var early = taskFirst ? Asyncio.CreateTask(coroutine) : null;
            var gather = Asyncio.GatherOutcomes(coroutine, Turns(0, 1).Anew());
            var task = early ?? Asyncio.CreateTask(coroutine);
            var outcomes = await Asyncio.GatherOutcomes<int>(task);
            var gathered = await gather;
            (taskFirst ? outcomes[0] : gathered[0]).Value.ShouldBe(3);
            (taskFirst ? gathered[0] : outcomes[0]).Exception.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("coroutine");
            gathered[1].Value.ShouldBe(1);
        });
#pragma warning restore ASYNCIO002

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_child_whose_coroutine_is_closed_fails_as_every_task(int turns)
        => Run(async loop =>
        {
            bool hasLeft = false;
            var child = Leaves().Anew();
            var gather = Asyncio.Gather(child, Turns(9, 2).Anew());
            for (int i = 0; i < turns; i++)
            {
                await Asyncio.Sleep(0);
            }
            child.Close();
            hasLeft.ShouldBe(turns > 0);
            child.State.ShouldBe(CoroutineState.Closed);
            (await OnLoop.Failure<InvalidOperationException>(gather)).Message.ShouldContain("cannot reuse already awaited coroutine");

            async Coroutine<int> Leaves()
            {
                try
                {
                    await Asyncio.Sleep(0);
                    await Asyncio.Sleep(0);
                    return 1;
                }
                finally
                {
                    hasLeft = true;
                }
            }
        });

    [Fact]
    public void A_child_that_begins_eager_tasks_and_gathers_is_itself_all_the_while()
        => Run(static async loop =>
        {
            (await Asyncio.Gather(Outer().Anew(), Turns(3, 0).Anew())).ShouldBe([6, 0]);

            static async Coroutine<int> Outer()
            {
                await Asyncio.Sleep(0);
                CoroutineTask? inner = null;
                var eager = Asyncio.CreateTask(Inner(), eagerStart: true);
                inner.ShouldBe(eager);
                var self = CoroutineTask.Current;
                self.ShouldNotBe(eager);
                int sum = (await Asyncio.Gather(Turns(1, 1).Anew(), Turns(0, 2).Anew(), Turns(2, 3).Anew())).Sum();
                CoroutineTask.Current.ShouldBe(self);
                await eager;
                return sum;

                async Coroutine Inner()
                {
                    inner = CoroutineTask.Current;
                    Asyncio.AllTasks().Count.ShouldBe(4);
                    await Asyncio.Sleep(0);
                }
            }
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Children_of_a_loop_that_is_closed_end_with_it(int iterations)
        => InContext(() =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = false;
            var reports = loop.CollectReports();
            IFuture<int[]>? gather = null;
            var child = Turns(9, 1).Anew();
            loop.CallSoon(() => gather = Asyncio.Gather(child, Turns(9, 2).Anew()));
            loop.RunIteration();
            for (int i = 0; i < iterations; i++)
            {
                loop.RunIteration();
            }
            loop.TaskCount.ShouldBe(2);
            loop.Close();
            loop.TaskCount.ShouldBe(0);
            gather!.IsDone.ShouldBeFalse();
            reports.ShouldBeEmpty(); // they were made by a function
            child.Close();
            child.State.ShouldBe(CoroutineState.Closed);
        });

    [Fact]
    public void Tasks_are_seen_while_the_loop_does_not_run()
        => InContext(() =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = false;
            IFuture<int[]>? gather = null;
            loop.CallSoon(() => gather = Asyncio.Gather(Turns(3, 1).Anew(), Turns(3, 2).Anew()));
            loop.RunIteration();
            loop.RunIteration();
            var tasks = Asyncio.AllTasks(loop);
            tasks.Count.ShouldBe(2);
            Asyncio.AllTasks(loop).SetEquals(tasks).ShouldBeTrue();
            ((int[])loop.RunUntilComplete(gather!)).ShouldBe([1, 2]);
            tasks.ShouldAllBe(static task => task.IsDone);
            loop.Close();
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gather_of_a_base_type_takes_coroutines_of_derived_ones(bool isTyped)
        => Run(async loop =>
        {
            var first = Turns(1, "first").Anew();
            var second = Turns(2, "second").Anew();
            if (isTyped)
            {
                (await Asyncio.Gather<object, object>(first, second)).ShouldBe(("first", "second"));
            }
            else
            {
                (await Asyncio.Gather<object>(first, second)).ShouldBe(["first", "second"]);
            }
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_handler_of_a_context_variable_meets_the_same_tasks_whenever_it_is_called(bool always)
    {
        Meet(null).ShouldBe(Meet(new PlainTaskFactory()));

        List<int> Meet(ITaskFactory? factory)
        {
            bool isOn = false;
            var met = new List<CoroutineTask?>();
            var meetings = new List<int>();
            var variable = new AsyncLocal<int>(change =>
            {
                if (isOn && (always || change.CurrentValue == 0) && EventLoop.Running is { } loop)
                {
                    var task = loop.CurrentTask;
                    if (!met.Contains(task))
                    {
                        met.Add(task);
                    }
                    meetings.Add(met.IndexOf(task));
                }
            });
            Run(async loop =>
            {
                loop.TaskFactory = factory;
                variable.Value = 3;
                isOn = true;
                (await Asyncio.Gather(Reads(0).Anew(), Reads(1).Anew(), Reads(2).Anew())).ShouldBe([3, 3, 3]);
                isOn = false;
            });
            return [.. meetings.Distinct()];

            async Coroutine<int> Reads(int turns)
            {
                for (int i = 0; i < turns; i++)
                {
                    await Asyncio.Sleep(0);
                }
                return variable.Value;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_child_can_wait_for_a_task_a_future_a_sleep_and_a_lock(bool yieldsFirst)
        => Run(async loop =>
        {
            var task = Asyncio.CreateTask(Turns(3, 1));
            var future = loop.CreateFuture<int>();
            loop.CallLater(1, () => future.SetResult(2));
            var held = new AsyncLock();
            (await Asyncio.Gather(Waits(() => task).Anew(), Waits(() => future).Anew(), Waits(() => Asyncio.Sleep(1, 3)).Anew(), Locks().Anew())).ShouldBe([1, 2, 3, 4]);

            async Coroutine<int> Waits(Func<IAwaitable<int>> awaitable)
            {
                if (yieldsFirst)
                {
                    await Asyncio.Sleep(0);
                }
                return await awaitable();
            }

            async Coroutine<int> Locks()
            {
                using var acquired = await held.Acquire();
                return 4;
            }
        });

    [Fact]
    public void Entries_of_the_queue_that_are_no_tasks_stay_what_they_are_when_tasks_are_made()
        => Run(static async loop =>
        {
            CoroutineTask? current = CoroutineTask.Current;
            var looks = new Looking(loop, () => current = loop.CurrentTask);
            var waits = Asyncio.Gather(Turns(50, 1).Anew(), Wait(loop, looks).Anew(), Sleeps().Anew());
            loop.CallLater(1, loop.MakeTasks);
            loop.CallLater(1.5, loop.MakeTasks);
            (await waits).ShouldBe([1, 7, 8]);
            current.ShouldBeNull(); // a timer asked

            static async Coroutine<int> Wait(EventLoop loop, Looking looks)
            {
                try
                {
                    return await Asyncio.WaitFor(looks, 1);
                }
                catch (TimeoutException)
                {
                    return 7;
                }
            }

            static async Coroutine<int> Sleeps()
            {
                await Asyncio.Sleep(1);
                return 8;
            }
        });

    [Fact]
    public void Debug_mode_that_begins_meanwhile_tells_no_wrong_place_of_creation()
        => Run(static async loop =>
        {
            var gather = Asyncio.Gather(Turns(9, 1).Anew(), Turns(9, 2).Anew());
            loop.Debug = true;
            loop.LiveTasks().ShouldAllBe(static task => task.SourceTraceback == null);
            loop.Debug = false;
            (await gather).ShouldBe([1, 2]);
        });

    [Fact]
    public void The_graph_of_who_awaits_whom_has_the_children()
        => Run(static async loop =>
        {
            var gather = Asyncio.Gather(Turns(9, 1).Anew(), Turns(9, 2).Anew());
            ((IDerived)gather).Sources.Count().ShouldBe(2);
            loop.TaskCount.ShouldBe(3);
            (await gather).ShouldBe([1, 2]);
        });

    [Fact]
    public void A_gather_that_has_failed_lets_go_of_the_results_although_a_child_goes_on()
        => Run(static async loop =>
        {
            var (weak, gather) = Start(loop);
            (await OnLoop.Failure<FormatException>(gather)).Message.ShouldBe("late");
            LoopHelpers.CollectGarbage();
            weak.IsAlive.ShouldBeFalse();
            loop.TaskCount.ShouldBe(2);

            [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
            static (WeakReference, IFuture<object[]>) Start(EventLoop loop)
            {
                object value = new();
                return (new WeakReference(value), Asyncio.Gather<object>(Turns(0, value).Anew(), Fails<object>(3, "late").Anew(), Turns<object>(99, "").Anew()));
            }
        });

    [Fact]
    public void What_was_created_and_has_ended_is_counted()
        => Run(static async loop =>
        {
            long before = loop.TaskCounts.Created;
            await Asyncio.Gather(Turns(0, 1).Anew(), Turns(1, 2).Anew(), Turns(2, 3).Anew());
            loop.TaskCounts.Created.ShouldBe(before + 3);
            loop.TaskCount.ShouldBe(1);
        });

    [Fact]
    public void An_interrupt_in_a_child_leaves_the_loop()
    {
        var failure = Record.Exception(() => Run(static async loop => await Asyncio.Gather(Interrupts().Anew(), Turns(3, 1).Anew())));
        failure.ShouldBeOfType<KeyboardInterruptException>();

        static async Coroutine<int> Interrupts()
        {
            await Asyncio.Sleep(0);
            throw new KeyboardInterruptException();
        }
    }

    [Fact]
    public void A_watch_that_begins_meanwhile_sees_tasks()
        => Run(static async loop =>
        {
            var log = loop.CollectLog();
            var gather = Asyncio.Gather(Turns(200, 1).Anew(), Slow(200).Anew());
            await Asyncio.Sleep(0);
            loop.SlowCallbackDuration = TimeSpan.Zero;
            loop.Debug = true;
            (await gather).ShouldBe([1, 2]);
            loop.Debug = false;
            log.ToString().ShouldContain("Executing <Task pending name='Task-");
            log.ToString().ShouldNotContain("Executing <coroutine");

            static async Coroutine<int> Slow(int turns)
            {
                await Turns(turns, 0);
                return 2;
            }
        });

    [Fact]
    public void Nothing_is_left_unmade_where_somebody_makes_or_watches_tasks()
        => Run(static async loop =>
        {
            loop.LeavesTasksUnmade.ShouldBeTrue();
            loop.TaskFactory = Asyncio.EagerTaskFactory;
            loop.LeavesTasksUnmade.ShouldBeFalse();
            loop.TaskFactory = null;
            loop.Debug = true;
            loop.LeavesTasksUnmade.ShouldBeFalse();
            loop.Debug = false;
            loop.LeavesTasksUnmade.ShouldBeTrue();
            loop.Watchdog = TimeSpan.FromMinutes(1);
            await Asyncio.Sleep(0); // the loop looks whether it is watched
            await Asyncio.Sleep(0);
            loop.LeavesTasksUnmade.ShouldBeFalse();
            loop.Watchdog = null;
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            loop.LeavesTasksUnmade.ShouldBeTrue();
            LoopHelpers.OnOtherThread(static () => Schedules.Explore(InSchedule, count: 1)).ShouldBeNull();

            static async Coroutine InSchedule() => Asyncio.GetRunningLoop().LeavesTasksUnmade.ShouldBeFalse();
        });

    private sealed class Looking(EventLoop loop, Action look) : CoroutineTask<int>(Sleeping(), loop)
    {
        public override bool Cancel(string? message = null)
        {
            look();
            return base.Cancel(message);
        }
    }

    private sealed class Unwilling(Coroutine<int> coroutine, EventLoop loop) : CoroutineTask<int>(coroutine, loop)
    {
        public override bool Cancel(string? message = null) => throw new FormatException("no");
    }

    private static async Coroutine<int> Sleeping()
    {
        await Asyncio.Sleep(99);
        return 0;
    }
}

/// <summary>In the context of the test framework.</summary>
public sealed class UnmadeTaskInAContextTests : UnmadeTaskTests
{
    protected override void InContext(Action test) => test();
}

/// <summary>In the empty context, as most programs.</summary>
public sealed class UnmadeTaskInTheEmptyContextTests : UnmadeTaskTests
{
    protected override void InContext(Action test) => EmptyContext.Run(test);
}
