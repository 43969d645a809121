namespace AsyncioSharp;

/// <summary>
/// Runs a coroutine that an <c>async</c> method of .NET awaits, on behalf of the task whose coroutine called the method: code in it takes itself to
/// be in that task. A task of its own is needed underneath since several such methods may run at once, each to be woken and cancelled by itself.
/// It is no end of its own for a request: the coroutine begins before one reaches it, and one that it has not been told is left to the method.
/// </summary>
internal sealed class DrivenTask : CoroutineTask, IOpensTurn
{
    internal DrivenTask(Coroutine coroutine, EventLoop loop, CoroutineTask owner)
        : base(coroutine, loop, runsHere: true)
    {
        Identity = owner.Identity;
        Named = loop.TaskCounts.Created + 1;
        IsImplicit = true;
        StartBeforeCancel();
    }

    internal override CoroutineTask Identity { get; }

    private protected override long Named { get; }

    internal override bool HasToBeTaken => true;

    /// <summary>Takes the first step at once, as a coroutine does that another one awaits; in the next turn where the stack has no room for it.</summary>
    internal void Start()
    {
        var thread = Loop.Thread!;
        var synchronization = ThreadValues.SynchronizationOf(thread);
        var outer = Loop.NoteRuns(this);
        ThreadValues.SetSynchronization(thread, Loop.SynchronizationContext); // as in its other steps
        try
        {
            if (!Loop.TryStartEagerly(this, runsHere: true))
            {
                Loop.StartSoon(this, runsHere: true);
            }
        }
        catch (KeyboardInterruptException e)
        {
            Loop.ThrowSoon(e); // an await calls this
        }
        catch (Exception e)
        {
            Recover();
            Loop.ReportLeft(this, e); // of an overridden Cancel
        }
        finally
        {
            ThreadValues.SetSynchronization(thread, synchronization);
            if (outer is not null)
            {
                Loop.NoteRuns(outer);
            }
        }
    }

    internal override void Run(object? source)
    {
        if (Loop.IsInStep)
        {
            base.Run(source);
        }
        else
        {
            Loop.SameTurn.Run(this, source);
        }
    }

    object? IOpensTurn.TurnOwner => Identity;

    void IOpensTurn.RunInTurn(object? source) => base.Run(source);
}
