namespace AsyncioSharp;

/// <summary>Something with a deadline, such as a scope.</summary>
internal interface IDeadlined
{
    /// <summary>The time is up. Called on the loop's thread, in no task and in the empty context.</summary>
    void PassDeadline();
}

/// <summary>
/// Tells something that its time is up; it makes a new one when its deadline is moved. An entry of the timers as a handle is, but with nothing that only programs ask
/// of those: 32 bytes instead of 72. Cancelled, it keeps nothing of what it was for.
/// </summary>
internal sealed class Alarm : Runnable
{
    private IDeadlined? _target; // null if it does not want to be told any more
    private EventLoop? _queued;  // the loop among whose timers it is; null if it is not

    private Alarm(EventLoop loop, IDeadlined target)
    {
        loop.CheckUse();
        _target = target;
        if (loop.Debug)
        {
            DebugTraces.Record(this);
        }
    }

    internal override bool IsDropped => _target is null;

    /// <summary>Has <paramref name="target"/> told when the loop's time reaches <paramref name="when"/>.</summary>
    internal static Alarm At(EventLoop loop, double when, IDeadlined target)
    {
        var alarm = new Alarm(loop, target) { _queued = loop };
        loop.SetTimer(when, alarm);
        return alarm;
    }

    /// <summary>Has it told in the next iteration, in its turn among the callbacks.</summary>
    internal static Alarm Soon(EventLoop loop, IDeadlined target)
    {
        var alarm = new Alarm(loop, target);
        loop.Push(alarm, null);
        return alarm;
    }

    internal void Cancel()
    {
        _target = null;
        _queued?.NoteTimerCancelled();
        _queued = null;
    }

    /// <summary>For the log of slow steps.</summary>
    public override string ToString() => _target is null ? "<deadline of what is over>" : $"<deadline of {TextForm.Whole(_target)}{DebugTraces.CreatedAt(this)}>";

    internal override void Run(object? source)
    {
        _queued = null;
        _target?.PassDeadline();
    }
}
