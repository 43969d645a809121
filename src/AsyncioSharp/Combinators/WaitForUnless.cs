namespace AsyncioSharp;

// WaitFor with a token: a wait that ends early for either of two reasons. Functions of their own, so that a wait without a token pays nothing.
public static partial class Asyncio
{
    /// <summary>
    /// Waits for <paramref name="awaitable"/>, at most for a time, and no longer than until a token is cancelled. Then it is cancelled as when the time
    /// is up, awaited to its real end, and a <see cref="CancelledException"/> that carries the token is thrown; if it refuses the
    /// cancellation and returns or fails, that is the outcome. Otherwise as <see cref="WaitFor{T}(IAwaitable{T}, double?)"/>.
    /// Mirrors <c>asyncio.wait_for</c>, which has no token.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">Seconds; null for no limit; zero and less give only what is done already.</param>
    /// <param name="cancellationToken">The token, cancelled in any thread. If it is cancelled before the wait, a coroutine is not started.</param>
    /// <returns>A coroutine of the result.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is not a number.</exception>
    /// <exception cref="TimeoutException">When awaited: the time was up; the inner exception is the cancellation.</exception>
    /// <exception cref="CancelledException">When awaited: the token was cancelled; the inner exception is the cancellation of the awaitable.</exception>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, double? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return cancellationToken.CanBeCanceled
            ? WaitFor(new WaitGuard(awaitable, timeout, cancellationToken), static guard => new WaitForCoroutine<T>(guard.Awaited, guard.Seconds, null, guard.IsMade))
            : WaitFor(awaitable, timeout);
    }

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, CancellationToken)"/>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">The time; zero and less give only what is done already, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="cancellationToken">The token, cancelled in any thread. If it is cancelled before the wait, a coroutine is not started.</param>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, TimeSpan timeout, CancellationToken cancellationToken)
        => WaitFor(awaitable, EventLoop.SecondsOf(timeout), cancellationToken);

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, CancellationToken)"/>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, CancellationToken cancellationToken)
        => WaitFor(awaitable, null, cancellationToken);

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, CancellationToken)"/>
    public static Coroutine WaitFor(IAwaitable awaitable, double? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return cancellationToken.CanBeCanceled
            ? WaitFor(new WaitGuard(awaitable, timeout, cancellationToken), static guard => new UntypedWaitForCoroutine(guard.Awaited, guard.Seconds, null, guard.IsMade))
            : WaitFor(awaitable, timeout);
    }

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, CancellationToken)"/>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">The time; zero and less give only what is done already, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="cancellationToken">The token, cancelled in any thread. If it is cancelled before the wait, a coroutine is not started.</param>
    public static Coroutine WaitFor(IAwaitable awaitable, TimeSpan timeout, CancellationToken cancellationToken)
        => WaitFor(awaitable, EventLoop.SecondsOf(timeout), cancellationToken);

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, CancellationToken)"/>
    public static Coroutine WaitFor(IAwaitable awaitable, CancellationToken cancellationToken) => WaitFor(awaitable, null, cancellationToken);

    private static async Coroutine<T> WaitFor<T>(WaitGuard guard, Func<WaitGuard, WaitForCoroutine<T>> wait)
    {
        using var begun = guard.Begin();
        try
        {
            return await wait(guard);
        }
        catch (OperationCanceledException e) when (guard.IsCause)
        {
            throw guard.Told(e);
        }
    }
}

/// <summary>
/// The token of a <c>WaitFor</c>: it cancels what is waited for. The cancellation is told as the token's only if nobody cancelled the
/// waiting task meanwhile.
/// </summary>
internal sealed class WaitGuard(IAwaitable awaitable, double? timeout, CancellationToken token) : ITokenListener
{
    private Future? _awaited;    // from here on: set by Begin
    private CoroutineTask? _task; // the one that waits
    private int _requests;       // the cancel requests that had reached it at the beginning, without one that was still to be delivered

    internal Future Awaited => _awaited!;

    internal double Seconds => timeout ?? double.PositiveInfinity;

    /// <summary>True if the future is a task that was made for this wait.</summary>
    internal bool IsMade => !ReferenceEquals(_awaited, awaitable);

    /// <summary>
    /// True if a cancellation, of this library or of .NET, that comes out of the wait is the token's. What is waited for may have been given the token too, or
    /// one linked with it, and so may have ended before this one is told.
    /// </summary>
    internal bool IsCause => token.IsCancellationRequested && (_task is null || _task.ReachingRequests <= _requests);

    /// <summary>The wait begins. Throws if the token is cancelled already and nothing has to be brought to its end first.</summary>
    /// <returns>What ends the registration with the token.</returns>
    internal IDisposable? Begin()
    {
        if (token.IsCancellationRequested && HasNothingToEnd())
        {
            throw new CancelledException(null, null, token);
        }
        var loop = Asyncio.GetRunningLoop();
        _awaited = Asyncio.FutureInside(awaitable, loop, Asyncio.RunningLoop, nameof(awaitable));
        _task = loop.CurrentTask;
        _requests = _task?.SettledRequests ?? 0;
        return TokenWatch.Start(loop, this, token);
    }

    public void TokenCancelled(CancellationToken token) => Awaited.Cancel();

    internal CancelledException Told(OperationCanceledException cause) => new(null, cause, token);

    private bool HasNothingToEnd()
    {
        switch (awaitable)
        {
            case Future future:
                return future.IsDone;
            case Coroutine { State: CoroutineState.Created } coroutine:
                coroutine.Close();
                return true;
            default:
                return awaitable is not Coroutine; // one that runs already is refused as everywhere
        }
    }
}
