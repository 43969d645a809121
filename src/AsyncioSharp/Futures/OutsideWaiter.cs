namespace AsyncioSharp;

/// <summary>
/// A waiter of code that is not a coroutine. Its loop knows it while it is registered with a future, so that closing the loop ends the wait: of those who
/// wait for a plain future nobody else knows.
/// </summary>
internal abstract class KnownWaiter(Future future) : Runnable
{
    private bool _isKnown;

    private protected Future Future => future;

    /// <summary>The neighbours among those that the loop knows.</summary>
    internal KnownWaiter? Earlier { get; set; }

    /// <inheritdoc cref="Earlier"/>
    internal KnownWaiter? Later { get; set; }

    /// <summary>Waits for the future. On the loop's thread.</summary>
    internal void Register()
    {
        _isKnown = true;
        future.Loop.Know(this);
        future.AddWaiter(this);
    }

    internal sealed override void Run(object? source)
    {
        if (!future.IsDone)
        {
            Register(); // it was sent from another thread, and only gets here
        }
        else
        {
            Forget();
            Complete();
        }
    }

    // The loop is closed. Not on this thread, which has the loop's end to see to: code that waits may go on at once.
    internal sealed override void Abandon()
    {
        Forget();
        ThreadPool.UnsafeQueueUserWorkItem(static self => self.CompleteElsewhere(), this, preferLocal: false);
    }

    /// <summary>The future is done. Called on the loop's thread, and as <see cref="CompleteElsewhere"/> by those who make no difference.</summary>
    private protected abstract void Complete();

    /// <summary>The loop was closed. The future is done, or never will be. Called in the thread pool.</summary>
    private protected virtual void CompleteElsewhere() => Complete();

    /// <summary>
    /// What is to be told instead of a result: the cancellation, the failure, which counts as retrieved from now on, or that the future will never be done; null if there is
    /// a result.
    /// </summary>
    private protected Exception? TakeFailure() => !future.IsDone ? future.NeverDone() : future.IsCancelled ? future.Cancellation() : future.TakeException();

    private void Forget()
    {
        if (_isKnown)
        {
            _isKnown = false;
            future.Loop.Forget(this);
        }
    }
}

/// <summary>
/// Waits for a future on behalf of code that does not run on the future's loop, in whichever thread that is. Futures belong to their loop's thread,
/// so the waiter is sent there first, and registers itself; completing the future makes it an entry of the loop as every other waiter.
/// </summary>
internal abstract class OutsideWaiter(Future future) : KnownWaiter(future)
{
    /// <summary>Begins to wait. Called once, by any thread.</summary>
    internal void Start()
    {
        if (!Future.Loop.TryPush(this, null))
        {
            Abandon();
        }
    }
}

/// <summary>
/// The await of a future in an <c>async</c> method that does not run on its loop. The method goes on where every await of .NET would let it:
/// in the synchronization context or the task scheduler in which it awaits, or else in the thread pool; never on the loop's thread.
/// If the loop is closed first, it goes on too, and asking the future for its result says so.
/// </summary>
internal sealed class OutsideContinuation : OutsideWaiter
{
    private readonly TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal OutsideContinuation(Future future, Action continuation)
        : base(future) => _signal.Task.GetAwaiter().OnCompleted(continuation); // whose ways of going on are those wanted

    internal override string CallbackName => "Future.GetAwaiter";

    private protected override void Complete() => _signal.SetResult();
}
