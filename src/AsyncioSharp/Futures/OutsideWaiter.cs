namespace AsyncioSharp;

/// <summary>
/// Waits for a future on behalf of code that does not run on the future's loop, in whichever thread that is. Futures belong to their loop's thread,
/// so the waiter is sent there first, and registers itself; completing the future makes it an entry of the loop as every other waiter.
/// </summary>
internal abstract class OutsideWaiter(Future future) : Runnable
{
    private protected Future Future => future;

    /// <summary>Begins to wait. Called once, by any thread.</summary>
    internal void Start()
    {
        if (!future.Loop.TryPush(this, null))
        {
            Abandon();
        }
    }

    internal sealed override void Run(object? source)
    {
        if (source is null && !future.IsDone)
        {
            future.AddWaiter(this); // the first time it only gets here
        }
        else
        {
            Complete();
        }
    }

    /// <summary>The future is done. Called on the loop's thread.</summary>
    private protected abstract void Complete();
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

    internal override void Abandon() => _signal.SetResult();

    private protected override void Complete() => _signal.SetResult();
}
