namespace AsyncioSharp.Testing;

/// <summary>
/// The schedule that a plan describes. Every decision, which entry runs next as well as whether and whom to cancel, is a number of which 0 means the plain
/// order, so a schedule is told by the decisions that are not 0.
/// </summary>
internal sealed class SeededSchedule : Schedule
{
    private readonly SchedulePlan _plan;
    private readonly ScheduleOptions _options;
    private readonly int _calm;        // a decision deviates from the plain order one time in 2^this: some schedules differ in little
    private readonly int _cancelOdds;  // an iteration cancels one time in this
    private readonly List<int> _deviations = [];
    private readonly List<string>? _log; // what the deviations were, if anybody wants to read it
    private int _decisions;
    private int _cancels;
    private int _iterations;

    internal SeededSchedule(SchedulePlan plan, ScheduleOptions options, bool log)
    {
        _plan = plan;
        _options = options;
        _log = log ? [] : null;
        ulong character = plan.Bits(-1);
        _calm = (int)(character % 4);
        _cancelOdds = 1 << (int)((character >> 8) % 6);
    }

    /// <summary>The numbers of the decisions that were not 0.</summary>
    internal IReadOnlyList<int> Deviations => _deviations;

    internal IReadOnlyList<string> Log => _log ?? [];

    /// <summary>Tells schedules apart that decided differently.</summary>
    internal ulong Fingerprint { get; private set; } = 14695981039346656037;

    /// <summary>The task of the body; cancelling goes on while it is not done.</summary>
    internal CoroutineTask? Main { get; set; }

    public override int Choose(ReadOnlySpan<Runnable> choices)
    {
        int choice = Decide(choices.Length, _calm);
        if (choice != 0)
        {
            _log?.Add($"iteration {_iterations + 1}: {Name(choices[choice])} runs before {Name(choices[0])}");
        }
        return choice;
    }

    public override void EndIteration(EventLoop loop)
    {
        if (++_iterations > _options.MaximumIterations)
        {
            throw new InvalidOperationException($"The schedule has not ended after {_options.MaximumIterations} iterations of its loop (ScheduleOptions.MaximumIterations).");
        }
        if (_cancels < _options.Cancels && Main is { IsDone: false } && Decide(_cancelOdds + 1, 0) == _cancelOdds)
        {
            CancelSomebody(loop);
        }
    }

    private static string Name(Runnable entry) => entry is CoroutineTask task ? task.Name : entry.ToString() ?? entry.GetType().Name;

    private void CancelSomebody(EventLoop loop)
    {
        var victims = Asyncio.AllTasks(loop).Where(task => task != Main && _options.MayCancel?.Invoke(task) != false).ToList();
        if (victims.Count > 0)
        {
            var victim = victims[Decide(victims.Count, 0)];
            _cancels++;
            _log?.Add($"iteration {_iterations}: {Name(victim)} is cancelled at its end");
            victim.Cancel("cancelled by the schedule");
        }
    }

    private int Decide(int count, int calm)
    {
        int number = _decisions++;
        ulong bits = _plan.Bits(number);
        if (!_plan.Counts(number) || (bits & ((1UL << calm) - 1)) != 0)
        {
            return 0;
        }
        int choice = (int)((bits >> 8) % (uint)count);
        if (choice != 0)
        {
            _deviations.Add(number);
            Fingerprint = (((Fingerprint ^ (uint)number) * 1099511628211) ^ (uint)choice) * 1099511628211;
        }
        return choice;
    }
}
