namespace AsyncioSharp;

/// <summary>
/// What a task has to do with cancellation tokens: its own one, which is cancelled when the task is asked to cancel, and one that asks the task
/// to. A task has none of this until it is asked for.
/// </summary>
/// <remarks>
/// Of the callbacks of one token some run before others, and in another thread, so an operation that was given the master token, or one linked
/// with it, may have woken the task before the task is asked to cancel. A task with a master therefore looks at the token when an
/// operation of .NET wakes it (<see cref="Wake"/>), or anything that was cancelled: whatever thread cancels, it is told of the cancellation.
/// </remarks>
internal sealed class TaskTokens(CoroutineTask task) : Runnable, ITokenListener
{
    private CancellationTokenSource? _own;  // behind the task's token
    private CancellationToken _master;      // the one that cancels the task
    private TokenWatch? _watch;             // of the master
    private bool _isTakenBack;              // the master's request
    private CancellationToken _cause;       // of the request that is on its way: the exception is to carry it; none if no token has to do with it

    internal override string CallbackName => "CoroutineTask.CancellationToken";

    /// <summary>The task's own token: cancelled exactly if the task has requests that were not taken back, and that no shield holds back.</summary>
    internal CancellationToken Own
    {
        get
        {
            _own ??= new CancellationTokenSource();
            if (task.ReachingRequests > 0)
            {
                if (task.IsPending)
                {
                    NoteRequest();
                }
                CancelOwn();
            }
            return _own.Token;
        }
    }

    /// <summary>The token that the exception of the request on its way is to carry; none if no token has to do with it.</summary>
    internal CancellationToken Cause => _cause;

    /// <summary>True if operations that were given one of them have been told of the request, or are being told.</summary>
    internal bool AreCancelled => _master.IsCancellationRequested || _own is { IsCancellationRequested: true };

    /// <summary>True for one of them, if it is cancelled.</summary>
    internal bool Has(CancellationToken token) => token.IsCancellationRequested && (token == _master || token == _own?.Token);

    /// <summary>From now on, cancelling <paramref name="token"/>, in any thread, cancels the task. The registration ends with the task.</summary>
    internal void Obey(CancellationToken token)
    {
        _master = token;
        task.AddWaiter(this); // costs less than a look at every task's end
        _watch = TokenWatch.Start(task.Loop, this, token);
    }

    /// <summary>The task runs on behalf of another one, whose request carries this token.</summary>
    internal void TakeOver(CancellationToken cause) => _cause = cause;

    /// <summary>The task is asked to cancel: the exception is to carry its own token, unless that of the master is on its way already.</summary>
    internal void NoteRequest()
    {
        if (_own is not null && !_cause.CanBeCanceled)
        {
            _cause = _own.Token;
        }
    }

    /// <summary>
    /// Cancels the task's own token. Its callbacks run here, in the thread that called <c>Cancel</c>; if some throw, the others still run, and the
    /// loop's exception handler is told: the one who cancels cannot know what they are.
    /// </summary>
    internal void CancelOwn()
    {
        if (_own is { IsCancellationRequested: false } own)
        {
            TokenCallbacks.Run(own, task.Loop, failure => new ExceptionContext
            {
                Message = $"Exception in a callback of the cancellation token of task {TextForm.Quoted(task.Name)}",
                Exception = failure,
                Task = task,
            });
        }
    }

    /// <summary>The requests were taken back. Who was told of them stays told; who asks from now on gets a new token.</summary>
    internal void Renew()
    {
        _cause = default;
        _isTakenBack |= _master.IsCancellationRequested;
        if (_own is { IsCancellationRequested: true })
        {
            _own = null;
        }
    }

    /// <summary>The token that the exception which is about to be thrown is to carry, if any; once for each request.</summary>
    internal CancellationToken TakeCause()
    {
        var cause = _cause;
        _cause = default;
        return cause;
    }

    /// <summary>
    /// The token that stands behind an exception of .NET which left the coroutine, if the task is asked to cancel. If the master is cancelled, that is it: an operation may have
    /// been given the task's own token, which is cancelled by that request too, or one that is linked with either. Else it is that of the exception.
    /// </summary>
    internal CancellationToken TokenBehind(OperationCanceledException exception)
    {
        var token = exception.CancellationToken;
        return _master.IsCancellationRequested && !(_isTakenBack && token == _own?.Token) ? _master : token;
    }

    /// <summary>The exception with which the task ends if <paramref name="exception"/> leaves the coroutine: if that carries a token, the one that stands behind it.</summary>
    internal CancelledException Told(CancelledException exception)
        => exception.CancellationToken.IsCancellationRequested && TokenBehind(exception) is var token && token != exception.CancellationToken
            ? CancelledException.Unthrown(exception.CancelMessage, exception, token)
            : exception;

    /// <summary>
    /// True for the exception of an operation that ended because it was given the task's own token, or the master, and that is cancelled; also if the
    /// thread that cancels the master has not come to the task yet.
    /// </summary>
    internal bool IsOurs(OperationCanceledException exception)
        => Has(exception.CancellationToken) || (_master.IsCancellationRequested && _watch is { IsToTell: true });

    /// <summary>Asks the task to cancel, if the master token is cancelled and it was not asked yet.</summary>
    internal void LookAtMaster() => _watch?.TellIfCancelled();

    /// <summary>The master token is cancelled.</summary>
    public void TokenCancelled(CancellationToken token)
    {
        if (!task.IsDone)
        {
            _cause = token;
            task.Cancel();
        }
    }

    /// <summary>An operation of .NET wakes the task.</summary>
    internal override bool Wake(object? source) => task.Wake(source ?? Bringer);

    internal override bool MayWakeInTurn => task.MayWakeInTurn;

    internal override void WakeInTurn() => task.Loop.SameTurn.Add(task, Bringer);

    // What wakes the task has it look at the master.
    private TaskTokens? Bringer => _watch is null ? null : this;

    // The task is done.
    internal override void Run(object? source) => _watch?.Dispose();

    internal override void Abandon() => _watch?.Dispose();
}
