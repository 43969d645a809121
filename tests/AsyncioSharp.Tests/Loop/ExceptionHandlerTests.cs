using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Failures of callbacks, the handlers that are told, and fatal exceptions: EXC-01 to EXC-07 and EXC-11 of docs/semantics.md.</summary>
public class ExceptionHandlerTests
{
    [Fact]
    [Rule("EXC-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_exc_handler_custom")]
    public void A_failing_callback_is_reported_with_its_handle_and_the_rest_of_the_iteration_runs()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var reports = loop.CollectReports();
        var order = new List<string>();
        var handle = loop.CallSoon(FailingCallback);
        loop.CallSoon(() => order.Add("rest"));

        loop.RunIteration();

        order.ShouldBe(["rest"]);
        var report = reports.ShouldHaveSingleItem();
        report.Message.ShouldBe("Exception in callback ExceptionHandlerTests.FailingCallback()");
        report.Exception.ShouldBeOfType<FormatException>();
        report.Handle.ShouldBeSameAs(handle);
        report.SourceTraceback.ShouldBeNull();
        report.Entries.Keys.ShouldBe(["handle"]);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-01")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_exc_handler_custom")]
    public void Debug_mode_adds_where_the_handle_was_made()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var reports = loop.CollectReports();
        loop.CallSoon(FailingCallback);

        loop.RunIteration();

        var report = reports.ShouldHaveSingleItem();
        report.SourceTraceback.ShouldNotBeNull().ToString().ShouldContain(nameof(Debug_mode_adds_where_the_handle_was_made));
        report.Entries.Keys.ShouldBe(["handle", "source_traceback"]);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-01")]
    public void Timers_done_callbacks_and_callbacks_of_other_threads_are_reported_alike()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var future = loop.CreateFuture<int>();
        future.AddDoneCallback(_ => throw new FormatException("done"));
        loop.CallLater(0, () => throw new FormatException("timer"));
        loop.CallSoonThreadsafe(() => throw new FormatException("threadsafe"));
        future.SetResult(1);

        loop.RunIteration();

        reports.Select(report => report.Exception!.Message).ShouldBe(["done", "threadsafe", "timer"], ignoreOrder: true);
        reports.ShouldAllBe(report => report.Message!.StartsWith("Exception in callback "));
        loop.Close();
    }

    [Fact]
    [Rule("EXC-02")]
    public void A_fatal_exception_leaves_the_loop_at_once_and_the_rest_runs_first_in_the_next_run()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var order = new List<string>();
        var fatal = new KeyboardInterruptException();
        loop.CallSoon(() =>
        {
            loop.CallSoon(() => order.Add("scheduled by the first"));
            order.Add("first");
        });
        loop.CallSoon(() => throw fatal);
        loop.CallSoon(() => order.Add("left over"));

        Should.Throw<KeyboardInterruptException>(loop.RunForever).ShouldBeSameAs(fatal);
        order.ShouldBe(["first"]);
        loop.CallSoon(() => order.Add("new"));
        loop.RunIteration();

        order.ShouldBe(["first", "left over", "scheduled by the first", "new"]);
        reports.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("EXC-03")]
    public void Exceptions_of_every_other_kind_are_ordinary_for_callbacks_and_tasks()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var order = new List<string>();
        Exception[] kinds = [new CancelledException("in a callback"), new OutOfMemoryException(), new OperationCanceledException(), new Exception("plain")];
        static async Coroutine Raise(Exception exception)
        {
            await Asyncio.Sleep(0);
            throw exception;
        }
        foreach (var exception in kinds)
        {
            loop.CallSoon(static exception => throw exception, exception);
        }
        var tasks = kinds[1..].Select(exception => loop.CreateTask(Raise(exception))).ToList();
        loop.CallLater(1, () => order.Add("goes on"));
        loop.CallLater(2, loop.Stop);

        loop.RunForever();

        order.ShouldBe(["goes on"]);
        reports.Select(report => report.Exception).ShouldBe(kinds);
        tasks.Select(task => task.Exception()).ShouldBe(kinds[1..]);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-04")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_exc_handler_custom")]
    public void The_handler_is_called_with_loop_and_context_and_null_restores_the_default()
    {
        var loop = VirtualTimeLoop.Create();
        var log = loop.CollectLog();
        var calls = new List<(EventLoop Loop, ExceptionContext Context)>();
        loop.ExceptionHandler.ShouldBeNull();
        Action<EventLoop, ExceptionContext> handler = (sender, context) => calls.Add((sender, context));
        loop.ExceptionHandler = handler;
        loop.ExceptionHandler.ShouldBeSameAs(handler);
        var context = new ExceptionContext { Message = "one" };

        loop.CallExceptionHandler(context);
        calls.ShouldBe([(loop, context)]);
        log.ToString().ShouldBeEmpty();
        loop.ExceptionHandler = null;
        loop.CallExceptionHandler(new ExceptionContext { Message = "two" });

        calls.Count.ShouldBe(1);
        log.ToString().ShouldContain("two");
        Should.Throw<ArgumentNullException>(() => loop.CallExceptionHandler(null!)).ParamName.ShouldBe("context");
        Should.Throw<ArgumentNullException>(() => loop.DefaultExceptionHandler(null!)).ParamName.ShouldBe("context");
        loop.Close();
    }

    [Fact]
    [Rule("EXC-05")]
    public void The_default_handler_writes_the_message_the_keys_in_alphabetical_order_and_the_exception()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var log = loop.CollectLog();
        var future = loop.CreateFuture<int>();
        var task = loop.CreateTask(Nothing(), "named");

        loop.DefaultExceptionHandler(new ExceptionContext
        {
            Message = "What happened",
            Exception = new FormatException("why"),
            Task = task,
            Future = future,
            Handle = loop.CallSoon(FailingCallback),
        });

        var lines = log.ToString().Split(Environment.NewLine);
        lines[0].ShouldBe("What happened");
        lines[1].ShouldBe("future: <Future pending>");
        lines[2].ShouldBe("handle: <Handle ExceptionHandlerTests.FailingCallback()>");
        lines[3].ShouldStartWith("task: <Task pending name='named'");
        lines[4].ShouldBe("System.FormatException: why");
        task.Cancel();
        loop.ExceptionHandler = (_, _) => { };
        loop.RunIteration();
        loop.Close();
    }

    [Fact]
    [Rule("EXC-05")]
    public void A_report_without_a_message_says_that_something_was_unhandled()
    {
        var loop = VirtualTimeLoop.Create();
        var log = loop.CollectLog();

        loop.DefaultExceptionHandler(new ExceptionContext());

        log.ToString().ShouldBe("Unhandled exception in event loop" + Environment.NewLine);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-05")]
    public void The_default_handler_writes_where_things_were_made()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        var log = loop.CollectLog();
        loop.CallSoon(FailingCallback);
        loop.RunIteration();

        log.ToString().ShouldContain("Object created at (most recent call");
        log.ToString().ShouldContain(nameof(The_default_handler_writes_where_things_were_made));
        log.ToString().ShouldNotContain("Handle created at");

        log.GetStringBuilder().Clear();
        loop.DefaultExceptionHandler(new ExceptionContext { Message = "m", Handle = loop.CallSoon(() => { }) });

        log.ToString().ShouldContain("Handle created at (most recent call");
        log.ToString().ShouldContain(nameof(The_default_handler_writes_where_things_were_made));
        loop.Close();
    }

    [Fact]
    [Rule("EXC-05")]
    public void A_trace_in_a_report_has_the_most_recent_call_first()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        var log = loop.CollectLog();
        QueueFromBelow(loop);
        loop.RunIteration();

        // Message, handle, trace of the creation, failure.
        var lines = log.ToString().Split(Environment.NewLine);
        lines[0].ShouldBe("Exception in callback ExceptionHandlerTests.FailingCallback()");
        int head = Array.IndexOf(lines, "Object created at (most recent call first):");
        head.ShouldBeGreaterThan(0);
        var frames = lines.Skip(head + 1).TakeWhile(line => line.StartsWith("   at ", StringComparison.Ordinal)).Select(line => line.Split('(')[0].Split('.')[^1]).ToList();
        frames.Count.ShouldBeGreaterThan(2);
        frames.Take(3).ShouldBe([nameof(Queue), nameof(QueueFromBelow), nameof(A_trace_in_a_report_has_the_most_recent_call_first)]);
        lines[head + 1 + frames.Count].ShouldStartWith("System.FormatException: in the callback");
        lines[head + 2 + frames.Count].ShouldContain(nameof(FailingCallback));
        loop.Close();
    }

    [Fact]
    [Rule("EXC-06")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_set_exc_handler_broken")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_default_exc_handler_broken")]
    public void A_failing_handler_is_reported_by_the_default_one_with_the_original_report()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var log = loop.CollectLog();
        var order = new List<string>();
        loop.ExceptionHandler = (_, _) => throw new FormatException("the handler");
        loop.CallSoon(() => throw new NotSupportedException("the callback"));
        loop.CallSoon(() => order.Add("goes on"));

        loop.RunIteration();

        order.ShouldBe(["goes on"]);
        string[] lines = log.ToString().ReplaceLineEndings("\n").Split('\n');
        string callback = $"{nameof(ExceptionHandlerTests)}.{nameof(A_failing_handler_is_reported_by_the_default_one_with_the_original_report)}.<locals>.<lambda>()";
        lines[..4].ShouldBe(
        [
            "Unhandled error in exception handler",
            $"context: Exception in callback {callback}",
            $"  handle: <Handle {callback}>",
            "  System.NotSupportedException: the callback",
        ]);
        lines[4].ShouldStartWith($"     at {typeof(ExceptionHandlerTests).FullName}");
        lines.ShouldContain("System.FormatException: the handler");
        loop.Close();
    }

    [Fact]
    [Rule("EXC-06")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_default_exc_handler_broken")]
    public void A_failing_default_handler_is_logged()
    {
        var loop = VirtualTimeLoop.Create();
        var entries = new List<LogEntry>();
        loop.LogSink = entry =>
        {
            entries.Add(entry);
            if (entry.Report is not null)
            {
                throw new NotSupportedException("no log");
            }
        };

        loop.CallExceptionHandler(new ExceptionContext { Message = "m" });
        entries.Select(entry => entry.Message).ShouldBe(["m", "Exception in default exception handler"]);
        entries[1].Exception.ShouldBeOfType<NotSupportedException>();

        entries.Clear();
        loop.ExceptionHandler = (_, _) => throw new FormatException();
        loop.CallExceptionHandler(new ExceptionContext { Message = "m" });

        entries[^1].Message.ShouldBe("Exception in default exception handler while handling an unexpected error in custom exception handler");
        entries[^1].Exception.ShouldBeOfType<NotSupportedException>();
        loop.Close();
    }

    [Fact]
    [Rule("EXC-06")]
    public void A_log_that_fails_in_any_way_does_not_stop_the_loop()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        loop.LogWriter = new BrokenWriter();
        var order = new List<string>();
        loop.CallSoon(() => throw new FormatException());
        loop.CallSoon(() => order.Add("goes on"));

        loop.RunIteration();

        order.ShouldBe(["goes on"]);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-06")]
    public void Fatal_exceptions_pass_through_the_handlers()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, _) => throw new KeyboardInterruptException();
        loop.CallSoon(() => throw new FormatException());

        Should.Throw<KeyboardInterruptException>(loop.RunForever);
        Should.Throw<KeyboardInterruptException>(() => loop.CallExceptionHandler(new ExceptionContext()));
        loop.Close();
    }

    [Fact]
    [Rule("EXC-07")]
    public void The_handler_runs_in_the_context_of_the_handle_or_task_that_the_report_names()
    {
        var loop = VirtualTimeLoop.Create();
        var variable = new ContextVar<string>("variable", "unset");
        var seen = new List<string>();
        loop.ExceptionHandler = (_, _) => seen.Add(variable.Get());
        var failed = MadeIn("handle", () =>
        {
            loop.CallSoon(() => throw new FormatException());
            loop.CallLater(0, () => throw new FormatException());
            var future = loop.CreateFuture<int>();
            future.AddDoneCallback(_ => throw new FormatException());
            future.SetResult(1);
            return loop.CreateTask(Nothing());
        });

        loop.RunIteration();
        seen.ShouldBe(["handle", "handle", "handle"]);
        seen.Clear();
        variable.Set("ambient");
        loop.CallExceptionHandler(new ExceptionContext { Task = failed });
        loop.CallExceptionHandler(new ExceptionContext { Future = failed });
        loop.CallExceptionHandler(new ExceptionContext { Handle = MadeIn("handle", () => loop.CallSoon(() => { })) });
        loop.CallExceptionHandler(new ExceptionContext { Future = loop.CreateFuture<int>() });

        seen.ShouldBe(["handle", "handle", "handle", "ambient"]);
        loop.RunIteration();
        loop.Close();

        T MadeIn<T>(string value, Func<T> make) => AsyncioSharp.Context.Copy().Run(() =>
        {
            variable.Set(value);
            return make();
        });
    }

    [Fact]
    [Rule("EXC-07")]
    public void A_pending_task_is_reported_in_its_own_context()
    {
        var loop = VirtualTimeLoop.Create();
        var variable = new ContextVar<string>("variable", "unset");
        var seen = new List<string>();
        loop.ExceptionHandler = (_, _) => seen.Add(variable.Get());
        async Coroutine Main()
        {
            variable.Set("the task's");
            await Asyncio.Sleep(100);
        }
        _ = loop.CreateTask(Main());
        loop.RunIteration();

        loop.Close();

        seen.ShouldBe(["the task's"]);
    }

    [Fact]
    [Rule("EXC-11")]
    public void A_fatal_exception_in_a_task_is_stored_and_leaves_the_loop()
    {
        var loop = VirtualTimeLoop.Create();
        var fatal = new KeyboardInterruptException();
        async Coroutine Fatal()
        {
            await Asyncio.Sleep(1);
            throw fatal;
        }
        async Coroutine Main() => await Asyncio.Sleep(10);
        var other = loop.CreateTask(Fatal());
        var main = loop.CreateTask(Main());

        Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(main)).ShouldBeSameAs(fatal);

        other.IsDone.ShouldBeTrue();
        other.IsCancelled.ShouldBeFalse();
        other.Exception().ShouldBeSameAs(fatal);
        main.IsDone.ShouldBeFalse();
        Asyncio.CurrentTask(loop).ShouldBeNull();
        loop.RunUntilComplete(main);
        loop.Close();
    }

    [Fact]
    [Rule("EXC-11")]
    public void Any_other_exception_of_a_task_is_only_stored()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        var failure = new FormatException();
        async Coroutine Fails()
        {
            await Asyncio.Sleep(1);
            throw failure;
        }
        async Coroutine<string> Main()
        {
            await Asyncio.Sleep(10);
            return "end";
        }
        var task = loop.CreateTask(Fails());

        loop.RunUntilComplete(Main()).ShouldBe("end");

        task.Exception().ShouldBeSameAs(failure);
        reports.ShouldBeEmpty();
        loop.Close();
    }

    private static void FailingCallback() => throw new FormatException("in the callback");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void QueueFromBelow(EventLoop loop)
    {
        Queue(loop);
        GC.KeepAlive(loop); // no tail call, which would leave this frame out
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Queue(EventLoop loop)
    {
        loop.CallSoon(FailingCallback);
        GC.KeepAlive(loop);
    }

    private static async Coroutine Nothing() => await Asyncio.Sleep(0);

    private sealed class BrokenWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new NotSupportedException("no log");
    }
}
