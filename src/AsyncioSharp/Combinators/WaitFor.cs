namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Waits for <paramref name="awaitable"/>, at most for a time. When the time is up it is cancelled, awaited to its real end, and a
    /// <see cref="TimeoutException"/> is thrown; if it refuses the cancellation and returns or fails, that is the outcome. Cancelling the waiting
    /// task cancels it as well. To protect it, wrap it in <c>Shield</c>. Mirrors <c>asyncio.wait_for</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">Seconds; null for no limit; zero and less give only what is done already.</param>
    /// <returns>A coroutine of the result.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is not a number.</exception>
    /// <exception cref="TimeoutException">When awaited: the time was up; the inner exception is the cancellation.</exception>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, double? timeout)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return WaitForOn(awaitable, timeout, null);
    }

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?)"/>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">The time; zero and less give only what is done already.</param>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, TimeSpan timeout) => WaitFor(awaitable, timeout.TotalSeconds);

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?)"/>
    public static Coroutine WaitFor(IAwaitable awaitable, double? timeout)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return WaitForOn(awaitable, timeout, null);
    }

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?)"/>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">The time; zero and less give only what is done already.</param>
    public static Coroutine WaitFor(IAwaitable awaitable, TimeSpan timeout) => WaitFor(awaitable, timeout.TotalSeconds);

    internal static async Coroutine<T> WaitForOn<T>(IAwaitable<T> awaitable, double? timeout, EventLoop? loop)
    {
        if (timeout is not { } seconds)
        {
            return await awaitable;
        }
        using var limit = new WaitLimit(awaitable, seconds, loop);
        try
        {
            return await (IFuture<T>)(object)limit.Awaited;
        }
        catch (CancelledException e) when (limit.CausedThis)
        {
            throw WaitLimit.TimedOut(e);
        }
    }

    internal static async Coroutine WaitForOn(IAwaitable awaitable, double? timeout, EventLoop? loop)
    {
        if (timeout is not { } seconds)
        {
            await awaitable;
            return;
        }
        using var limit = new WaitLimit(awaitable, seconds, loop);
        try
        {
            await limit.Awaited;
        }
        catch (CancelledException e) when (limit.CausedThis)
        {
            throw WaitLimit.TimedOut(e);
        }
    }
}

/// <summary>
/// The timer of a <c>WaitFor</c>. The waiting task awaits the inner future directly, so a cancellation of the task reaches it and its outcome
/// comes back unchanged. When the timer is due it queues a look for the next iteration: a result that arrived in the same iteration wins.
/// The cancellation is told as a timeout only if this timer asked for it and nobody cancelled the task meanwhile.
/// </summary>
internal sealed class WaitLimit : Runnable, IDisposable
{
    private readonly CoroutineTask? _task;      // the one that waits
    private readonly int _requests;             // its cancel requests at the beginning
    private bool _due;                          // the timer has fired; the look is queued
    private bool _asked;                        // the inner future was cancelled from here
    private bool _over;
    private bool _isTimerQueued;

    internal WaitLimit(IAwaitable awaitable, double seconds, EventLoop? loop)
    {
        loop ??= Asyncio.GetRunningLoop();
        Awaited = Asyncio.EnsureFuture(awaitable, loop);
        _task = loop.CurrentTask;
        _requests = _task?.Cancelling ?? 0;
        if (Awaited.IsDone)
        {
            _over = true;
        }
        else if (seconds <= 0)
        {
            _asked = Awaited.Cancel();
        }
        else
        {
            _isTimerQueued = true;
            loop.AddTimer(loop.Time + seconds, this);
        }
    }

    internal Future Awaited { get; }

    internal bool CausedThis => _asked && (_task is null || _task.Cancelling <= _requests);

    internal override bool IsDropped => _over;

    public void Dispose()
    {
        if (!_over)
        {
            _over = true;
            if (_isTimerQueued)
            {
                Awaited.Loop.NoteTimerCancelled();
            }
        }
    }

    internal static TimeoutException TimedOut(CancelledException cause) => new("The operation did not complete within its timeout.", cause);

    internal override void Run(object? source)
    {
        if (_over)
        {
            return;
        }
        if (!_due)
        {
            _due = true;
            _isTimerQueued = false;
            Awaited.Loop.Push(this, null);
        }
        else if (!Awaited.IsDone)
        {
            _asked = Awaited.Cancel();
        }
    }
}
