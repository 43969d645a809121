namespace AsyncioSharp;

// How requests to cancel are counted, taken back, and held back: what groups, timeouts and cancel scopes need of the task whose body they
// run. Of this only a test of a field is on the way of a task that uses none, where it is cancelled.
public partial class CoroutineTask
{
    /// <summary>How often <see cref="Cancel"/> was called while the task was pending, less the calls of <see cref="Uncancel"/>. Mirrors <c>Task.cancelling()</c>.</summary>
    public int Cancelling => _cancelRequests;

    /// <summary>
    /// Takes back one request of <see cref="Cancel"/>. When none is left, a request that was only remembered is forgotten; an exception that is on its
    /// way is not stopped. For code that has dealt with a cancellation of its own making. Mirrors <c>Task.uncancel()</c>.
    /// </summary>
    /// <returns>The number of requests left.</returns>
    public int Uncancel()
    {
        if (_cancelRequests > 0 && --_cancelRequests == 0)
        {
            _details?.Scopes?.Forget();
            Settle();
            _details?.Tokens?.Renew();
        }
        return _cancelRequests;
    }

    /// <summary>The cancel scope or shield that the task's code is in, or null.</summary>
    internal ScopeFrame? Scope => _details?.Scopes?.Innermost;

    /// <summary>The requests that were made and not taken back, but for those that shields hold back.</summary>
    internal int ReachingRequests => _cancelRequests - (_details?.Scopes?.Held ?? 0);

    /// <summary>
    /// The requests that have reached the task's code, less one that is still to be delivered. A scope notes it when it is entered; more than
    /// that at its end, not counting its own, were made by others meanwhile.
    /// </summary>
    internal int SettledRequests => IsRequestLate ? 0 : ReachingRequests - (_mustCancel ? 1 : 0);

    /// <summary>A request of a scope around the code: it does not meet the shields around that scope, but those inside.</summary>
    /// <param name="origin">The innermost scope around the one that asks.</param>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    internal void CancelFrom(ScopeFrame? origin, string? message)
    {
        if (_details?.Scopes is not { } scopes)
        {
            Cancel(message);
        }
        else if (!IsDone)
        {
            _cancelRequests++;
            if (!scopes.TryHold(origin, message))
            {
                Request(message);
                _details.Tokens?.CancelOwn();
            }
        }
    }

    /// <summary>Cancels the code in a scope, at every await that suspends, until the scope is left.</summary>
    internal void CancelIn(ScopeFrame scope, string? message)
    {
        var scopes = _details!.Scopes!;
        scope.IsCancelled = true;
        _cancelRequests++;
        if (!scopes.TryHold(scope, message))
        {
            bool wasPending = scopes.IsPending;
            Request(message);
            scopes.IsPending = wasPending; // what stays on need not be remembered, and takes no result away that is on its way already
            _mustCancel = true;
            _details.CancelMessage = message;
            _details.Tokens?.CancelOwn();
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

    /// <summary>The exception of a request that is still to be delivered, which counts as delivered by this; null if there is none.</summary>
    internal CancelledException? TakePending()
    {
        if (!IsPending)
        {
            return null;
        }
        Settle();
        return TaskDetails.CancellationFor(_details, null);
    }

    internal void Enter(ScopeFrame scope)
    {
        var scopes = Details.Scopes ??= new ScopeStack { IsPending = _mustCancel };
        scope.Outer = scopes.Innermost;
        scopes.Innermost = scope;
        if (scope.IsShield && scopes.IsPending)
        {
            scopes.IsPending = false;
            scopes.Hold(scope, Details.CancelMessage);
        }
        _mustCancel = scopes.IsPending || scopes.IsOn;
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
        var scopes = _details!.Scopes!;
        scopes.Innermost = scope.Outer;
        scopes.Held -= scope.Held;
        if (scope.Held > 0)
        {
            scopes.IsPending = true;
            _details.CancelMessage = scope.Message;
            _details.Tokens?.CancelOwn();
        }
        _mustCancel = scopes.IsPending || scopes.IsOn;
        if (scopes.Innermost is null)
        {
            _details.Scopes = null;
        }
    }

    // A request is remembered that will be delivered once.
    private bool IsPending => _details?.Scopes?.IsPending ?? _mustCancel;

    // A request was delivered, or withdrawn. The cancellation of a scope stays on.
    private void Settle()
    {
        _mustCancel = false;
        if (_details?.Scopes is { } scopes)
        {
            scopes.IsPending = false;
            _mustCancel = scopes.IsOn;
        }
    }
}
