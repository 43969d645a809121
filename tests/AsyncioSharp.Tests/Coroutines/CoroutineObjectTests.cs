using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>
/// Coroutine objects (CORO-*): a call makes one and runs nothing; awaiting runs it inline, in the caller's task; it can be run once.
/// </summary>
public class CoroutineObjectTests
{
    private readonly List<string> _log = [];

    [Fact]
    [Rule("CORO-01")]
    public void Calling_a_coroutine_function_runs_nothing_of_its_body()
    {
        var coroutine = Body();

        coroutine.State.ShouldBe(CoroutineState.Created);
        _log.ShouldBeEmpty();
        coroutine.Close();

        async Coroutine Body() => _log.Add("body");
    }

    [Fact]
    [Rule("CORO-01")]
    public void Awaiting_runs_the_body_inline_in_the_callers_task()
    {
        VirtualTimeLoop.Run(Main());

        _log.ShouldBe(["before", "body in the same task: True", "after", "iteration"]);

        async Coroutine Main()
        {
            var task = Asyncio.CurrentTask();
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("iteration"));
            _log.Add("before");
            await Body(task);
            _log.Add("after");
            await Asyncio.Sleep(0);
        }

        async Coroutine Body(CoroutineTask? caller) => _log.Add($"body in the same task: {Asyncio.CurrentTask() == caller}");
    }

    [Fact]
    [Rule("CORO-01")]
    public void As_a_task_the_body_starts_with_the_first_step()
    {
        VirtualTimeLoop.Run(Main());

        _log.ShouldBe(["created", "body", "joined"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            _log.Add("created");
            await task;
            _log.Add("joined");
        }

        async Coroutine Body() => _log.Add("body");
    }

    [Fact]
    [Rule("CORO-02")]
    public void A_finished_coroutine_cannot_be_awaited_again()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var coroutine = Nothing();
            await coroutine;
            coroutine.State.ShouldBe(CoroutineState.Closed);

            var failure = (await Caught.By(coroutine)).ShouldBeOfType<InvalidOperationException>();

            failure.Message.ShouldContain("cannot reuse already awaited coroutine");
            failure.Message.ShouldContain(nameof(Nothing));
        }
    }

    [Fact]
    [Rule("CORO-02")]
    public void A_finished_coroutine_cannot_be_run_by_a_second_task()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var coroutine = Nothing();
            await Asyncio.CreateTask(coroutine);

#pragma warning disable ASYNCIO002 // that is the subject
            var second = Asyncio.CreateTask(coroutine);
#pragma warning restore ASYNCIO002
            var failure = (await Caught.By(second)).ShouldBeOfType<InvalidOperationException>();

            failure.Message.ShouldContain("cannot reuse already awaited coroutine");
            second.IsDone.ShouldBeTrue();
        }
    }

    [Fact]
    [Rule("CORO-02")]
    [CPython("test_pep492.py::CoroutineTests.test_double_await")]
    public void A_coroutine_that_a_task_is_running_cannot_be_awaited()
    {
        VirtualTimeLoop.Run(Test()).ShouldBe(7);

        static async Coroutine<int> Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Wait(gate);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);

            var awaited = (await Caught.By(coroutine)).ShouldBeOfType<InvalidOperationException>();
            awaited.Message.ShouldContain("coroutine is being awaited already");
#pragma warning disable ASYNCIO002 // that is the subject
            var second = (await Caught.By(Asyncio.CreateTask(coroutine))).ShouldBeOfType<InvalidOperationException>();
