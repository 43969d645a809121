using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary><c>async Task</c> methods that a coroutine calls belong to its task: the current task in them is that one, and they see its context variables.</summary>
public class OwnedMethodTests
{
    private static readonly ContextVar<string> s_variable = new("variable", "default");

    private readonly List<string> _log = [];

    [Fact]
    [Rule("INS-03")]
    public void The_current_task_is_the_callers_after_every_await_in_the_method()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var tasks = new List<CoroutineTask>();
            for (int i = 0; i < 3; i++)
            {
                tasks.Add(Asyncio.CreateTask(Caller()));
            }
            await Asyncio.Wait(tasks);
            tasks.ForEach(static task => task.Result());
        }

        static async Coroutine Caller()
        {
            await Method(CoroutineTask.Current);
            await ValueTaskMethod(CoroutineTask.Current);
        }

        static async Task Method(CoroutineTask owner)
        {
            Check(owner);
            await Task.Yield();
            Check(owner);
            await After(1);
            Check(owner);
            await AfterFromThread();
            Check(owner);
            await Asyncio.Sleep(1);
            Check(owner);
            await Asyncio.Sleep(0);
            Check(owner);
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Asyncio.GetRunningLoop().CallLater(1, () => future.SetResult(1));
            await future;
            Check(owner);
            await Asyncio.CreateTask(Other());
            Check(owner);
            await Nested(owner);
            Check(owner);
            await Inner(owner);
            Check(owner);
            await After(1);
            Check(owner);
        }

        static async ValueTask ValueTaskMethod(CoroutineTask owner)
        {
            await After(1);
            Check(owner);
            await Asyncio.Sleep(1);
            Check(owner);
        }

        static async Task Nested(CoroutineTask owner)
        {
            await After(1);
            Check(owner);
            await Asyncio.Sleep(1);
            Check(owner);
        }

        static async Coroutine Inner(CoroutineTask owner)
        {
            Check(owner);
            await Asyncio.Sleep(1);
            Check(owner);
            await After(1);
            Check(owner);
            await Deeper(owner);
            Check(owner);
        }

        static async Task Deeper(CoroutineTask owner)
        {
            Check(owner);
            await Innermost(owner);
            Check(owner);
        }

        static async Coroutine Innermost(CoroutineTask owner)
        {
            Check(owner);
            await After(1);
            Check(owner);
            await Asyncio.Sleep(1);
            Check(owner);
        }

        static async Coroutine Other() => await Asyncio.Sleep(1);

        static void Check(CoroutineTask owner)
        {
            CoroutineTask.Current.ShouldBeSameAs(owner);
            Asyncio.CurrentTask().ShouldBeSameAs(owner);
        }
    }

    [Fact]
    public void Completing_what_another_tasks_method_awaits_does_not_run_it_inside_ones_own_step()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["completed", "went on in waiter"]);

        async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var waiter = Asyncio.CreateTask(Wait(source.Task), name: "waiter");
            await Asyncio.Sleep(0);
            var completer = Asyncio.CreateTask(Complete(source), name: "completer");
            await Asyncio.Wait([waiter, completer]);
            waiter.Result();
            completer.Result();
        }

        async Coroutine Wait(Task task) => await Method(task);

        async Task Method(Task task)
        {
            await task;
            _log.Add($"went on in {CoroutineTask.Current.Name}");
        }

        async Coroutine Complete(TaskCompletionSource source)
        {
            await After(1); // so that its step, too, runs with the context of a task that calls .NET
            source.SetResult();
            _log.Add("completed");
        }
    }

    [Fact]
    public void A_method_called_from_a_plain_callback_has_no_task()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["none", "none", "none"]);

        async Coroutine Main()
        {
            Task? method = null;
            Asyncio.GetRunningLoop().CallSoon(() => { method = Method(); });
            await Asyncio.Sleep(5);
            await method!;
        }

        async Task Method()
        {
            Log();
            await After(1);
            Log();
            await Asyncio.GetRunningLoop().RunInExecutor(null, static () => { });
            Log();
        }

        void Log() => _log.Add(Asyncio.CurrentTask()?.Name ?? "none");
    }

    [Fact]
    public void A_method_that_outlives_its_task_has_no_task_any_more()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller", "none", "none"]);

        async Coroutine Main()
        {
            var caller = Asyncio.CreateTask(Caller(), name: "caller");
            await caller;
            await Asyncio.Sleep(5);
        }

        async Coroutine Caller()
        {
            _ = Method();
            await Task.Yield();
        }

        async Task Method()
        {
            _log.Add(CoroutineTask.Current.Name);
            await After(1);
            _log.Add(Asyncio.CurrentTask()?.Name ?? "none");
            await Asyncio.Sleep(1);
            _log.Add(Asyncio.CurrentTask()?.Name ?? "none");
        }
    }

    [Fact]
    [Rule("INS-04")]
    public void What_drives_a_coroutine_for_a_method_is_not_among_all_tasks()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var self = CoroutineTask.Current;
            var method = Method();
            await Asyncio.Sleep(1);
            Asyncio.AllTasks().ShouldBe([self]);
            await method;
        }

        static async Task Method() => await Asyncio.Sleep(2);
    }

    [Fact]
    [Rule("CTX-01"), Rule("CTX-02")]
    public void Context_variables_reach_the_method_and_what_it_starts_but_its_changes_stay_with_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            s_variable.Set("caller's");
            await Method();
            s_variable.Get().ShouldBe("caller's");
        }

        static async Task Method()
        {
            s_variable.Get().ShouldBe("caller's");
            await After(1);
            s_variable.Get().ShouldBe("caller's");
            s_variable.Set("method's");
            await Asyncio.Sleep(1);
            s_variable.Get().ShouldBe("method's");
            await Inner();
            s_variable.Get().ShouldBe("method's");
            (await Asyncio.CreateTask(Read())).ShouldBe("method's");
        }

        static async Coroutine Inner()
        {
            s_variable.Get().ShouldBe("method's");
            await Asyncio.Sleep(1);
            s_variable.Set("inner coroutine's");
        }

        static async Coroutine<string> Read() => s_variable.Get();
    }

    [Fact]
    public void A_driven_coroutine_can_run_whatever_needs_a_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main() => await Method();

        static async Task Method()
        {
            (await Asyncio.Gather(Number(1), Number(2))).ShouldBe([1, 2]);
            (await Asyncio.WaitFor(Number(3), 5)).ShouldBe(3);
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Number(3), 0.5));
            Asyncio.CurrentTask().ShouldNotBeNull().Cancelling.ShouldBe(0);
        }

        static async Coroutine<int> Number(int n)
        {
            await Asyncio.Sleep(1);
            return n;
        }
    }

    /// <summary>A task of .NET that is completed after some seconds by a callback of the loop.</summary>
    internal static Task After(double seconds)
    {
        var source = new TaskCompletionSource();
        Asyncio.GetRunningLoop().CallLater(seconds, source.SetResult);
        return source.Task;
    }

    private static Task AfterFromThread()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = new TestThread(source.SetResult);
        return source.Task;
    }
}
