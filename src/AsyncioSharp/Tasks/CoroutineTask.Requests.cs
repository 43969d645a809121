using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// Requests to cancel: how they are passed on or remembered, counted, taken back, and held back for the groups, timeouts and cancel scopes whose
// body the task runs. A task that uses none of those pays for them a test of a field where it is cancelled.
// A part of the class and no type of its own: half of it are members that programs call, and what it keeps are bits of the word that each step of the
// task tests as one. A struct for those would have to be handed the task in every call, and a class would make each task larger.
public partial class CoroutineTask
{
    /// <summary>
    /// Has a <see cref="CancelledException"/> thrown in the coroutine: out of the await at which it is suspended, or of the next one that
    /// suspends. If it waits for a future or a task, that is cancelled; the task then ends as that one's outcome makes it.
    /// The coroutine may clean up, and may refuse by catching the exception. Mirrors <c>Task.cancel(msg)</c>.
    /// </summary>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    /// <returns>False if the task was done already.</returns>
    /// <exception cref="InvalidOperationException">In debug mode: another thread runs the loop. Nothing is changed.</exception>
    public override bool Cancel(string? message = null)
    {
        if (IsDone)
        {
            return base.Cancel(message);
        }
        Ask(null, message);
        return true;
    }

    /// <summary>A request of a scope around the code: it does not meet the shields around that scope, but those inside.</summary>
    /// <param name="origin">The innermost scope around the one that asks.</param>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    internal void CancelFrom(ScopeFrame? origin, string? message) => Ask(origin, message);

    /// <summary>Cancels the code in a scope, at every await that suspends, until the scope is left.</summary>
    internal void CancelIn(ScopeFrame scope, string? message) => Ask(scope, message, staysOn: true);

    // Every request comes this way, and is refused here, in debug mode, before anything has changed.
    private void Ask(ScopeFrame? origin, string? message, bool staysOn = false)
    {
        Loop.CheckThread(this);
        if (IsDone)
        {
            return;
        }
        if (origin is null && Has(Marks.PassingOn))
        {
            BreakRing(message); // also where each is asked once: nothing else ends these
            return;
        }
        if (origin is null && Loop.AskedOnce?.Add(this) == false)
        {
            return;
        }
        _cancelRequests++;
        var details = _extras.Details;
        if (staysOn)
        {
            details!.Scopes!.Cancel(origin!, message);
            Mark(Marks.ScopeOn, details.Scopes.IsOn);
        }
        if (details?.Scopes?.TryHold(origin, message) == true)
        {
            return;
        }
        details?.Tokens?.NoteRequest();
        if (Has(Marks.StartsBeforeCancel) && !Begun)
        {
            Mark(Marks.RequestLate, true);
            NoteMessage(message); // for whoever takes the request over, if the first step is the last as well
            CancelLater(message); // behind the first step, which is queued
        }
        else if (!TryPassOn(message) && !staysOn)
        {
            Remember(message);
        }
        _extras.Details?.Tokens?.CancelOwn();
    }

    /// <summary>
    /// How often <see cref="Cancel"/> was called while the task was pending, less the calls of <see cref="Uncancel"/>. Mirrors <c>Task.cancelling()</c>.
    /// </summary>
    public int Cancelling => _cancelRequests;

    /// <summary>
    /// Takes back one request of <see cref="Cancel"/>; in a shield, one that has reached the code inside, if there is any, and else one that waits. When none is
    /// left, a request that was only remembered is forgotten; an exception that is on its way is not stopped. For code that has dealt with a cancellation of its
    /// own making. Mirrors <c>Task.uncancel()</c>.
    /// </summary>
    /// <returns>The number of requests left.</returns>
    /// <exception cref="InvalidOperationException">In debug mode: another thread runs the loop. Nothing is changed.</exception>
    public int Uncancel()
    {
        Loop.CheckThread(this);
        if (_cancelRequests > 0)
        {
            _cancelRequests--;
            _extras.Details?.Scopes?.Forget(_cancelRequests);
            if (_cancelRequests == 0)
            {
                Settle();
                _extras.Details?.Tokens?.Renew();
            }
        }
        return _cancelRequests;
    }

    /// <summary>What the task has to do with tokens; null if nothing.</summary>
    internal TaskTokens? Tokens => _extras.Details?.Tokens;

