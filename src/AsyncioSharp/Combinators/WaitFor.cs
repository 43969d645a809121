namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Waits for <paramref name="awaitable"/>, at most for a time. When the time is up it is cancelled, awaited to its real end, and a
    /// <see cref="TimeoutException"/> is thrown; if it refuses the cancellation and returns or fails, that is the outcome. Cancelling the waiting
    /// task cancels it as well. To protect it, wrap it in <c>Shield</c>. Mirrors <c>asyncio.wait_for</c>.
    /// </summary>
    /// <remarks>
    /// If the waiting task is cancelled when a coroutine that was given has ended already, or ends without waiting for anything, its outcome reaches the caller, and the
    /// <see cref="CancelledException"/> is thrown at the caller's next await that suspends; without such an await the task ends as its coroutine does.
    /// </remarks>
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
    /// <param name="timeout">The time; zero and less give only what is done already, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, TimeSpan timeout) => WaitFor(awaitable, EventLoop.SecondsOf(timeout));

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?)"/>
    public static Coroutine WaitFor(IAwaitable awaitable, double? timeout)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return WaitForOn(awaitable, timeout, null);
    }

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?)"/>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task.</param>
    /// <param name="timeout">The time; zero and less give only what is done already, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    public static Coroutine WaitFor(IAwaitable awaitable, TimeSpan timeout) => WaitFor(awaitable, EventLoop.SecondsOf(timeout));

    internal static Coroutine<T> WaitForOn<T>(IAwaitable<T> awaitable, double? timeout, EventLoop? loop)
        => timeout is { } seconds ? new WaitForCoroutine<T>(awaitable, seconds, loop) : WaitFor(awaitable);

    internal static Coroutine WaitForOn(IAwaitable awaitable, double? timeout, EventLoop? loop)
        => timeout is { } seconds ? new UntypedWaitForCoroutine(awaitable, seconds, loop) : WaitFor(awaitable);

    // Without a limit.
    private static async Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable) => await awaitable;

    private static async Coroutine WaitFor(IAwaitable awaitable) => await awaitable;
}

/// <summary>
/// A <c>WaitFor</c> with a limit: the coroutine and its timer in one object, and no state machine, as it has only one point to wait at.
/// </summary>
/// <remarks>
/// The waiting task awaits the inner future directly, so a cancellation of the task reaches it and its outcome comes back unchanged. When the timer
/// is due it queues a look for the next iteration: a result that arrived in the same iteration wins. The cancellation is told as a
/// timeout only if this timer asked for it and nobody cancelled the task meanwhile.
/// <para>The task that is made of a coroutine is known to nobody else. So what it has ended with, perhaps a lock that it holds or an item that it took, must
/// reach the caller: a cancellation that comes between its end and the caller's next step is thrown at the caller's next await.
/// (CPython runs the coroutine in the caller's task since 3.12; there is no such moment.)</para>
/// </remarks>
internal class WaitForCoroutine<T> : Coroutine<T>
{
    private double _time;          // the limit; its deadline once there is a timer
    private IAwaitable _awaited;   // what was given; from the start on the future of it
    private EventLoop? _loop;      // null: the running one
    private CoroutineTask? _task;  // the one that waits
    private int _requests;         // the cancel requests that had reached it at the beginning, without one that was still to be delivered
    private Phase _phase;
    private bool _asked;           // the inner future was cancelled from here
    private bool _isMade;          // the inner future is a task that was made for this wait

    internal WaitForCoroutine(IAwaitable awaitable, double seconds, EventLoop? loop, bool isMade = false)
    {
        _awaited = awaitable;
        _time = seconds;
        _loop = loop;
        _isMade = isMade;
        NeverAwaited.Watch(this);
    }

    private enum Phase : byte
    {
        Fresh,
        TimerQueued,
        Due,       // the timer has fired; the look is queued
        NoTimer,   // none, or it has had its look
        Over,
    }

