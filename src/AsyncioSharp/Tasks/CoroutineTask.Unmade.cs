namespace AsyncioSharp;

// A task that is made after its coroutine was queued, and perhaps has begun; see UnmadeTasks. A part of the class and no type of its own: it sets what a task is made of.
public partial class CoroutineTask : ICoroutineOwner
{
    void ICoroutineOwner.RunStep(Coroutine coroutine)
    {
        coroutine.LeaveQueue();
        Loop.RunAs(this);
        Run(null);
    }

    void ICoroutineOwner.MakeTasks() => Loop.MakeTasks();

    /// <summary>The loop knows it from now on.</summary>
    internal void BecomeReal() => Begun = !_leaf.IsNew;

    /// <summary>The step in which its coroutine is becomes its own.</summary>
    internal void BeginHere()
    {
        Loop.RunAs(this);
        _extras.Context?.NoteEntered();
    }

    /// <summary>Goes on with that step: the coroutine has run, and waits or has ended.</summary>
    internal void GoOnHere() => ThrowIfFatal(EndAtRest(GoOnUnlisted(Trampoline.GoOn(_leaf), mayStaySo: !Loop.IsLookedAt)));

    /// <summary>Its coroutine has succeeded before the loop knew the task. <paramref name="waiter"/> was told already.</summary>
    internal void EndPromised(Runnable waiter)
    {
        RemoveWaiter(waiter);
        BecomeReal();
        _marks |= Marks.Done;
        Succeed(runsHere: true);
    }
}
