using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's tests of tasks: what makes them, which is current, in which context they run, and how they show themselves.</summary>
public sealed class RestatedTaskTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<string> _log = [];

    public void Dispose() => _loop.Close();

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_class")]
    [CPython("test_tasks.py::BaseTaskTests.test_create_task_with_async_function")]
    public void A_task_belongs_to_the_loop_for_which_it_was_made()
    {
        var task = new CoroutineTask<string>(Ok(), _loop);
        _loop.RunUntilComplete(task);
        task.IsDone.ShouldBeTrue();
        task.Result().ShouldBe("ok");
        task.Loop.ShouldBeSameAs(_loop);

        var other = VirtualTimeLoop.Create();
        var second = new CoroutineTask<string>(Ok(), other);
        second.Loop.ShouldBeSameAs(other);
        other.RunUntilComplete(second).ShouldBe("ok");
        other.Close();
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_basics")]
    public void Values_come_back_through_nested_coroutines()
    {
        _loop.RunUntilComplete(Outer()).ShouldBe(1042);

        static async Coroutine<int> Outer() => await Inner(42) + await Inner(1000);
        static async Coroutine<int> Inner(int value) => value;
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_coroutine_non_gen_function")]
    public void An_async_method_without_an_await_is_a_coroutine_function_like_any_other()
    {
        Asyncio.IsCoroutineFunction(Ok).ShouldBeTrue();
        var coroutine = Ok();
        Asyncio.IsCoroutine(coroutine).ShouldBeTrue();
        _loop.RunUntilComplete(coroutine).ShouldBe("ok");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_coroutine_non_gen_function_return_future")]
    public void A_future_that_a_coroutine_returns_is_its_result_even_if_it_is_done_meanwhile()
    {
        var future = _loop.CreateFuture<string>();
        var returning = _loop.CreateTask(Return());
        var completing = _loop.CreateTask(Complete());

        _loop.RunUntilComplete(returning).ShouldBeSameAs(future);
        completing.IsDone.ShouldBeTrue();

        async Coroutine<Future<string>> Return() => future;
        async Coroutine Complete() => future.SetResult("test");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_coroutine")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_future")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_task")]
    public void EnsureFuture_takes_a_loop_for_a_coroutine_where_none_runs_and_needs_none_for_a_future()
    {
        var made = Asyncio.EnsureFuture(Ok(), _loop);
        made.Loop.ShouldBeSameAs(_loop);
        _loop.RunUntilComplete(made).ShouldBe("ok");

        var unstarted = Ok();
        Should.Throw<InvalidOperationException>(() => Asyncio.EnsureFuture(unstarted)).Message.ShouldContain("no running event loop");
        unstarted.State.ShouldBe(CoroutineState.Created);
        unstarted.Close();

        var future = _loop.CreateFuture<int>();
        Asyncio.EnsureFuture(future).ShouldBeSameAs(future);
        Asyncio.EnsureFuture(future, _loop).ShouldBeSameAs(future);
        Asyncio.EnsureFuture(made).ShouldBeSameAs(made);
        Asyncio.EnsureFuture(made, _loop).ShouldBeSameAs(made);
        var other = VirtualTimeLoop.Create();
        Should.Throw<ArgumentException>(() => Asyncio.EnsureFuture(made, other)).ParamName.ShouldBe("loop");
        other.Close();
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_current_task")]
    [CPython("test_tasks.py::BaseTaskTests.test_current_task_with_interleaving_tasks")]
    public void The_current_task_is_right_when_tasks_wake_each_other()
    {
        var first = _loop.CreateFuture<int>();
        var second = _loop.CreateFuture<int>();
        CoroutineTask? one = null, two = null;
        one = _loop.CreateTask(One());
        two = _loop.CreateTask(Two());
        Asyncio.CurrentTask(_loop).ShouldBeNull();

        _loop.RunUntilComplete(Asyncio.Wait(one, two));

        Asyncio.CurrentTask(_loop).ShouldBeNull();
        _log.ShouldBe(["one True", "two True", "one True", "two True"]);

        async Coroutine One()
        {
            _log.Add($"one {Asyncio.CurrentTask() == one}");
            await first;
            _log.Add($"one {Asyncio.CurrentTask() == one}");
            second.SetResult(1);
        }

        async Coroutine Two()
        {
            _log.Add($"two {Asyncio.CurrentTask() == two}");
            first.SetResult(1);
            await second;
            _log.Add($"two {Asyncio.CurrentTask() == two}");
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskIntrospectionTests.test__enter_task_failure", Deviation = "only a loop enters tasks; what would enter another one is refused")]
    [CPython("test_tasks.py::BaseTaskIntrospectionTests.test__leave_task_failure1", Deviation = "only a loop leaves tasks, the one that it entered")]
    [CPython("test_tasks.py::BaseTaskIntrospectionTests.test__leave_task_failure2", Deviation = "only a loop leaves tasks, the one that it entered")]
    public void No_other_task_can_become_current_while_one_is()
    {
        var other = VirtualTimeLoop.Create();
        CoroutineTask? task = null;
        task = _loop.CreateTask(Body());

        _loop.RunUntilComplete(task);

        Asyncio.CurrentTask(_loop).ShouldBeNull();
        other.RunOnce();
        other.Close();

        async Coroutine Body()
        {
            foreach (var loop in new[] { _loop, other })
            {
                var refused = loop.CreateTask(Ok());
                Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(refused)).Message.ShouldContain("running");
                Asyncio.CurrentTask().ShouldBeSameAs(task);
                refused.Cancel();
            }
            await Asyncio.Sleep(0);
            Asyncio.CurrentTask().ShouldBeSameAs(task);
        }
    }

    [Theory]
    [InlineData("constructor")]
    [InlineData("Asyncio.CreateTask")]
    [InlineData("loop.CreateTask")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_4")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_5")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_6")]
    public void A_given_context_is_used_as_it_is_and_shows_what_the_task_set(string way)
    {
        var variable = new ContextVar<int>("variable");

        _loop.RunUntilComplete(Main()).ShouldBe([-1, 1, 2]);

        async Coroutine<int[]> Main()
        {
            var context = AsyncioSharp.Context.Copy();
            int[] seen = [Read(context), 0, 0];
            for (int i = 1; i <= 2; i++)
            {
                var task = way switch
                {
                    "constructor" => new CoroutineTask(Set(i), _loop, context: context),
                    "loop.CreateTask" => _loop.CreateTask(Set(i), context: context),
                    _ => Asyncio.CreateTask(Set(i), context: context),
                };
                task.Context.ShouldBeSameAs(context);
                await task;
                seen[i] = Read(context);
            }
            return seen;
        }

        async Coroutine Set(int value)
        {
            await Asyncio.Sleep(0);
            variable.Set(value);
        }

        int Read(AsyncioSharp.Context context) => context.Run(() => variable.Get(-1));
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_repr_autogenerated")]
    public void A_default_name_stands_in_the_text()
    {
        var task = _loop.CreateTask(Ok());
        var next = _loop.CreateTask(Ok());

        task.ToString().ShouldStartWith($"<Task pending name='{task.Name}' ");
        task.Name.ShouldMatch(@"^Task-\d+$");
        next.ToString().ShouldNotBe(task.ToString());
        _loop.RunUntilComplete(Asyncio.Wait(task, next));
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_repr_wait_for")]
    public void The_text_of_a_suspended_task_ends_with_that_of_what_it_waits_for()
    {
        var future = _loop.CreateFuture<int>();
        var task = _loop.CreateTask(Await());
        _loop.RunOnce();

        task.ToString().ShouldEndWith($" wait_for={future}>");
        future.SetResult(1);
        _loop.RunUntilComplete(task);

        async Coroutine Await() => await future;
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_repr")]
    public void A_task_cancelled_before_its_first_step_shows_every_state_in_turn()
    {
        var task = _loop.CreateTask(Ok(), name: "n");
        task.AddDoneCallback(Done);
        task.ToString().ShouldMatch("^<Task pending name='n' coro=<.*Ok\\(\\) running.*> cb=\\[.*Done\\(\\).*\\]>$");

        task.Cancel();
        task.ToString().ShouldMatch("^<Task cancelling name='n' coro=<.*Ok\\(\\) running.*> cb=\\[.*Done\\(\\).*\\]>$");

        Should.Throw<CancelledException>(() => _loop.RunUntilComplete(task));
        task.ToString().ShouldMatch("^<Task cancelled name='n' coro=<.*Ok\\(\\) done.*>>$");

        var finished = _loop.CreateTask(Ok(), name: "m");
        _loop.RunUntilComplete(finished);
        finished.ToString().ShouldMatch("^<Task finished name='m' coro=<.*Ok\\(\\) done.*> result='ok'>$");

        static void Done(Future future)
        {
        }
    }

    [Fact]
    [CPython("test_futures2.py::FutureReprTests.test_recursive_repr_for_pending_tasks")]
    public void The_text_of_a_task_whose_result_holds_the_task_is_finite()
    {
        var task = _loop.CreateTask(Everyone());
        _loop.RunUntilComplete(task).ShouldContain(task);
        task.ToString().ShouldContain("...");

        static async Coroutine<HashSet<CoroutineTask>> Everyone() => Asyncio.AllTasks();
    }

    [Fact]
    [CPython("test_pep492.py::CoroutineTests.test_task_print_stack")]
    public void Inside_a_task_its_own_coroutine_is_the_newest_frame()
    {
        _loop.RunUntilComplete(_loop.CreateTask(AskingForItself()));

        static async Coroutine AskingForItself()
            => CoroutineTask.Current.GetStack(limit: 1).ShouldHaveSingleItem().Method.ShouldEndWith(nameof(AskingForItself));
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_get_stack", Deviation = "the whole chain, of which a limit keeps the newest frames")]
    public void Asked_from_an_inner_coroutine_the_newest_frame_is_the_inner_one_and_the_header_names_the_outer()
    {
        _loop.RunUntilComplete(_loop.CreateTask(OuterCoroutine()));

        static async Coroutine OuterCoroutine() => await InnerCoroutine();

        static async Coroutine InnerCoroutine()
        {
            var task = CoroutineTask.Current;
            task.GetStack()[0].Method.ShouldEndWith(nameof(OuterCoroutine));
            task.GetStack(limit: 1)[0].Method.ShouldEndWith(nameof(InnerCoroutine));
            using var writer = new StringWriter();
            task.PrintStack(1, writer);
            writer.ToString().ShouldContain($"{nameof(OuterCoroutine)}() running");
        }
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_exception_traceback")]
    public void The_exception_of_a_failed_task_has_a_trace_that_names_the_coroutine()
    {
        var task = _loop.CreateTask(Throwing());
        _loop.RunOnce();
        task.Exception().ShouldNotBeNull().StackTrace.ShouldNotBeNull().ShouldContain(nameof(Throwing));

        static async Coroutine Throwing() => throw new FormatException();
    }

    private static async Coroutine<string> Ok() => "ok";
}
