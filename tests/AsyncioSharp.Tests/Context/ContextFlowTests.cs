using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Contexts;

/// <summary>
/// How contexts go with tasks, callbacks and threads. Each rule holds for AsyncLocal values as for context variables, and whether the program starts in
/// the empty context, which is treated apart, or in another one.
/// </summary>
public abstract class ContextFlowTests
{
    private static readonly ContextVar<string> s_variable = new("variable", "unset");
    private static readonly AsyncLocal<string?> s_local = new();

    // Both kinds of value, which must always agree.
    private static string Value
    {
        get
        {
            (s_local.Value ?? "unset").ShouldBe(s_variable.Get());
            return s_variable.Get();
        }

        set
        {
            s_variable.Set(value);
            s_local.Value = value;
        }
    }

    [Fact]
    [Rule("CTX-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_1")]
    public void A_task_runs_in_a_copy_of_the_context_made_when_it_is_created()
    {
        Run(Main);

        static async Coroutine Main()
        {
            Value = "at creation";
            var task = Asyncio.CreateTask(Child());
            Value = "after creation";
            await Asyncio.Sleep(2);
            Value = "later";
            (await task).ShouldBe("child's");
            Value.ShouldBe("later");
        }

        static async Coroutine<string> Child()
        {
            Value.ShouldBe("at creation");
            Value = "child's";
            await Asyncio.Sleep(1);
            Value.ShouldBe("child's");
            await Asyncio.Sleep(5);
            return Value;
        }
    }

