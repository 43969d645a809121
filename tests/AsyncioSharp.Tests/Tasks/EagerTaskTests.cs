using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>Tasks whose first step runs where they are created: by the factory, for all tasks of a loop, or asked for one at a time.</summary>
public class EagerTaskTests
{
    private const string Rows = "test_eager_task_factory.py::EagerTaskFactoryLoopTests.";

    [Fact]
    public void A_task_with_a_token_may_be_eager_too_and_does_not_begin_if_the_token_is_cancelled_already()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var source = new CancellationTokenSource();
            var log = new List<string>();
            var first = Asyncio.CreateTask(Work("first"), source.Token, eagerStart: true);
            var second = Asyncio.GetRunningLoop().CreateTask((Coroutine)Work("second"), source.Token, eagerStart: true);
            log.ShouldBe(["first", "second"]);
            source.Cancel();
            foreach (var task in (CoroutineTask[])[first, second, Asyncio.CreateTask(Work("third"), source.Token, eagerStart: true)])
            {
                (await OnLoop.Failure<CancelledException>(task)).CancellationToken.ShouldBe(source.Token);
            }
            log.ShouldBe(["first", "second"]);

            async Coroutine<int> Work(string name)
            {
                log.Add(name);
                return await Asyncio.Sleep(10, 1);
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_eager_task_factory_set")]
    [CPython(Rows + "test_eager_completion")]
    [CPython(Rows + "test_await_future_during_eager_step")]
    public void A_coroutine_that_does_not_suspend_is_done_when_its_task_is_created()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.TaskFactory.ShouldBeSameAs(Asyncio.EagerTaskFactory);
            var future = loop.CreateFuture<string>();
            var task = loop.CreateTask(Set());
            task.IsDone.ShouldBeTrue();
            task.Result().ShouldBe("hello");
            (await task).ShouldBe("hello");
            (await future).ShouldBe("my message");

            async Coroutine<string> Set()
            {
                future.SetResult("my message");
                return "hello";
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_block_after_eager_step")]
    public void A_coroutine_that_suspends_goes_on_later()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var order = new List<string>();
            var task = Asyncio.CreateTask(Body());
            order.Add("created");
            task.IsDone.ShouldBeFalse();
            (await task).ShouldBe("finished after blocking");
            order.ShouldBe(["begins", "created", "goes on"]);

            async Coroutine<string> Body()
            {
                order.Add("begins");
                await Asyncio.Sleep(1);
                order.Add("goes on");
                return "finished after blocking";
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_cancellation_after_eager_completion")]
    [CPython(Rows + "test_cancellation_after_eager_step_blocks")]
    public void It_can_be_cancelled_after_its_eager_step_unless_that_completed_it()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var done = Asyncio.CreateTask(Return());
            done.Cancel().ShouldBeFalse();
            (await done).ShouldBe(5);
            done.IsCancelled.ShouldBeFalse();

            var blocked = Asyncio.CreateTask(Asyncio.Sleep(1));
            blocked.Cancel("cancellation message").ShouldBeTrue();
            blocked.Cancelling.ShouldBe(1);
            (await OnLoop.Failure<CancelledException>(blocked)).CancelMessage.ShouldBe("cancellation message");
            blocked.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine<int> Return() => 5;
    }

    [Fact]
    [CPython(Rows + "test_current_task")]
    public void The_current_task_is_the_new_one_during_its_eager_step_and_the_creator_afterwards()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var creator = CoroutineTask.Current;
            CoroutineTask? seen = null;
            var task = Asyncio.CreateTask(Body());
            seen.ShouldBeSameAs(task);
            CoroutineTask.Current.ShouldBeSameAs(creator);
            await task;
            CoroutineTask.Current.ShouldBeSameAs(creator);

            async Coroutine Body()
            {
                seen = CoroutineTask.Current;
                var inner = Asyncio.CreateTask(Inner());
                CoroutineTask.Current.ShouldBeSameAs(seen);
                inner.Result().ShouldBeSameAs(inner);
                await Asyncio.Sleep(1);
                CoroutineTask.Current.ShouldBeSameAs(seen);
            }

            static async Coroutine<CoroutineTask> Inner() => CoroutineTask.Current;
        }
    }

