namespace AsyncioSharp.Testing;

/// <summary>One run of a body under one schedule, on a loop of its own, and what came of it.</summary>
internal sealed class ScheduleRun
{
    private readonly Func<Random, Coroutine> _body;
    private readonly ScheduleOptions _options;
    private ExceptionContext? _reported; // what the loop's exception handler was told first

    internal ScheduleRun(Func<Random, Coroutine> body, SchedulePlan plan, ScheduleOptions options, bool log = false)
    {
        _body = body;
        _options = options;
        Plan = plan;
        Schedule = new SeededSchedule(plan, options, log);
        try
        {
            Asyncio.Run(Main(), debug: false, CreateLoop);
        }
        catch (Exception e)
        {
            Failure = e;
        }
        Failure ??= _reported is null ? null : new InvalidOperationException($"The exception handler was told: {TextOf(_reported)}", _reported.Exception);
    }

    internal SchedulePlan Plan { get; }

    internal SeededSchedule Schedule { get; }

    /// <summary>What went wrong, or null.</summary>
    internal Exception? Failure { get; }

    /// <summary>
    /// The smallest plan that can be found by leaving out decisions, under which the body fails in the same way: halves first, then ever
    /// smaller parts, until no single decision can be left out or the runs are used up.
    /// </summary>
    internal ScheduleRun Reduced(int maximumRuns)
    {
        var best = this;
        for (int parts = 1; maximumRuns > 0;)
        {
            int[] decisions = [.. best.Schedule.Deviations];
            int size = (decisions.Length + parts - 1) / Math.Max(parts, 1);
            ScheduleRun? smaller = null;
            for (int start = 0; start < decisions.Length && smaller is null && maximumRuns-- > 0; start += size)
            {
                var rest = new HashSet<int>(decisions[..start].Concat(decisions[Math.Min(start + size, decisions.Length)..]));
                var attempt = new ScheduleRun(_body, Plan with { Only = rest }, _options);
                smaller = attempt.Failure?.GetType() == Failure!.GetType() ? attempt : null;
            }
            if (smaller is not null)
            {
                best = smaller;
                parts = Math.Max(1, parts - 1);
            }
            else if (size <= 1)
            {
                break;
            }
            else
            {
                parts = Math.Min(parts * 2, decisions.Length);
            }
        }
        return new ScheduleRun(_body, Plan with { Only = [.. best.Schedule.Deviations] }, _options, log: true);
    }

    private EventLoop CreateLoop()
    {
        var clock = new VirtualClock(_options.IdleLimit);
        return new EventLoop(clock, clock.Parker, Schedule)
        {
            ExceptionHandler = (_, context) => _reported ??= context,
        };
    }

    // The message alone says of most failures only that there was one.
    private static string TextOf(ExceptionContext context)
    {
        object? origin = context.Task ?? context.Future ?? (object?)context.Handle;
        return $"{context.Message}{(context.Exception is { } failure ? $": {TextOf(failure)}" : "")}{(origin is null ? "" : $" (from {Tried(origin.ToString)})")}";
    }

    /// <summary>The type and the message of a failure.</summary>
    internal static string TextOf(Exception failure) => $"{failure.GetType().Name}: {Tried(() => failure.Message)}";

    // What a schedule failed with is somebody else's, and so is its text; the way to replay it must not be lost to that.
    private static string? Tried(Func<string?> text)
    {
        try
        {
            return text();
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            return $"<its text failed with {e.GetType().Name}>";
        }
    }

    private async Coroutine Main()
    {
        Schedule.Main = CoroutineTask.Current;
        await (_body(new Random(Plan.Seed)) ?? throw new InvalidOperationException("The body gave null; it must give a coroutine."));
    }
}
