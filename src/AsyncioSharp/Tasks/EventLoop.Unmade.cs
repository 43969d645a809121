namespace AsyncioSharp;

// Tasks that were not made yet, for each of which a coroutine stands in the ready queue; see UnmadeTasks.
public sealed partial class EventLoop
{
    private const int MostLooks = 50; // the later ones a millisecond apart

    private int _lookers; // other threads that list the tasks at this moment

    /// <summary>True while another thread lists the tasks: what takes a step becomes one, and is in the table from then on, so that none is passed over as it moves.</summary>
    internal bool IsLookedAt => Volatile.Read(ref _lookers) != 0;

    /// <summary>True if nobody would take notice of a new task: the loop, which must be running here, has no factory, no observer and no schedule.</summary>
    internal bool LeavesTasksUnmade => TaskFactory is null && !Debug && _scheduled is null && _watch is null && !Telemetry.Events.TracesTasks;

    /// <summary>Counts in a task that is only its coroutine, and queues the first step.</summary>
    internal void StartUnmade(Coroutine coroutine)
    {
        _taskCounts.Created++;
        _taskCounts.Live++;
        PushOwn(coroutine, null);
    }

    /// <summary>Counts out a task that was never made, and has succeeded.</summary>
    internal void EndUnmade() => _taskCounts.Live--;

    /// <summary>Says that what runs is the step of a task.</summary>
    internal void RunAs(CoroutineTask task) => _ready.Begin(task);

    /// <summary>
    /// The task of an entry, made if it was not yet; null if it is of none. Another thread, and who asks while the loop does not run, gets the object as well,
    /// which the loop makes its own in its next turns.
    /// </summary>
    internal CoroutineTask? TaskOf(object? entry) => TaskOf(entry, IsOnOwnThread || IsOnHostThread);

    private CoroutineTask? TaskOf(object? entry, bool isHere) => entry switch
    {
        CoroutineTask task => task,
        Coroutine { Link: UnmadeTasks owner } coroutine
            => !isHere ? owner.Promise(coroutine) : IsTurnOf(coroutine) ? owner.MakeRunning(coroutine) : owner.MakeQueued(coroutine),
        Coroutine coroutine => UnmadeTasks.OwnTaskOf(coroutine), // asked last: the owner gives way to the task, never the other way round
        _ => null,
    };

    // Another thread may come between the last statement of a coroutine and the moment in which its task is known, when nothing leads to that: some hundred instructions,
    // unless the thread is interrupted in them, or a handler of an async local blocks there.
    private CoroutineTask? RunningTask()
    {
        var spin = default(SpinWait);
        while (true)
        {
            var running = _ready.Running;
            var task = TaskOf(running);
            if (task is not null || RunsHere || running is not Coroutine { IsTimer: false } || spin.Count == MostLooks)
            {
                return task;
            }
            spin.SpinOnce();
        }
    }

    /// <summary>Makes all tasks, and puts them in the places of their coroutines. Nothing in another thread than the loop's while that runs.</summary>
    internal partial void MakeTasks()
    {
        if (MayChangeQueue)
        {
            TaskOf(_ready.Running, isHere: true);
            _ready.Replace(entry =>
            {
                if (entry is not Coroutine coroutine || TaskOf(coroutine, isHere: true) is not { } task)
                {
                    return null;
                }
                coroutine.LeaveQueue();
                return task;
            });
        }
    }
}
