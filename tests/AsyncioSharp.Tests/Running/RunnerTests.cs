using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Running;

/// <summary><c>Runner</c>: several runs on one loop and in one context, and its end.</summary>
public class RunnerTests
{
    private const string Rows = "test_runners.py::RunnerTests.";

    [Theory, Rule("ARUN-12")]
    [InlineData(true)]
    [InlineData(false)]
    [CPython(Rows + "test_debug")]
    [CPython(Rows + "test_non_debug")]
    [CPython(Rows + "test_custom_factory")]
    public void The_factory_makes_the_loop_and_debug_sets_its_mode(bool debug)
    {
        EventLoop? made = null;
        using var runner = new Runner(debug, () => made = VirtualTimeLoop.Create());
        made.ShouldBeNull(); // not before it is needed
        runner.GetLoop().ShouldBeSameAs(made);
        runner.GetLoop().Debug.ShouldBe(debug);
        runner.GetLoop().LogWriter = TextWriter.Null;
    }

    [Fact, Rule("ARUN-12")]
    [CPython(Rows + "test_run")]
    [CPython(Rows + "test_explicit_close")]
    [CPython(Rows + "test_double_close")]
    [CPython(Rows + "test_second_with_block_raises")]
    public void A_closed_runner_has_closed_its_loop_and_refuses_use()
    {
        EventLoop loop;
        var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        using (runner)
        {
            runner.Run(Asyncio.Sleep(1, "done")).ShouldBe("done");
            loop = runner.GetLoop();
            loop.IsClosed.ShouldBeFalse();
        }
        loop.IsClosed.ShouldBeTrue();
        runner.Close(); // again: nothing
        Should.Throw<InvalidOperationException>(() => runner.GetLoop()).Message.ShouldContain("Runner is closed");
        var late = Asyncio.Sleep(1);
        Should.Throw<InvalidOperationException>(() => runner.Run(late)).Message.ShouldContain("Runner is closed");
        late.State.ShouldBe(CoroutineState.Created);

        var unused = new Runner();
        unused.Close();
        Should.Throw<InvalidOperationException>(() => unused.GetLoop()).Message.ShouldContain("Runner is closed");
    }

    [Fact, Rule("ARUN-12")]
    public void Runs_share_the_loop_and_what_is_left_of_one_goes_on_in_the_next()
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        var task = runner.Run(First());
        task.IsDone.ShouldBeFalse();
        runner.Run(Second()).ShouldBe(("left over", 3));
        runner.GetLoop().ShouldBeSameAs(task.Loop);

        static async Coroutine<CoroutineTask<string>> First() => Asyncio.CreateTask(Asyncio.Sleep(3, "left over"));

