using System.Diagnostics;
using System.Text.RegularExpressions;
using AsyncioSharp.Logging;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/diagnostics.md, and the report that it shows.</summary>
public partial class DiagnosticsPage
{
    [Fact]
    public void Sinks()
    {
        var loop = VirtualTimeLoop.Create();
        var alarms = new List<string?>();
        ILoggerFactory loggerFactory = NullLoggerFactory.Instance;

        loop.Watchdog = TimeSpan.FromSeconds(5);

        loop.LogSink = entry =>
        {
            if (entry.Event is LogEvent.Blocked)
            {
                Alarm(entry.Subject, entry.Duration);
            }
        };
        loop.LogSink(new LogEntry(loop, LogEvent.Blocked, LogSeverity.Warning, "") { Subject = "somebody", Duration = TimeSpan.FromSeconds(6) });
        loop.LogSink(new LogEntry(loop, LogEvent.Closed, LogSeverity.Debug, ""));

        loop.UseLogging(loggerFactory);
        loop.Close();
        alarms.ShouldBe(["somebody: 6 s"]);

        void Alarm(string? subject, TimeSpan? duration) => alarms.Add($"{subject}: {duration?.TotalSeconds} s");
    }

    [Fact]
    public void Spans()
    {
        var loop = VirtualTimeLoop.Create();
        using var source = new ActivitySource("Shop");
        var spans = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = heard => heard == source,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => spans.Add($"{span.OperationName} in {span.Parent?.OperationName ?? "nothing"}"),
        };
        ActivitySource.AddActivityListener(listener);
        loop.RunUntilComplete(Main());
        loop.Close();
        spans.ShouldBe(["item 2 in order", "item 1 in order", "order in nothing"]);

        async Coroutine Main()
        {
            using var order = source.StartActivity("order");
            await Asyncio.Gather(Pack(1), Pack(2)); // two tasks, side by side; the spans of both are parts of this one
        }

        async Coroutine Pack(int item)
        {
            using var span = source.StartActivity($"item {item}");
            await Asyncio.Sleep(3 - item);
        }
    }

    [Fact]
    public void Failures_that_nobody_awaits()
    {
        int unreachable = 0;
        using var log = new StringWriter();
        VirtualTimeLoop.Run(Main());
        unreachable.ShouldBe(1);
        log.ToString().ShouldContain("broken");
        log.ToString().ShouldNotContain("no such host");

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().LogWriter = log;
            Asyncio.GetRunningLoop().ExceptionHandler = (loop, context) =>
            {
                if (context.Exception is HttpRequestException)
                {
                    unreachable++; // expected: counted, and not reported
                    return;
                }
                loop.DefaultExceptionHandler(context); // as without a handler
            };
            _ = Asyncio.CreateTask(Fail(new HttpRequestException("no such host")));
            _ = Asyncio.CreateTask(Fail(new InvalidOperationException("broken")));
            await Asyncio.Sleep(1);
        }

        static async Coroutine Fail(Exception failure)
        {
            await Asyncio.Sleep(0);
            throw failure;
        }
    }

    [Fact]
    public void The_report_of_a_slow_step_is_as_the_page_shows_it()
    {
        var clock = new VirtualClock();
        var slow = VirtualTimeLoop.Create(clock);
        slow.Debug = true;
        using var log = new StringWriter();
        slow.LogWriter = log;
        slow.RunUntilComplete(slow.CreateTask(Shop.Orders(clock), "orders"));
        slow.Close();

        string page = File.ReadAllText(Repository.PathOf("docs/diagnostics.md")).ReplaceLineEndings("\n");
        string shown = page[(page.IndexOf("```text\n", StringComparison.Ordinal) + 8)..];
        shown = shown[..shown.IndexOf("```", StringComparison.Ordinal)];
        Bare(log.ToString().ReplaceLineEndings("\n").Replace("DiagnosticsPage.", "", StringComparison.Ordinal)).ShouldStartWith(Bare(shown));

        // Files and lines are those of whoever runs it, and a task's text goes on.
        static string Bare(string text) => Place().Replace(Rest().Replace(text, "> took"), "PLACE");
    }

    [GeneratedRegex("(?<=running at ).*?(?=>)|(?<=File )\".*?\", line \\d+")]
    private static partial Regex Place();

    [GeneratedRegex(">.*> took")]
    private static partial Regex Rest();

    private static class Shop
    {
        internal static async Coroutine Orders(VirtualClock clock)
        {
            await Asyncio.Sleep(1);
            var lines = clock.Advanced(1.5);
            await Send(lines);
        }

        private static async Coroutine Send(int lines) => await Asyncio.Sleep(lines);
    }
}

internal static class SlowClock
{
    // Something that takes so long.
    internal static int Advanced(this VirtualClock clock, double seconds)
    {
        clock.Advance(TimeSpan.FromSeconds(seconds));
        return 1;
    }
}
