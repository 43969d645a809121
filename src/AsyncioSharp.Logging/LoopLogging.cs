using System.Collections;
using Microsoft.Extensions.Logging;

namespace AsyncioSharp.Logging;

/// <summary>
/// Sends what a loop has to say to the loggers of an <see cref="ILoggerFactory"/>. The categories are <c>AsyncioSharp.Failures</c> (what nobody awaits),
/// <c>AsyncioSharp.Blocking</c> (slow callbacks and steps, a blocked loop, a deadlock) and <c>AsyncioSharp.Loop</c> (the rest); event ids and names are those of
/// <see cref="LogEvent"/>. Costs nothing until there is something to say.
/// </summary>
public static class LoopLogging
{
    /// <summary>Sets the loop's <see cref="EventLoop.LogSink"/> to the loggers of <paramref name="factory"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="factory">Makes the loggers. It must outlive the loop.</param>
    /// <returns>The loop.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="loop"/> or <paramref name="factory"/> is null.</exception>
    public static EventLoop UseLogging(this EventLoop loop, ILoggerFactory factory)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(factory);
        var failures = factory.CreateLogger("AsyncioSharp.Failures");
        var blocking = factory.CreateLogger("AsyncioSharp.Blocking");
        var others = factory.CreateLogger("AsyncioSharp.Loop");
        loop.LogSink = entry =>
        {
            var logger = entry.Event switch
            {
                LogEvent.UnhandledFailure or LogEvent.HandlerFailed => failures,
                LogEvent.SlowCallback or LogEvent.Blocked or LogEvent.Deadlock => blocking,
                _ => others,
            };
            var level = LevelOf(entry.Severity);
            if (logger.IsEnabled(level))
            {
                // An exception without a text would take the entry with it, since most loggers ask for that: the message has then what can be told of it.
                var exception = TextOf(entry.Exception) is null ? null : entry.Exception;
                var values = new Values(entry, exception == entry.Exception ? entry.Message : entry.ToString());
                logger.Log(level, new EventId((int)entry.Event, entry.Event.ToString()), values, exception, static (values, _) => values.ToString());
            }
        };
        return loop;
    }

    private static LogLevel LevelOf(LogSeverity severity) => severity switch
    {
        LogSeverity.Debug => LogLevel.Debug,
        LogSeverity.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    // Null if there is none: the thing is somebody else's, and its text may fail.
    private static string? TextOf(object? thing)
    {
        try
        {
            return thing?.ToString();
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return null;
        }
    }

    // The parts of an entry, for loggers that keep them apart.
    private sealed class Values : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private readonly string _message;
        private readonly List<KeyValuePair<string, object?>> _values = [];

        internal Values(LogEntry entry, string message)
        {
            _message = message;
            Add("Duration", entry.Duration);
            Add("Subject", entry.Subject);
            if (entry.Report is { } report)
            {
                Add("Task", TextOf(report.Task));
                Add("Future", TextOf(report.Future));
                Add("Handle", TextOf(report.Handle));
            }
            Add("Message", message);
            // By custom the last one, and what some loggers group by: so it is the same for all entries.
            _values.Add(new("{OriginalFormat}", "{Message}"));
        }

        public int Count => _values.Count;

        public KeyValuePair<string, object?> this[int index] => _values[index];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => _message;

        private void Add(string name, object? value)
        {
            if (value is not null)
            {
                _values.Add(new(name, value));
            }
        }
    }
}
