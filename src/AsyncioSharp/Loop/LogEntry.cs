namespace AsyncioSharp;

/// <summary>How grave a <see cref="LogEntry"/> is.</summary>
public enum LogSeverity
{
    /// <summary>Of interest to those who look for something.</summary>
    Debug,

    /// <summary>The program goes on, but something is not as it should be.</summary>
    Warning,

    /// <summary>Something failed that nobody awaits.</summary>
    Error,
}

/// <summary>What a <see cref="LogEntry"/> is about. The numbers do not change.</summary>
public enum LogEvent
{
    /// <summary>A failure that nobody awaits, as the default exception handler reports it: <see cref="LogEntry.Report"/> has its parts.</summary>
    UnhandledFailure = 1,

    /// <summary>An exception handler, or the default one, failed itself.</summary>
    HandlerFailed = 2,

    /// <summary>A callback or a step of a task took long (debug mode).</summary>
    SlowCallback = 3,

    /// <summary>The loop is blocked at this moment (<see cref="EventLoop.Watchdog"/>).</summary>
    Blocked = 4,

    /// <summary>A loop was dropped without being closed.</summary>
    Unclosed = 5,

    /// <summary>A loop in debug mode is closed.</summary>
    Closed = 6,

    /// <summary>Something else.</summary>
    Other = 7,

    /// <summary>A loop has nothing left to do, but what it runs for is pending (<see cref="EventLoop.OnDeadlock"/>): the default exception handler reports it.</summary>
    Deadlock = 8,
}

/// <summary>One thing that a loop has to say: what goes to <see cref="EventLoop.LogSink"/>, or else as text to <see cref="EventLoop.LogWriter"/>.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Event">What it is about.</param>
/// <param name="Severity">How grave it is.</param>
/// <param name="Message">The text; it may have several lines.</param>
public sealed record LogEntry(EventLoop Loop, LogEvent Event, LogSeverity Severity, string Message)
{
    /// <summary>The exception, if there is one. Its text is no part of the message.</summary>
    public Exception? Exception { get; init; }

    /// <summary>
    /// For a failure that nobody awaits: what the exception handler was told. If that handler failed: a report of this, of which <see cref="ExceptionContext.Context"/> is what
    /// it was told.
    /// </summary>
    public ExceptionContext? Report { get; init; }

    /// <summary>For what took or takes long: how long.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>For what took or takes long: the task, as text, or the callback.</summary>
    public string? Subject { get; init; }

    /// <summary>As it is written: a warning says that it is one, and the exception comes last.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
        => $"{(Severity == LogSeverity.Warning ? "warning: " : "")}{Message}{(Exception is null ? "" : Environment.NewLine + TextForm.Whole(Exception))}";
}
