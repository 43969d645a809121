using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Text;

namespace AsyncioSharp;

// Where failures go that no code awaits.
public sealed partial class EventLoop
{
    /// <summary>
    /// Told of every failure that nobody awaits; null for <see cref="DefaultExceptionHandler"/>. Mirrors <c>set_exception_handler</c> and
    /// <c>get_exception_handler</c>.
    /// </summary>
    public Action<EventLoop, ExceptionContext>? ExceptionHandler { get; set; }

    /// <summary>
    /// Told of all that the loop has to say: warnings, and the reports of <see cref="DefaultExceptionHandler"/>; null to have it written to <see cref="LogWriter"/>.
    /// Called on the loop's thread, and by the watchdog, finalizers and other threads too. The package AsyncioSharp.Logging has one that goes to an <c>ILogger</c>.
    /// </summary>
    public Action<LogEntry>? LogSink { get; set; }

    /// <summary>Where a loop without a <see cref="LogSink"/> writes; null for the standard error stream, which gets warnings and errors only.</summary>
    public TextWriter? LogWriter { get; set; }

    /// <summary>Reports a failure to the <see cref="ExceptionHandler"/>. Never throws, but for fatal exceptions. Mirrors <c>call_exception_handler</c>.</summary>
    /// <param name="context">What happened.</param>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    public void CallExceptionHandler(ExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (ExceptionHandler is not { } handler)
        {
            TryDefaultHandler(context, "Exception in default exception handler");
            return;
        }
        try
        {
            if (context.RunIn is { IsEntered: false } variables)
            {
                variables.Run(() => handler(this, context));
            }
            else
            {
                handler(this, context);
            }
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            TryDefaultHandler(
                new ExceptionContext { Message = "Unhandled error in exception handler", Exception = e, Context = context, Event = LogEvent.HandlerFailed },
                "Exception in default exception handler while handling an unexpected error in custom exception handler");
        }
    }

    /// <summary>Writes a report of <paramref name="context"/> to the log. Mirrors <c>default_exception_handler</c>.</summary>
    /// <param name="context">What happened.</param>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    public void DefaultExceptionHandler(ExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Emit(new LogEntry(this, context.Event, LogSeverity.Error, TextOf(context)) { Exception = context.Exception, Report = context });
    }

    // One iteration. Callbacks and tasks keep what they throw for themselves. But other entries too call code of the user, such as a Cancel that he has overridden, and what that
    // throws must not end the program: it is reported as that of a callback, which in asyncio those entries are.
    private void RunGuarded()
    {
        try
        {
            RunOnce();
        }
        catch (Exception e) when (e is not KeyboardInterruptException && _ready.Running is { } entry)
        {
            _ready.End();
            entry.Recover();
            ContextSwitch.Rest();
            ReportLeft(entry, e);
        }
    }

    /// <summary>Has an interrupt leave the loop that cannot be thrown where it was caught: in the middle of a step, or out of an await, where it would end the process.</summary>
    internal void ThrowSoon(KeyboardInterruptException interrupt) => CallSoon(() => ExceptionDispatchInfo.Throw(interrupt));

    /// <summary>Reports what has left <see cref="Runnable.Run"/>.</summary>
    internal void ReportLeft(Runnable entry, Exception exception)
        => CallExceptionHandler(new ExceptionContext { Message = $"Exception in callback {entry.CallbackName}()", Exception = exception });

    private static string TextOf(ExceptionContext context)
    {
        var text = new StringBuilder(string.IsNullOrEmpty(context.Message) ? "Unhandled exception in event loop" : context.Message);
        foreach (var (key, value) in context.Entries)
        {
            text.AppendLine();
            _ = value switch
            {
                StackTrace trace => text.AppendLine("Object created at (most recent call first):").Append(trace.ToString().TrimEnd()),
                // The report that a failing handler did not make; nobody else tells of that failure. Indented, so that it is seen where it ends.
                ExceptionContext inner => text.Append(key).Append(": ")
                    .Append($"{TextOf(inner)}{Environment.NewLine}{TextForm.Whole(inner.Exception)}".TrimEnd().ReplaceLineEndings(Environment.NewLine + "  ")),
                _ => text.Append(key).Append(": ").Append(TextForm.Whole(value)),
            };
        }
        if (context.SourceTraceback is null && context.Handle?.SourceTraceback is { } made)
        {
            text.AppendLine().AppendLine("Handle created at (most recent call first):").Append(made.ToString().TrimEnd());
        }
        return text.ToString();
    }

    /// <summary>Writes a line to the log; a log that fails must not break the program, of which a finalizer may be the caller.</summary>
    internal void Warn(string message, Exception? exception = null)
        => TryEmit(new LogEntry(this, LogEvent.Other, LogSeverity.Warning, message) { Exception = exception });

    private void Emit(LogEntry entry)
    {
        if (LogSink is { } sink)
        {
            sink(entry);
        }
        else if (LogWriter is { } writer)
        {
            writer.WriteLine(entry);
        }
        else if (entry.Severity > LogSeverity.Debug) // as Python without logging set up
        {
            Console.Error.WriteLine(entry);
        }
    }

    private void TryEmit(LogEntry entry)
    {
        try
        {
            Emit(entry);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            // Nothing is left to which the warning could be written.
        }
    }

    private void TryDefaultHandler(ExceptionContext context, string message)
    {
        try
        {
            DefaultExceptionHandler(context);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            TryEmit(new LogEntry(this, LogEvent.HandlerFailed, LogSeverity.Error, message) { Exception = e });
        }
    }
}
