using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>
/// Failures that nobody retrieves and tasks that never end: EXC-08 to EXC-10 of docs/semantics.md. A report is due once the garbage collector has
/// found the future, so everything that fails here is made in a method of its own, which leaves nothing on the stack.
/// </summary>
public class UnretrievedTests
{
    [Fact]
    [Rule("EXC-08")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_exception_unretrieved")]
    [CPython("test_futures.py::BaseFutureTests.test_future_exception_never_retrieved")]
    public void A_failed_future_that_is_dropped_is_reported_once()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var reports = loop.CollectReports();
        Fail(loop, new FormatException("lost"));

        Collect(loop);
        Collect(loop);

        var report = reports.ShouldHaveSingleItem();
        report.Message.ShouldBe("Future exception was never retrieved");
        report.Exception.ShouldBeOfType<FormatException>().Message.ShouldBe("lost");
        report.Future.ShouldNotBeNull().Exception().ShouldBeSameAs(report.Exception);
        report.SourceTraceback.ShouldBeNull();
        report.Entries.Keys.ShouldBe(["future"]);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop, Exception exception) => loop.CreateFuture<int>().SetException(exception);
    }

    [Fact]
    [Rule("EXC-08")]
    [CPython("test_futures.py::BaseFutureTests.test_future_exception_never_retrieved_debug")]
    public void Debug_mode_adds_where_the_future_was_made()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var reports = loop.CollectReports();
        FailWithOrigin(loop);

        Collect(loop);

        var report = reports.ShouldHaveSingleItem();
        report.SourceTraceback.ShouldNotBeNull().ToString().ShouldContain(nameof(FailWithOrigin));
        report.Entries.Keys.ShouldBe(["future", "source_traceback"]);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-08")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_default_exc_handler_coro")]
    public void The_default_handler_writes_the_report_with_the_exception_and_its_trace()
    {
        var loop = VirtualTimeLoop.Create();
        using var log = new StringWriter();
        loop.LogWriter = log;
        FailTask(loop);
        log.ToString().ShouldBeEmpty();

        Collect(loop);

        log.ToString().ShouldContain("Task exception was never retrieved");
        log.ToString().ShouldContain($"{nameof(FormatException)}: ");
        log.ToString().ShouldContain("UnretrievedTests"); // a line of the trace
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void FailTask(EventLoop loop)
        {
            var task = loop.CreateTask(FailsLater());
            task.AddDoneCallback(_ => loop.Stop());
            loop.RunForever();
        }

        static async Coroutine FailsLater()
        {
            await Asyncio.Sleep(1);
            throw new FormatException("text");
        }
    }

    [Fact]
    [Rule("EXC-08")]
    public void A_failed_task_and_a_failed_gather_are_reported_under_their_own_kinds()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        FailTask(loop);
        Collect(loop);
        reports.ShouldHaveSingleItem().Message.ShouldBe("Task exception was never retrieved");
        reports[0].Exception.ShouldBeOfType<FormatException>();
        reports.Clear();

        FailGather(loop);
        Collect(loop);

        reports.Select(report => report.Message!).ShouldContain(message => message == "Gather exception was never retrieved");
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void FailTask(EventLoop loop)
        {
            _ = loop.CreateTask(Fails());
            loop.RunUntilComplete(Asyncio.Sleep(1));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void FailGather(EventLoop loop) => loop.RunUntilComplete(Main());

        static async Coroutine Main()
        {
            _ = Asyncio.Gather(Fails(), Fails());
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [Rule("EXC-08")]
    public void A_report_that_is_on_its_way_when_the_loop_is_closed_is_not_lost()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Fail(loop);
        LoopHelpers.CollectGarbage(); // the report waits in the loop now

        loop.Close();

        reports.ShouldHaveSingleItem().Message.ShouldBe("Future exception was never retrieved");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop) => loop.CreateFuture<int>().SetException<FormatException>();
    }

    [Fact]
    [Rule("EXC-08")]
    public void A_failure_that_outlives_its_loop_is_reported_all_the_same()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Fail(loop);
        loop.Close();

        LoopHelpers.CollectGarbage();

        lock (reports)
        {
            reports.ShouldHaveSingleItem().Message.ShouldBe("Future exception was never retrieved");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop) => loop.CreateFuture<int>().SetException<FormatException>();
    }

    [Fact]
    [Rule("EXC-09")]
    [CPython("test_tasks.py::BaseTaskTests.test_tb_logger_not_called_after_cancel")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_abandoned")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_not_called_after_cancel")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_result_unretrieved")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_result_retrieved")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_exception_retrieved")]
    [CPython("test_futures.py::BaseFutureTests.test_tb_logger_exception_result_retrieved")]
    public void Every_way_of_retrieving_counts_and_results_and_cancellations_never_report()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Retrieve(loop);

        Collect(loop);

        // The one that was not retrieved shows that the garbage was really collected.
        reports.Select(report => report.Exception!.Message).ShouldBe(["control"]);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Retrieve(EventLoop loop)
        {
            Failed(loop, "control");
            Should.Throw<FormatException>(() => Failed(loop, "result").Result());
            Should.Throw<FormatException>(() => ((Future)Failed(loop, "untyped result")).Result());
            Failed(loop, "exception").Exception().ShouldNotBeNull();
            Failed(loop, "cancel").Cancel().ShouldBeFalse();
            Should.Throw<FormatException>(() => loop.RunUntilComplete(Await(Failed(loop, "await"))));
            Should.Throw<FormatException>(() => loop.RunUntilComplete(Await(loop.CreateTask(Fails()))));
            var task = loop.CreateTask(Fails());
            loop.RunUntilComplete(Asyncio.Sleep(1));
            task.Cancel().ShouldBeFalse();
            loop.CreateFuture<int>();
            loop.CreateFuture<int>().SetResult(1);
            var retrieved = loop.CreateFuture<int>();
            retrieved.SetResult(2);
            retrieved.Result().ShouldBe(2);
            loop.CreateFuture<int>().Cancel();
            var sleeper = loop.CreateTask(Asyncio.Sleep(10));
            loop.RunIteration();
            sleeper.Cancel();
            loop.RunUntilComplete(Asyncio.Sleep(1));
        }

        static async Coroutine Await(Future future) => await future;
    }

    [Fact]
    [Rule("EXC-09")]
    [CPython("test_tasks.py::CoroutineGatherTests.test_exception_marking")]
    public void A_gather_that_has_failed_marks_the_later_failures_of_its_children()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        RunGather(loop);

        Collect(loop);

        reports.Select(report => report.Exception!.Message).ShouldBe(["control"]);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void RunGather(EventLoop loop)
        {
            Failed(loop, "control");
            Should.Throw<FormatException>(() => loop.RunUntilComplete(Main())).Message.ShouldBe("first");
        }

        static async Coroutine Main()
        {
            try
            {
                await Asyncio.Gather(FailsAfter(1, "first"), FailsAfter(2, "second"));
            }
            finally
            {
                await Asyncio.Sleep(5);
            }
        }
    }

    [Fact]
    [Rule("EXC-09")]
    public void Wait_does_not_mark_but_for_children_that_FirstException_looks_at()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        RunWait(loop, ReturnWhen.AllCompleted);
        Collect(loop);
        reports.Select(report => report.Exception!.Message).ShouldBe(["looked at"]);
        reports.Clear();

        RunWait(loop, ReturnWhen.FirstException);
        FailControl(loop);
        Collect(loop);

        reports.Select(report => report.Exception!.Message).ShouldBe(["control"]);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void FailControl(EventLoop loop) => Failed(loop, "control");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void RunWait(EventLoop loop, ReturnWhen returnWhen) => loop.RunUntilComplete(Main(loop, returnWhen));

        static async Coroutine Main(EventLoop loop, ReturnWhen returnWhen)
        {
            CoroutineTask[] tasks = [loop.CreateTask(FailsAfter(1, "looked at")), loop.CreateTask(Asyncio.Sleep(2))];
            await Asyncio.Wait(tasks, null, returnWhen);
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    public void FirstException_looks_at_a_failure_in_its_turn_and_not_before()
    {
        var loop = VirtualTimeLoop.Create();
        var failures = new List<string>();
        loop.ExceptionHandler = (_, context) => failures.AddRange(context.Exception is { } failure ? [failure.Message] : []); // a report would keep the task, and what it awaits
        FailInTheLastIteration(loop);
        loop.Close();
        GC.Collect();
        GC.WaitForPendingFinalizers();

        failures.ShouldBe(["not looked at"]);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void FailInTheLastIteration(EventLoop loop)
        {
            Future<int>[] futures = [loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            _ = loop.CreateTask(Asyncio.Wait(futures, returnWhen: ReturnWhen.FirstException));
            loop.CallLater(1, () =>
            {
                futures[0].SetException(new FormatException("not looked at"));
                loop.Stop();
            });
            loop.RunForever();
        }
    }

    [Fact]
    [Rule("EXC-09")]
    public void A_gather_nobody_awaits_is_reported_even_if_it_holds_a_cancellation()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        RunGather(loop);

        Collect(loop);

        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<CancelledException>();
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void RunGather(EventLoop loop) => loop.RunUntilComplete(Main(loop));

        static async Coroutine Main(EventLoop loop)
        {
            var child = loop.CreateFuture<int>();
            _ = Asyncio.Gather(child, loop.CreateFuture<int>());
            child.Cancel();
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [Rule("EXC-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_log_destroyed_pending_task", Deviation = "when the loop is closed; no pending task is collected")]
    public void A_task_that_is_pending_when_its_loop_is_closed_is_reported()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var reports = loop.CollectReports();
        var first = loop.CreateTask(Asyncio.Sleep(100), "first");
        var second = loop.CreateTask(Asyncio.Sleep(100), "second");
        var done = loop.CreateTask(Asyncio.Sleep(0), "done");
        loop.RunUntilComplete(done);

        loop.Close();

        reports.Select(report => report.Task).ShouldBe([first, second]);
        reports.ShouldAllBe(report => report.Message == "Task was destroyed but it is pending!");
        reports.ShouldAllBe(report => report.Exception == null && report.Entries.Count == 1);
    }

    [Fact]
    [Rule("EXC-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_log_destroyed_pending_task")]
    public void Debug_mode_adds_where_the_pending_task_was_made()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var reports = loop.CollectReports();
        _ = loop.CreateTask(Asyncio.Sleep(100));

        loop.Close();

        reports.ShouldHaveSingleItem().SourceTraceback.ShouldNotBeNull().ToString()
            .ShouldContain(nameof(Debug_mode_adds_where_the_pending_task_was_made));
    }

    [Fact]
    [Rule("EXC-10")]
    public void Pending_futures_and_tasks_made_by_a_gather_are_not_reported()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var pending = loop.CreateFuture<int>();
        pending.AddDoneCallback(_ => { });
        loop.CallSoon(() => _ = Asyncio.Gather(Asyncio.Sleep(100), Asyncio.Sleep(100)));
        loop.RunIteration();
        loop.RunIteration();
        Asyncio.AllTasks(loop).Count.ShouldBe(2);

        loop.Close();

        reports.ShouldBeEmpty();
    }

    [Fact]
    [Rule("EXC-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_log_destroyed_pending_task", Deviation = "no pending task is collected")]
    public void A_pending_task_that_nobody_holds_goes_on()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var order = new List<string>();
        Drop(loop, order);
        loop.RunIteration();
        LoopHelpers.CollectGarbage();

        loop.RunUntilComplete(Asyncio.Sleep(100));

        order.ShouldBe(["ran to its end"]);
        reports.ShouldBeEmpty();
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(EventLoop loop, List<string> order)
        {
            async Coroutine Main()
            {
                await Asyncio.Sleep(50);
                order.Add("ran to its end");
            }
            _ = loop.CreateTask(Main());
        }
    }

    private static void Collect(EventLoop loop)
    {
        LoopHelpers.CollectGarbage();
        loop.RunIteration();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailWithOrigin(EventLoop loop) => loop.CreateFuture<int>().SetException<FormatException>();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Future<int> Failed(EventLoop loop, string message)
    {
        var future = loop.CreateFuture<int>();
        future.SetException(new FormatException(message));
        return future;
    }

    private static Coroutine<int> Fails() => FailsAfter(0, "failed");

    private static async Coroutine<int> FailsAfter(double seconds, string message)
    {
        await Asyncio.Sleep(seconds);
        throw new FormatException(message);
    }
}
