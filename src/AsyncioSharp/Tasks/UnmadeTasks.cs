namespace AsyncioSharp;

/// <summary>
/// Tasks of one call of which none has been made yet, since nobody has looked. Each is only its coroutine, which stands in the ready queue in the task's place. The task is
/// made at the moment in which somebody looks, as the coroutine itself does that asks for the current one, or in which it is needed: when the coroutine waits for
/// something else than its turn, fails, or sets a context variable. Its name, its context and the order of callbacks are those of a task that was made at once.
/// </summary>
/// <remarks>
/// Spares those that never come to it an object of 64 bytes and a third of the time. To make one later costs more than to make it at once, for which reason methods
/// that mostly need theirs get them at once (<see cref="UnmadeCredit"/>). Only for coroutines of which the caller gives out no task.
/// </remarks>
/// <param name="loop">The loop, which leaves tasks unmade at this moment.</param>
/// <param name="waiter">Who waits for all of them. It is asked as by a future, but by <see cref="Runnable.TryCountSuccess"/> where no task was made.</param>
/// <param name="children">Where each has its place: the coroutine until the task is made.</param>
/// <param name="first">The place of the first of them.</param>
/// <param name="offset">From a place to the number of the task: none keeps it.</param>
/// <param name="values">With what the context of each begins; null for the empty one.</param>
/// <param name="create">Makes a task of a coroutine, with a number and a context.</param>
internal sealed class UnmadeTasks(
    EventLoop loop,
    Runnable waiter,
    object[] children,
    int first,
    long offset,
    ExecutionContext? values,
    Func<Coroutine, EventLoop, long, Context?, CoroutineTask> create) : ICoroutineOwner
{
    private int _likely = first;     // the place at which the next one to be made is looked for first
    private CoroutineTask? _running; // made in a step of its coroutine, which still runs
    private volatile Dictionary<Coroutine, CoroutineTask>? _promised; // made by another thread, which has looked, and not known to the loop yet; under a lock

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
        coroutine.StandFor(this);
        loop.StartUnmade(coroutine);
        return true;
    }

    public void RunStep(Coroutine coroutine)
    {
        if (_promised is not null && IsPromised(coroutine))
        {
            ICoroutineOwner made = MakeQueued(coroutine);
            made.RunStep(coroutine);
            return;
        }
        coroutine.BeginUnmade();
        if (values is not null)
        {
            ExecutionContext.Restore(values); // which calls the handlers of async locals, code of the user's: it may look, here as in the step
        }
        coroutine.Resume();
        if (_running is null && MayGoOn(coroutine) && TryGoOn(coroutine))
        {
            return;
        }
        var task = _running ?? MakeRunning(coroutine);
        _running = null;
        task.GoOnHere();
    }

    public void MakeTasks() => loop.MakeTasks();

    /// <summary>Makes the task of one that is queued, and still stands there for it.</summary>
    internal CoroutineTask MakeQueued(Coroutine coroutine)
    {
        var task = Make(coroutine, isQueued: true);
        task.List();
        return task;
    }

    /// <summary>Makes the task of one whose step runs.</summary>
    internal CoroutineTask MakeRunning(Coroutine coroutine)
    {
        coroutine.NoteNeeded();
        var task = Make(coroutine, isQueued: false);
        task.BeginHere();
        coroutine.LeaveQueue(); // only now: until the loop names the task, another thread finds it by way of the coroutine
        return task;
    }

    /// <summary>
    /// For another thread: makes the task, of which the loop is told, to make it its own in the next step of the coroutine. If that has its task meanwhile, it is that;
    /// null if it has ended without one.
    /// </summary>
    internal CoroutineTask? Promise(Coroutine coroutine)
    {
        lock (children)
        {
            if (!ReferenceEquals(coroutine.Link, this))
            {
                return OwnTaskOf(coroutine);
            }
            if (!TryFind(coroutine, out int place))
            {
                return _running?.Coroutine == coroutine ? _running : null;
            }
            if (_promised?.TryGetValue(coroutine, out var known) == true)
            {
                return known;
            }
            var task = Create(coroutine, place);
            (_promised ??= []).Add(coroutine, task);
            if (_promised.Count == 1)
            {
                loop.TryPush(new Arrival(this), null); // what the thread sends for the task comes behind it
            }
            return task;
        }
    }

    /// <summary>The task for which a coroutine stands in the ready queue, if that is made; else null.</summary>
    internal static CoroutineTask? OwnTaskOf(Coroutine coroutine) => coroutine.Link is CoroutineTask task && ReferenceEquals(task.Coroutine, coroutine) ? task : null;

    private bool IsPromised(Coroutine coroutine)
    {
        lock (children)
        {
            return _promised?.ContainsKey(coroutine) == true;
        }
    }

    private void KeepPromises()
    {
        for (var promised = Promised(); promised.Length > 0; promised = Promised()) // who promises meanwhile sends nobody
        {
            foreach (var coroutine in promised)
            {
                if (ReferenceEquals(coroutine.Link, this))
                {
                    MakeQueued(coroutine);
                }
                else
                {
                    TakePromised(coroutine)!.EndPromised(waiter); // it has ended while the other thread looked
                }
            }
        }
    }

    // The loop is closed: of those that have succeeded the tasks do so too, and the others are not begun or not ended, as all that a loop is closed with.
    private void EndPromised()
    {
        foreach (var coroutine in Promised().Where(static coroutine => coroutine.Status == Coroutine.Progress.Succeeded))
        {
            TakePromised(coroutine)!.EndPromised(waiter);
        }
    }

    private Coroutine[] Promised()
    {
        lock (children)
        {
            return _promised?.Keys.ToArray() ?? [];
        }
    }

    // The task that another thread has made of it, if one has: it is promised no longer.
    private CoroutineTask? TakePromised(Coroutine coroutine)
    {
        lock (children)
        {
            CoroutineTask? task = null;
            if (_promised?.Remove(coroutine, out task) == true && _promised.Count == 0)
            {
                _promised = null; // the others need not ask any more, and who promises next sends somebody again
            }
            return task;
        }
    }

    // Whether the step can have an end that needs no task.
    private bool MayGoOn(Coroutine coroutine)
        => (coroutine.Awaiting == AwaitKind.Turn || coroutine.Status == Coroutine.Progress.Succeeded)
            && (values is null ? loop.IsAtRest : ReferenceEquals(Context.Current, values)) && _promised is null && !loop.IsLookedAt && !Telemetry.Events.TracesTasks;

    private bool TryGoOn(Coroutine coroutine)
    {
        if (values is not null)
        {
            ContextSwitch.Rest(); // handlers again
        }
        if (_running is null)
        {
            if (coroutine.Awaiting == AwaitKind.Turn)
            {
                loop.PushOwn(coroutine, null);
                return true;
            }
            if (waiter.TryCountSuccess())
            {
                loop.EndUnmade();
                return true;
            }
        }
        if (values is not null)
        {
            ExecutionContext.Restore(values);
        }
        return false;
    }

    private CoroutineTask Make(Coroutine coroutine, bool isQueued)
    {
        lock (children)
        {
            if (!TryFind(coroutine, out int place))
            {
                throw new InvalidOperationException($"{coroutine} has its task already.");
            }
            var task = TakePromised(coroutine) ?? Create(coroutine, place);
            children[place] = task;
            task.BecomeReal();
            if (isQueued)
            {
                coroutine.StandFor(task);
            }
            else
            {
                _running = task;
            }
            return task;
        }
    }

    private CoroutineTask Create(Coroutine coroutine, int place)
    {
        var task = create(coroutine, loop, offset + place, values is null ? null : new Context(values));
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

    private sealed class Arrival(UnmadeTasks tasks) : Runnable
    {
        internal override void Run(object? source) => tasks.KeepPromises();

        internal override void Abandon() => tasks.EndPromised();
    }
}