    [Fact]
    [CPython(Rows + "test_all_tasks_with_eager_completion")]
    [CPython(Rows + "test_all_tasks_with_blocking")]
    public void It_is_listed_during_its_eager_step_and_while_it_is_suspended()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            HashSet<CoroutineTask>? seen = null;
            var done = Asyncio.CreateTask(Look());
            seen!.ShouldContain(done);
            Asyncio.AllTasks().ShouldNotContain(done);

            var gate = Asyncio.GetRunningLoop().CreateFuture();
            var blocked = Asyncio.CreateTask(LookAndWait());
            seen!.ShouldContain(blocked);
            Asyncio.AllTasks().ShouldContain(blocked);
            gate.SetResult(null);
            await blocked;
            Asyncio.AllTasks().ShouldNotContain(blocked);

            async Coroutine Look() => seen = Asyncio.AllTasks();

            async Coroutine LookAndWait()
            {
                seen = Asyncio.AllTasks();
                await gate;
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_context_vars")]
    public void Its_eager_step_runs_in_a_copy_of_the_context()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var variable = new ContextVar<int>("variable", 0);
            (await Asyncio.CreateTask(SetTo(5))).ShouldBe(0); // begun in the empty context
            variable.Get().ShouldBe(0);
            variable.Set(1);
            var task = Asyncio.CreateTask(SetTo(2));
            variable.Get().ShouldBe(1);
            (await task).ShouldBe(1);
            variable.Get().ShouldBe(1);

            async Coroutine<int> SetTo(int value)
            {
                int before = variable.Get();
                variable.Set(value);
                await Asyncio.Sleep(1);
                variable.Get().ShouldBe(value);
                variable.Set(value + 1);
                return before;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_eager_task_factory.py::BaseTaskCountingTests.test_awaitables_chain")]
    [CPython("test_eager_task_factory.py::BaseTaskCountingTests.test_recursive_gather")]
    [CPython("test_eager_task_factory.py::BaseTaskCountingTests.test_recursive_taskgroups")]
    public void What_completes_eagerly_is_never_scheduled(bool eager)
    {
        Scheduled(() => Chain(100)).ShouldBe(0); // the task that awaits it was there before
        Scheduled(() => Groups(5, 4)).ShouldBe(eager ? 0 : 780);
        Scheduled(() => Gathers(5, 4)).ShouldBe(eager ? 0 : 780);

        int Scheduled(Func<Coroutine> program)
        {
            return VirtualTimeLoop.Run(Main());

            async Coroutine<int> Main()
            {
                var counter = new CountingFactory(eager);
                Asyncio.GetRunningLoop().TaskFactory = counter;
                await program();
                return counter.Scheduled;
            }
        }

        static async Coroutine<int> Chain(int depth) => depth == 0 ? 0 : 1 + await Chain(depth - 1);

        static async Coroutine Groups(int width, int depth)
        {
            if (depth > 0)
            {
                await new TaskGroup().Run(async group =>
                {
                    for (int i = 0; i < width; i++)
                    {
                        _ = group.CreateTask(Groups(width, depth - 1));
                    }
                });
            }
        }

        static async Coroutine Gathers(int width, int depth)
        {
            if (depth > 0)
            {
                await Asyncio.Gather(Enumerable.Range(0, width).Select(_ => (IAwaitable)Gathers(width, depth - 1)));
            }
        }
    }

    [Fact]
    public void A_failure_of_the_eager_step_is_the_tasks()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Fail());
            task.IsDone.ShouldBeTrue();
            task.Exception().ShouldBeOfType<FormatException>();
        }

