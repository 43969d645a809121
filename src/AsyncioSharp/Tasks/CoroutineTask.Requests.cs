using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// Requests to cancel: how they are passed on or remembered, counted, taken back, and held back for the groups, timeouts and cancel scopes whose
// body the task runs. A task that uses none of those pays for them a test of a field where it is cancelled.
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
        Loop.CheckThread();
        if (Has(Marks.PassingOn))
        {
            BreakRing(message);
            return true;
        }
        _cancelRequests++;
        if (_extras.Details?.Scopes?.TryHold(null, message) == true)
        {
            return true;
        }
        _extras.Details?.Tokens?.NoteRequest();
        if (Has(Marks.StartsBeforeCancel) && !Begun)
        {
            IsRequestLate = true;
            if (_extras.Details is not null || message is not null)
            {
                Details.CancelMessage = message; // for whoever takes the request over, if the first step is the last as well
            }
            CancelLater(message); // behind the first step, which is queued
        }
        else
        {
            Request(message);
        }
        _extras.Details?.Tokens?.CancelOwn();
        return true;
    }

    /// <summary>The first step was waited for with the requests so far, and they are still on their way.</summary>
    internal bool IsRequestLate
    {
        get => Has(Marks.RequestLate);
        set => Mark(Marks.RequestLate, value);
    }

    /// <summary>Passes a request that was counted already on in the next iteration.</summary>
    internal void CancelLater(string? message) => Loop.Push(new LateRequest(this, message), null);

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
    public int Uncancel()
    {
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
    /// asked to cancel (the operation may have been given a token linked with the task's), or that is of one of the task's tokens.
    /// </summary>
    internal bool IsCancelledBy(OperationCanceledException exception)
        => (ReachingRequests > 0 && exception.CancellationToken.IsCancellationRequested) || Tokens?.IsOurs(exception) == true;

    /// <summary>The cancel scope or shield that the task's code is in, or null.</summary>
    internal ScopeFrame? Scope => _extras.Details?.Scopes?.Innermost;

    /// <summary>The requests that were made and not taken back, but for those that shields hold back.</summary>
    internal int ReachingRequests => _cancelRequests - (_extras.Details?.Scopes?.Held ?? 0);

    /// <summary>
    /// The requests that have reached the task's code, less one that is still to be delivered, and less that of a cancelled scope around the code,
    /// which never is. A scope notes it when it is entered; more than that at its end, not counting its own, were made by others meanwhile.
    /// </summary>
    internal int SettledRequests => IsRequestLate ? 0 : ReachingRequests - (IsPending ? 1 : 0) - (_extras.Details?.Scopes is { IsOn: true } ? 1 : 0);

    /// <summary>A request of a scope around the code: it does not meet the shields around that scope, but those inside.</summary>
    /// <param name="origin">The innermost scope around the one that asks.</param>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    internal void CancelFrom(ScopeFrame? origin, string? message)
    {
        if (_extras.Details?.Scopes is not { } scopes)
        {
            Cancel(message);
        }
        else if (!IsDone)
        {
            _cancelRequests++;
            if (!scopes.TryHold(origin, message))
            {
                _extras.Details.Tokens?.NoteRequest();
                Request(message);
                _extras.Details.Tokens?.CancelOwn();
            }
        }
    }

    /// <summary>Cancels the code in a scope, at every await that suspends, until the scope is left.</summary>
    internal void CancelIn(ScopeFrame scope, string? message)
    {
        var scopes = Details.Scopes!;
        scope.IsCancelled = true;
        scope.Reason = message;
        _cancelRequests++;
        if (!scopes.TryHold(scope, message))
        {
            bool wasPending = scopes.IsPending;
            string? pendingMessage = Details.CancelMessage;
            Details.Tokens?.NoteRequest();
            Request(message);
            scopes.IsPending = wasPending; // what stays on need not be remembered, and takes no result away that is on its way already
            Details.CancelMessage = pendingMessage; // the scope keeps its own
            MustCancel = true;
            Details.Tokens?.CancelOwn();
        }
    }

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

    /// <summary>
    /// True if the task is done and has left a request behind: since an outcome had precedence, or since its first step, for which the request waited, was its
    /// last.
    /// </summary>
    internal bool OwesRequest => IsDone && !IsCancelled && (HasYielded || (IsRequestLate && _cancelRequests > 0));

    /// <summary>True if a request is remembered that came too late for an outcome, and is to be thrown at the next await.</summary>
    internal bool HasYielded => MustCancel && _extras.Details?.YieldsToOutcome == true;

    /// <summary>Takes over the request that a task owes whose outcome this one has taken.</summary>
    internal void TakeOver(CoroutineTask owing)
    {
        Redeliver(owing.Details.CancelMessage);
        Details.YieldsToOutcome = true;
    }

    /// <summary>The exception of a request that is still to be delivered, which counts as delivered by this; null if there is none.</summary>
    internal CancelledException? TakePending()
    {
        if (!IsPending)
        {
            return null;
        }
        var cancellation = TaskDetails.CancellationFor(_extras.Details, null);
        Settle();
        return cancellation;
    }

    internal void Enter(ScopeFrame scope)
    {
        var scopes = Details.Scopes ??= new ScopeStack { IsPending = MustCancel };
        scope.Outer = scopes.Innermost;
        scopes.Innermost = scope;
        if (scope.IsShield && scopes.IsPending)
        {
            scopes.IsPending = false;
            scopes.Hold(scope, Details.CancelMessage);
        }
        MustCancel = scopes.IsPending || scopes.IsOn;
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
        scopes.Innermost = scope.Outer;
        scopes.Held -= scope.Held;
        if (scope.Held > 0)
        {
            scopes.IsPending = true;
            Details.YieldsToOutcome = false;
            Details.CancelMessage = scope.Message;
            Details.Tokens?.NoteRequest();
            Details.Tokens?.CancelOwn();
        }
        MustCancel = scopes.IsPending || scopes.IsOn;
        if (scopes.Innermost is null)
        {
            Details.Scopes = null;
        }
    }

    /// <summary>A request is remembered that will be delivered once, at the next await that suspends.</summary>
    internal bool IsPending => _extras.Details?.Scopes?.IsPending ?? MustCancel;

    // A request was delivered, or withdrawn. The cancellation of a scope stays on.
    private void Settle()
    {
        MustCancel = false;
        _extras.Details?.YieldsToOutcome = false;
        if (_extras.Details?.Scopes is { } scopes)
        {
            scopes.IsPending = false;
            MustCancel = scopes.IsOn;
        }
    }

    /// <summary>Passes a cancel request on to what the task waits for, or else remembers it.</summary>
    internal void Request(string? message)
    {
        if (!Has(Marks.ThrowQueued) && WaitsFor is { } target)
        {
            if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            {
                Remember(message);
                Loop.Push(new LateRequest(this, message, isRemembered: true), null); // a chain of very many tasks: it goes on from the loop
                return;
            }
            Mark(Marks.PassingOn, true);
            try
            {
                if (CancelWait(target, message))
                {
                    return;
                }
            }
            finally
            {
                Mark(Marks.PassingOn, false);
            }
        }
        Remember(message);
        // (The leaf does not tell: while the task runs, it is the one of the last suspension, and may have ended.)
        if (Begun && Coroutine.Status != Coroutine.Progress.Started)
        {
            Loop.Push(this, null); // the coroutine was closed behind the task's back; what it waited for may never come
        }
    }

    /// <summary>
    /// Makes a request again that was passed on to methods of .NET, and did not end the wait although those have ended; unless it was taken back meanwhile.
    /// </summary>
    internal void RequestAgain(string? message)
    {
        if (ReachingRequests > 0 && WaitsFor is { } target)
        {
            Mark(Marks.PassingOn, true);
            CancelWait(target, message);
            Mark(Marks.PassingOn, false);
        }
    }

    /// <summary>Passes a request on that was remembered only until then, unless a step has thrown it, or it was taken back, meanwhile.</summary>
    internal void PassOnRemembered(string? message)
    {
        if (MustCancel)
        {
            Settle();
            Request(message);
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
        if (!_leaf.CanThrow || !target.CancelWait(message))
        {
            return false;
        }
        host?.LeaveBehind(Unsafe.As<ForeignAwait>(target), message);
        return true;
    }

    // The request is thrown at the next step.
    private void Remember(string? message)
    {
        MustCancel = true;
        if (_extras.Details is not null || message is not null)
        {
            Details.CancelMessage = message;
            Details.YieldsToOutcome = false;
            Details.Scopes?.IsPending = true;
        }
    }

    // The request came back: the task waits, through others, for itself. Nothing but an exception can end that.
    private void BreakRing(string? message)
    {
        switch (WaitsFor)
        {
            case Future target when target.RemoveWaiter(this) > 0:
                ThrowSoon(new CancelledException(message));
                break;
            case ForeignAwait target when !_leaf.CanThrow || !target.CancelWait(message):
                Remember(message);
                break;
        }
    }
}
