namespace AsyncioSharp.Testing;

/// <summary>
/// Runs a body under many schedules: each time on a new loop with virtual time, whose ready entries run in an order that is drawn from a seed
/// wherever asyncio leaves it open (<see cref="Schedule"/> says where), and, if asked, with tasks cancelled at random. The first schedule under
/// which the body fails is reduced to the decisions that matter, and reported with what replays it.
/// </summary>
/// <remarks>
/// A schedule fails if the body throws, if something reaches the loop's exception handler, if the loop has nothing left to do although the body is
/// not done (a wake-up was lost), or if it does not end. Bodies should stay on their loop: with other threads a replay may differ.
/// </remarks>
public static class Schedules
{
    private const int ReductionRuns = 500; // at most, to make a failing schedule smaller

    /// <summary>Runs <paramref name="body"/> under the schedules of the seeds from <paramref name="seed"/> on.</summary>
    /// <param name="body">What to run; called once for each schedule.</param>
    /// <param name="count">How many schedules.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="options">Random cancels and limits; null for no cancels.</param>
    /// <returns>How many of the schedules differed. If it is 1, nothing was open and nothing was tried.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">A loop runs on this thread.</exception>
    /// <exception cref="ScheduleFailedException">The body failed under some schedule.</exception>
    public static int Explore(Func<Coroutine> body, int count = 1000, int seed = 1, ScheduleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Explore(_ => body(), count, seed, options);
    }

    /// <inheritdoc cref="Explore(Func{Coroutine}, int, int, ScheduleOptions?)"/>
    /// <param name="body">What to run; called once for each schedule, with numbers that follow from the seed alone, to draw a workload from.</param>
    /// <param name="count">How many schedules.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="options">Random cancels and limits; null for no cancels.</param>
    public static int Explore(Func<Random, Coroutine> body, int count = 1000, int seed = 1, ScheduleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        options = Checked(options);
        var different = new HashSet<ulong>();
        for (int i = 0; i < count; i++)
        {
            var run = new ScheduleRun(body, new SchedulePlan(unchecked(seed + i)), options);
            if (run.Failure is not null)
            {
                throw Report(run, unchecked(seed + i), i + 1, count);
            }
            different.Add(run.Schedule.Fingerprint);
        }
        return different.Count;
    }

    /// <summary>Runs <paramref name="body"/> under the schedule of one seed; what fails is thrown as it is.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="body">What to run.</param>
    /// <param name="options">The options with which the schedule was found.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">A loop runs on this thread; or the body waits for something that cannot happen.</exception>
    public static void Replay(int seed, Func<Coroutine> body, ScheduleOptions? options = null) => Replay(new SchedulePlan(seed), WithoutNumbers(body), options);

    /// <inheritdoc cref="Replay(int, Func{Coroutine}, ScheduleOptions?)"/>
    public static void Replay(int seed, Func<Random, Coroutine> body, ScheduleOptions? options = null) => Replay(new SchedulePlan(seed), body, options);

    /// <summary>Runs <paramref name="body"/> under one schedule; what fails is thrown as it is.</summary>
    /// <param name="schedule">A <see cref="ScheduleFailedException.Schedule"/>: the seed, and behind <c>@</c> the decisions that count.</param>
    /// <param name="body">What to run.</param>
    /// <param name="options">The options with which the schedule was found.</param>
    /// <exception cref="ArgumentNullException"><paramref name="schedule"/> or <paramref name="body"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="schedule"/> is not a schedule.</exception>
    /// <exception cref="InvalidOperationException">A loop runs on this thread; or the body waits for something that cannot happen.</exception>
    public static void Replay(string schedule, Func<Coroutine> body, ScheduleOptions? options = null) => Replay(schedule, WithoutNumbers(body), options);

    /// <inheritdoc cref="Replay(string, Func{Coroutine}, ScheduleOptions?)"/>
    public static void Replay(string schedule, Func<Random, Coroutine> body, ScheduleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        Replay(SchedulePlan.Parse(schedule), body, options);
    }

    private static void Replay(SchedulePlan plan, Func<Random, Coroutine> body, ScheduleOptions? options)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (new ScheduleRun(body, plan, Checked(options)).Failure is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private static Func<Random, Coroutine> WithoutNumbers(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return _ => body();
    }

    private static ScheduleOptions Checked(ScheduleOptions? options)
    {
        options ??= new ScheduleOptions();
        options.Check();
        return IsLoopRunning()
            ? throw new InvalidOperationException("Schedules are run outside of a loop: each runs on a loop of its own. Call this from a plain method.")
            : options;
    }

    private static bool IsLoopRunning()
    {
        try
        {
            return Asyncio.GetRunningLoop() is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static ScheduleFailedException Report(ScheduleRun run, int seed, int number, int count)
    {
        var reduced = run.Reduced(ReductionRuns);
        var failure = reduced.Failure ?? run.Failure!;
        string schedule = reduced.Plan.ToString();
        string[] lines =
        [
            $"Schedule {number} of {count} failed: {ScheduleRun.TextOf(failure)}",
            reduced.Schedule.Log.Count == 0
                ? "It fails in the plain order too: first in, first out, without cancels."
                : "It takes these decisions, in place of first in, first out:",
            .. reduced.Schedule.Log.Select(static decision => "  " + decision),
            $"To replay just these, with the same options: Schedules.Replay(\"{schedule}\", body); all that the seed decides: Schedules.Replay({seed}, body).",
        ];
        return new ScheduleFailedException(string.Join(Environment.NewLine, lines), seed, schedule, failure);
    }
}
