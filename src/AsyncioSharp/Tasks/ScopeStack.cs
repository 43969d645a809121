namespace AsyncioSharp;

/// <summary>One of the scopes that a task's code is in, as far as cancellation is concerned. They nest as the code does.</summary>
/// <param name="isShield">True if requests from outside of the scope wait until it is left.</param>
internal sealed class ScopeFrame(bool isShield)
{
    /// <summary>The scope around this one, or null.</summary>
    internal ScopeFrame? Outer { get; set; }

    internal bool IsShield => isShield;

    /// <summary>True once the scope is cancelled: then every await in it that suspends is, until it is left.</summary>
    internal bool IsCancelled { get; set; }

    /// <summary>Why it was cancelled; null if that was not told.</summary>
    internal string? Reason { get; set; }

    /// <summary>How many requests wait at this shield.</summary>
    internal int Held { get; set; }

    /// <summary>The message of the last of them that had one.</summary>
    internal string? Message { get; set; }
}

/// <summary>
/// The scopes that a task is in. A task has one of these only while it is in one. It tells the two reasons apart for which an await of the
/// task throws: a request that is delivered once, as asyncio's are, and a scope whose cancellation stays on.
/// </summary>
internal sealed class ScopeStack
{
    /// <summary>The scope that the task's code is in at this moment.</summary>
    internal ScopeFrame? Innermost { get; set; }

    /// <summary>How many requests wait at shields; the code inside knows nothing of them yet.</summary>
    internal int Held { get; set; }

    /// <summary>A request is remembered and will be delivered once.</summary>
    internal bool IsPending { get; set; }

    /// <summary>True if some scope is cancelled whose cancellation reaches the code of this moment.</summary>
    internal bool IsOn => Cancelled is not null;

    /// <summary>The innermost such scope; null if there is none.</summary>
    internal ScopeFrame? Cancelled
    {
        get
        {
            for (var frame = Innermost; frame is not null; frame = frame.Outer)
            {
                if (frame.IsCancelled)
                {
                    return frame;
                }
                if (frame.IsShield)
                {
                    return null;
                }
            }
            return null;
        }
    }

    /// <summary>
    /// Has a request wait if a shield stands between it and the code: at the outermost of them. The request comes from
    /// <paramref name="origin"/>, and does not meet shields around that; null stands for somebody outside of all scopes.
    /// </summary>
    internal bool TryHold(ScopeFrame? origin, string? message)
    {
        ScopeFrame? shield = null;
        for (var frame = Innermost; frame is not null && frame != origin; frame = frame.Outer)
        {
            shield = frame.IsShield ? frame : shield;
        }
        if (shield is null)
        {
            return false;
        }
        Hold(shield, message);
        return true;
    }

    internal void Hold(ScopeFrame shield, string? message)
    {
        shield.Message = message ?? shield.Message;
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
}
