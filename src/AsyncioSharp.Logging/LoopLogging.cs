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
                logger.Log(level, new EventId((int)entry.Event, entry.Event.ToString()), new Values(entry), entry.Exception, static (values, _) => values.ToString());
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

    // The parts of an entry, for loggers that keep them apart.
    private sealed class Values : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private readonly LogEntry _entry;
        private readonly List<KeyValuePair<string, object?>> _values = [];

        internal Values(LogEntry entry)
        {
            _entry = entry;
            Add("Duration", entry.Duration);
            Add("Subject", entry.Subject);
            if (entry.Report is { } report)
            {
                Add("Task", report.Task?.ToString());
                Add("Future", report.Future?.ToString());
                Add("Handle", report.Handle?.ToString());
            }
            Add("Message", entry.Message);
            // By custom the last one, and what some loggers group by: so it is the same for all entries.
            _values.Add(new("{OriginalFormat}", "{Message}"));
        }

        public int Count => _values.Count;

        public KeyValuePair<string, object?> this[int index] => _values[index];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => _entry.Message;

        private void Add(string name, object? value)
        {
            if (value is not null)
            {
                _values.Add(new(name, value));
            }
        }
    }
}
