using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

// How a task takes a step: it resumes the leaf of its coroutines, and waits for what they wait for then. A part of the class and no type of its own: a step reads and
// changes what a task is made of, and is what everything costs.
public partial class CoroutineTask
{
    internal override void Run(object? source)
    {
        ThrowIfFatal(_extras.AreNone ? StepAtRest(source) : StepInContext(source));
    }

    private static void ThrowIfFatal(Exception? fatal)
    {
        if (fatal is not null)
        {
            ExceptionDispatchInfo.Throw(fatal);
        }
    }

    private Exception? StepAtRest(object? source) => EndAtRest(Step(source));

    private Exception? EndAtRest(Exception? fatal)
    {
        if (!Loop.IsAtRest || (!_extras.AreNone && _extras.Context is { IsEntered: true }))
        {
            LeaveContext();
        }
        return fatal;
    }

    // Asked for it in a step that has begun in the empty context, which is its context as well: something runs in it.
    private Context NewContext()
    {
        var context = new Context(Context.Empty);
        if (Loop.IsRunningNow(this))
        {
            context.NoteEntered();
        }
        return context;
    }

    // After a step that has begun in the empty context, or before the task was made: what was set belongs to the task from now on.
    private void LeaveContext()
    {
        if (_extras.Context is { IsEntered: true } own)
        {
            own.Leave(Context.Empty);
        }
        else if (ContextSwitch.TakeAndRest() is { } changed)
        {
            _extras.Context = changed;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Exception? StepInContext(object? source)
    {
        if (_extras.Context is not { } context)
        {
            return StepAtRest(source);
        }
        if (context.IsEntered)
        {
            return StepOutside();
        }
        var outer = context.Enter();
        try
        {
            return Step(source);
        }
        finally
        {
            context.Leave(outer);
        }
    }

    // A context can be entered once. The task fails, so that those who wait for it learn of it; its finally blocks run in the empty context.
    private Exception? StepOutside()
    {
        var fatal = Step(new InvalidOperationException($"Task {TextForm.Quoted(Name)} cannot enter its context: something already runs in it. Give it a copy (Context.Copy())."));
        ContextSwitch.Rest();
        return fatal;
    }

    // One step. Returns an exception that must leave the loop, or null. Most steps go on after a turn, or with the result of a future, or are the first: the
    // others have a method of their own, so that those need not save the registers that it uses.
    private Exception? Step(object? source)
    {
        var leaf = _leaf;
        var marks = _marks & (Marks.Begun | Marks.MustThrow | Marks.Done | Marks.WaitCancelled | Marks.IsUnlisted);
        if (marks == Marks.Begun && source is null && leaf.Status == Coroutine.Progress.Started)
        {
            if (leaf.Awaiting < AwaitKind.Future || (leaf.Awaiting == AwaitKind.Future ? Unsafe.As<Future>(leaf.Link)!.HasSucceeded : Unsafe.As<Coroutine>(leaf.Link)!.EndWait()))
            {
                return GoOn(Trampoline.Resume(leaf));
            }
            if (leaf.Awaiting == AwaitKind.Wait)
            {
                return null; // woken in vain
            }
        }
        return source is null && (marks == 0 ? leaf.Status == Coroutine.Progress.Created : marks == (Marks.Begun | Marks.IsUnlisted) && leaf.Status == Coroutine.Progress.Started)
            ? StepUnlisted(leaf)
            : StepOtherwise(source);
    }

    // The first step, and the second of a task that has only given others their turn.
    private Exception? StepUnlisted(Coroutine leaf)
    {
        bool isFirst = !Begun;
        if (isFirst)
        {
            Begun = true;
            leaf.Begin(null);
        }
        return GoOnUnlisted(Trampoline.Resume(leaf), mayStaySo: isFirst);
    }

    private Exception? GoOnUnlisted(Coroutine stopped, bool mayStaySo)
    {
        var fatal = GoOn(stopped);
        if (Place == 0 && !IsDone)
        {
            if (mayStaySo && _leaf.Awaiting == AwaitKind.Turn)
            {
                IsUnlisted = true; // many end in their second step, and until then the ready queue holds them
            }
            else
            {
                List();
            }
        }
        return fatal;
    }

    /// <summary>Puts the task into the table of tasks: the ready queue may not hold it any longer.</summary>
    internal void List()
    {
        IsUnlisted = false;
        Loop.List(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Exception? StepOtherwise(object? source)
    {
        if (IsDone)
        {
            return null; // its coroutine was closed while a wake-up was on its way
        }
        if (IsUnlisted)
        {
            List();
        }
        if (Begun && _leaf.Status != Coroutine.Progress.Started && Coroutine.Status == Coroutine.Progress.Strayed)
        {
            return StepStrayed(source as Exception);
        }
        Leaf = Begun ? Trampoline.Enter(_leaf) : _leaf; // before the first step it may be another's
        source = EndedWait(source);
        if (source is not null && EndsUnseen(source))
        {
            return null;
        }
        var thrown = Has(Marks.MustThrow) || source is not null ? TakeThrown(source) : null;
        if (!Begun || _leaf.Status != Coroutine.Progress.Started)
        {
            var own = Coroutine; // it is the first step; or that was run, or closed, behind the task's back
            own.LookForTask();   // or has been given to a gather as well
            if (Begun || own.Status != Coroutine.Progress.Created)
            {
                return Finish(own, own.ReuseError());
            }
            if (thrown is null)
            {
                return StepUnlisted(own);
            }
            // No statement of the coroutine runs.
            own.Fail(thrown);
            (thrown as CancelledException)?.InterruptedAt(own, this, null);
            return Finish(own, thrown);
        }
        if (thrown is null)
        {
            return GoOn(Trampoline.Resume(_leaf));
        }
        if (thrown is CancelledException cancelled && Trampoline.IsLeftUnseen(_leaf))
        {
            cancelled.InterruptedAt(_leaf, this, source);
        }
        return GoOn(Trampoline.Throw(_leaf, thrown));
    }

    // The coroutine has ignored Close, and awaits what the task does not know: the task waits there from now on. What it waited for in line, or slept for, is gone with
    // the place: then there is no going on.
    private Exception? StepStrayed(Exception? gone)
    {
        Mark(Marks.WaitCancelled, false);
        return gone is null ? GoOn(Trampoline.Recover(Coroutine)) : Finish(Coroutine, gone);
    }

    // The coroutine has run until `stopped` waited, or until it ended.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Exception? GoOn(Coroutine stopped)
    {
        if (stopped.Awaiting == AwaitKind.Turn)
        {
            Leaf = stopped;
            Loop.PushOwn(this, null);
            return null;
        }
        if (stopped.Awaiting == AwaitKind.None)
        {
            return Finish(stopped, stopped.Failure);
        }
        Leaf = stopped;
        Wait(stopped);
        return null;
    }

    private void Wait(Coroutine leaf)
    {
        Exception? refusal = null;
        if (leaf.Awaiting == AwaitKind.Future)
        {
            var future = Unsafe.As<Future>(leaf.Link)!;
            if (ReferenceEquals(future, this) || future.Loop != Loop)
            {
                refusal = new InvalidOperationException(TaskText.WhyNotAwait(this, future));
            }
            else
            {
                future.AddWaiter(this);
            }
        }
        else if (leaf.Awaiting != AwaitKind.Foreign)
        {
            Unsafe.As<Coroutine>(leaf.Awaited)!.BeginWait(this);
        }
        else
        {
            refusal = ForeignWaits.Begin(this, leaf, Unsafe.As<ForeignAwait>(leaf.Link)!);
        }
        if (refusal is not null)
        {
            ThrowSoon(refusal);
        }
        else if (Has(Marks.MustThrow) && CancelWait(Unsafe.As<IWaitable>(leaf.Awaited!), DueMessage))
        {
            Settle();
        }
    }

    private void ThrowSoon(Exception exception)
    {
        Mark(Marks.ThrowQueued, true);
        Loop.PushOwn(this, exception);
    }
}
