using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// The outcome of something that another thread computes: <c>concurrent.futures.Future</c>. Unlike <see cref="Future"/> it is thread-safe,
/// belongs to no loop, and can be waited for by blocking.
/// </summary>
/// <remarks>
/// It takes no lock. Who wants to complete it claims it first (<see cref="Status.Completing"/>), stores the outcome, publishes the final status,
/// and then takes the list of those who are to be told; who comes later than that finds the list closed and is told at once.
/// </remarks>
public abstract class ConcurrentFuture : Runnable
{
    private static readonly object s_closed = new(); // in place of the list once it was taken

    private object? _listeners;  // null; an IListener or a callback; a Node of several, the latest first; s_closed
    private object? _outcome;    // failed: ExceptionDispatchInfo, or the Failure of the task that computed it; cancelled: CancelledException
    private volatile Status _status;

    private protected ConcurrentFuture()
    {
    }

    /// <summary>The loop that completes it, if it is known.</summary>
    internal EventLoop? CompletedBy { get; init; }

    private enum Status
    {
        Pending,
        Running,
        Completing, // for the few instructions between claim and publication; for all others still not done
        Succeeded,
        Failed,
        Cancelled,
    }

    /// <summary>Who is told of the completion without a delegate.</summary>
    internal interface IListener
    {
        /// <summary>Called once, by the thread that completes the future.</summary>
        void OnDone(ConcurrentFuture future);
    }

    /// <summary>True once there is a result, an exception or a cancellation.</summary>
    public bool IsDone => _status >= Status.Succeeded;

    /// <summary>True once it is cancelled.</summary>
    public bool IsCancelled => _status == Status.Cancelled;

    /// <summary>True while the function runs in its thread; then it can no longer be cancelled.</summary>
    public bool IsRunning => _status == Status.Running;

    /// <summary>Cancels it, if it has not begun. Mirrors <c>concurrent.futures.Future.cancel()</c>.</summary>
    /// <returns>False if it runs or is done; true if it is cancelled now or was before.</returns>
    public bool Cancel() => TryCancel(null);

    /// <summary>Blocks this thread until it is done, and gives the exception, or null. Not for a loop's thread and something of that loop.</summary>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the work goes on.</param>
    /// <returns>The exception, or null.</returns>
    /// <exception cref="TimeoutException">The time was up; the work goes on.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, which the exception carries.</exception>
    /// <exception cref="InvalidOperationException">It is not done, and would be completed by the loop that runs on this thread.</exception>
    public Exception? Exception(double? timeout = null, CancellationToken cancellationToken = default)
    {
        WaitDone(timeout, cancellationToken);
        return _status switch
        {
            Status.Cancelled => throw (CancelledException)_outcome!,
            Status.Failed => TakeFailure(),
            _ => null,
        };
    }

    /// <inheritdoc cref="Exception(double?, CancellationToken)"/>
    /// <param name="timeout">The time.</param>
    /// <param name="cancellationToken">Ends the wait; the work goes on.</param>
    public Exception? Exception(TimeSpan timeout, CancellationToken cancellationToken = default) => Exception(EventLoop.SecondsOf(timeout), cancellationToken);