    /// <summary>
    /// True if an exception of .NET that leaves the coroutine tells of the task's own cancellation: one of a cancelled token that comes while the task is
    /// asked to cancel (the operation may have been given a token linked with the task's), or that is of one of the task's tokens. Or of those of the task
    /// on whose behalf it runs, which are what its code finds.
    /// </summary>
    internal bool IsCancelledBy(OperationCanceledException exception)
        => (ReachingRequests > 0 && exception.CancellationToken.IsCancellationRequested) || Tokens?.IsOurs(exception) == true || Identity.Tokens?.IsOurs(exception) == true;

    /// <summary>The cancel scope or shield that the task's code is in, or null.</summary>
    internal ScopeFrame? Scope => _extras.Details?.Scopes?.Innermost;

    /// <summary>The requests that were made and not taken back, but for those that shields hold back.</summary>
    internal int ReachingRequests => _cancelRequests - (_extras.Details?.Scopes?.Held ?? 0);

    /// <summary>
    /// The requests that have reached the task's code, less one that is still to be delivered, and less that of a cancelled scope around the code,
    /// which never is. A scope notes it when it is entered; more than that at its end, not counting its own, were made by others meanwhile.
    /// </summary>
    internal int SettledRequests => Has(Marks.RequestLate) ? 0 : ReachingRequests - (IsPending ? 1 : 0) - (Has(Marks.ScopeOn) ? 1 : 0);

    /// <summary>
    /// Takes back a request that a scope made. True if only those of before are left; then it must not be delivered any more either.
    /// False if others have asked for cancellation too.
    /// </summary>
    internal bool TakeBack(int settled)
    {
        Uncancel();
        if (ReachingRequests > settled)
        {
            return false;
        }
        Settle();
        return true;
    }

    /// <summary>Has a request delivered again that was delivered, and lost to a failure that had precedence.</summary>
    internal void Redeliver(string? message)
    {
        if (!IsPending)
        {
            Remember(message);
        }
    }

    // The coroutine has ended, and a request is remembered. In a task that runs on behalf of another it is left, beside the outcome, to the method that awaits it.
    private bool EndsByRequest()
    {
        if (this is DrivenTask)
        {
            Mark(Marks.YieldsToOutcome, true);
        }
        return !Has(Marks.YieldsToOutcome);
    }

    /// <summary>
    /// True if the task is done and has left a request behind: since an outcome had precedence, or since the step for which the request waited was its last. Then
    /// who takes the outcome is to take over the request.
    /// </summary>
    internal override bool OwesRequest => IsDone && !IsCancelled && (HasYielded || (Has(Marks.RequestLate) && _cancelRequests > 0));

    /// <summary>True if a request is remembered that came too late for an outcome, and is to be thrown at the next await.</summary>
    internal bool HasYielded => Has(Marks.MustThrow) && Has(Marks.YieldsToOutcome);

    /// <summary>Takes over the request that a task owes whose outcome this one has taken.</summary>
    internal void TakeOver(CoroutineTask owing)
    {
        Redeliver(owing.RememberedMessage);
        Mark(Marks.YieldsToOutcome, true);
    }

    /// <summary>The exception of a request that is still to be delivered, which counts as delivered by this; null if there is none.</summary>
    internal CancelledException? TakePending()
    {
        if (!IsPending)
        {
            return null;
        }
        var cancellation = CancellationFor(null);
        Settle();
        return cancellation;
    }

    internal void Enter(ScopeFrame scope)
    {
        var scopes = Details.Scopes ??= new ScopeStack();
        scopes.Enter(scope);
        if (scope.IsShield && IsPending)
        {
            scopes.Hold(scope, RememberedMessage);
            Settle();
        }
        Mark(Marks.ScopeOn, scopes.IsOn);
    }

    /// <summary>For waiting that must come to its end: a shield, if the code is in a scope whose cancellation might stay on; null otherwise.</summary>
    internal ScopeFrame? EnterShieldInScope()
    {
        if (Scope is null)
        {
            return null;
        }
        var shield = new ScopeFrame(isShield: true);
        Enter(shield);
        return shield;
    }

