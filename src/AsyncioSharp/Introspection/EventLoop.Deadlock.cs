namespace AsyncioSharp;

// What can be known, without asking anybody else, of whether a loop will go on.
public sealed partial class EventLoop
{
    // True if what the loop runs for is pending and, as far as can be seen, nothing outside will ever complete what it waits for. Certain, if all that is
    // left are tasks that wait for each other: nobody can complete those, only cancel them.
    private partial bool IsStuck(out bool isCertain)
    {
        isCertain = false;
        if (_main is not { IsDone: false } main || _outsideWaits != 0)
        {
            return false;
        }
        var tasks = LiveTasks();
        bool mayBeCertain = main is CoroutineTask or IDerived;
        foreach (var task in tasks)
        {
            var chain = AwaitChain.Of(task.Coroutine);
            if (chain.EndsOutside)
            {
                return false;
            }
            mayBeCertain &= WaitGraph.MayBeHopeless(chain);
        }
        isCertain = mayBeCertain && AreHopeless(main, tasks);
        return isCertain || _watchedTokens == 0;
    }

    private static bool AreHopeless(Future main, List<CoroutineTask> tasks)
    {
        var hopeless = new WaitGraph([.. tasks, main], new LockHolders(tasks)).Hopeless();
        return hopeless.Contains(main) && tasks.TrueForAll(hopeless.Contains);
    }

    private partial string DescribeTasks(out string rings)
        => (_main is null or CoroutineTask ? "" : $"The loop runs for {_main}." + Environment.NewLine) + TaskDump.Of(this, out rings);
}
