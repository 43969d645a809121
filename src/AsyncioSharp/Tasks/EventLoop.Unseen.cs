namespace AsyncioSharp;

// Tasks that nobody has seen, for each of which a coroutine stands in the ready queue; see UnseenTasks.
public sealed partial class EventLoop
{
    private int _unseenTasks;

    /// <summary>True if nobody would take notice of a new task: the loop has no factory, no observer and no schedule.</summary>
    internal bool KeepsTasksUnseen => !IsClosed && TaskFactory is null && !Debug && _scheduled is null && _watch is null && !Telemetry.Events.TracesTasks;

    /// <summary>Counts in a task that is only its coroutine, and queues the first step.</summary>
    internal void StartUnseen(Coroutine coroutine)
    {
        _taskCounts.Created++;
        _taskCounts.Live++;
        _unseenTasks++;
        PushOwn(coroutine, null);
    }

    /// <summary>Counts out a task that has succeeded unseen.</summary>
    internal void EndUnseen()
    {
        _taskCounts.Live--;
        _unseenTasks--;
    }

    /// <summary>Says that one is seen now.</summary>
    internal void NoteSeen() => _unseenTasks--;

    /// <summary>Says that what runs is the step of a task that was made meanwhile.</summary>
    internal void RunAs(CoroutineTask task) => _ready.Begin(task);

    /// <summary>Somebody looks: all tasks are there from now on. Does nothing in another thread than the loop's while that runs.</summary>
    internal void SeeUnseenTasks()
    {
        if (_unseenTasks > 0 && MayChangeQueue)
        {
            TaskOf(_ready.Running);
            _ready.Replace(static entry => entry is Coroutine { Link: UnseenTasks owner } coroutine ? owner.SeeQueued(coroutine) : null);
        }
    }

    private partial void SeeTasks() => SeeUnseenTasks();

    // The task of an entry; null if it is of none. Of one that is unseen, another thread gets a likeness, to look at.
    private CoroutineTask? TaskOf(Runnable? entry) => entry switch
    {
        CoroutineTask task => task,
        Coroutine { Link: UnseenTasks owner } coroutine => MayChangeQueue ? owner.SeeRunning(coroutine) : owner.TryMake(coroutine),
        _ => null,
    };
}
