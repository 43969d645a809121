using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// How a task ends: as its coroutine has ended, or by a cancellation that nobody looks at. In the second case what it waits for was cancelled, and none of its
// frames can notice. No exception is made until somebody asks (see UnseenCancellation); the frames keep what they waited for until then, and the trace is read
// from them. Other steps pay nothing for it. A part of the class and no type of its own: half of it overrides members of a future, and the rest sets its outcome.
public partial class CoroutineTask
{
    internal override bool PassesCancellationOn => true;

    internal override object? InterruptedBy => IsCancelled && SeenCancellation is null ? Trampoline.LeafEndedUnseen(_leaf).Link : null;

    internal override void NoteInterrupted(CancelledException exception, object by)
    {
        var leaf = Trampoline.LeafEndedUnseen(_leaf);
        exception.InterruptedAt(leaf, this, by);
        for (Coroutine? frame = leaf; frame is not null; frame = frame.Parent)
        {
            frame.Fail(exception);
        }
    }

    /// <summary>A step was left by what an overridden <c>Cancel</c> has thrown, to which it has passed a request on; the task waits all the same.</summary>
    internal sealed override void Recover()
    {
        LeaveContext();
        if (Place == 0 && !IsDone)
        {
            List();
        }
    }

    internal sealed override bool Runs(object coroutine) => ReferenceEquals(Coroutine, coroutine);

    /// <summary>Makes the task ready as its leaf, which is what it waits for, was cancelled. (Of other ends it need not be told.)</summary>
    internal void WakeCancelled()
    {
        Mark(Marks.WaitCancelled, true);
        Loop.Push(this, null);
    }

    // The coroutine has ended. Returns an exception that must leave the loop, or null.
    private Exception? Finish(Coroutine own, Exception? failure)
    {
        Leaf = own;
        _marks |= Marks.Done;
        bool isCancelled = Has(Marks.MustThrow) && EndsByRequest();
        Loop.NoteEnd(this, failure, isCancelled);
        switch (failure)
        {
            case null when isCancelled:
                CancelWith(CancellationFor(null));
                return null;
            case null:
                Succeed(runsHere: true);
                return null;
            case CancelledException cancelled:
                CancelWith(Tokens?.Told(cancelled) ?? cancelled);
                return null;
            case OperationCanceledException foreign when IsCancelledBy(foreign):
                CancelWith(CancelledException.Unthrown(Details.CancelMessage, foreign, Tokens?.TokenBehind(foreign) ?? foreign.CancellationToken));
                return null;
            default:
                Fail(failure);
                if (failure is KeyboardInterruptException)
                {
                    MarkRetrieved(); // it leaves the loop, which is telling enough
                    return failure;
                }
                return null;
        }
    }

    // What woke the task, also if that did not say so and it matters: the future for which it has waited, or its leaf, which was cancelled.
    private object? EndedWait(object? source)
    {
        bool isCancelled = Has(Marks.WaitCancelled);
        Mark(Marks.WaitCancelled, false); // it is for one step
        return source ?? (WaitsFor is { } wait && (isCancelled || wait is Future { IsDone: true }) ? wait : null);
    }

    // A step that begins with the end of what the task waited for. True if the task has ended by it.
    private bool EndsUnseen(object source)
    {
        if (!IsCancelledUnseen(source) || Trampoline.EndUnseen(_leaf) is not { } own)
        {
            return false;
        }
        Leaf = own;
        _marks |= Marks.Done;
        Loop.NoteEnd(this, null, mustCancel: true);
        CancelNow(null);
        return true;
    }

    // What the task waits for was cancelled, nobody has asked for the exception, and neither has the task a reason to. (A request that is remembered is
    // none: it adds nothing to a cancellation that has come before it. Nor is a cancelled scope: the frame that has entered it can notice.)
    private bool IsCancelledUnseen(object source)
    {
        var leaf = _leaf;
        return ReferenceEquals(source, leaf.Awaited) && Tokens is null
            && leaf.Awaiting switch
            {
                AwaitKind.Future => Unsafe.As<Future>(source).IsUnseenBut(this),
                AwaitKind.Itself => Unsafe.As<IWaitable>(source).IsCancelledUnseen,
                _ => false,
            };
    }
}
