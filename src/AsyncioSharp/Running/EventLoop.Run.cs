using System.Diagnostics;

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
    [StackTraceHidden]
    public T RunUntilComplete<T>(IAwaitable<T> awaitable) => ((IFuture<T>)(object)Complete(awaitable)).Result();

    /// <inheritdoc cref="RunUntilComplete{T}(IAwaitable{T})"/>
    [StackTraceHidden]
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
            if (reference.TryGetTarget(out var iterator) && !iterator.IsBusy && iterator.TryClaim()) // one that is busy was left behind by a cancellation
            {
                await iterator.DisposeIterator();
            }
        }
        if (_disposals.Count > 0)
        {
            await Asyncio.Wait([.. _disposals]);
        }
    }

    /// <summary>
    /// Collects what nobody refers to any more, so that failures that were never retrieved are reported before the program ends, and, in debug
    /// mode, coroutines that were never awaited. Without such a failure, and outside debug mode, it does nothing, and says so.
    /// </summary>
    internal bool CollectLost()
    {
        if (!Debug && !HasUnretrievedFailures)
        {
            return false;
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return true;
    }

    private Future Complete(IAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        CheckClosed();
        CheckNotRunning();
        var target = new RunTarget(this, awaitable);
        try
        {
            RunForever();
        }
        catch (Exception e)
        {
            target.Leave(e);
            throw;
        }
        if (target.Leave(null) is { } stopped)
        {
            throw stopped;
        }
        return target.Future;
    }

    /// <summary>
    /// Runs the loop as a guest until <paramref name="awaitable"/> is done. <paramref name="ended"/> is told, as the host's message, what left the
    /// loop or kept it from that.
    /// </summary>
    internal void StartGuest(SynchronizationContext host, IAwaitable awaitable, Action<Exception?> ended)
    {
        var target = new RunTarget(this, awaitable);
        StartGuest(host, left => ended(target.Leave(left)));
    }

    // What a run is for: stops the loop when that is done. Once it was left, one that is still queued does not stop the next run.
    private sealed class RunTarget : Runnable
    {
        private EventLoop? _loop;

        internal RunTarget(EventLoop loop, IAwaitable awaitable)
        {
            _loop = loop;
            Future = Asyncio.FutureInside(awaitable, loop, Asyncio.ThisLoop, nameof(awaitable));
            Future.AddWaiter(this);
            loop._main = Future;
            loop._suspicionTold = false;
            loop._deadlockTold = false;
        }

        internal Future Future { get; }

        /// <summary>The run has ended, by itself or with an exception. Gives the exception, or one that says that the run was stopped too early.</summary>
        internal Exception? Leave(Exception? exception)
        {
            _loop!._main = null;
            _loop = null;
            Future.RemoveWaiter(this);
            if (exception is not null && Future is CoroutineTask { IsImplicit: true, IsDone: true })
            {
                Future.MarkRetrieved(); // what left the loop is reported by leaving it
            }
            return exception ?? (Future.IsDone ? null : new InvalidOperationException(
                $"Event loop stopped before Future completed. It stays as it is: {Future}; run the loop until it is complete again to go on, or call Stop() later."));
        }

        internal override string CallbackName => "EventLoop.RunUntilComplete";

        public override string ToString() => $"<end of the run of {TextForm.Whole(Future)}>";

        internal override void Run(object? source) => _loop?.Stop();
    }
}
