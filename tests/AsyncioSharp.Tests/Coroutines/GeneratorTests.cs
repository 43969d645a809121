using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>Coroutines written as iterators, in the style of Python before async: Asyncio.Coroutine.</summary>
public class GeneratorTests
{
    [Fact]
    [Rule("GEN-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_create_task_with_oldstyle_coroutine")]
    [CPython("test_tasks.py::CompatibilityTests.test_await_old_style_coro")]
    public void A_generator_function_gives_coroutines_for_run_task_gather_and_await()
    {
        var log = new List<string>();
        var function = Asyncio.Coroutine(Generator);
        VirtualTimeLoop.Run(function());
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["ran", "ran", "ran", "ran", "ran"]);

        IEnumerable<IAwaitable?> Generator()
        {
            yield return Asyncio.Sleep(1);
            log.Add("ran");
        }

        async Coroutine Main()
        {
            await function();
            await Asyncio.CreateTask(function());
            await Asyncio.Gather(function(), function());
        }
    }

    [Fact]
    [Rule("GEN-01")]
    public void It_counts_as_a_coroutine_function_and_what_it_gives_as_a_coroutine()
    {
        var function = Asyncio.Coroutine(Nothing);
        Asyncio.IsCoroutineFunction(function).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(Nothing).ShouldBeFalse();
        var coroutine = function();
        Asyncio.IsCoroutine(coroutine).ShouldBeTrue();
        Asyncio.IsCoroutine(Nothing()).ShouldBeFalse();
        coroutine.State.ShouldBe(CoroutineState.Created);
        coroutine.Close();
    }

    [Fact]
    [Rule("GEN-01")]
    public void It_is_marked_as_deprecated()
    {
        var forms = typeof(Asyncio).GetMethods().Where(method => method.Name == nameof(Asyncio.Coroutine)).ToList();
        forms.Count.ShouldBe(3);
        forms.ShouldAllBe(form => ((ObsoleteAttribute)form.GetCustomAttributes(typeof(ObsoleteAttribute), false)[0]).Message!
            .Contains("deprecated since Python 3.8"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("GEN-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_from_corowrapper", Deviation = "a generator has no value of its own")]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_vs_yield_from", Deviation = "yielding a future waits for it")]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_vs_yield_from_generator", Deviation = "yielding the coroutine of a generator waits for it")]
    [CPython("test_tasks.py::CompatibilityTests.test_yield_from_awaitable", Deviation = "a generator has no value of its own")]
    [CPython("test_tasks.py::CompatibilityTests.test_debug_mode_interop")]
    public void It_waits_for_sleeps_futures_tasks_generators_and_coroutines(bool debug)
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main(), debug);
        log.ShouldBe(["slept 1", "future (7, 7) at 3", "task 8 at 4", "inner", "generator at 6", "native", "coroutine at 8", "all 3"]);

        async Coroutine Main() => await Asyncio.Coroutine(Outer(Asyncio.GetRunningLoop()));

        IEnumerable<IAwaitable?> Outer(EventLoop loop)
        {
            yield return Asyncio.Sleep(1);
            log.Add($"slept {loop.Time:0}");
            var future = loop.CreateFuture<(int, int)>();
            loop.CallLater(2, () => future.SetResult((7, 7)));
            yield return future;
            log.Add($"future {future.Result()} at {loop.Time:0}");
            yield return future; // done: no suspension
            var task = Asyncio.CreateTask(Asyncio.Sleep(1, 8));
            yield return task;
            log.Add($"task {task.Result()} at {loop.Time:0}");
            yield return Asyncio.Coroutine(Inner());
            log.Add($"generator at {loop.Time:0}");
            yield return Native();
            log.Add($"coroutine at {loop.Time:0}");
            var gather = Asyncio.Gather(Asyncio.Sleep(1, 1), Asyncio.Sleep(1, 2));
            yield return gather;
            log.Add($"all {gather.Result().Sum()}");
        }

        IEnumerable<IAwaitable?> Inner()
        {
            yield return Asyncio.Sleep(2);
            log.Add("inner");
        }

        async Coroutine Native()
        {
            await Asyncio.Sleep(2);
            log.Add("native");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("GEN-03")]
    [CPython("test_tasks.py::BaseTaskTests.test_return_coroutine_from_coroutine", Deviation = "a decorated function returns an iterator")]
    public void A_plain_function_that_returns_a_generator_will_do(bool debug)
    {
        var log = new List<string>();
        var function = Asyncio.Coroutine(Plain);
        VirtualTimeLoop.Run(function(), debug);
        log.ShouldBe(["plain", "generator"]);

        IEnumerable<IAwaitable?> Plain()
        {
            log.Add("plain");
            return Generator();
        }

        IEnumerable<IAwaitable?> Generator()
        {
            yield return Asyncio.Sleep(1);
            log.Add("generator");
        }
    }

    [Fact]
    [Rule("GEN-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_step_result")]
    public void A_bare_yield_takes_one_iteration()
    {
        var log = new List<string>();
        var loop = VirtualTimeLoop.Create();
        var task = loop.CreateTask(Asyncio.Coroutine(Generator()));
        loop.RunOnce();
        log.ShouldBe(["one"]);
        loop.RunOnce();
        log.ShouldBe(["one", "two"]);
        loop.RunOnce();
        log.ShouldBe(["one", "two", "three"]);
        task.IsDone.ShouldBeTrue();
        loop.Close();

        IEnumerable<IAwaitable?> Generator()
        {
            log.Add("one");
            yield return null;
            log.Add("two");
            yield return Asyncio.Sleep(0);
            log.Add("three");
        }
    }

    [Fact]
    [Rule("GEN-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_step_result", Deviation = "the coroutine fails at the yield, where an iterator cannot catch")]
    public void What_cannot_be_awaited_fails_the_coroutine_at_the_yield()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["disposed"]);

        async Coroutine Main()
            => (await OnLoop.Failure<ArgumentException>(Asyncio.Coroutine(Generator()))).Message.ShouldContain(nameof(NotAwaitable));

        IEnumerable<IAwaitable?> Generator()
        {
            try
            {
                yield return new NotAwaitable();
                log.Add("not reached");
            }
            finally
            {
                log.Add("disposed");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("GEN-05")]
    public void A_failure_at_a_yield_runs_the_finally_blocks_and_is_the_outcome(bool suspends)
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["disposed"]);

        async Coroutine Main()
        {
            var failure = new FormatException();
            (await OnLoop.Failure<FormatException>(Asyncio.Coroutine(Generator(failure)))).ShouldBeSameAs(failure);
        }

        IEnumerable<IAwaitable?> Generator(Exception failure)
        {
            try
            {
                if (suspends)
                {
                    yield return GatherTests.Fails(1, failure);
                }
                else
                {
                    var future = Asyncio.GetRunningLoop().CreateFuture<int>();
                    future.SetException(failure);
                    yield return future;
                }
                log.Add("not reached");
            }
            finally
            {
                log.Add("disposed");
            }
        }
    }

    [Fact]
    [Rule("GEN-02")]
    public void It_has_no_value_and_what_it_finds_out_goes_through_a_future()
    {
        typeof(Asyncio).GetMethods().Where(method => method.Name == nameof(Asyncio.Coroutine)).Select(method => method.ReturnType)
            .ShouldBe([typeof(Coroutine), typeof(Coroutine), typeof(Func<Coroutine>)], ignoreOrder: true);
        VirtualTimeLoop.Run(Main()).ShouldBe(42);

        static async Coroutine<int> Main()
        {
            var answer = Asyncio.GetRunningLoop().CreateFuture<int>();
            CoroutineTask task = Asyncio.CreateTask(Asyncio.Coroutine(Generator(answer)));
            await task;
            task.ShouldNotBeAssignableTo<IFuture<int>>();
            return answer.Result();
        }

        static IEnumerable<IAwaitable?> Generator(Future<int> answer)
        {
            yield return Asyncio.Sleep(1);
            answer.SetResult(42);
        }
    }

    [Fact]
    [Rule("GEN-02")]
    public void A_failure_of_its_own_body_is_its_outcome()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<FormatException>(Asyncio.Coroutine(Generator()));
            var task = Asyncio.CreateTask(Asyncio.Coroutine(Generator()));
            await OnLoop.Failure<FormatException>(task);
        }

        static IEnumerable<IAwaitable?> Generator()
        {
            yield return Asyncio.Sleep(1);
            throw new FormatException();
        }
    }

    [Fact]
    [Rule("GEN-02")]
    public void A_cancellation_reaches_what_it_waits_for_and_runs_its_finally_blocks()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["disposed"]);

        async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Asyncio.Coroutine(Generator(future)));
            await Asyncio.Sleep(1);
            task.Cancel("enough");
            future.IsCancelled.ShouldBeTrue();
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("enough");
            task.IsCancelled.ShouldBeTrue();
        }

        IEnumerable<IAwaitable?> Generator(Future<int> future)
        {
            try
            {
                yield return future;
                log.Add("not reached");
            }
            finally
            {
                log.Add("disposed");
            }
        }
    }

    [Fact]
    [Rule("GEN-06")]
    public void A_generator_object_is_accepted_through_Asyncio_Coroutine_in_both_of_its_forms()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Asyncio.Coroutine(Generator("run")));
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["run", "task", "ensured", "awaited"]);

        async Coroutine Main()
        {
            await Asyncio.CreateTask(Asyncio.Coroutine(Generator("task").GetEnumerator()));
            await Asyncio.EnsureFuture(Asyncio.Coroutine(Generator("ensured")));
            await Asyncio.Coroutine(Generator("awaited"));
            Should.Throw<ArgumentNullException>(() => _ = Asyncio.Coroutine((IEnumerable<IAwaitable?>)null!)).ParamName.ShouldBe("iterator");
        }

        IEnumerable<IAwaitable?> Generator(string name)
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            future.Loop.CallLater(1, () => future.SetResult(1));
            yield return future;
            log.Add(name);
        }
    }

    [Fact]
    [Rule("GEN-06")]
    public void A_generator_coroutine_can_be_driven_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var coroutine = Asyncio.Coroutine(Nothing());
            await coroutine;
            (await OnLoop.Failure<InvalidOperationException>(coroutine)).Message.ShouldContain("cannot reuse already awaited coroutine");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("GEN-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_coroutine_never_yielded", Deviation = "the text is that of every coroutine, 'was never awaited'")]
    public void One_that_is_dropped_unstarted_is_reported_in_debug_mode_only(bool debug)
    {
        var reports = new List<string>();
        VirtualTimeLoop.Run(Main(), debug);
        if (debug)
        {
            reports.Count.ShouldBe(2);
            reports.ShouldAllBe(report => report.Contains("Nothing") && report.Contains("was never awaited") && report.EndsWith("with a trace"));
        }
        else
        {
            reports.ShouldBeEmpty();
        }

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context)
                => reports.Add(context.Message + (context.SourceTraceback is null ? " without a trace" : " with a trace"));
            Drop();
            GatherTests.Collect();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop()
        {
#pragma warning disable ASYNCIO001 // that is the subject
            _ = Asyncio.Coroutine(Nothing());
            _ = Asyncio.Coroutine(Nothing)();
#pragma warning restore ASYNCIO001
        }
    }

    [Fact]
    [Rule("GEN-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_repr_coro_decorator", Deviation = "without file and line")]
    public void The_texts_of_a_coroutine_and_its_task_use_the_name_of_the_iterator_method()
    {
        var loop = VirtualTimeLoop.Create();
        var coroutine = Asyncio.Coroutine(Nothing)();
        coroutine.QualifiedName.ShouldEndWith("GeneratorTests.Nothing");
        coroutine.ToString().ShouldContain("GeneratorTests.Nothing");
        var task = loop.CreateTask(Asyncio.Coroutine(Nothing()));
        task.ToString().ShouldContain("GeneratorTests.Nothing() running");
        loop.RunUntilComplete(task);
        task.ToString().ShouldContain("GeneratorTests.Nothing() done");
        loop.RunUntilComplete(coroutine);
        loop.Close();
    }

    private static IEnumerable<IAwaitable?> Nothing()
    {
        yield return null;
    }

    private sealed class NotAwaitable : IAwaitable;
}
