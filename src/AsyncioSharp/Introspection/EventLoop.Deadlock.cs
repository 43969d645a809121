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
        var hopeless = new WaitGraph([.. tasks, main], new LockHolders(tasks)).Hopeless();
        isCertain = hopeless.Contains(main) && tasks.TrueForAll(hopeless.Contains);
        return isCertain || (_watchedTokens == 0 && tasks.TrueForAll(static task => !AwaitChain.Of(task.Coroutine).EndsOutside));
    }

    private partial string DescribeTasks()
        => (_main is null or CoroutineTask ? "" : $"The loop runs for {_main}." + Environment.NewLine) + TaskDump.Of(this);
}
