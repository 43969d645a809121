using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>What a debugger shows of loops, tasks, futures and coroutines: every property of every view can be read, says what is, and changes nothing.</summary>
public class DebuggerTests
{
    [Theory]
    [InlineData(typeof(EventLoop))]
    [InlineData(typeof(Future<int>))]
    [InlineData(typeof(CoroutineTask<int>))]
    [InlineData(typeof(Coroutine<int>))]
    [InlineData(typeof(Handle))]
    [InlineData(typeof(TimerHandle))]
    public void Each_kind_of_object_is_shown_as_its_text(Type type)
        => type.GetCustomAttribute<DebuggerDisplayAttribute>(inherit: true).ShouldNotBeNull().Value.ShouldBe("{ToString(),nq}");

    [Fact]
    public void A_loop_shows_its_tasks_and_what_is_ready_and_set()
    {
        var loop = VirtualTimeLoop.Create();
        var task = loop.CreateTask(Asyncio.Sleep(10), name: "sleeper");
        loop.CallAt(5, static () => { });
        Dictionary<string, object?> view = [];
        Handle? ready = null;
        loop.CallSoonThreadsafe(() =>
        {
            ready = loop.CallSoon(static () => { });
            view = View(loop);
        });
        loop.RunIteration();
        view["Tasks"].ShouldBe(new[] { task });
        view["IsRunning"].ShouldBe(true);
        view["Ready"].ShouldBe(new Runnable[] { ready! });
        view["TimerCount"].ShouldBe(2); // the other one is the sleep's
        view["CurrentTask"].ShouldBeNull();
        view["Time"].ShouldBe(0.0);
        task.Cancel();
        loop.RunIteration();
        loop.RunIteration();
        loop.Close();
    }

    [Fact]
    public void A_task_shows_its_stack_and_what_it_waits_for()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Wait(future), name: "waiter");
            var other = Asyncio.CreateTask(WaitDotnet(), name: "foreign");
            await Asyncio.Sleep(0);
            var view = View(task);
            view["Name"].ShouldBe("waiter");
            view["WaitsFor"].ShouldBe(future);
            ((CoroutineFrame[])view["Stack"]!).ShouldBe(task.GetStack());
            _ = View(other)["WaitsFor"].ShouldBeAssignableTo<Task>();
            View(future)["Waiters"].ShouldBe(new Runnable[] { task });
            var coroutine = View(task.Coroutine);
            coroutine["State"].ShouldBe(CoroutineState.Suspended);
            coroutine["Locals"].ShouldBeAssignableTo<IAsyncStateMachine>();
            ((CoroutineFrame[])coroutine["Stack"]!).ShouldBe(task.GetStack());
            task.Cancel();
            other.Cancel();
            await Asyncio.Wait(task);
            View(task)["WaitsFor"].ShouldBeNull();
            View(task)["IsCancelled"].ShouldBe(true);
        }

        static async Coroutine WaitDotnet() => await Task.Delay(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_coroutine_shows_its_locals_until_it_succeeds(bool fails)
    {
        var loop = VirtualTimeLoop.Create();
        var end = loop.CreateFuture<int>();
        var task = loop.CreateTask(Outer());
        View(task.Coroutine)["Locals"].ShouldNotBeNull();
        loop.RunIteration();
        var inner = task.Coroutine.Innermost;
        inner.ShouldNotBe(task.Coroutine);
        View(task.Coroutine)["Locals"].ShouldNotBeNull();
        View(inner)["Locals"].ShouldNotBeNull();
        if (fails)
        {
            task.Cancel();
        }
        else
        {
            end.SetResult(1);
        }
        loop.RunIteration();
        task.IsDone.ShouldBeTrue();
        (View(task.Coroutine)["Locals"] is null).ShouldBe(!fails); // those of a failed one may tell why
        (View(inner)["Locals"] is null).ShouldBe(!fails);
        loop.Close();

        async Coroutine Outer() => await Wait(end);
    }

    [Fact]
    public void Every_property_of_a_view_is_read_and_says_what_the_object_says()
    {
        VirtualTimeLoop.Run(Test(), debug: true);

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var task = Asyncio.CreateTask(Outer(future), name: "outer");
            var unstarted = Asyncio.CreateTask(Wait(future));
            View(unstarted)["Stack"].ShouldBe(unstarted.GetStack().ToArray());
            await Asyncio.Sleep(0);
            View(loop)["CurrentTask"].ShouldBe(CoroutineTask.Current);
            View(loop)["IsClosed"].ShouldBe(false);
            View(loop)["Debug"].ShouldBe(true);
            var waiting = Asyncio.CreateTask(Wait(task));
            await Asyncio.Sleep(0);
            task.Cancel();
            var view = View(task);
            view.Keys.ShouldBe(["Name", "IsDone", "IsCancelled", "Cancelling", "Exception", "Stack", "WaitsFor", "Waiters", "Coroutine", "SourceTraceback"]);
            (view["IsDone"], view["Cancelling"], view["Exception"]).ShouldBe((false, 1, null));
            view["Waiters"].ShouldBe(new Runnable[] { waiting });
            view["Coroutine"].ShouldBe(task.Coroutine);
            view["SourceTraceback"].ShouldBe(task.SourceTraceback.ShouldNotBeNull());
            var outer = View(task.Coroutine);
            ((string)outer["Name"]!).ShouldEndWith("Outer");
            outer["AwaitedBy"].ShouldBeNull();
            View(task.Leaf)["AwaitedBy"].ShouldBe(task.Coroutine);
            View(future)["IsCancelled"].ShouldBe(true); // the request went there
            View(future)["IsDone"].ShouldBe(true);
            View(future)["SourceTraceback"].ShouldBe(future.SourceTraceback.ShouldNotBeNull());
            await Asyncio.Wait(task, unstarted, waiting);
            (await Caught.By(waiting)).ShouldBeOfType<CancelledException>();
            var closed = View(task.Coroutine);
            closed["State"].ShouldBe(CoroutineState.Closed);
            closed["Stack"].ShouldBe(Array.Empty<CoroutineFrame>());
            View(waiting)["Exception"].ShouldBeNull();
        }

        static async Coroutine Outer(Future<int> future) => await Wait(future);

        static async Coroutine Wait(Future future) => await future;
    }

    [Fact]
    public void Looking_at_a_failure_does_not_retrieve_it()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        var failed = loop.CreateTask(Wait(future));
        loop.RunIteration();
        future.SetException(new FormatException("bad"));
        loop.RunIteration();
        View(failed)["Exception"].ShouldBeOfType<FormatException>();
        View(future)["Exception"].ShouldBeOfType<FormatException>();
        loop.HasUnretrievedFailures.ShouldBeTrue();
        failed.Exception();
        future.Exception();
        loop.Close();
    }

    private static async Coroutine Wait(Future<int> future) => await future;

    // As a debugger makes it: the view that the class names, and every property of it.
    private static Dictionary<string, object?> View(object shown)
    {
        var attribute = (DebuggerTypeProxyAttribute?)null;
        for (var type = shown.GetType(); attribute is null; type = type.BaseType!)
            attribute = type.GetCustomAttribute<DebuggerTypeProxyAttribute>(inherit: false);
        string name = attribute.ProxyTypeName;
        object view = Activator.CreateInstance(Type.GetType(name, throwOnError: true)!, shown)!;
        return view.GetType().GetProperties().ToDictionary(property => property.Name, property => property.GetValue(view));
    }
}
