namespace AsyncioSharp;

/// <summary>Runs functions somewhere else than on the loop's thread: <c>concurrent.futures.Executor</c>.</summary>
public abstract class Executor : IDisposable
{
    /// <summary>Hands over a function. It begins when the executor has a place for it.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="function">What to run.</param>
    /// <returns>A future of the outcome.</returns>
    /// <exception cref="InvalidOperationException">The executor was shut down.</exception>
    public abstract ConcurrentFuture<T> Submit<T>(Func<T> function);

    /// <summary>Hands over an action.</summary>
    /// <param name="action">What to run.</param>
    /// <returns>A future that completes, with null, when the action does.</returns>
    /// <exception cref="InvalidOperationException">The executor was shut down.</exception>
    public ConcurrentFuture<object?> Submit(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return Submit<object?>(() =>
        {
            action();
            return null;
        });
    }

    /// <summary>Takes no more functions. Those that were handed over before still run.</summary>
    /// <param name="wait">True to block until they are done and the threads have ended.</param>
    /// <param name="timeout">With <paramref name="wait"/>: seconds to wait at most; null for no limit.</param>
    /// <param name="cancellationToken">With <paramref name="wait"/>: ends the wait when it is cancelled.</param>
    /// <returns>False if <paramref name="timeout"/> passed first.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing more can be handed over all the same.</exception>
    public abstract bool Shutdown(bool wait = true, double? timeout = null, CancellationToken cancellationToken = default);

    /// <summary>Takes no more functions, and blocks until those that were handed over before are done and the threads have ended.</summary>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait when it is cancelled.</param>
    /// <returns>False if <paramref name="timeout"/> passed first.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing more can be handed over all the same.</exception>
    public bool Shutdown(TimeSpan timeout, CancellationToken cancellationToken = default)
        => Shutdown(wait: true, EventLoop.SecondsOf(timeout), cancellationToken);

    /// <summary>Shuts down and waits.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Shuts down and waits.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Shutdown();
        }
    }
}
