using AsyncioSharp.Tests.Conformance.Support;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>What raises <c>TypeError</c> or <c>ValueError</c> in Python because of its type does not compile.</summary>
public class NotCompilingTests
{
    private const string Deviation = "it does not compile";

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_soon_non_callable", Deviation = Deviation)]
    public void A_callback_that_is_no_function()
        => Snippet.IsRefused("loop.CallSoon(1);", instead: "loop.CallSoon(() => { });");

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopWithSelectorTests.test_call_coroutine", Deviation = "a coroutine object does not compile")]
    public void A_coroutine_object_as_a_callback()
    {
        Snippet.IsRefused("loop.CallSoon(Nothing());", instead: "loop.CreateTask(Nothing());");
        Snippet.IsRefused("loop.CallSoonThreadsafe(Nothing());", instead: "Asyncio.RunCoroutineThreadsafe(Nothing(), loop);");
        Snippet.IsRefused("loop.CallLater(60, Nothing());", instead: "loop.CallLater(60, () => loop.CreateTask(Nothing()));");
        Snippet.IsRefused("loop.CallAt(60, Nothing());", instead: "loop.CallAt(60, () => loop.CreateTask(Nothing()));");
        Snippet.IsRefused("_ = loop.RunInExecutor(null, Nothing());", instead: "_ = loop.RunInExecutor(null, Plain);");
    }

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_call_later", Deviation = "a null delay does not compile")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_time_and_call_at", Deviation = "a null time does not compile")]
    public void A_timer_without_a_time()
    {
        Snippet.IsRefused("loop.CallLater(null, () => { });", instead: "loop.CallLater(0, () => { });");
        Snippet.IsRefused("loop.CallAt(null, () => { });", instead: "loop.CallAt(0, () => { });");
    }

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_exc_handler_invalid", Deviation = Deviation)]
    public void An_exception_handler_that_is_no_function()
        => Snippet.IsRefused("loop.ExceptionHandler = \"spam\";", instead: "loop.ExceptionHandler = (_, context) => { };");

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_task_factory_invalid", Deviation = Deviation)]
    public void A_task_factory_that_is_none()
        => Snippet.IsRefused("loop.TaskFactory = 1;", instead: "loop.TaskFactory = null;");

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_default_executor_error", Deviation = Deviation)]
    public void A_default_executor_that_is_no_thread_pool()
        => Snippet.IsRefused("loop.SetDefaultExecutor((Executor)new ThreadPoolExecutor());", instead: "loop.SetDefaultExecutor(new ThreadPoolExecutor());");

    [Fact]
    [CPython("test_base_events.py::BaseEventLoopTests.test_run_until_complete_type_error", Deviation = Deviation)]
    public void Running_something_that_cannot_be_awaited()
        => Snippet.IsRefused("loop.RunUntilComplete(\"blah\");", instead: "loop.RunUntilComplete(future);");

    [Fact]
    [CPython("test_runners.py::RunTests.test_asyncio_run_only_coro", Deviation = Deviation)]
    public void A_main_that_cannot_be_awaited()
    {
        Snippet.IsRefused("Asyncio.Run(1);", instead: "Asyncio.Run(One());");
        Snippet.IsRefused("Asyncio.Run(() => { });", instead: "Asyncio.Run(Nothing());");
        Snippet.IsRefused("Asyncio.Run(loop);", instead: "Asyncio.Run(future);");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_create_task_with_noncoroutine", Deviation = Deviation)]
    public void A_task_of_something_that_is_no_coroutine()
    {
        Snippet.IsRefused("loop.CreateTask(123);", instead: "loop.CreateTask(One());");
        Snippet.IsRefused("new CoroutineTask(123, loop);", instead: "new CoroutineTask(One(), loop);");
        Snippet.IsRefused("Asyncio.CreateTask(One);", instead: "Asyncio.CreateTask(One());");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_ensure_future_neither", Deviation = Deviation)]
    [CPython("test_futures.py::DuckTests.test_wrap_future", Deviation = "only futures are taken")]
    public void A_future_of_something_that_cannot_be_awaited()
    {
        Snippet.IsRefused("Asyncio.EnsureFuture(\"ok\");", instead: "Asyncio.EnsureFuture(One());");
        Snippet.IsRefused("Asyncio.WrapFuture(\"ok\");", instead: "Asyncio.WrapFuture(future);");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_as_completed_invalid_args", Deviation = Deviation)]
    public void A_single_awaitable_instead_of_several()
    {
        Snippet.IsRefused("Asyncio.AsCompleted(future);", instead: "Asyncio.AsCompleted([future]);");
        Snippet.IsRefused("Asyncio.AsCompleted(One());", instead: "Asyncio.AsCompleted([One()]);");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_invalid_args", Deviation = "a single coroutine does not compile")]
    [CPython("test_tasks.py::WaitTests.test_coro_is_deprecated_in_wait", Deviation = "tasks and coroutines in one list do not compile")]
    public void Waiting_for_a_coroutine_that_stands_alone_or_among_tasks()
    {
        Snippet.IsRefused("await Asyncio.Wait(One());", instead: "await Asyncio.Wait(Asyncio.CreateTask(One()));");
        Snippet.IsRefused(
            "await Asyncio.Wait(new List<IAwaitable> { task, One() });",
            instead: "await Asyncio.Wait(new List<CoroutineTask<int>> { task, Asyncio.CreateTask(One()) });");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_set_name_pylong", Deviation = "a name is text")]
    [CPython("test_tasks.py::BaseTaskTests.test_task_repr_name_not_str", Deviation = "a name is text")]
    public void A_name_that_is_no_text()
    {
        Snippet.IsRefused("Asyncio.CreateTask(One(), name: 987654321);", instead: "Asyncio.CreateTask(One(), name: \"987654321\");");
        Snippet.IsRefused("task.Name = 123456789;", instead: "task.Name = 123456789.ToString();");
        Snippet.IsRefused("task.Name = new HashSet<int> { 6 };", instead: "task.Name = new HashSet<int> { 6 }.ToString()!;");
    }

    [Fact]
    public void A_message_that_is_no_text()
    {
        Snippet.IsRefused("task.Cancel(5);", instead: "task.Cancel(\"5\");");
        Snippet.IsRefused("future.Cancel(5);", instead: "future.Cancel(null);");
        Snippet.IsRefused("throw new CancelledException(5);", instead: "throw new CancelledException(\"5\");");
    }

    [Fact]
    [CPython("test_tasks.py::BaseTaskTests.test_task_set_methods", Deviation = "a task has no setters")]
    public void Completing_a_task_from_outside()
    {
        Snippet.IsRefused("task.SetResult(1);", instead: "future.SetResult(1);");
        Snippet.IsRefused("task.SetException(new Exception());", instead: "future.SetException(new Exception());");
    }

    [Fact]
    [CPython("test_futures.py::BaseFutureTests.test_constructor_without_loop", Deviation = Deviation)]
    public void A_future_without_a_loop()
        => Snippet.IsRefused("new Future<int>();", instead: "new Future<int>(loop);");

    [Fact]
    [CPython("test_pep492.py::CoroutineTests.test_function_returning_awaitable", Deviation = "a decorated function must return an iterator")]
    [CPython("test_tasks.py::BaseTaskTests.test_return_coroutine_from_coroutine", Deviation = "a decorated function must return an iterator")]
    [CPython("test_tasks.py::BaseTaskTests.test_step_result", Deviation = "a value that cannot be awaited does not compile")]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_vs_yield_from_generator", Deviation = "a bare iterator does not compile")]
    public void A_generator_that_is_none_or_yields_what_cannot_be_awaited()
    {
        const string Bare = "IEnumerable<IAwaitable?> Bare() { yield return null; } ";
        Snippet.IsRefused("Asyncio.Coroutine(Nothing);", instead: Bare + "Asyncio.Coroutine(Bare);");
        Snippet.IsRefused("Asyncio.Coroutine(Plain);", instead: Bare + "Asyncio.Coroutine(Bare());");
        Snippet.IsRefused("IEnumerable<IAwaitable?> Numbers() { yield return 1; }", instead: Bare);
        Snippet.IsRefused(
            Bare + "IEnumerable<IAwaitable?> Outer() { yield return Bare(); }",
            instead: Bare + "IEnumerable<IAwaitable?> Outer() { yield return Asyncio.Coroutine(Bare()); }");
    }

    [Fact]
    public void Leaving_the_body_of_a_scope_for_what_is_around_it()
    {
        const string Loop = "while (true) { bool isOver = await Asyncio.Timeout(1).Run(async _ => {";
        Snippet.IsRefused($"{Loop} break; }}); }}", instead: $"{Loop} return true; }}); if (isOver) break; }}");
        Snippet.IsRefused($"{Loop} continue; }}); }}", instead: $"{Loop} return false; }}); if (isOver) break; }}");

        const string Iterator = "async IAsyncEnumerable<int> Iterate() { ";
        Snippet.IsRefused(
            Iterator + "await new TaskGroup().Run(async group => { yield return await group.CreateTask(One()); }); }",
            instead: Iterator + "yield return await new TaskGroup().Run(async group => { return await group.CreateTask(One()); }); }");
    }
}