    public override string QualifiedName => "Asyncio.WaitFor";

    internal override string CallbackName => QualifiedName;

    internal override bool IsDropped => _phase == Phase.Over;

    internal override bool MustTakeOutcome => _awaited is Future { IsDone: true, IsCancelled: false } future && (_isMade || ((IWaitable)future).MustBeTaken);

    internal override void Resume()
    {
        Awaiting = AwaitKind.None;
        try
        {
            if (_phase == Phase.Fresh && !Start())
            {
                return;
            }
        }
        catch (Exception e)
        {
            Fail(e); // what was given cannot be awaited, or belongs to another loop
            return;
        }
        End();
        var future = (Future)_awaited;
        if (_isMade && _task is { } task && task.ReachingRequests > _requests && ((CoroutineTask)future).OwesRequest)
        {
            task.TakeOver((CoroutineTask)future); // it was passed on to the inner task too late for that
        }
        if (future.HasSucceeded)
        {
            Succeed(ResultOf(future));
            return;
        }
        future.MarkRetrieved();
        Fail(Told(future.PeekException ?? future.Cancellation()));
    }

    internal override void Throw(Exception exception)
    {
        End();
        Fail(Told(exception));
    }

    // A gather that was cancelled has failed with the cancellation, so it may arrive either way.
    private Exception Told(Exception exception) => exception is CancelledException && _asked && (_task is null || _task.ReachingRequests <= _requests)
        ? new TimeoutException("The operation did not complete within its timeout.", exception)
        : exception;

    internal override bool IsTimer => true;

    // The timer is due, or its look.
    internal override void Run(object? source)
    {
        if (_phase == Phase.TimerQueued)
        {
            _phase = Phase.Due;
            _loop!.Push(this, null);
        }
        else if (_phase == Phase.Due)
        {
            _phase = Phase.NoTimer;
            var future = (Future)_awaited;
            _asked = !future.IsDone && future.Cancel();
        }
    }

    private protected virtual T ResultOf(Future future) => Gathering.Result<T>(future);

    // True if there is nothing to wait for.
    private bool Start()
    {
        var loop = _loop ??= EventLoop.Running!;
        var future = Asyncio.FutureOf<T>(_awaited, loop, Asyncio.RunningLoop, "awaitable");
        _isMade |= !ReferenceEquals(future, _awaited);
        _awaited = future;
        _task = loop.CurrentTask;
        _requests = _task?.SettledRequests ?? 0;
        if (future.IsDone)
        {
            return true;
        }
        if (_time <= 0)
        {
            _phase = Phase.NoTimer;
            _asked = future.Cancel();
            if (future.IsDone)
            {
                Suspend(AwaitKind.Turn, null); // a request that comes now is told as itself, not as the cancellation from here
                return false;
            }
        }
        else
        {
            // Unless it was cancelled before and has got an outcome all the same: this is the next await then, or a loop of these could go on for ever.
            if (_isMade && _task?.HasYielded != true)
            {
                ((CoroutineTask)future).StartBeforeCancel(); // a caller who is cancelled at once waits, as in Python, for something that has begun
            }
            _phase = Phase.NoTimer;
            if (!double.IsPositiveInfinity(_time))
            {
                _phase = Phase.TimerQueued;
                _time += loop.Time;
                loop.AddTimer(_time, this);
            }
        }
        Suspend(AwaitKind.Future, future);
        return false;
    }

    private void End()
    {
        if (_phase == Phase.TimerQueued)
        {
            _loop!.ForgetTimer(_time, this);
        }
        _phase = Phase.Over;
    }
}

/// <summary>The same for an awaitable whose kind of value is not told: there is none.</summary>
internal sealed class UntypedWaitForCoroutine(IAwaitable awaitable, double seconds, EventLoop? loop, bool isMade = false)
    : WaitForCoroutine<object?>(awaitable, seconds, loop, isMade)
{
    private protected override object? ResultOf(Future future) => null;
}