    /// <summary>Has <paramref name="callback"/> called when it is done, by the thread that completes it; at once, by this one, if it is done already.</summary>
    /// <param name="callback">What to call; if it throws, that is written to the error stream.</param>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    public void AddDoneCallback(Action<ConcurrentFuture> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        AddListener(callback);
    }

    /// <summary>Its state.</summary>
    /// <returns>For instance <c>&lt;ConcurrentFuture pending&gt;</c>.</returns>
    public override string ToString() => $"<ConcurrentFuture {(_status == Status.Completing ? Status.Running : _status).ToString().ToLowerInvariant()}>";

    /// <summary>Has <paramref name="listener"/> told when it is done; at once, by this thread, if it is done already.</summary>
    internal void AddListener(IListener listener) => AddListener((object)listener);

    /// <summary>Says that the work begins. False if it was cancelled before.</summary>
    internal bool TryStart() => Interlocked.CompareExchange(ref _status, Status.Running, Status.Pending) == Status.Pending;

    internal bool TryCancel(CancelledException? cancellation)
    {
        if (Interlocked.CompareExchange(ref _status, Status.Completing, Status.Pending) == Status.Pending)
        {
            _outcome = cancellation ?? CancelledException.Unthrown(null);
            Publish(Status.Cancelled);
            if (cancellation is null)
            {
                OnCancelRequested();
            }
            return true;
        }
        var wait = default(SpinWait);
        while (_status == Status.Completing)
        {
            wait.SpinOnce(); // whether it becomes a cancellation is known in a moment
        }
        return _status == Status.Cancelled;
    }

    /// <summary>Completes it with a failure; does nothing if it was cancelled or completed before.</summary>
    internal void SetException(Exception exception)
    {
        if (TryClaim())
        {
            _outcome = ExceptionDispatchInfo.Capture(exception);
            Publish(Status.Failed);
        }
    }

    /// <summary>The same with the failure of a task, which is reported by its loop if nobody asks here either.</summary>
    internal void SetFailure(Failure failure)
    {
        if (TryClaim())
        {
            _outcome = failure;
            Publish(Status.Failed);
        }
    }

    /// <summary>The result as an object.</summary>
    internal abstract object? ResultObject();

    internal override void Run(object? source) => throw new InvalidOperationException($"{this} is not an entry of a loop.");

    /// <summary>Called when somebody has cancelled it, by his thread; not when it learns of the cancellation of what computes it.</summary>
    private protected virtual void OnCancelRequested()
    {
    }

    /// <summary>The right to complete it. Who has it must store the outcome and call <see cref="PublishResult"/>, without anything in between that can throw.</summary>
    private protected bool TryClaim() => Interlocked.CompareExchange(ref _status, Status.Completing, Status.Pending) == Status.Pending
        || Interlocked.CompareExchange(ref _status, Status.Completing, Status.Running) == Status.Running;

    private protected void PublishResult() => Publish(Status.Succeeded);

    private protected void WaitForResult(double? timeout, CancellationToken cancellationToken)
    {
        WaitDone(timeout, cancellationToken);
        switch (_outcome)
        {
            case CancelledException cancellation:
                ExceptionDispatchInfo.Throw(cancellation);
                break;
            case Failure failure:
                failure.MarkRetrieved();
                failure.Captured.Throw();
                break;
            case ExceptionDispatchInfo failure:
                failure.Throw();
                break;
        }
    }

    private Exception TakeFailure()
    {
        if (_outcome is not Failure failure)
        {
            return ((ExceptionDispatchInfo)_outcome!).SourceException;
        }
        failure.MarkRetrieved();
        return failure.Exception;
    }

    private void Publish(Status status)
    {
        _status = status;
        object? listeners = Interlocked.Exchange(ref _listeners, s_closed);
        if (listeners is not Node)
        {
            Tell(listeners);
            return;
        }
        var inOrder = new Stack<object?>();
        for (; listeners is Node node; listeners = node.Earlier)
        {
            inOrder.Push(node.Latest);
        }
        Tell(listeners);
        foreach (object? listener in inOrder)
        {
            Tell(listener);
        }
    }

    private void AddListener(object listener)
    {
        object? before = Volatile.Read(ref _listeners);
        while (before != s_closed)
        {
            object? after = before is null ? listener : new Node(listener, before);
            object? found = Interlocked.CompareExchange(ref _listeners, after, before);
            if (found == before)
            {
                return;
            }
            before = found;
        }
        Tell(listener);
    }

    private void WaitDone(double? timeout, CancellationToken cancellationToken)
    {
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        if (IsDone)
        {
            return;
        }
        if (CompletedBy is { RunsHere: true } && timeout is not <= 0)
        {
            throw new InvalidOperationException(
                $"{this} is completed by the event loop of this thread, which this would block until then; await it: await Asyncio.WrapFuture(future).");
        }
        int milliseconds = timeout is { } seconds and < double.PositiveInfinity
            ? (int)Math.Clamp(Math.Ceiling(seconds * 1000), 0, int.MaxValue)
            : System.Threading.Timeout.Infinite;
        if (!BlockedThreads().Done.Wait(milliseconds, cancellationToken))
        {
            throw new TimeoutException("The operation did not complete within its timeout; it goes on.");
        }
    }

    // What threads block on; one object for all of them, however often they come back after a timeout.
    private Blocked BlockedThreads()
    {
        for (object? listeners = Volatile.Read(ref _listeners); listeners is not null; listeners = (listeners as Node)?.Earlier)
        {
            if ((listeners is Node node ? node.Latest : listeners) is Blocked known)
            {
                return known;
            }
        }
        var fresh = new Blocked();
        AddListener(fresh);
        return fresh;
    }

    private void Tell(object? listener)
    {
        if (listener is IListener own)
        {
            own.OnDone(this);
        }
        else if (listener is not null)
        {
            Call((Action<ConcurrentFuture>)listener);
        }
    }

    private void Call(Action<ConcurrentFuture> callback)
    {
        try
        {
            callback(this);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            // It runs on a thread of the executor, which has nobody to throw to.
            Console.Error.WriteLine($"Exception in done callback {MethodNames.Of(callback)}() of {this}{Environment.NewLine}{TextForm.Whole(e)}");
        }
    }

    private sealed record Node(object Latest, object Earlier);

    private sealed class Blocked : IListener
    {
        internal ManualResetEventSlim Done { get; } = new();

        public void OnDone(ConcurrentFuture future) => Done.Set();
    }
}

