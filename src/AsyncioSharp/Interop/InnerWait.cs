using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// An await on a future or task in a method that is not a coroutine, made for the task that called the method: the future's waiter, and what a
/// cancellation of that task is passed on to.
/// </summary>
internal sealed class InnerWait : KnownWaiter, IRelay, IOpensTurn
{
    private const string Failed = "Exception in the continuation of an await";

    private readonly LoopSynchronizationContext _host;
    private readonly Context? _context;
    private bool _isAsked; // a request was passed on to the future
    private string? _message; // its message
    private Exception? _interrupt; // what comes out of the await in place of the outcome
    private CancellationToken _cause; // what the exception is to carry

    internal InnerWait(LoopSynchronizationContext host, Future target, Action continuation)
        : base(target)
    {
        _host = host;
        _context = host.Loop.CaptureContext();
        Continuation = continuation;
        host.Methods?.Add(this); // without a task there is nobody to be cancelled, and the await may have been made on another thread
    }

    /// <summary>The task, if it waits for the method and does not only run it.</summary>
    public IEnumerable<Future> Recipients => _host.Methods?.OwnerBehind(this) is { } owner ? [owner] : [];

    /// <summary>The state machines of the methods that wait, from inside outwards, up to the first thing on the way that is no method.</summary>
    internal IEnumerable<IAsyncStateMachine> Machines
        => _host.Methods?.ChainOf(this)?.Links.Select(BoxTypes.MachineIn).TakeWhile(static machine => machine is IAsyncStateMachine).Cast<IAsyncStateMachine>() ?? [];

    internal Action Continuation { get; }

    /// <summary>The neighbours among the waits of the task's methods.</summary>
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
        _cause = _host.Methods!.Cause;
        if (Future is DrivenTask { IsDone: false } driven && _cause.CanBeCanceled)
        {
            driven.Details.TokensOf(driven).TakeOver(_cause);
        }
        if (Future.Cancel(message))
        {
            (_isAsked, _message) = (true, message);
            return;
        }
        if (Future is { HasSucceeded: true, HasToBeTaken: true })
        {
            _host.Methods.CancelOwnerLater(message); // behind the wake-up
        }
        else
        {
            _interrupt = CancelledException.Unthrown(message, null, _cause); // the last request counts, as in a coroutine
        }
    }

    /// <summary>Tells <paramref name="request"/> when the method has gone on.</summary>
    internal void TellEnd(RequestBelow request) => request.Follow(Future);

    // The end of a coroutine, in a step of its own; all else that is awaited is told in the next turn, as in Python.
    internal override Wakeup WakeupFor(object done, bool runsHere)
    {
        if (done is not DrivenTask || !runsHere || !_host.MayGoOnInTurn || !_host.Loop.IsTurnOf(done))
        {
            return Wakeup.Plain;
        }
        _host.Loop.SameTurn.Add(this, null);
        return Wakeup.None;
    }

    private protected override void Complete() => _host.Loop.SameTurn.Run(this, null);

    object? IOpensTurn.TurnOwner => _host.Owner;

    void IOpensTurn.RunInTurn(object? source)
    {
        _host.Methods?.Remove(this);
        FindInterrupt();
        var owing = _isAsked && Future is { HasToBeTaken: true, OwesRequest: true } ? _host.Methods?.ChainOf(this) : null; // null too if the task does not wait for the method
        if (owing is { IsWide: false })
        {
            _host.Methods!.CancelOwnerLater(_message); // in front of the owner, which the method may be about to make ready
            owing = null;
        }
        var last = _host.Methods?.Newest;
        var around = _host.Methods?.LeftAround(Continuation);
        _host.RunReported(_context, this, static self => self.Continue(), Failed, Continuation);
        if (_host.Methods is { HasLeftSome: true } methods)
        {
            methods.CancelLeft(around, TaskFields.TargetOf(Continuation), last);
        }
        if (owing is not null)
        {
            _host.Methods!.TellOwed(TaskFields.TargetOf(Continuation), last, _message);
        }
    }

    // The method goes on where it finds no loop, so that its finally blocks run.
    private protected override void CompleteElsewhere()
    {
        if (Future.IsDone)
        {
            FindInterrupt();
        }
        else
        {
            _interrupt = Future.NeverDone();
            FailAwaited(_interrupt);
        }
        try
        {
            Continue();
        }
        catch (Exception e)
        {
            _host.Loop.CallExceptionHandler(new ExceptionContext { Message = Failed, Exception = e }); // in the thread pool it would end the process
        }
    }

    private void FindInterrupt()
    {
        if (_cause.CanBeCanceled && _interrupt is null && Future is not DrivenTask
            && Future.PeekCancellation is { } arrived
            && arrived.CancellationToken != _cause)
        {
            _interrupt = CancelledException.Unthrown(arrived.CancelMessage, arrived, _cause);
        }
        if (_interrupt is not null)
        {
            FailAwaited(_interrupt);
        }
        else if (Future is CoroutineTask { IsImplicit: true } task)
        {
            task.MarkRetrieved();
            if (task.IsCancelled)
            {
                _interrupt = task.Cancellation(); // a coroutine has no exception until somebody asks, and Sleep(0), shared by all, never has one
            }
        }
    }

    // Of a coroutine the awaiter takes the outcome from the coroutine itself.
    private void FailAwaited(Exception exception)
    {
        if (Future.IsDone)
        {
            Future.MarkRetrieved(); // taken, although the exception is told in its place
        }
        if (Future is CoroutineTask { IsImplicit: true } task)
        {
            task.Coroutine.Fail(exception);
        }
    }

    private void Continue()
    {
        if (_interrupt is null)
        {
            Continuation();
        }
        else
        {
            Injection.Resume(Continuation, _interrupt);
        }
    }
}
