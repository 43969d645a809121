namespace AsyncioSharp;

/// <summary>
/// Tasks of one call that nobody has seen. Each is only its coroutine, which stands in the ready queue in the task's place; the task is made at the moment in which
/// somebody looks, as the coroutine itself does that asks for the current one, or in which it is needed: when the coroutine waits for something else than its turn, fails,
/// or sets a context variable. Nobody can tell the difference: the name is that of a task made at once, and so is the order of callbacks.
/// </summary>
/// <remarks>
/// Spares those that never come to it an object of 64 bytes and a third of the time. To make one later costs a fifth more than to make it at once, for which reason methods
/// that mostly need theirs get them at once (<see cref="UnseenCredit"/>). Only for coroutines of which the caller gives out no task.
/// </remarks>
/// <param name="loop">The loop, which keeps tasks unseen at this moment.</param>
/// <param name="waiter">Who waits for all of them. It is asked as by a future, but by <see cref="Runnable.TryCountSuccess"/> where no task was made.</param>
/// <param name="children">Where each has its place: the coroutine until the task is made.</param>
/// <param name="offset">From a place to the number of the task: none keeps it.</param>
/// <param name="values">With what the context of each begins; null for the empty one.</param>
/// <param name="make">Makes a task of a coroutine, with a number and a context.</param>
internal sealed class UnseenTasks(
    EventLoop loop, Runnable waiter, object[] children, long offset, ExecutionContext? values, Func<Coroutine, EventLoop, long, Context?, CoroutineTask> make) : ICoroutineOwner
{
    private int _likely;             // the place at which the next one to be made is looked for first
    private CoroutineTask? _running; // made in a step of its coroutine, which still runs

    /// <summary>
    /// Queues the first step of a fresh coroutine that stands for the task with this number. False, and nothing happens, unless numbers and places rise together:
    /// there are futures between, or another thread makes tasks too.
    /// </summary>
    internal bool TryAdd(Coroutine coroutine, int place, long number)
    {
        if (number - place != offset)
        {
            return false;
        }
        children[place] = coroutine;
        coroutine.BecomeUnseen(this);
        loop.StartUnseen(coroutine);
        return true;
    }

    public void RunStep(Coroutine coroutine)
    {
        if (values is not null)
        {
            ExecutionContext.Restore(values);
        }
        coroutine.StepUnseen();
        if (_running is null && (values is null ? loop.IsAtRest : ReferenceEquals(Context.Current, values)) && TryGoOn(coroutine))
        {
            if (values is not null)
            {
                ContextSwitch.Rest();
            }
            return;
        }
        var task = _running ?? SeeRunning(coroutine);
        _running = null;
        task.TakeOver();
    }

    public void SeeTasks() => loop.SeeUnseenTasks();

    /// <summary>Makes the task of one that is queued.</summary>
    internal CoroutineTask SeeQueued(Coroutine coroutine)
    {
        var task = See(coroutine, values is null ? null : new Context(values));
        task.List();
        return task;
    }

    /// <summary>Makes the task of one whose step runs.</summary>
    internal CoroutineTask SeeRunning(Coroutine coroutine)
    {
        coroutine.NoteNeeded();
        _running = See(coroutine, values is null ? null : Context.Entered(values));
        loop.RunAs(_running);
        return _running;
    }

    /// <summary>Makes a likeness of the task, and changes nothing: for another thread. Null if somebody has seen it meanwhile.</summary>
    internal CoroutineTask? TryMake(Coroutine coroutine) => TryFind(coroutine, out int place) ? Make(coroutine, place, null) : null;

    private bool TryGoOn(Coroutine coroutine)
    {
        if (coroutine.Awaiting == AwaitKind.Turn)
        {
            loop.PushOwn(coroutine, null);
            return true;
        }
        if (coroutine.Status == Coroutine.Progress.Succeeded && !Telemetry.Events.TracesTasks && waiter.TryCountSuccess())
        {
            loop.EndUnseen();
            return true;
        }
        return false;
    }

    private CoroutineTask See(Coroutine coroutine, Context? context)
    {
        TryFind(coroutine, out int place);
        var task = Make(coroutine, place, context);
        children[place] = task;
        coroutine.BecomeSeen();
        loop.NoteSeen();
        return task;
    }

    private CoroutineTask Make(Coroutine coroutine, int place, Context? context)
    {
        var task = make(coroutine, loop, offset + place, context);
        task.AddWaiter(waiter);
        return task;
    }

    // They mostly come in their order, so that the next one is found at once.
    private bool TryFind(Coroutine coroutine, out int place)
    {
        place = _likely;
        for (int left = children.Length; left > 0; left--)
        {
            int next = place + 1 < children.Length ? place + 1 : 0;
            if (ReferenceEquals(children[place], coroutine))
            {
                _likely = next;
                return true;
            }
            place = next;
        }
        return false;
    }
}
