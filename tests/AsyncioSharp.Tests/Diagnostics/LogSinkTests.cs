using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Diagnostics;

public class LogSinkTests
{
    [Fact]
    public void A_sink_is_told_of_all_that_would_be_written_and_nothing_is_written()
    {
        var loop = VirtualTimeLoop.Create();
        var written = loop.CollectLog();
        var entries = new List<LogEntry>();
        loop.LogSink = entries.Add;
        loop.Debug = true;
        loop.CallSoon(() => throw new FormatException("boom"));
        loop.RunIteration();
        loop.Close();

        written.ToString().ShouldBeEmpty();
        entries.Select(entry => (entry.Event, entry.Severity)).ShouldBe([(LogEvent.UnhandledFailure, LogSeverity.Error), (LogEvent.Closed, LogSeverity.Debug)]);
        entries[0].Loop.ShouldBeSameAs(loop);
        entries[0].Exception.ShouldBeOfType<FormatException>();
        entries[0].Report.ShouldNotBeNull().Handle.ShouldNotBeNull();
        entries[0].Message.ShouldStartWith("Exception in callback ");
    }

    [Fact]
    public void A_sink_that_fails_does_not_break_the_loop()
    {
        var loop = VirtualTimeLoop.Create();
        var events = new List<LogEvent>();
        loop.LogSink = entry =>
        {
            events.Add(entry.Event);
            throw new IOException("full");
        };
        loop.CallSoon(() => throw new FormatException("boom"));
        bool went = false;
        loop.CallSoon(() => went = true);

        loop.RunIteration();

        went.ShouldBeTrue();
        events.ShouldBe([LogEvent.UnhandledFailure, LogEvent.HandlerFailed]);
        loop.Close();
    }

    [Fact]
    public void A_handler_that_fails_is_told_with_both_failures()
    {
        var loop = VirtualTimeLoop.Create();
        var entries = new List<LogEntry>();
        loop.LogSink = entries.Add;
        loop.ExceptionHandler = (_, _) => throw new IOException("handler");
        loop.CallSoon(() => throw new FormatException("boom"));

        loop.RunIteration();

        var entry = entries.ShouldHaveSingleItem();
        (entry.Event, entry.Severity).ShouldBe((LogEvent.HandlerFailed, LogSeverity.Error));
        entry.Exception.ShouldBeOfType<IOException>();
        entry.Report!.Context!.Exception.ShouldBeOfType<FormatException>();
        loop.Close();
    }
}
