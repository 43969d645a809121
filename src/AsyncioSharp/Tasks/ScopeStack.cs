namespace AsyncioSharp;

/// <summary>One of the scopes that a task's code is in, as far as cancellation is concerned. They nest as the code does.</summary>
/// <param name="isShield">True if requests from outside of the scope wait until it is left.</param>
internal sealed class ScopeFrame(bool isShield)
{
    private bool _isCancelled;

    /// <summary>The scope around this one, or null.</summary>
    internal ScopeFrame? Outer { get; set; }

    /// <summary>The innermost cancelled scope whose cancellation reaches the code around this one; null for none. Kept, since scopes may nest deeply.</summary>
    internal ScopeFrame? CancelledAround { get; set; }

    internal bool IsShield => isShield;

    /// <summary>The same for the code in this scope, which then has every await that suspends cancelled until the scope is left.</summary>
    internal ScopeFrame? Cancelled => _isCancelled ? this : isShield ? null : CancelledAround;

    /// <summary>Why it was cancelled; null if that was not told.</summary>
    internal string? Reason { get; private set; }

    /// <summary>How many requests wait at this shield.</summary>
    internal int Held { get; set; }

    /// <summary>The message of the last of them.</summary>
    internal string? Message { get; set; }

    internal void Cancel(string? reason)
    {
        _isCancelled = true;
        Reason = reason;
    }
}

/// <summary>
/// The scopes that a task is in; a task has one of these from its first scope on. They are one reason for which an await of the task throws, and
/// stay it; the other is a request that is delivered once, as asyncio's are. Entering and leaving cost the same at any depth; cancelling, a step for each scope inside.
/// </summary>
internal sealed class ScopeStack
{
    /// <summary>The scope that the task's code is in at this moment.</summary>
    internal ScopeFrame? Innermost { get; private set; }

    /// <summary>How many requests wait at shields; the code inside knows nothing of them yet.</summary>
    internal int Held { get; private set; }

    /// <summary>The innermost cancelled scope whose cancellation reaches the code of this moment; null if there is none.</summary>
    internal ScopeFrame? Cancelled => Innermost?.Cancelled;

    /// <summary>True if there is one.</summary>
    internal bool IsOn => Cancelled is not null;

    internal void Enter(ScopeFrame scope)
    {
        scope.Outer = Innermost;
        scope.CancelledAround = Cancelled;
        Innermost = scope;
    }

    internal void Leave(ScopeFrame scope)
    {
        Innermost = scope.Outer;
        Held -= scope.Held;
    }

    /// <summary>Cancels a scope; that reaches the code in it as far as no shield stands between, nor a scope that was cancelled before.</summary>
    internal void Cancel(ScopeFrame scope, string? reason)
    {
        var before = scope.Cancelled;
        scope.Cancel(reason);
        for (var frame = OutermostShieldIn(scope) ?? Innermost; frame is not null && frame != scope; frame = frame.Outer)
        {
            if (frame.CancelledAround == before)
            {
                frame.CancelledAround = scope;
            }
        }
    }

    /// <summary>
    /// Has a request wait if a shield stands between it and the code: at the outermost of them. The request comes from
    /// <paramref name="origin"/>, and does not meet shields around that; null stands for somebody outside of all scopes.
    /// </summary>
    internal bool TryHold(ScopeFrame? origin, string? message)
    {
        if (OutermostShieldIn(origin) is not { } shield)
        {
            return false;
        }
        Hold(shield, message);
        return true;
    }

    /// <summary>That scope, or the innermost one around it that has not been left yet; null if all have.</summary>
    internal ScopeFrame? StillAround(ScopeFrame? scope)
    {
        for (; scope is not null; scope = scope.Outer)
        {
            for (var frame = Innermost; frame is not null; frame = frame.Outer)
            {
                if (frame == scope)
                {
                    return scope;
                }
            }
        }
        return null;
    }

    internal void Hold(ScopeFrame shield, string? message)
    {
        shield.Message = message;
        shield.Held++;
        Held++;
    }

    /// <summary>Requests were taken back; no more can wait than are left. Those at the innermost shield are forgotten first.</summary>
    internal void Forget(int left)
    {
        for (var frame = Innermost; frame is not null && Held > left; frame = frame.Outer)
        {
            int forgotten = Math.Min(frame.Held, Held - left);
            frame.Held -= forgotten;
            Held -= forgotten;
        }
    }

    private ScopeFrame? OutermostShieldIn(ScopeFrame? origin)
    {
        ScopeFrame? shield = null;
        for (var frame = Innermost; frame is not null && frame != origin; frame = frame.Outer)
        {
            shield = frame.IsShield ? frame : shield;
        }
        return shield;
    }
}
