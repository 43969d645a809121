namespace AsyncioSharp;

/// <summary>A scope with a deadline.</summary>
internal interface IDeadlined
{
    /// <summary>The time is up. Called on the loop's thread, in no task.</summary>
    void PassDeadline();
}

/// <summary>
/// Tells a scope that its time is up; the scope makes a new one when its deadline is moved. An entry of the timers as a handle is, but with nothing that only
/// programs ask of those: 32 bytes instead of 72. Cancelled, it keeps nothing of the scope.
/// </summary>
internal sealed class ScopeAlarm : Runnable
{
    private readonly EventLoop _loop;
    private IDeadlined? _scope; // null once it was told, or does not want to be

    private ScopeAlarm(EventLoop loop, IDeadlined scope)
    {
        _loop = loop;
        _scope = scope;
    }

    internal override bool IsDropped => _scope is null;

    /// <summary>Has <paramref name="scope"/> told when its loop's time reaches <paramref name="when"/>.</summary>
    internal static ScopeAlarm At(EventLoop loop, double when, IDeadlined scope)
    {
        var alarm = new ScopeAlarm(loop, scope);
        loop.SetTimer(when, alarm);
        return alarm;
    }

    /// <summary>Has it told in the next iteration, in its turn among the callbacks.</summary>
    internal static ScopeAlarm Soon(EventLoop loop, IDeadlined scope)
    {
        var alarm = new ScopeAlarm(loop, scope);
        loop.CallSoon(static alarm => alarm.Run(null), alarm);
        return alarm;
    }

    internal void Cancel()
    {
        if (_scope is not null)
        {
            _scope = null;
            _loop.NoteTimerCancelled();
        }
    }

    public override string ToString() => $"<deadline of {(object?)_scope ?? "a scope that was left"}>";

    internal override void Run(object? source)
    {
        var scope = _scope;
        _scope = null;
        scope?.PassDeadline();
    }
}