    /// <summary>Leaves a scope. What waited at it as a shield is delivered at the next await that suspends.</summary>
    internal void Leave(ScopeFrame scope)
    {
        var scopes = Details.Scopes!;
        scopes.Leave(scope);
        Mark(Marks.ScopeOn, scopes.IsOn);
        if (scope.Held > 0)
        {
            Remember(scope.Message);
            Tokens?.NoteRequest();
            Tokens?.CancelOwn();
        }
    }

    /// <summary>A request is remembered that will be delivered once, at the next await that suspends.</summary>
    internal bool IsPending => Has(Marks.Pending);

    /// <summary>The message of the request that is remembered, or was last; null for none.</summary>
    internal string? RememberedMessage => _extras.Details?.CancelMessage;

    // The message of what is to be thrown: the request that is remembered, or else a cancelled scope around the code.
    private string? DueMessage => !IsPending && _extras.Details?.Scopes?.Cancelled is { } scope ? scope.Reason : RememberedMessage;

    // The exception of a request: the one that arrived, or a new one. It carries the token that asked, or else the task's own, if that was handed out.
    private CancelledException CancellationFor(CancelledException? arrived)
    {
        var cause = Tokens?.TakeCause() ?? default;
        if (cause.CanBeCanceled && arrived?.CancellationToken != cause)
        {
            return CancelledException.Unthrown(arrived is null ? DueMessage : arrived.CancelMessage, arrived, cause);
        }
        return arrived ?? CancelledException.Unthrown(DueMessage);
    }

    // What the step has to throw into the leaf, if anything.
    private Exception? TakeThrown(object? source)
    {
        var thrown = source as Exception ?? (source as IWaitable)?.CancelledWith
            ?? (Tokens?.Cause.CanBeCanceled == true && source is IDerived and Future { PeekException: CancelledException } gather ? gather.TakeException() : null);
        if (source is TaskTokens || thrown is CancelledException)
        {
            Mark(Marks.ThrowQueued, true); // the wait is over: a request is for this step
            Tokens?.LookAtMaster();
        }
        Mark(Marks.ThrowQueued, false);
        if (Has(Marks.MustThrow) && _leaf.CanThrow)
        {
            if (thrown is null && source is IWaitable && !IsPending)
            {
                return null; // a scope is cancelled, which stays on: what completed in spite of it gives its result, and the next await throws
            }
            if (thrown is null && _leaf.MustTakeOutcome)
            {
                Mark(Marks.YieldsToOutcome, _leaf.Awaiting == AwaitKind.Future); // with that of a method the task ends cancelled, as any that returns while a request waits
                return null;
            }
            thrown ??= (source as Future)?.TakeException(); // taken, although the request is told in its place, unless it is a cancellation itself
            if (IsPending && Has(Marks.ScopeOn))
            {
                thrown = null; // what comes from outside passes through the scope, and so is what is told, not the scope's own
            }
            var cancellation = CancellationFor(thrown as CancelledException);
            Settle();
            return cancellation;
        }
        return thrown is CancelledException cancelled ? CancellationFor(cancelled) : thrown;
    }

    // The request is thrown at the next step.
    private void Remember(string? message)
    {
        Mark(Marks.Pending, true);
        Mark(Marks.YieldsToOutcome, false);
        NoteMessage(message);
    }

    // A request was delivered, or withdrawn. The cancellation of a scope stays on.
    private void Settle() => Mark(Marks.Pending | Marks.YieldsToOutcome, false);

    internal void NoteMessage(string? message)
    {
        if (_extras.Details is not null || message is not null)
        {
            Details.CancelMessage = message;
        }
    }

    // Passes a cancel request on to what the task waits for. False if it is to be thrown at the next step.
    private bool TryPassOn(string? message)
    {
        if (!Has(Marks.ThrowQueued) && WaitsFor is { } target)
        {
            if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            {
                Loop.Push(new LateRequest(this, message, isRemembered: true), null); // a chain of very many tasks: it goes on from the loop
                return false;
            }
            Mark(Marks.PassingOn, true);
            try
            {
                if (CancelWait(target, message))
                {
                    return true;
                }
            }
            finally
            {
                Mark(Marks.PassingOn, false);
            }
        }
        // (The leaf does not tell: while the task runs, it is the one of the last suspension, and may have ended.)
        if (Begun && Coroutine.Status >= Coroutine.Progress.Succeeded)
        {
            Loop.Push(this, null); // the coroutine was closed behind the task's back; what it waited for may never come
        }
        return false;
    }

