namespace AsyncioSharp;

/// <summary>
/// Sees to it that an async iterator which was awaited on a loop and left half-consumed is disposed: by the end of the run, or before, when the program
/// has dropped it. Mirrors the two hooks with which asyncio follows its generators.
/// </summary>
/// <remarks>
/// It lives as long as the iterator does (the loop keeps it as a value of a weak table), and has a finalizer, which the iterator has not: from there the
/// iterator is sent to its loop once more. One that has ended costs the finalizer a look.
/// </remarks>
internal sealed class IteratorWatch(EventLoop loop, object iterator) : Runnable
{
    private const int Ended = -2;     // what the compiler has in the state field then
    private const int FirstAwait = 0; // and while the iterator waits: it cannot be disposed

    private bool _isClaimed;

    ~IteratorWatch()
    {
        if (IsHalfConsumed()) // spares the loop those that have ended: disposing them would do nothing
        {
            loop.TryPush(this, null);
        }
    }

    /// <summary>True once, for the one who is to dispose the iterator.</summary>
    internal bool TryClaim() => !Interlocked.Exchange(ref _isClaimed, true);

    internal override bool Wake(object? source)
    {
        if (loop.TryPush(this, source))
        {
            return true;
        }
        Abandon();
        return false;
    }

    // As with a method: what the iterator does at its end is not lost, but finds no loop.
    internal override void Abandon() => ThreadPool.UnsafeQueueUserWorkItem(static self => self.DisposeElsewhere(), this, preferLocal: false);

    internal override void Run(object? source)
    {
        if (TryClaim())
        {
            var disposal = loop.CreateTask(DisposeIterator());
            disposal.IsImplicit = true;
            loop.NoteDisposal(disposal);
        }
    }

    /// <summary>Disposes the iterator; a failure goes to the exception handler.</summary>
    internal async Coroutine DisposeIterator()
    {
        try
        {
            await ((IAsyncDisposable)iterator).DisposeAsync();
        }
        catch (CancelledException) when (loop.CurrentTask is { Cancelling: 0 })
        {
            // Its own, as when it awaits a cancelled task: nothing to report, and others must be closed too.
        }
        catch (Exception e) when (e is not (CancelledException or KeyboardInterruptException))
        {
            Report(e);
        }
    }

    private void Report(Exception exception) => loop.CallExceptionHandler(new ExceptionContext
    {
        Message = $"an error occurred during closing of asynchronous generator {TextForm.Whole(iterator)}",
        Exception = exception,
        AsyncGenerator = iterator,
    });

    private async void DisposeElsewhere()
    {
        if (!TryClaim())
        {
            return;
        }
        try
        {
            await ((IAsyncDisposable)iterator).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Report(e);
        }
    }

    /// <summary>It waits for something, or runs: it cannot be disposed now. False where that is not to be seen.</summary>
    internal bool IsBusy => State >= FirstAwait;

    // Where the state is not to be seen, yes: disposing one that has ended does nothing.
    private bool IsHalfConsumed() => !IsBusy && State != Ended;

    private int? State => MachineFields.Of(iterator).StateOf(iterator);
}
