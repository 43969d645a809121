namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private Future? _main; // what the loop runs for, if it will end with that

    /// <summary>Runs the loop until <paramref name="awaitable"/> is done and gives its result. One further iteration runs after that. Mirrors <c>run_until_complete</c>.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task of this loop.</param>
    /// <returns>The result; a failure is thrown.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException">It is a future of another loop.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed or running, another loop runs on this thread, or the loop was stopped before the end.</exception>
    public T RunUntilComplete<T>(IAwaitable<T> awaitable) => ((IFuture<T>)(object)Complete(awaitable)).Result();

    /// <inheritdoc cref="RunUntilComplete{T}(IAwaitable{T})"/>
    public void RunUntilComplete(IAwaitable awaitable) => Complete(awaitable).Result();

    /// <summary>
    /// Disposes the async iterators that were awaited on this loop and left half-consumed; failures go to the exception handler. <c>Asyncio.Run</c>
    /// does it at the end. Mirrors <c>loop.shutdown_asyncgens</c>.
    /// </summary>
    /// <returns>A coroutine that ends when all are disposed.</returns>
    public async Coroutine ShutdownAsyncGenerators()
    {
        var iterators = _asyncIterators.ToArray();
        _asyncIterators.Clear();
        foreach (var reference in iterators)
        {
            if (reference.TryGetTarget(out var iterator) && iterator.TryClaim())
            {
                await iterator.DisposeIterator();
            }
        }
    }

    /// <summary>
    /// Collects what nobody refers to any more, so that failures that were never retrieved are reported before the program ends, and, in debug
    /// mode, coroutines that were never awaited. Without such a failure, and outside debug mode, it does nothing.
    /// </summary>
    internal void ReportLost()
    {
        if (Debug || HasUnretrievedFailures)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            RunUntilComplete(Asyncio.Sleep(0)); // the reports are callbacks of the loop
        }
    }

    private Future Complete(IAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        CheckClosed();
        CheckNotRunning();
        var future = Asyncio.FutureInside(awaitable, this, Asyncio.LoopArgument, nameof(awaitable));
        var stopper = new Stopper(this);
        future.AddWaiter(stopper);
        _main = future;
        _suspicionTold = false;
        _deadlockTold = false;
        try
        {
            RunForever();
        }
        catch
        {
            if (future is CoroutineTask { IsImplicit: true, IsDone: true })
            {
                future.MarkRetrieved(); // what left the loop is reported by leaving it
            }
            throw;
        }
        finally
        {
            _main = null;
            stopper.Disarm();
            future.RemoveWaiter(stopper);
        }
        if (!future.IsDone)
        {
            throw new InvalidOperationException("Event loop stopped before Future completed.");
        }
        return future;
    }

    // Stops the loop when the future is done. Disarmed, one that is still queued does not stop the next run.
    private sealed class Stopper(EventLoop loop) : Runnable
    {
        private EventLoop? _loop = loop;

        internal void Disarm() => _loop = null;

        internal override void Run(object? source) => _loop?.Stop();
    }
}