    /// <summary>
    /// Makes a request again that was passed on to methods of .NET, and did not end the wait although those have ended; unless it was taken back meanwhile.
    /// </summary>
    internal void RequestAgain(string? message)
    {
        if (ReachingRequests > 0 && WaitsFor is not null)
        {
            TryPassOn(message);
        }
    }

    // A request for a task that awaits methods of .NET goes to what those wait for. Otherwise the await itself is ended, unless it is that of
    // an unknown awaiter: out of that no exception can come, and the request waits for the next await.
    private bool CancelWait(IWaitable target, string? message)
    {
        var host = _leaf.Awaiting == AwaitKind.Foreign ? _extras.Details?.Host : null;
        if (host?.CancelBelow(Unsafe.As<ForeignAwait>(target), message) == true)
        {
            return true;
        }
        if (!_leaf.CanThrow || !(target.CancelWait(message) || LeaveIterator(target, message)))
        {
            return false;
        }
        host?.LeaveBehind(Unsafe.As<ForeignAwait>(target), message);
        target.NoteAsked(this, message);
        return true;
    }

    private bool LeaveIterator(IWaitable target, string? message)
        => target is ForeignAwait { AsyncIterator: { } iterator } left && Loop.DisposalOf(iterator) is { } disposal && _leaf.TryReplaceIterator(left, disposal)
            && left.LeaveIterator(message);

    // The request came back: the task waits, through others, for itself. Nothing but an exception can end that.
    private void BreakRing(string? message)
    {
        switch (WaitsFor)
        {
            case Future target when target.RemoveWaiter(this):
                target.AddWaiter(new Dismissal());
                ThrowSoon(CancelledException.Unthrown(message));
                break;
            case ForeignAwait target when !_leaf.CanThrow || !target.CancelWait(message):
                Remember(message);
                break;
        }
    }

    /// <summary>Has a request that comes before the first step wait for that step, so that the coroutine begins all the same.</summary>
    internal void StartBeforeCancel() => Mark(Marks.StartsBeforeCancel, true);

    /// <summary>Passes a request that was counted already on in the next iteration.</summary>
    internal void CancelLater(string? message) => Loop.Push(LaterRequest(message), null);

    /// <summary>A request that was counted already, to be passed on from the loop's queue.</summary>
    internal Runnable LaterRequest(string? message) => new LateRequest(this, message);

    // Stands where a task has waited that broke a ring: the cancellation that comes there is the request, and has been told.
    private sealed class Dismissal : Runnable
    {
        internal override string CallbackName => "CoroutineTask.Wakeup";

        internal override Wakeup WakeupFor(object done, bool runsHere)
        {
            if (done is Future { PeekException: CancelledException } cancelled)
            {
                cancelled.MarkRetrieved();
            }
            return Wakeup.None;
        }

        internal override void Run(object? source)
        {
        }
    }

    // A request that cannot be passed on where it is made, and goes on from the loop's queue.
    private sealed class LateRequest(CoroutineTask task, string? message, bool isRemembered = false) : Runnable
    {
        private readonly ScopeFrame? _origin = task.Scope; // shields that are entered meanwhile stand between it and the code

        internal override void Run(object? source)
        {
            if (task.IsDone)
            {
                task.Mark(Marks.Pending | Marks.YieldsToOutcome, task.Cancelling > 0); // it stays behind for the one that takes the outcome
                return;
            }
            if (task.Has(Marks.RequestLate) && !task.Begun)
            {
                task.CancelLater(message); // a schedule has put this before the first step
                return;
            }
            task.Mark(Marks.RequestLate, false);
            if (isRemembered ? !task.Has(Marks.MustThrow) : task.Cancelling == 0)
            {
                return; // a step has thrown it, or it was taken back, meanwhile
            }
            if (!isRemembered && task._extras.Details?.Scopes is { } scopes && scopes.TryHold(scopes.StillAround(_origin), message))
            {
                return;
            }
            if (task.TryPassOn(message))
            {
                task.Settle();
            }
            else if (!isRemembered)
            {
                task.Remember(message);
            }
        }

        /// <summary>For the report of a schedule.</summary>
        public override string ToString() => $"cancel request for {task.Name}";
    }
}