    [Fact]
    [Rule("CTX-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_2")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_3")]
    public void Tasks_that_take_turns_do_not_see_each_others_values()
    {
        Run(Main);

        static async Coroutine Main()
        {
            await Asyncio.Gather(Enumerable.Range(0, 100).Select(n => Child($"{n}")));
            Value.ShouldBe("unset");
        }

        static async Coroutine Child(string mine)
        {
            Value.ShouldBe("unset");
            Value = mine;
            for (int i = 0; i < 5; i++)
            {
                await Asyncio.Sleep((((7 * mine.Length) + mine[0] + i) % 5) * 0.001);
                Value.ShouldBe(mine);
            }
        }
    }

    [Fact]
    [Rule("CTX-02")]
    public void A_coroutine_awaited_directly_shares_the_context_of_its_caller_both_ways()
    {
        Run(Main);

        static async Coroutine Main()
        {
            Value = "caller's";
            await Child(suspends: false);
            Value.ShouldBe("child's");
            Value = "caller's";
            await Child(suspends: true);
            Value.ShouldBe("child's");
        }

        static async Coroutine Child(bool suspends)
        {
            Value.ShouldBe("caller's");
            if (suspends)
            {
                await Asyncio.Sleep(1);
            }
            Value = "child's";
        }
    }

    [Fact]
    [Rule("CTX-02")]
    public void Gather_shield_and_tasks_isolate_and_WaitFor_does_with_a_timeout()
    {
        Run(Main);

        static async Coroutine Main()
        {
            Value = "caller's";
            await Asyncio.Gather(Child(), Child());
            await Asyncio.Shield(Child());
            await Asyncio.CreateTask(Child());
            await Asyncio.WaitFor(Child(), 5);
            Value.ShouldBe("caller's");
            await Asyncio.WaitFor(Child(), null);
            Value.ShouldBe("child's");
        }

        static async Coroutine Child()
        {
            Value.ShouldBe("caller's");
            await Asyncio.Sleep(1);
            Value = "child's";
        }
    }

    [Fact]
    [Rule("CTX-03")]
    public void Scheduled_callbacks_run_in_a_copy_made_at_the_call()
    {
        var log = new List<string>();
        Run(Main);
        log.ShouldBe(["soon", "threadsafe", "soon with state", "later", "at", "explicit"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var context = Context.Copy();
            context.Run(() => Value = "explicit");
            Value = "soon";
            loop.CallSoon(Note);
            Value = "threadsafe";
            loop.CallSoonThreadsafe(Note);
            Value = "soon with state";
            loop.CallSoon(_ => Note(), 0);
            Value = "later";
            loop.CallLater(1, Note);
            Value = "at";
            loop.CallAt(loop.Time + 2, Note);
            loop.CallAt(loop.Time + 3, Note, context);
            Value = "after the calls";
            await Asyncio.Sleep(5);
            Value.ShouldBe("after the calls");
            context.Run(() => Value).ShouldBe("changed by a callback");
        }

        void Note()
        {
            log.Add(Value);
            Value = "changed by a callback";
        }
    }

    [Fact]
    [Rule("CTX-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_context_2")]
    public void Done_callbacks_run_in_a_copy_made_at_their_registration_or_in_a_given_context()
    {
        var log = new List<string>();
        Run(Main);
        log.ShouldBe(["at registration", "explicit", "on a done future"]);

        async Coroutine Main()
        {
            var context = Context.Copy();
            context.Run(() => Value = "explicit");
            Value = "at creation";
            var task = Asyncio.CreateTask(Child());
            Value = "at registration";
            task.AddDoneCallback(Note);
            task.AddDoneCallback(Note, context);
            Value = "after registration";
            (await task).ShouldBe("child's");
            Value = "on a done future";
            task.AddDoneCallback(Note);
            Value = "caller's";
            await Asyncio.Sleep(1);
            Value.ShouldBe("caller's");
            task.Context.Run(() => Value).ShouldBe("child's");
        }

        async Coroutine<string> Child()
        {
            Value = "child's";
            await Asyncio.Sleep(1);
            return Value;
        }

        void Note(Future future)
        {
            log.Add(Value);
            Value = "changed by a callback";
        }
    }

    [Fact]
    [Rule("CTX-05")]
    [CPython("test_threads.py::ToThreadTests.test_to_thread_contextvars")]
    public void ToThread_carries_the_context_and_RunInExecutor_does_not()
    {
        Run(Main);

        static async Coroutine Main()
        {
            Value = "caller's";
            (await Asyncio.ToThread(Read)).ShouldBe("caller's");
            Value.ShouldBe("caller's");
            (await Asyncio.GetRunningLoop().RunInExecutor(null, Read)).ShouldBe("unset");
        }

        static string Read()
        {
            string value = Value;
            Value = "thread's";
            return value;
        }
    }

    [Fact]
    [Rule("CTX-05")]
    public void RunCoroutineThreadsafe_uses_the_context_of_the_submitter()
    {
        Run(Main);

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Value = "loop's";
            var submitted = await Asyncio.ToThread(() =>
            {
                Value = "submitter's";
                return Asyncio.RunCoroutineThreadsafe(Read(), loop);
            });
            (await Asyncio.WrapFuture(submitted)).ShouldBe("submitter's");
            Value.ShouldBe("loop's");
        }

        static async Coroutine<string> Read()
        {
            await Asyncio.Sleep(0);
            return Value;
        }
    }

    [Fact]
    [Rule("CTX-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_get_context")]
    public void A_context_given_to_a_task_is_used_without_copying()
    {
        Run(Main);

        static async Coroutine Main()
        {
            var context = Context.Copy();
            context.Run(() => Value = "given");
            Value = "caller's";

            var task = Asyncio.CreateTask(Child(), context: context);
            task.Context.ShouldBeSameAs(context);
            await Asyncio.Sleep(1);
            context.Run(() => Value).ShouldBe("child's");
            context.Run(() => Value = "changed from outside");
            (await task).ShouldBe("changed from outside");
            Value.ShouldBe("caller's");

            context.Run(() => Value = "given");
            await Asyncio.Gather(
                Asyncio.CreateTask(Child(), context: context), Asyncio.GetRunningLoop().CreateTask(Asyncio.Sleep(3), context: context));
        }

        static async Coroutine<string> Child()
        {
            Value.ShouldBe("given");
            Value = "child's";
            await Asyncio.Sleep(2);
            return Value;
        }
    }

    [Fact]
    [Rule("CTX-01")]
    public void What_an_async_method_of_NET_sets_stays_in_it_and_what_it_sees_is_the_tasks()
    {
        Run(Main);

        static async Coroutine Main()
        {
            Value = "task's";
            (await Native()).ShouldBe("task's");
            Value.ShouldBe("task's");
        }

        static async Task<string> Native()
        {
            await Task.Yield();
            string value = Value;
            Value = "native's";
            return value;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_an_async_iterator_sets_neither_reaches_the_loop_over_it_nor_outlasts_its_own_yield(bool suspends)
    {
        Run(Main);

        async Coroutine Main()
        {
            Value = "loop's";
            int items = 0;
            await foreach (string seen in Iterate())
            {
                seen.ShouldBe(items++ == 0 ? "iterator's" : "loop's");
                Value.ShouldBe("loop's");
            }
            items.ShouldBe(2);
            Value.ShouldBe("loop's");
        }

        async IAsyncEnumerable<string> Iterate()
        {
            if (suspends)
            {
                await Asyncio.Sleep(1);
            }
            Value.ShouldBe("loop's");
            Value = "iterator's";
            if (suspends)
            {
                await Asyncio.Sleep(1);
            }
            yield return Value;
            yield return Value;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_context_of_a_task_is_the_one_in_which_it_runs_whenever_it_asks(bool setsFirst)
    {
        Run(Main);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Value = setsFirst ? "set" : Value;
            var context = CoroutineTask.Current.Context;
            Value = "set";
            string seen = "";
            loop.CallSoon(() => seen = Value, context: context);
            Should.Throw<InvalidOperationException>(() => context.Run(static () => { })).Message.ShouldContain("already runs in it");
            await Asyncio.Sleep(0);
            seen.ShouldBe("set");
            CoroutineTask.Current.Context.ShouldBeSameAs(context);
            await Asyncio.CreateTask(Child(), context: context);
            Value.ShouldBe("child's");
        }

        static async Coroutine Child()
        {
            Value.ShouldBe("set");
            Value = "child's";
        }
    }

    [Fact]
    public void The_context_of_another_task_is_the_one_in_which_that_will_run()
    {
        Run(Main);

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Child());
            await Asyncio.Sleep(0);
            task.Context.Run(static () => Value = "from outside");
            (await task).ShouldBe("from outside");
        }

        static async Coroutine<string> Child()
        {
            await Asyncio.Sleep(1);
            return Value;
        }
    }

    /// <summary>Runs a test's main coroutine.</summary>
    protected abstract void Run(Func<Coroutine> main);
}

/// <summary>In the context of the test framework.</summary>
public sealed class ContextFlowInAContextTests : ContextFlowTests
{
    protected override void Run(Func<Coroutine> main) => VirtualTimeLoop.Run(main());
}

/// <summary>In the empty context.</summary>
public sealed class ContextFlowInTheEmptyContextTests : ContextFlowTests
{
    protected override void Run(Func<Coroutine> main) => EmptyContext.Run(() => VirtualTimeLoop.Run(main()));
}
