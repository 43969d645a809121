using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Running;

/// <summary><c>Asyncio.Run</c>: what it takes, what it gives back, and the loop it makes.</summary>
public class RunTests
{
    [Fact, Rule("ARUN-01")]
    [CPython("test_runners.py::RunTests.test_asyncio_run_return")]
    [CPython("test_runners.py::RunTests.test_asyncio_run_raises")]
    public void It_returns_the_result_or_throws_the_exception()
    {
        var failure = new FormatException();
        VirtualTimeLoop.Run(Return()).ShouldBe(5);
        Should.Throw<FormatException>(() => VirtualTimeLoop.Run(Fail())).ShouldBeSameAs(failure);

        static async Coroutine<int> Return()
        {
            await Asyncio.Sleep(1);
            return 5;
        }

        async Coroutine Fail()
        {
            await Asyncio.Sleep(1);
            throw failure;
        }
    }

    [Fact, Rule("ARUN-01")]
    public void A_main_coroutine_that_ends_cancelled_throws_the_cancellation()
    {
        Should.Throw<CancelledException>(() => VirtualTimeLoop.Run(Main())).CancelMessage.ShouldBe("by itself");

        static async Coroutine Main()
        {
            CoroutineTask.Current.Cancel("by itself");
            await Asyncio.Sleep(1);
        }
    }

    [Fact, Rule("ARUN-02")]
    [CPython("test_runners.py::RunTests.test_asyncio_run_from_running_loop")]
    public void It_cannot_be_called_where_a_loop_runs()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool ran = false;
            bool loopMade = false;
            var inner = Inner();

            Should.Throw<InvalidOperationException>(() => Asyncio.Run(inner, loopFactory: () =>
            {
                loopMade = true;
                return VirtualTimeLoop.Create();
            })).Message.ShouldContain("cannot be called from a running event loop");

            inner.State.ShouldBe(CoroutineState.Created); // neither run nor closed
            loopMade.ShouldBeFalse();
            await inner;
            ran.ShouldBeTrue();

            async Coroutine Inner() => ran = true;
        }
    }

    [Fact, Rule("ARUN-03")]
    public void Only_what_can_be_awaited_is_taken_which_the_compiler_checks()
    {
        Should.Throw<ArgumentNullException>(() => Asyncio.Run(null!)).ParamName.ShouldBe("main");
        Should.Throw<ArgumentNullException>(() => Asyncio.Run((Coroutine<int>)null!)).ParamName.ShouldBe("main");
        foreach (var method in typeof(Asyncio).GetMethods().Where(static m => m.Name == nameof(Asyncio.Run)))
        {
            typeof(IAwaitable).IsAssignableFrom(method.GetParameters()[0].ParameterType).ShouldBeTrue();
        }
    }

    [Fact, Rule("ARUN-04")]
    public void Every_run_has_a_new_loop_that_is_closed_afterwards()
    {
        var first = Asyncio.Run(Main());
        var second = Asyncio.Run(Main());

        second.ShouldNotBeSameAs(first);
        first.IsClosed.ShouldBeTrue();
        first.IsRunning.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => Asyncio.GetRunningLoop()).Message.ShouldContain("no running event loop");

        static async Coroutine<EventLoop> Main()
        {
            await Asyncio.Sleep(0);
            Asyncio.GetRunningLoop().IsRunning.ShouldBeTrue();
            return Asyncio.GetRunningLoop();
        }
    }

    [Fact, Rule("ARUN-04")]
    public void The_callers_synchronization_context_is_put_back()
    {
        var mine = new SynchronizationContext();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(mine);
        try
        {
            VirtualTimeLoop.Run(Main()).ShouldNotBeSameAs(mine);
            SynchronizationContext.Current.ShouldBeSameAs(mine);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        static async Coroutine<SynchronizationContext?> Main() => SynchronizationContext.Current;
    }

    [Theory, Rule("ARUN-09")]
    [InlineData(true)]
    [InlineData(false)]
    [CPython("test_runners.py::RunTests.test_asyncio_run_debug")]
    public void Debug_sets_the_loops_debug_mode(bool debug)
    {
        VirtualTimeLoop.Run(Main(), debug).ShouldBe(debug);

        static async Coroutine<bool> Main() => Asyncio.GetRunningLoop().Debug;
    }

    [Fact, Rule("ARUN-09")]
    public void Null_for_debug_leaves_the_loop_as_it_was_made()
    {
        Asyncio.Run(Main(), debug: null, loopFactory: MakeDebugLoop).ShouldBeTrue();
        Asyncio.Run(Main(), debug: false, loopFactory: MakeDebugLoop).ShouldBeFalse();

        static EventLoop MakeDebugLoop()
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = true;
            loop.LogWriter = TextWriter.Null;
            return loop;
        }

        static async Coroutine<bool> Main() => Asyncio.GetRunningLoop().Debug;
    }

    [Fact, Rule("ARUN-09")]
    public void Context_changes_of_main_do_not_leak_to_the_caller()
    {
        var variable = new ContextVar<string>("variable");
        variable.Set("caller");
        VirtualTimeLoop.Run(Main());
        variable.Get().ShouldBe("caller");

        async Coroutine Main()
        {
            variable.Get().ShouldBe("caller");
            variable.Set("main");
            await Asyncio.Sleep(1);
            variable.Get().ShouldBe("main");
        }
    }

    [Fact, Rule("ARUN-12")]
    [CPython("test_runners.py::RunTests.test_asyncio_run_loop_factory")]
    public void A_loop_factory_makes_the_loop()
    {
        EventLoop? made = null;
        int calls = 0;
        var used = Asyncio.Run(Main(), loopFactory: () =>
        {
            calls++;
            return made = VirtualTimeLoop.Create();
        });

        calls.ShouldBe(1);
        used.ShouldBeSameAs(made);
        made!.IsClosed.ShouldBeTrue();
        var main = Main();
        Should.Throw<ArgumentException>(() => Asyncio.Run(main, loopFactory: static () => null!)).ParamName.ShouldBe("loopFactory");
        main.Close();

        static async Coroutine<EventLoop> Main() => Asyncio.GetRunningLoop();
    }

    [Fact, Rule("ARUN-13")]
    public void The_result_is_never_formatted()
    {
        VirtualTimeLoop.Run(Main(), debug: false).Formatted.ShouldBe(0);

        static async Coroutine<CountsFormatting> Main()
        {
            var task = Asyncio.CreateTask(Inner());
            await Asyncio.Sleep(1);
            return await task;
        }

        static async Coroutine<CountsFormatting> Inner() => new();
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
