using System.Diagnostics.Tracing;
using AsyncioSharp.Logging;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;
using Microsoft.Extensions.Logging;

namespace AsyncioSharp.Tests.Diagnostics;

/// <summary>Exceptions and other objects of a program whose own text fails: no report is lost to the thing that it is about.</summary>
public class UnprintableTests
{
    [Fact]
    public void A_failing_callback_is_told_with_the_type_and_the_trace_of_its_exception()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = false;
        var log = loop.CollectLog();
        loop.CallSoon(FailingCallback);

        loop.RunIteration();

        string[] lines = log.ToString().Split(Environment.NewLine);
        lines[..3].ShouldBe(
        [
            "Exception in callback UnprintableTests.FailingCallback()",
            "handle: <Handle UnprintableTests.FailingCallback()>",
            $"{typeof(SilentException).FullName}: <Message failed with NotSupportedException>",
        ]);
        lines[3].ShouldContain(nameof(FailingCallback));
        loop.Close();
    }

    [Fact]
    public void A_task_whose_failure_nobody_retrieved_is_told()
    {
        var loop = VirtualTimeLoop.Create();
        var log = loop.CollectLog();
        Forget(loop);
        LoopHelpers.CollectGarbage();
        loop.RunIteration();

        log.ToString().ShouldStartWith("Task exception was never retrieved" + Environment.NewLine);
        log.ToString().ShouldContain("name='forgotten'");
        log.ToString().ShouldContain($"{typeof(SilentException).FullName}: <Message failed with NotSupportedException>");
        loop.Close();

        static void Forget(EventLoop loop)
        {
            static async Coroutine Fail() => throw new SilentException();
            _ = loop.CreateTask(Fail(), "forgotten");
            loop.RunIteration();
        }
    }

    [Fact]
    public void The_failure_that_a_failing_handler_was_told_of_is_not_lost_either()
    {
        var loop = VirtualTimeLoop.Create();
        var log = loop.CollectLog();
        loop.ExceptionHandler = (_, _) => throw new SilentException();
        loop.CallSoon(FailingCallback);

        loop.RunIteration();

        log.ToString().ShouldStartWith("Unhandled error in exception handler" + Environment.NewLine);
        log.ToString().ShouldContain("context: Exception in callback UnprintableTests.FailingCallback()");
        log.ToString().Split("<Message failed with NotSupportedException>").Length.ShouldBe(3);
        loop.Close();
    }

    [Fact]
    public void Of_an_exception_all_is_told_that_can_be_had()
    {
        string silent = $"{typeof(SilentException).FullName}: <Message failed with NotSupportedException>";
        string end = $"{Environment.NewLine}   --- End of inner exception stack trace ---";

        Text(new SilentException()).ShouldBe(silent);
        Text(new FormatException("outer", new SilentException())).ShouldBe($"System.FormatException: outer{Environment.NewLine} ---> {silent}{end}");
        Text(new AggregateException(new FormatException("first"), new SilentException())).ShouldBe(
            "System.AggregateException: <Message failed with NotSupportedException>"
                + $"{Environment.NewLine} ---> System.FormatException: first{end}{Environment.NewLine} ---> {silent}{end}");
        Text(new TracelessException()).ShouldBe($"{typeof(TracelessException).FullName}: no trace{Environment.NewLine}<StackTrace failed with NotSupportedException>");
        Text(new FormatException("plain")).ShouldBe(new FormatException("plain").ToString());

        static string Text(Exception exception)
            => new LogEntry(null!, LogEvent.Other, LogSeverity.Error, "m") { Exception = exception }.ToString()[("m" + Environment.NewLine).Length..];
    }

    [Fact]
    public void A_group_of_failures_names_those_that_can_be_named()
    {
        new TaskGroupException(new FormatException("first"), new FormatException("second")).Message.ShouldBe("Unhandled errors in a TaskGroup. (first) (second)");
        var exception = new TaskGroupException(new FormatException("first"), new SilentException());
        exception.Message.ShouldBe("Unhandled errors in a TaskGroup. (first) (<Message failed with NotSupportedException>)");
        exception.ToString().ShouldContain("System.FormatException: first");
        exception.ToString().ShouldContain($"{typeof(SilentException).FullName}: <Message");
    }

    [Fact]
    public void Other_things_in_a_report_are_told_by_their_type()
    {
        var loop = VirtualTimeLoop.Create();
        var log = loop.CollectLog();

        loop.CallExceptionHandler(new ExceptionContext { Message = "m", AsyncGenerator = new SilentIterator(), Future = new SilentFuture(loop) });

        log.ToString().ShouldBe(string.Join(Environment.NewLine,
            "m", "asyncgen: <SilentIterator: ToString failed with NotSupportedException>", "future: <SilentFuture: ToString failed with NotSupportedException>", ""));
        loop.Close();
    }

    [Fact]
    public void A_result_without_a_text_is_told_by_its_type()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<object>();
        future.SetResult(new SilentIterator());
        future.ToString().ShouldBe("<Future finished result=<SilentIterator: ToString failed with NotSupportedException>>");
        loop.Close();
    }

    [Fact]
    public void A_task_without_a_text_is_reported_if_it_is_slow_and_traced_and_waited_for_and_dumped()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        var log = loop.CollectLog();
        using var listener = new StepListener();
        var slow = new SilentTask(Slow(), loop);
        async Coroutine Slow()
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            await Asyncio.Sleep(1);
            Asyncio.DumpTasks(log);
        }
        async Coroutine Wait() => await slow;
        var waiting = loop.CreateTask(Wait(), "waiting");
        loop.RunIteration();
        waiting.ToString().ShouldContain("wait_for=<SilentTask: ToString failed with NotSupportedException>");
        loop.RunUntilComplete(waiting);
        slow.PrintStack(writer: log);
        loop.Close();

        log.ToString().ShouldContain("Executing <SilentTask: ToString failed with NotSupportedException> took 2.000 seconds");
        log.ToString().ShouldContain("Task 'waiting' #");
        log.ToString().ShouldContain("No stack for <SilentTask: ToString failed");
    }

    [Fact]
    public void A_logger_is_not_given_an_exception_without_a_text_but_what_can_be_told_of_it()
    {
        using var factory = new PrintingFactory();
        var loop = VirtualTimeLoop.Create().UseLogging(factory);
        loop.CallSoon(FailingCallback);
        loop.CallSoon(() => throw new FormatException("plain"));
        loop.RunIteration();
        loop.CallExceptionHandler(new ExceptionContext { Message = "m", Future = new SilentFuture(loop) });
        loop.Close();

        factory.Lines.Count.ShouldBe(3);
        factory.Lines[0].ShouldStartWith("1: Exception in callback UnprintableTests.FailingCallback()");
        factory.Lines[0].ShouldContain($"{typeof(SilentException).FullName}: <Message failed with NotSupportedException>");
        factory.Lines[1].ShouldContain("System.FormatException: plain");
        factory.Lines[2].ShouldBe($"1: m{Environment.NewLine}future: <SilentFuture: ToString failed with NotSupportedException>");
    }

    [Fact]
    public void What_a_done_callback_throws_in_a_thread_does_not_reach_the_thread()
    {
        var future = new ConcurrentFuture<int>();
        bool called = false;
        future.AddDoneCallback(static _ => throw new SilentException());
        future.AddDoneCallback(_ => called = true);
        future.Run(() => 1);

        called.ShouldBeTrue();
    }

    [Fact]
    public void A_schedule_that_fails_so_can_be_replayed()
    {
        static async Coroutine Body() => throw new SilentException();
        var failure = Should.Throw<ScheduleFailedException>(() => Schedules.Explore(Body, count: 1));
        failure.Message.ShouldContain("SilentException: <its text failed with NotSupportedException>");
        failure.InnerException.ShouldBeOfType<SilentException>();
    }

    private static void FailingCallback() => throw new SilentException();

    private sealed class SilentException : Exception
    {
        public override string Message => throw new NotSupportedException("no message");
    }

    private sealed class TracelessException() : Exception("no trace")
    {
        public override string StackTrace => throw new NotSupportedException("no trace");
    }

    private sealed class SilentIterator
    {
        public override string ToString() => throw new NotSupportedException("no text");
    }

    private sealed class SilentFuture(EventLoop loop) : Future<int>(loop)
    {
        public override string ToString() => throw new NotSupportedException("no text");
    }

    private sealed class SilentTask(Coroutine coroutine, EventLoop loop) : CoroutineTask(coroutine, loop, "silent")
    {
        public override string ToString() => throw new NotSupportedException("no text");
    }

    // Of the steps of all loops; that it is there is enough.
    private sealed class StepListener : EventListener
    {
        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name == "AsyncioSharp")
            {
                EnableEvents(source, EventLevel.Verbose, (EventKeywords)2);
            }
        }
    }

    // As most loggers do, it makes a text of the exception.
    private sealed class PrintingFactory : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Lines.Add($"{eventId.Id}: {formatter(state, exception)}{exception}");

        public void Dispose()
        {
        }
    }
}
