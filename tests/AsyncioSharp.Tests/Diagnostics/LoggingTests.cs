using AsyncioSharp.Logging;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;
using Microsoft.Extensions.Logging;

namespace AsyncioSharp.Tests.Diagnostics;

public class LoggingTests
{
    [Fact]
    public void What_a_loop_has_to_say_goes_to_loggers_with_level_id_category_and_parts()
    {
        using var factory = new Factory(LogLevel.Debug);
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock).UseLogging(factory);
        var written = loop.CollectLog();
        loop.Debug = true;
        async Coroutine Fails() => throw new FormatException("boom");
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(2)));
        loop.CallSoon(() => throw new FormatException("boom"));
        loop.RunIteration();
        _ = loop.CreateTask(Fails(), "forgotten");
        loop.RunIteration();
        LoopHelpers.CollectGarbage();
        loop.RunIteration();
        loop.Close();

        written.ToString().ShouldBeEmpty();
        factory.Entries.Select(entry => (entry.Category, entry.Level, entry.Id.Id, entry.Id.Name)).Take(2).ShouldBe(
        [
            ("AsyncioSharp.Blocking", LogLevel.Warning, 3, "SlowCallback"),
            ("AsyncioSharp.Failures", LogLevel.Error, 1, "UnhandledFailure"),
        ]);
        var last = factory.Entries[^1];
        (last.Category, last.Level, last.Id.Id, last.Id.Name).ShouldBe(("AsyncioSharp.Loop", LogLevel.Debug, 6, "Closed"));
        factory.Entries[0].Values["Duration"].ShouldBe(TimeSpan.FromSeconds(2));
        factory.Entries[1].Exception.ShouldBeOfType<FormatException>();
        factory.Entries[1].Text.ShouldStartWith("Exception in callback ");
        factory.Entries[1].Text.ShouldNotContain("boom"); // the logger has the exception itself
        factory.Entries[1].Values.Keys.ShouldContain("Handle");
        foreach (var entry in factory.Entries)
        {
            // One template for all, as loggers keep templates for ever and group by them; what it names is there.
            entry.Values["{OriginalFormat}"].ShouldBe("{Message}");
            entry.Order[^1].ShouldBe("{OriginalFormat}");
            entry.Values["Message"].ShouldBe(entry.Text);
        }
    }

    [Fact]
    public void A_handler_that_fails_is_an_event_of_its_own()
    {
        using var factory = new Factory(LogLevel.Debug);
        var loop = VirtualTimeLoop.Create().UseLogging(factory);
        loop.Debug = false;
        loop.ExceptionHandler = (_, _) => throw new IOException("handler");
        loop.CallSoon(() => throw new FormatException("boom"));
        loop.RunIteration();
        loop.Close();

        var entry = factory.Entries.ShouldHaveSingleItem();
        (entry.Category, entry.Level, entry.Id.Id, entry.Id.Name).ShouldBe(("AsyncioSharp.Failures", LogLevel.Error, 2, "HandlerFailed"));
        entry.Text.ShouldContain("FormatException: boom");
    }

    [Fact]
    public void A_level_that_is_off_costs_no_text()
    {
        using var factory = new Factory(LogLevel.Critical);
        var loop = VirtualTimeLoop.Create().UseLogging(factory);
        loop.CallSoon(() => throw new FormatException("boom"));
        loop.RunIteration();
        loop.Close();

        factory.Entries.ShouldBeEmpty();
    }

    [Fact]
    public void Nulls_are_refused_by_name()
    {
        Should.Throw<ArgumentNullException>(() => ((EventLoop)null!).UseLogging(new Factory(LogLevel.Debug))).ParamName.ShouldBe("loop");
        var loop = VirtualTimeLoop.Create();
        Should.Throw<ArgumentNullException>(() => loop.UseLogging(null!)).ParamName.ShouldBe("factory");
        loop.Close();
    }

    private sealed record Entry(string Category, LogLevel Level, EventId Id, string Text, Exception? Exception, Dictionary<string, object?> Values, List<string> Order);

    private sealed class Factory(LogLevel lowest) : ILoggerFactory
    {
        public List<Entry> Entries { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(Factory factory, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= factory.Lowest;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var values = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
                factory.Entries.Add(new Entry(
                    category, logLevel, eventId, formatter(state, exception), exception,
                    values.ToDictionary(value => value.Key, value => value.Value), [.. values.Select(value => value.Key)]));
            }
        }

        private LogLevel Lowest => lowest;
    }
}