        static async Coroutine Fail() => throw new FormatException();
    }

    [Fact]
    public void A_task_may_cancel_itself_in_its_eager_step()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            task.IsDone.ShouldBeFalse();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("self");
            var returned = Asyncio.CreateTask(Return());
            returned.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine Body()
        {
            CoroutineTask.Current.Cancel("self");
            await Asyncio.Sleep(1);
        }

        static async Coroutine Return() => CoroutineTask.Current.Cancel();
    }

    [Fact]
    public void An_eager_step_may_cancel_its_creator()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var creator = Asyncio.CreateTask(Create());
            (await OnLoop.Failure<CancelledException>(creator)).CancelMessage.ShouldBe("by the child");
        }

        static async Coroutine Create()
        {
            await Asyncio.Sleep(1); // so that the creator has been suspended before
            var creator = CoroutineTask.Current;
            _ = Asyncio.CreateTask(Cancel());
            await Asyncio.Sleep(1);

            async Coroutine Cancel() => creator.Cancel("by the child");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_task_can_be_made_eager_or_lazy_one_at_a_time(bool loopIsEager)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().TaskFactory = loopIsEager ? Asyncio.EagerTaskFactory : null;
            int ran = 0;
            var eager = Asyncio.CreateTask(Body(), "eager", eagerStart: true);
            ran.ShouldBe(1);
            eager.IsDone.ShouldBeTrue();
            eager.Name.ShouldBe("eager");
            var lazy = Asyncio.CreateTask(Body(), "lazy", eagerStart: false);
            ran.ShouldBe(1);
            lazy.IsDone.ShouldBeFalse();
            await lazy;
            lazy.Name.ShouldBe("lazy");
            Asyncio.CreateTask(Value(), eagerStart: true).Result().ShouldBe(7);
            await new TaskGroup().Run(async group =>
            {
                group.CreateTask(Value(), eagerStart: true).IsDone.ShouldBeTrue();
                group.CreateTask(Body(), eagerStart: true).IsDone.ShouldBeTrue();
                group.CreateTask(Value(), eagerStart: false).IsDone.ShouldBeFalse();
            });

            async Coroutine Body() => ran++;

            static async Coroutine<int> Value() => 7;
        }
    }

    [Fact]
    public void Its_coroutine_is_known_when_it_has_ended_in_its_eager_step()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var coroutine = Asyncio.Sleep(0, 1);
            Asyncio.CreateTask(coroutine, eagerStart: true).Coroutine.ShouldBeSameAs(coroutine);
            var ended = Ended();
            var task = Asyncio.CreateTask(ended, eagerStart: true);
            task.IsDone.ShouldBeTrue();
            task.Coroutine.ShouldBeSameAs(ended);
            await Asyncio.Sleep(0);
        }

        static async Coroutine<int> Ended() => 1;
    }

    [Fact]
    public void The_name_is_known_in_the_eager_step()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            Asyncio.CreateTask(Name(), "given").Result().ShouldBe("given");
            Asyncio.CreateTask(Name()).Result().ShouldStartWith("Task-");
        }

        static async Coroutine<string> Name() => CoroutineTask.Current.Name;
    }

    [Fact]
    public void Where_the_loop_does_not_run_the_first_step_is_queued()
    {
        var loop = VirtualTimeLoop.Create();
        loop.TaskFactory = Asyncio.EagerTaskFactory;
        bool ran = false;
        var task = loop.CreateTask(Body(), eagerStart: true);
        ran.ShouldBeFalse();
        loop.RunUntilComplete(task);
        ran.ShouldBeTrue();
        loop.Close();

        async Coroutine Body() => ran = true;
    }

    [Fact]
    public void CPython_157301_a_start_that_fails_leaves_nothing_behind()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            var entered = CoroutineTask.Current.Context;
            var coroutine = Body();
            Should.Throw<InvalidOperationException>(() => Asyncio.CreateTask(coroutine, context: entered)).Message.ShouldContain("context");
            coroutine.State.ShouldBe(CoroutineState.Created);
            Asyncio.AllTasks().ShouldBe([CoroutineTask.Current]);
            (await Asyncio.CreateTask(coroutine)).ShouldBe(5);
            (await Asyncio.CreateTask(Body(), context: entered, eagerStart: false)).ShouldBe(5);
        }

        static async Coroutine<int> Body() => 5;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_context_that_is_asked_for_in_an_eager_step_is_the_one_in_which_it_runs(bool eager)
    {
        EmptyContext.Run(() => VirtualTimeLoop.Run(Main()));

        async Coroutine Main() => await Asyncio.CreateTask(Body(), eagerStart: eager);

        static async Coroutine Body()
        {
            var variable = new ContextVar<int>("variable", 0);
            var context = CoroutineTask.Current.Context;
            context.IsEntered.ShouldBeTrue();
            variable.Set(5);
            await Asyncio.Sleep(0);
            CoroutineTask.Current.Context.ShouldBeSameAs(context);
            variable.Get().ShouldBe(5);
        }
    }

    [Fact]
    public void A_keyboard_interrupt_in_an_eager_step_comes_out_at_the_creation()
    {
        bool reached = false;
        Should.Throw<KeyboardInterruptException>(() => RunEagerly(Main));
        reached.ShouldBeTrue();

        async Coroutine Main()
        {
            var creator = CoroutineTask.Current;
            try
            {
                _ = Asyncio.CreateTask(Interrupt());
            }
            finally
            {
                reached = CoroutineTask.Current == creator;
            }
        }

        static async Coroutine Interrupt() => throw new KeyboardInterruptException();
    }

    [Fact]
    public void Tasks_that_create_each_other_eagerly_without_end_do_not_overflow_the_stack()
    {
        RunEagerly(Main);

        static async Coroutine Main() => (await Asyncio.CreateTask(Deep(100_000))).ShouldBe(100_000);

        static async Coroutine<int> Deep(int depth) => depth == 0 ? 0 : 1 + await Asyncio.CreateTask(Deep(depth - 1));
    }

    [Fact]
    public void CPython_128550_a_task_whose_eager_step_starts_a_failing_one_is_cancelled_with_the_group()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            CoroutineTask? second = null;
            var failures = await Scopes.TaskGroupTests.FailuresOf(new TaskGroup().Run(async group => second = group.CreateTask(Second(group))));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            second!.IsCancelled.ShouldBeTrue();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }

        static async Coroutine Second(TaskGroup group)
        {
            _ = group.CreateTask(Third());
            await Asyncio.Sleep(3600);
        }

        static async Coroutine Third() => throw new FormatException();
    }

    [Fact]
    public void CPython_155418_a_task_that_cancels_its_group_in_its_eager_step_is_cancelled_too()
    {
        RunEagerly(Main);

        static async Coroutine Main()
        {
            CoroutineTask? task = null;
            await new TaskGroup().Run(async group => task = group.CreateTask(Body(group)));
            task!.IsCancelled.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(0);
        }

        static async Coroutine Body(TaskGroup group)
        {
            group.Cancel();
            await Asyncio.Sleep(3600);
        }
    }

    [Fact]
    public void A_factory_may_make_tasks_of_its_own_kind_eagerly()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var counter = new CountingFactory(eager: true);
            var factory = Asyncio.CreateEagerTaskFactory(counter);
            Asyncio.GetRunningLoop().TaskFactory = factory;
            Asyncio.CreateTask(Value()).Result().ShouldBe(7);
            Asyncio.CreateTask(Value(), eagerStart: false).IsDone.ShouldBeFalse();
            counter.Created.ShouldBe(2);
            Should.Throw<ArgumentNullException>(() => Asyncio.CreateEagerTaskFactory(null!)).ParamName.ShouldBe("constructor");
        }

        static async Coroutine<int> Value() => 7;
    }

    [Fact]
    public void A_factory_that_knows_nothing_of_eager_tasks_refuses_them()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Asyncio.GetRunningLoop().TaskFactory = new PlainTaskFactory();
            var coroutine = Value();
            Should.Throw<NotSupportedException>(() => Asyncio.CreateTask(coroutine, eagerStart: true)).Message.ShouldContain("eagerStart");
            (await Asyncio.CreateTask(coroutine, "name", eagerStart: false)).ShouldBe(7);
            Should.Throw<NotSupportedException>(() => Asyncio.CreateTask(Asyncio.Sleep(1), eagerStart: true));
        }

        static async Coroutine<int> Value() => 7;
    }

    private static void RunEagerly(Func<Coroutine> main) => Asyncio.Run(main(), loopFactory: static () =>
    {
        var loop = VirtualTimeLoop.Create();
        loop.TaskFactory = Asyncio.EagerTaskFactory;
        return loop;
    });

    // Counts the tasks that are not done when they are created.
    private sealed class CountingFactory(bool eager) : ITaskFactory
    {
        public int Scheduled { get; private set; }

        public int Created { get; private set; }

        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => Create(loop, coroutine, null, context, null);

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => Create(loop, coroutine, null, context, null);

        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, string? name, Context? context, bool? eagerStart)
            => Counted(new CoroutineTask(coroutine, loop, name, context, eagerStart ?? eager));

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, string? name, Context? context, bool? eagerStart)
            => Counted(new CoroutineTask<T>(coroutine, loop, name, context, eagerStart ?? eager));

        private TTask Counted<TTask>(TTask task)
            where TTask : CoroutineTask
        {
            Created++;
            Scheduled += task.IsDone ? 0 : 1;
            return task;
        }
    }
}