        async Coroutine<(string, double)> Second() => (await task, Asyncio.GetRunningLoop().Time);
    }

    [Fact, Rule("ARUN-12", "CTX-07")]
    [CPython(Rows + "test_run_keeps_context")]
    public void Runs_share_one_context()
    {
        var variable = new ContextVar<int>("variable", -1);
        using (var runner = new Runner(loopFactory: VirtualTimeLoop.Create))
        {
            runner.Run(Set(1)).ShouldBe(-1);
            runner.Run(Set(2)).ShouldBe(1);
            runner.Run(Copy()).Run(variable.Get).ShouldBe(2);

            var own = Context.Copy();
            runner.Run(Set(7), own).ShouldBe(-1); // one that is given is used as it is
            own.Run(variable.Get).ShouldBe(7);
            runner.Run(Set(3)).ShouldBe(2);
        }
        variable.Get().ShouldBe(-1); // nothing reaches the caller

        async Coroutine<int> Set(int value)
        {
            int old = variable.Get();
            await Asyncio.Sleep(0);
            variable.Set(value);
            return old;
        }

        static async Coroutine<Context> Copy() => Context.Copy();
    }

    [Fact, Rule("CTX-07")]
    public void The_context_is_the_callers_at_the_first_use()
    {
        var variable = new ContextVar<string>("variable", "none");
        variable.Set("first use");
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        runner.GetLoop();
        variable.Set("later");
        runner.Run(Get()).ShouldBe("first use");

        async Coroutine<string> Get() => variable.Get();
    }

    [Fact, Rule("CTX-07")]
    public void A_runner_that_began_in_an_empty_context_does_not_see_what_the_caller_sets_later()
    {
        var variable = new ContextVar<string>("variable", "none");
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        LoopHelpers.OnOtherThread(() =>
        {
            using (ExecutionContext.SuppressFlow())
            {
                var thread = new Thread(() => runner.GetLoop());
                thread.UnsafeStart();
                thread.Join();
            }
        }).ShouldBeNull();
        variable.Set("later");
        runner.Run(Get()).ShouldBe("none");

        async Coroutine<string> Get() => variable.Get();
    }

    [Fact, Rule("ARUN-12", "CTX-07")]
    public void Runs_share_one_context_also_one_that_was_empty_at_first()
    {
        var variable = new ContextVar<int>("variable", -1);
        var seen = new List<int>();
        LoopHelpers.OnOtherThread(() =>
        {
            using (ExecutionContext.SuppressFlow())
            {
                var thread = new Thread(Runs);
                thread.UnsafeStart();
                thread.Join();
            }
        }).ShouldBeNull();
        seen.ShouldBe([-1, 1, 2]);

        void Runs()
        {
            using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
            runner.Run(Set(1));
            runner.Run(Set(2));
            runner.Run(Set(3));
        }

        async Coroutine Set(int value)
        {
            seen.Add(variable.Get());
            await Asyncio.Sleep(0);
            variable.Set(value);
        }
    }

    [Fact, Rule("ARUN-05")]
    public void A_run_that_failed_long_ago_does_not_hide_a_failure_of_the_end_phase()
    {
        var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        Should.Throw<FormatException>(() => runner.Run(Fails()));
        runner.Run(Leaves());
        Should.Throw<KeyboardInterruptException>(runner.Close);
        runner.Close(); // it is closed all the same

        static async Coroutine Fails() => throw new FormatException();

        static async Coroutine Leaves()
        {
            _ = Asyncio.CreateTask(InterruptsWhenCancelled());
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [CPython(Rows + "test_run_non_coro", Deviation = "it does not compile; null raises ArgumentNullException")]
    public void Only_what_can_be_awaited_is_taken_which_the_compiler_checks()
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        Should.Throw<ArgumentNullException>(() => runner.Run(null!)).ParamName.ShouldBe("awaitable");
        Should.Throw<ArgumentNullException>(() => runner.Run<int>(null!)).ParamName.ShouldBe("awaitable");
        foreach (var method in typeof(Runner).GetMethods().Where(static method => method.Name == nameof(Runner.Run)))
        {
            typeof(IAwaitable).IsAssignableFrom(method.GetParameters()[0].ParameterType).ShouldBeTrue();
        }
    }

    [Fact]
    [CPython(Rows + "test_run_future", Deviation = "its awaitables are taken, as in Python 3.14")]
    public void A_future_or_task_of_its_loop_is_awaited()
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        var loop = runner.GetLoop();
        var future = loop.CreateFuture<int>();
        loop.CallLater(1, () => future.SetResult(5));
        runner.Run(future).ShouldBe(5);
        runner.Run((IAwaitable)future);

        var task = loop.CreateTask(Asyncio.Sleep(2, "slept"));
        runner.Run(task).ShouldBe("slept");
        IAwaitable<object> wider = loop.CreateTask(Asyncio.Sleep(2, "slept"));
        runner.Run(wider).ShouldBe("slept");
        IAwaitable<object> coroutine = Asyncio.Sleep(2, "slept");
        runner.Run(coroutine).ShouldBe("slept");

        var failed = loop.CreateFuture<int>();
        failed.SetException(new FormatException());
        Should.Throw<FormatException>(() => runner.Run(failed));
        var cancelled = loop.CreateFuture<int>();
        cancelled.Cancel("enough");
        Should.Throw<CancelledException>(() => runner.Run(cancelled)).CancelMessage.ShouldBe("enough");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pending_future_of_another_loop_is_refused_and_stays_as_it_is(bool closed)
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        using var elsewhere = new Runner(loopFactory: VirtualTimeLoop.Create);
        var future = elsewhere.GetLoop().CreateFuture<int>();
        var done = elsewhere.GetLoop().CreateFuture<int>();
        done.SetResult(5);
        if (closed)
        {
            elsewhere.Close();
        }
        string reason = closed ? "whose event loop is closed" : "attached to a different loop";
        Should.Throw<InvalidOperationException>(() => runner.Run(future)).Message.ShouldContain(reason);
        Should.Throw<InvalidOperationException>(() => Asyncio.Run(future, loopFactory: VirtualTimeLoop.Create)).Message.ShouldContain(reason);
        future.IsDone.ShouldBeFalse();
        runner.Run(done).ShouldBe(5); // what is done can be awaited everywhere
        Asyncio.Run(done).ShouldBe(5);
    }

    [Fact]
    public void What_is_awaited_is_cancelled_with_the_run()
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        using var source = new CancellationTokenSource();
        var loop = runner.GetLoop();
        var future = loop.CreateFuture<int>();
        loop.CallLater(1, source.Cancel);
        Should.Throw<CancelledException>(() => runner.Run(Asyncio.WaitFor(future, source.Token)));
        future.IsCancelled.ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => VirtualTimeLoop.Run(Inside())).Message.ShouldContain("cannot be called from a running event loop");

        async Coroutine Inside()
        {
            await Asyncio.Sleep(0);
            runner.Run(loop.CreateFuture<int>());
        }
    }

    [Fact]
    [CPython(Rows + "test_recursive_run")]
    public void It_cannot_run_or_be_closed_where_a_loop_runs()
    {
        using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
        using var other = new Runner(loopFactory: VirtualTimeLoop.Create);
        other.GetLoop();
        runner.Run(Main());
        other.Run(Asyncio.Sleep(1));

        async Coroutine Main()
        {
            var inner = Asyncio.Sleep(1);
            Should.Throw<InvalidOperationException>(() => runner.Run(inner)).Message.ShouldContain("Runner.Run() cannot be called from a running event loop");
            inner.State.ShouldBe(CoroutineState.Created);
            Should.Throw<InvalidOperationException>(runner.Close).Message.ShouldContain("running");
            Should.Throw<InvalidOperationException>(other.Close).Message.ShouldContain("running");
            await inner;
        }
    }

    [Fact]
    public void A_bad_loop_factory_is_found_at_the_first_use()
    {
        using var none = new Runner(loopFactory: static () => null!);
        Should.Throw<ArgumentException>(() => none.GetLoop()).ParamName.ShouldBe("loopFactory");
        var loop = VirtualTimeLoop.Create();
        loop.Close();
        using var closed = new Runner(loopFactory: () => loop);
        Should.Throw<InvalidOperationException>(() => closed.GetLoop()).Message.ShouldContain("closed");
    }

    [Fact, Rule("ARUN-13")]
    [CPython(Rows + "test_no_repr_is_call_on_the_task_result")]
    public void The_result_is_never_formatted()
    {
        using var runner = new Runner(debug: false, VirtualTimeLoop.Create);
        runner.Run(Main()).Formatted.ShouldBe(0);

        static async Coroutine<CountsFormatting> Main() => new();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [CPython(Rows + "test_signal_install_not_supported_ok", Deviation = "any thread can handle Ctrl-C in .NET; only a platform without signals cannot, and that is tolerated")]
    public void It_runs_in_any_thread(bool elsewhere)
    {
        string? result = null;
        Exception? failure = elsewhere ? LoopHelpers.OnOtherThread(Run) : Record.Exception(Run);
        failure.ShouldBeNull();
        result.ShouldBe("done");

        void Run()
        {
            using var runner = new Runner(loopFactory: VirtualTimeLoop.Create);
            result = runner.Run(Asyncio.Sleep(1, "done"));
        }
    }

    [Fact, Rule("ARUN-05")]
    public void When_main_has_failed_a_failure_of_the_end_phase_is_reported_and_does_not_take_its_place()
    {
        var reports = new List<ExceptionContext>();
        var failure = new FormatException();
        Should.Throw<FormatException>(() => VirtualTimeLoop.Run(Main())).ShouldBeSameAs(failure);
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<KeyboardInterruptException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            _ = Asyncio.CreateTask(InterruptsWhenCancelled());
            await Asyncio.Sleep(1);
            throw failure;
        }
    }

    [Fact]
    public void When_main_has_failed_an_interrupt_in_the_end_phase_leaves_the_other_tasks_time_to_clean_up()
    {
        var reports = new List<ExceptionContext>();
        bool ended = false;
        Should.Throw<FormatException>(() => VirtualTimeLoop.Run(Main()));
        ended.ShouldBeTrue();
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<KeyboardInterruptException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            _ = Asyncio.CreateTask(InterruptsWhenCancelled());
            _ = Asyncio.CreateTask(EndsSlowly());
            await Asyncio.Sleep(1);
            throw new FormatException();
        }

        async Coroutine EndsSlowly()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                await Asyncio.Sleep(10);
                ended = true;
            }
        }
    }

    [Fact, Rule("ARUN-05")]
    public void When_main_has_not_failed_the_first_failure_of_the_end_phase_is_thrown_and_the_others_are_reported()
    {
        var reports = new List<ExceptionContext>();
        var order = new List<string>();
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));
        order.ShouldBe(["slow one ended"]); // every leftover is waited for, whatever leaves the loop meanwhile
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<KeyboardInterruptException>();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            _ = Asyncio.CreateTask(InterruptsWhenCancelled());
            _ = Asyncio.CreateTask(InterruptsWhenCancelled());
            _ = Asyncio.CreateTask(EndsSlowly());
            await Asyncio.Sleep(1);
        }

        async Coroutine EndsSlowly()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                await Asyncio.Sleep(10);
                order.Add("slow one ended");
            }
        }
    }

    private static async Coroutine InterruptsWhenCancelled()
    {
        try
        {
            await Asyncio.Sleep(3600);
        }
        catch (CancelledException)
        {
            throw new KeyboardInterruptException();
        }
    }

    private sealed class CountsFormatting
    {
        public int Formatted { get; private set; }

        public override string ToString()
        {
            Formatted++;
            return "";
        }
    }
}
