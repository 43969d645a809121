namespace AsyncioSharp;

/// <summary>
/// An await on a future or task in a method that is not a coroutine, made for the task that called the method: the future's waiter, and what a
/// cancellation of that task is passed on to.
/// </summary>
internal sealed class InnerWait : Runnable, IRelay
{
    private readonly LoopSynchronizationContext _host;
    private readonly Future _target;
    private readonly Context? _context = Context.CaptureForNew();
    private CancelledException? _interrupt;
    private CancellationToken _cause; // what the exception is to carry

    internal InnerWait(LoopSynchronizationContext host, Future target, Action continuation)
    {
        _host = host;
        _target = target;
        Continuation = continuation;
        host.Add(this);
    }

    /// <summary>The task, if it waits for the method and does not only run it.</summary>
    public IEnumerable<Future> Recipients => _host.OwnerBehind(this) is { } owner ? [owner] : [];

    internal Action Continuation { get; }

    /// <summary>The neighbours in the list of the host.</summary>
    internal InnerWait? Older { get; set; }

    /// <inheritdoc cref="Older"/>
    internal InnerWait? Newer { get; set; }

    /// <summary>For the list of those who wait for a future.</summary>
    public override string ToString() => $"{MethodNames.Of(Continuation)}()";

    /// <summary>
    /// Cancels what is awaited. If that is done and the wake-up on its way, the exception is thrown then, in place of a future's result. What a coroutine gave may be
    /// a lock or an item that nobody else can take: the method gets it, and the exception where it waits next, as if the coroutine had run inside it.
    /// </summary>
    internal void Cancel(string? message)
    {
        _cause = _host.Cause;
        if (_target is DrivenTask { IsDone: false } driven && _cause.CanBeCanceled)
        {
            driven.Details.TokensOf(driven).TakeOver(_cause);
        }
        if (_target.Cancel(message))
        {
            return;
        }
        if (_target is DrivenTask { HasSucceeded: true })
        {
            _host.CancelOwnerLater(message); // behind the wake-up
        }
        else
        {
            _interrupt ??= new CancelledException(message, null, _cause);
        }
    }

    /// <summary>The same; <paramref name="next"/> is run when the method has gone on.</summary>
    internal void CancelThen(string? message, Runnable? next)
    {
        Cancel(message);
        if (next is not null)
        {
            _target.AddWaiter(next);
        }
    }

    internal override void Run(object? source)
    {
        _host.Remove(this);
        if (_cause.CanBeCanceled && _interrupt is null && _target is { IsCancelled: true } and not DrivenTask && _target.Cancellation() is var arrived && arrived.CancellationToken != _cause)
        {
            _interrupt = new CancelledException(arrived.CancelMessage, arrived, _cause);
        }
        if (_target is CoroutineTask { IsImplicit: true } task)
        {
            task.MarkRetrieved(); // the awaiter takes the outcome from the coroutine itself
            if (_interrupt is not null)
            {
                task.Coroutine.Fail(_interrupt);
            }
            else if (task.IsCancelled)
            {
                _interrupt = task.Cancellation(); // Sleep(0) is shared by all and has no outcome
            }
        }
        _host.RunReported(_context, this, static self => self.Continue(), "Exception in the continuation of an await");
    }

    private void Continue()
    {
        if (_interrupt is null)
        {
            Continuation();
            return;
        }
        Injection.Begin(_interrupt);
        try
        {
            Continuation();
        }
        finally
        {
            Injection.End();
        }
    }
}