#pragma warning restore ASYNCIO002
            second.Message.ShouldContain("coroutine is being awaited already");

            gate.SetResult(7); // the first task is not disturbed
            return await task;
        }

        static async Coroutine<int> Wait(Future<int> gate) => await gate;
    }

    [Fact]
    [Rule("CORO-02")]
    public void Sleep_of_zero_is_one_object_without_state_that_may_be_awaited_again()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var turn = Asyncio.Sleep(0);
            Asyncio.Sleep(-1).ShouldBeSameAs(turn);
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("one"));
            await turn;
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("two"));
            await turn;
            await Asyncio.CreateTask(turn);
            await Asyncio.CreateTask(turn);
            turn.State.ShouldBe(CoroutineState.Created);
            _log.ShouldBe(["one", "two"]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_sleep_that_is_awaited_where_no_event_loop_runs_throws_out_of_the_await(double seconds)
    {
        var sleep = Asyncio.Sleep(seconds);
        var failure = await Should.ThrowAsync<InvalidOperationException>(Method);
        failure.Message.ShouldStartWith("coroutine 'Asyncio.Sleep' is awaited where no event loop runs.");

        async Task Method() => await sleep;
    }

    [Fact]
    public async Task So_does_a_place_in_a_queue_which_belongs_to_no_loop_before_somebody_waits()
    {
        var queue = new AsyncQueue<int>();
        var failure = await Should.ThrowAsync<InvalidOperationException>(async () => await queue.Get());
        failure.Message.ShouldStartWith("coroutine 'AsyncQueue.Get' is awaited where no event loop runs.");

        Asyncio.Run(Ask());
        Asyncio.Run(Wait());

        async Coroutine Ask() => queue.Get().GetAwaiter().IsCompleted.ShouldBeFalse(); // that is not to wait

        async Coroutine Wait()
        {
            Asyncio.GetRunningLoop().CallSoon(() => queue.PutNowait(1));
            (await queue.Get()).ShouldBe(1);
        }
    }

    [Fact]
    [Rule("CORO-04")]
    [CPython("test_tasks.py::BaseTaskTests.test_coroutine_non_gen_function_return_future")]
    public void A_coroutine_that_returns_a_future_or_a_coroutine_gives_that_object_itself()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var coroutine = Nothing();

            (await GiveFuture(future)).ShouldBeSameAs(future);
            (await Asyncio.CreateTask(GiveCoroutine(coroutine))).ShouldBeSameAs(coroutine);

            future.IsDone.ShouldBeFalse();
            coroutine.State.ShouldBe(CoroutineState.Created);
            coroutine.Close();
        }

        static async Coroutine<Future<int>> GiveFuture(Future<int> future) => future;
        static async Coroutine<Coroutine> GiveCoroutine(Coroutine coroutine) => coroutine;
    }

    [Fact]
    [Rule("CORO-05")]
    [CPython("test_pep492.py::CoroutineTests.test_iscoroutine_generator")]
    [CPython("test_pep492.py::CoroutineTests.test_iscoroutine", Deviation = "an awaitable of your own is no coroutine, it gives one")]
    public void IsCoroutine_is_true_for_coroutine_objects_only()
    {
        using var loop = new Closing();
        var coroutine = Nothing();

        Asyncio.IsCoroutine(coroutine).ShouldBeTrue();
        Asyncio.IsCoroutine(Asyncio.Sleep(1)).ShouldBeTrue();
        Asyncio.IsCoroutine(Asyncio.Coroutine(Turns())).ShouldBeTrue();

        Asyncio.IsCoroutine((Func<Coroutine>)Nothing).ShouldBeFalse();
        Asyncio.IsCoroutine(loop.Loop.CreateFuture<int>()).ShouldBeFalse();
        Asyncio.IsCoroutine(Items()).ShouldBeFalse();
        Asyncio.IsCoroutine(new Source(coroutine)).ShouldBeFalse();
        Asyncio.IsCoroutine(Turns()).ShouldBeFalse();
        Asyncio.IsCoroutine("text").ShouldBeFalse();
        Asyncio.IsCoroutine(null).ShouldBeFalse();
        coroutine.Close();

        static async IAsyncEnumerable<int> Items()
        {
            yield return 1;
        }
    }

    [Fact]
    [Rule("CORO-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_iscoroutinefunction")]
    [CPython("test_pep492.py::CoroutineTests.test_iscoroutinefunction")]
    public void IsCoroutineFunction_is_true_for_async_methods_bound_ones_and_partial_applications()
    {
        string name = "x";

        Asyncio.IsCoroutineFunction((Func<Coroutine>)Nothing).ShouldBeTrue();
        Asyncio.IsCoroutineFunction((Func<Coroutine>)Bound).ShouldBeTrue();
        Asyncio.IsCoroutineFunction((Func<Coroutine<string>>)name.Later).ShouldBeTrue(); // a delegate closed over the first argument
        Asyncio.IsCoroutineFunction((Func<Coroutine>)(async () => await Asyncio.Sleep(0))).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(Asyncio.Coroutine(Turns)).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(((Delegate)Bound).Method).ShouldBeTrue();

        Asyncio.IsCoroutineFunction((Func<int>)Plain).ShouldBeFalse();
        Asyncio.IsCoroutineFunction((Func<IEnumerable<IAwaitable?>>)Turns).ShouldBeFalse();
        Asyncio.IsCoroutineFunction((Func<IAsyncEnumerable<int>>)Items).ShouldBeFalse();
        Asyncio.IsCoroutineFunction((Func<Coroutine>)(() => Nothing())).ShouldBeFalse();
        Asyncio.IsCoroutineFunction((Func<Task>)DotNet).ShouldBeFalse();

        static int Plain() => 1;
        static async Task DotNet() => await Task.Yield();
        static async IAsyncEnumerable<int> Items()
        {
            yield return 1;
        }
    }

    [Fact]
    [Rule("CORO-08")]
    public void Something_that_cannot_be_awaited_fails_inside_the_coroutine_where_it_can_be_caught()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            try
            {
                await new NotAwaitable();
                Assert.Fail("awaited");
            }
            catch (ArgumentException e)
            {
                e.Message.ShouldContain(nameof(NotAwaitable));
            }
            await Asyncio.Sleep(0); // the task goes on
        }
    }

    [Fact]
    [Rule("CORO-08")]
    public void A_bare_yield_is_a_pause_of_one_iteration()
    {
        VirtualTimeLoop.Run(Test());

        _log.ShouldBe(["first", "iteration", "second"]);

        async Coroutine Test() => await Asyncio.Coroutine(Body());

        IEnumerable<IAwaitable?> Body()
        {
            _log.Add("first");
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("iteration"));
            yield return null;
            _log.Add("second");
        }
    }

    [Fact]
    [Rule("CORO-08")]
    public void An_awaitable_of_ones_own_is_awaited_through_its_coroutine()
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            await new Source(Body());
            _log.ShouldBe(["body"]);
        }

        async Coroutine Body() => _log.Add("body");
    }

    private static async Coroutine Nothing()
    {
    }

    private static IEnumerable<IAwaitable?> Turns()
    {
        yield return null;
    }

    private async Coroutine Bound() => _log.Add("bound");

    private sealed class NotAwaitable : IAwaitable;

    private sealed class Source(Coroutine coroutine) : ICoroutineSource
    {
        public Coroutine ToCoroutine() => coroutine;
    }

    private sealed class Closing : IDisposable
    {
        public EventLoop Loop { get; } = VirtualTimeLoop.Create();

        public void Dispose() => Loop.Close();
    }

    [Fact]
    public void What_is_done_does_not_keep_alive_what_it_has_waited_for()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var (task, loader) = Start();
            (await task).ShouldBe(1000);
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            loader.IsAlive.ShouldBeFalse();
            GC.KeepAlive(task);
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (CoroutineTask<int> Task, WeakReference Loader) Start()
        {
            var loader = new WeakReference(null);
            return (Asyncio.CreateTask(Size(loader)), loader);
        }

        static async Coroutine<int> Size(WeakReference loader) => (await Loader(loader)).Length;

        static Coroutine<byte[]> Loader(WeakReference loader)
        {
            var coroutine = Load();
            loader.Target = coroutine;
            return coroutine;
        }

        static async Coroutine<byte[]> Load()
        {
            await Asyncio.Sleep(0);
            return new byte[1000];
        }
    }
}

internal static class Laters
{
    internal static async Coroutine<string> Later(this string text)
    {
        await Asyncio.Sleep(0);
        return text;
    }
}
