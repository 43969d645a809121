using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>A task's life (TASK-01 to TASK-09, TASK-12, TASK-13): scheduled, stepped until it suspends on something pending, done.</summary>
public class TaskLifeTests
{
    private readonly List<string> _log = [];

    [Fact]
    [Rule("TASK-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_bare_create_task")]
    public void Making_a_task_schedules_its_first_step_and_runs_nothing_inside_the_call()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["made", "before", "A", "B", "C", "D", "after"]);

        async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.CallSoon(() => _log.Add("before"));
            var tasks = new Future[]
            {
                Asyncio.CreateTask(Say("A")),
                loop.CreateTask(Say("B")),
                new CoroutineTask(Say("C"), loop),
                Asyncio.EnsureFuture(Say("D")),
            };
            loop.CallSoon(() => _log.Add("after"));
            _log.Add("made");
            await Asyncio.Wait(tasks);
        }

        async Coroutine Say(string text) => _log.Add(text);
    }

    [Fact]
    [Rule("TASK-02")]
    public void Only_a_coroutine_makes_a_task()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            Should.Throw<ArgumentNullException>(() => Asyncio.CreateTask(null!)).ParamName.ShouldBe("coroutine");
            Should.Throw<ArgumentNullException>(() => loop.CreateTask<int>(null!)).ParamName.ShouldBe("coroutine");
            Should.Throw<ArgumentNullException>(() => new CoroutineTask(null!, loop)).ParamName.ShouldBe("coroutine");

            // Futures, functions and other awaitables do not compile: the one kind of argument is the coroutine.
            foreach (var method in typeof(Asyncio).GetMethods().Where(method => method.Name == nameof(Asyncio.CreateTask)))
                typeof(Coroutine).IsAssignableFrom(method.GetParameters()[0].ParameterType).ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("TASK-03")]
    public void Without_a_running_loop_CreateTask_fails_and_leaves_the_coroutine_as_it_was()
    {
        var coroutine = Nothing();

        Should.Throw<InvalidOperationException>(() => Asyncio.CreateTask(coroutine)).Message.ShouldContain("no running event loop");

        coroutine.State.ShouldBe(CoroutineState.Created);
        VirtualTimeLoop.Run(coroutine);
    }

    [Fact]
    [Rule("TASK-04")]
    public void A_step_runs_on_through_everything_that_is_done()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["1", "2", "3", "iteration", "4"]);

        async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var done = loop.CreateFuture<int>();
            done.SetResult(1);
            loop.CallSoon(() => _log.Add("iteration"));
            _log.Add("1");
            await done;
            _log.Add("2");
            await Nothing();
            _log.Add("3");
            await Asyncio.Sleep(0);
            _log.Add("4");
        }
    }

    [Fact]
    [Rule("TASK-05")]
    public void The_coroutines_end_is_the_tasks_outcome()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var returning = Asyncio.CreateTask(Return());
            var raising = Asyncio.CreateTask(Raise());
            var cancelling = Asyncio.CreateTask(RaiseCancelled());
            await Asyncio.Wait(returning, raising, cancelling);

            returning.Result().ShouldBe(7);
            returning.Exception().ShouldBeNull();
            raising.Exception().ShouldBeOfType<FormatException>();
            raising.IsCancelled.ShouldBeFalse();
            Should.Throw<FormatException>(() => raising.Result());
            cancelling.IsCancelled.ShouldBeTrue(); // although nobody called Cancel
            Should.Throw<CancelledException>(() => cancelling.Result()).CancelMessage.ShouldBe("own");
        }

        static async Coroutine<int> Return() => 7;
        static async Coroutine<int> Raise() => throw new FormatException();
        static async Coroutine<int> RaiseCancelled() => throw new CancelledException("own");
    }

    [Fact]
    [Rule("TASK-06")]
    public void Awaiting_a_finished_task_is_immediate_any_number_of_times()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["step", "callback", "awaited", "7", "7", "iteration"]);

        async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Seven());
            task.AddDoneCallback(_ => _log.Add("callback"));
            (await task).ShouldBe(7);
            _log.Add("awaited");
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("iteration"));
            _log.Add($"{await task}");
            _log.Add($"{await task}");
            await Asyncio.Sleep(0);
        }

        async Coroutine<int> Seven()
        {
            _log.Add("step");
            return 7;
        }
    }

    [Fact]
    [Rule("TASK-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_set_methods", Deviation = "a task has no setters")]
    [CPython("test_tasks.py::GenericTaskTests.test_future_subclass")]
    public void A_task_is_a_future_without_setters()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(1, 5));
            _ = task.ShouldBeAssignableTo<Future>();
            _ = task.ShouldBeAssignableTo<IFuture<int>>();
            Should.Throw<InvalidStateException>(() => task.Result());
            Should.Throw<InvalidStateException>(() => task.Exception());
            task.GetType().GetMethod("SetResult").ShouldBeNull();
            task.GetType().GetMethod("SetException").ShouldBeNull();
            (await task).ShouldBe(5);
        }
    }

    [Fact]
    [Rule("TASK-08")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_awaits_on_itself")]
    public void A_task_that_awaits_itself_gets_an_exception_in_the_next_iteration()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["iteration", "caught"]);

        async Coroutine Test()
        {
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("iteration"));
            try
            {
                await Asyncio.CurrentTask()!;
            }
            catch (InvalidOperationException e)
            {
                e.Message.ShouldContain("Task cannot await on itself");
                _log.Add("caught");
            }
        }
    }

    [Fact]
    [Rule("TASK-08")]
    public void A_task_that_has_awaited_itself_can_be_awaited_by_others()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            CoroutineTask<int>? itself = null;
            itself = Asyncio.CreateTask(AwaitsItself());
            (await Asyncio.CreateTask(Awaits(itself))).ShouldBe(7); // begins before the exception arrives

            async Coroutine<int> AwaitsItself()
            {
                try
                {
                    await itself!;
                }
                catch (InvalidOperationException)
                {
                    return 7;
                }
                return 0;
            }
        }

        static async Coroutine<int> Awaits(CoroutineTask<int> task) => await task;
    }

    [Fact]
    [Rule("TASK-09")]
    public void A_task_that_nobody_keeps_does_not_vanish()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["done"]);

        async Coroutine Test()
        {
            Spawn();
            await Asyncio.Sleep(0);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            await Asyncio.Sleep(2);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Spawn() => _ = Asyncio.CreateTask(Body());

        async Coroutine Body()
        {
            await Asyncio.Sleep(1);
            _log.Add("done");
        }
    }

    [Fact]
    [Rule("TASK-12")]
    [CPython("test_tasks.py::BaseTaskTests.test_error_in_call_soon", Deviation = "no task comes to be, so none is reported")]
    public void If_the_first_step_cannot_be_scheduled_there_is_no_task()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, context) => _log.Add(context.Message ?? "");
        loop.Close();
        var coroutine = Nothing();

        Should.Throw<InvalidOperationException>(() => loop.CreateTask(coroutine)).Message.ShouldContain("closed");
        Should.Throw<InvalidOperationException>(() => new CoroutineTask(coroutine, loop)).Message.ShouldContain("closed");

        Asyncio.AllTasks(loop).ShouldBeEmpty();
        coroutine.State.ShouldBe(CoroutineState.Created);
        _log.ShouldBeEmpty();
    }

    [Fact]
    [Rule("TASK-13")]
    public void Two_tasks_that_sleep_for_zero_alternate()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["a0", "b0", "a1", "b1", "a2", "b2"]);

        async Coroutine Test() => await Asyncio.Gather(Count("a"), Count("b"));

        async Coroutine Count(string name)
        {
            for (int i = 0; i < 3; i++)
            {
                _log.Add(name + i);
                await Asyncio.Sleep(0);
            }
        }
    }

    private static async Coroutine Nothing()
    {
    }

    [Fact]
    public void A_sleep_takes_forty_eight_bytes_and_a_place_in_a_queue_fifty_six() => EmptyContext.Run(static () =>
    {
        var queue = new AsyncQueue<int>(1);
        Allocation.LeastOf(static () => Asyncio.Sleep(1).Close()).ShouldBe(48);
        Allocation.LeastOf(() => queue.Get().Close()).ShouldBe(56);
    });

    [Fact]
    public void A_task_takes_sixty_four_bytes_beside_its_coroutine() => EmptyContext.Run(static () =>
    {
        const int Count = 50;
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        static async Coroutine Main()
        {
            var allocation = new Allocation();
            for (int round = 0; round < Allocation.Rounds; round++)
            {
                var coroutines = Enumerable.Range(0, Count).Select(static _ => Asyncio.Sleep(1)).ToArray();
                var tasks = new CoroutineTask[Count];
                allocation.Begin();
                for (int i = 0; i < Count; i++)
                {
                    tasks[i] = new CoroutineTask(coroutines[i], Asyncio.GetRunningLoop());
                }
                allocation.End();
                await Asyncio.Sleep(2);
            }
            allocation.Least.ShouldBe(64 * Count);
        }
    });
}
