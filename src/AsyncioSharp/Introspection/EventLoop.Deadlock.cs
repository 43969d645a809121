namespace AsyncioSharp;

// What can be known, without asking anybody else, of whether a loop will go on.
public sealed partial class EventLoop
{
    // True if what the loop runs for is pending and, as far as can be seen, nothing outside will ever complete what it waits for.
    private partial bool IsStuck(out bool isCertain)
    {
        isCertain = false;
        if (_main is not { IsDone: false })
        {
            return false;
        }
        var tasks = LiveTasks();
        isCertain = _outsideWaits == 0 && AllWaitInRings(tasks);
        return isCertain || (_outsideWaits == 0 && tasks.TrueForAll(static task => !AwaitChain.Of(task.Coroutine).EndsOutside));
    }

    private partial string DescribeTasks() => TaskDump.Of(this);

    // Tasks that wait, directly or through other tasks, for tasks that wait for each other: nobody can complete those, only cancel them.
    private static bool AllWaitInRings(List<CoroutineTask> tasks)
    {
        var ended = new HashSet<CoroutineTask>(ReferenceEqualityComparer.Instance); // in a ring
        foreach (var task in tasks)
        {
            var path = new HashSet<CoroutineTask>(ReferenceEqualityComparer.Instance);
            var next = task;
            while (path.Add(next) && !ended.Contains(next))
            {
                if (AwaitChain.Of(next.Coroutine).Target is not CoroutineTask { IsDone: false } target)
                {
                    return false;
                }
                next = target;
            }
            ended.UnionWith(path);
        }
        return tasks.Count > 0;
    }
}
