namespace AsyncioSharp;

/// <summary>
/// What a task has to do with cancellation tokens: its own one, which is cancelled when the task is asked to cancel, and one that asks the task
/// to. A task has none of this until it is asked for.
/// </summary>
internal sealed class TaskTokens(CoroutineTask task) : Runnable, ITokenListener
{
    private CancellationTokenSource? _own;  // behind the task's token
    private CancellationToken _master;      // the one that cancels the task
    private TokenWatch? _watch;             // of the master
    private bool _masterAsked;              // and its exception has not been thrown yet

    /// <summary>The task's own token: cancelled exactly if the task has requests that were not taken back, and that no shield holds back.</summary>
    internal CancellationToken Own
    {
        get
        {
            _own ??= new CancellationTokenSource();
            if (task.ReachingRequests > 0)
            {
                CancelOwn();
            }
            return _own.Token;
        }
    }

    /// <summary>From now on, cancelling <paramref name="token"/>, in any thread, cancels the task. The registration ends with the task.</summary>
    internal void Obey(CancellationToken token)
    {
        _master = token;
        task.AddWaiter(this); // costs less than a look at every task's end
        _watch = TokenWatch.Start(task.Loop, this, token);
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
                Message = $"Exception in a callback of the cancellation token of task '{task.Name}'",
                Exception = failure,
                Task = task,
            });
        }
    }

    /// <summary>The requests were taken back. Who was told of them stays told; who asks from now on gets a new token.</summary>
    internal void Renew()
    {
        if (_own is { IsCancellationRequested: true })
        {
            _own = null;
        }
    }

    /// <summary>True once after the master token asked for the cancellation: the exception that is about to be thrown is to carry it.</summary>
    internal bool TakeMaster(out CancellationToken token)
    {
        token = _master;
        bool asked = _masterAsked;
        _masterAsked = false;
        return asked;
    }

    /// <summary>True for the exception of an operation that ended because it was given the task's own token, or the master, and that is cancelled.</summary>
    internal bool IsOurs(OperationCanceledException exception)
    {
        var token = exception.CancellationToken;
        return token.IsCancellationRequested && (token == _master || token == _own?.Token);
    }

    /// <summary>The master token is cancelled.</summary>
    public void TokenCancelled(CancellationToken token)
    {
        if (!task.IsDone)
        {
            _masterAsked = true;
            task.Cancel();
        }
    }

    // The task is done.
    internal override void Run(object? source) => _watch?.Dispose();

    internal override void Abandon() => _watch?.Dispose();
}
