using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>EnsureFuture (TASK-10) and task factories (TASK-11).</summary>
public class EnsureFutureTests
{
    [Fact]
    [Rule("TASK-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_coroutine")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_future")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_task")]
    public void A_coroutine_becomes_a_task_and_futures_and_tasks_stay_themselves()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var made = Asyncio.EnsureFuture(Seven());
            _ = made.ShouldBeOfType<CoroutineTask<int>>();
            (await made).ShouldBe(7);

            var task = Asyncio.CreateTask(Seven());
            Asyncio.EnsureFuture(task).ShouldBeSameAs(task);
            Asyncio.EnsureFuture(task, loop).ShouldBeSameAs(task);
            await task;
            var future = loop.CreateFuture<int>();
            Asyncio.EnsureFuture(future).ShouldBeSameAs(future);
        }
    }

    [Fact]
    [Rule("TASK-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_awaitable")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_task_awaitable")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_neither")]
    [CPython("test_futures.py::DuckTests.test_ensure_future", Deviation = "a class of your own is an awaitable, which gets a task")]
    public void Another_awaitable_gets_a_task_around_it_and_nonsense_is_refused()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.EnsureFuture(new Source());
            Asyncio.IsCoroutine(task.ShouldBeAssignableTo<CoroutineTask>()!.Coroutine).ShouldBeTrue();
            (await Asyncio.EnsureFuture<int>(new Source())).ShouldBe(7);
            await task;

            Should.Throw<ArgumentException>(() => Asyncio.EnsureFuture(new Nonsense())).Message.ShouldContain("awaitable is required");
            Should.Throw<ArgumentNullException>(() => Asyncio.EnsureFuture(null!)).ParamName.ShouldBe("awaitable");
        }
    }

    [Fact]
    [Rule("TASK-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_future")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_task")]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_error_msg")]
    public void A_loop_other_than_the_futures_is_refused()
    {
        var other = VirtualTimeLoop.Create();
        var future = other.CreateFuture<int>();
        VirtualTimeLoop.Run(Test());
        other.Close();

        async Coroutine Test()
        {
            var error = Should.Throw<ArgumentException>(() => Asyncio.EnsureFuture(future, Asyncio.GetRunningLoop()));
            error.ParamName.ShouldBe("loop");
            error.Message.ShouldContain("The future belongs to a different loop than the one specified as the loop argument; leave that argument out");
        }
    }

    [Fact]
    [Rule("TASK-11")]
    public void A_task_of_a_factory_that_was_given_no_name_has_an_automatic_one()
    {
        var loop = VirtualTimeLoop.Create();
        loop.TaskFactory = new Factory();
        loop.RunUntilComplete(Test());
        loop.Close();

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Seven());
            task.Name.ShouldStartWith("Task-");
            int.Parse(task.Name["Task-".Length..], System.Globalization.CultureInfo.InvariantCulture).ShouldBePositive();
            await task;
        }
    }

    [Fact]
    [Rule("TASK-11")]
    [CPython("test_tasks.py::BaseTaskTests.test_bare_create_task")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_create_named_task_with_custom_factory")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_task_factory")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_create_task", Deviation = "CreateTask cannot be overridden; the task factory is for that")]
    public void A_factory_makes_the_tasks_of_its_loop_and_null_restores_the_default()
    {
        var loop = VirtualTimeLoop.Create();
        var factory = new Factory();
        loop.TaskFactory.ShouldBeNull();
        loop.TaskFactory = factory;
        loop.TaskFactory.ShouldBeSameAs(factory);

        loop.RunUntilComplete(Test());
        loop.Close();

        async Coroutine Test()
        {
            var start = factory.Made.Count; // the task of this coroutine came from it, too
            start.ShouldBe(1);
            var created = Asyncio.CreateTask(Seven());
            var ensured = Asyncio.EnsureFuture(Seven());
            var named = loop.CreateTask(Asyncio.Sleep(0), name: "given");
            factory.Made.Skip(1).ShouldBe([created, (Future)ensured, named]);
            _ = created.ShouldBeOfType<OwnTask<int>>();
            named.Name.ShouldBe("given");
            created.Name.ShouldStartWith("Task-");
            (await created).ShouldBe(7);
            (await ensured).ShouldBe(7);
            await named;

            loop.TaskFactory = null;
            var plain = Asyncio.CreateTask(Seven());
            _ = plain.ShouldBeOfType<CoroutineTask<int>>();
            await plain;
            factory.Made.Count.ShouldBe(4);
        }
    }

    private static async Coroutine<int> Seven() => 7;

    private sealed class Factory : ITaskFactory
    {
        internal List<Future> Made { get; } = [];

        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, AsyncioSharp.Context? context) => Add(new CoroutineTask(coroutine, loop, context: context));

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, AsyncioSharp.Context? context) => Add(new OwnTask<T>(coroutine, loop, context));

        private TTask Add<TTask>(TTask task)
            where TTask : CoroutineTask
        {
            Made.Add(task);
            return task;
        }
    }

    private sealed class OwnTask<T>(Coroutine<T> coroutine, EventLoop loop, AsyncioSharp.Context? context) : CoroutineTask<T>(coroutine, loop, context: context);

    private sealed class Source : ICoroutineSource, IAwaitable<int>
    {
        public Coroutine ToCoroutine() => Seven();
    }

    private sealed class Nonsense : IAwaitable;
}
