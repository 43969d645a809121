using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// The outcome of something that another thread computes: <c>concurrent.futures.Future</c>. Unlike <see cref="Future"/> it is thread-safe,
/// belongs to no loop, and can be waited for by blocking.
/// </summary>
public abstract class ConcurrentFuture
{
    private readonly object _gate = new();
    private List<Action<ConcurrentFuture>>? _callbacks;
    private Status _status;
    private bool _isAwaitedByThread; // some thread has blocked on it
    private ExceptionDispatchInfo? _failure;
    private CancelledException? _cancellation;

    private protected ConcurrentFuture()
    {
    }

    private enum Status
    {
        Pending,
        Running,
        Succeeded,
        Failed,
        Cancelled,
    }

    /// <summary>True once there is a result, an exception or a cancellation.</summary>
    public bool IsDone
    {
        get
        {
            lock (_gate)
            {
                return _status >= Status.Succeeded;
            }
        }
    }

    /// <summary>True once it is cancelled.</summary>
    public bool IsCancelled
    {
        get
        {
            lock (_gate)
            {
                return _status == Status.Cancelled;
            }
        }
    }

    /// <summary>True while the function runs in its thread; then it can no longer be cancelled.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _status == Status.Running;
            }
        }
    }

    /// <summary>Cancels it, if it has not begun. Mirrors <c>concurrent.futures.Future.cancel()</c>.</summary>
    /// <returns>False if it runs or is done; true if it is cancelled now or was before.</returns>
    public bool Cancel() => TryCancel(null);

    /// <summary>Blocks this thread until it is done, and gives the exception, or null. Never call it on a loop's thread for something of that loop.</summary>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <returns>The exception, or null.</returns>
    /// <exception cref="TimeoutException">The time was up; the work goes on.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    public Exception? Exception(double? timeout = null)
    {
        WaitDone(timeout);
        return _status == Status.Cancelled ? throw _cancellation! : _failure?.SourceException;
    }

    /// <inheritdoc cref="Exception(double?)"/>
    /// <param name="timeout">The time.</param>
    public Exception? Exception(TimeSpan timeout) => Exception(timeout.TotalSeconds);

    /// <summary>Has <paramref name="callback"/> called when it is done, by the thread that completes it; at once, by this one, if it is done already.</summary>
    /// <param name="callback">What to call; if it throws, that is written to the error stream.</param>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    public void AddDoneCallback(Action<ConcurrentFuture> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        lock (_gate)
        {
            if (_status < Status.Succeeded)
            {
                (_callbacks ??= []).Add(callback);
                return;
            }
        }
        Call(callback);
    }

    /// <summary>Its state.</summary>
    /// <returns>For instance <c>&lt;ConcurrentFuture pending&gt;</c>.</returns>
    public override string ToString()
    {
        lock (_gate)
        {
            return $"<ConcurrentFuture {_status.ToString().ToLowerInvariant()}>";
        }
    }

    /// <summary>Says that the work begins. False if it was cancelled before.</summary>
    internal bool TryStart()
    {
        lock (_gate)
        {
            if (_status != Status.Pending)
            {
                return false;
            }
            _status = Status.Running;
            return true;
        }
    }

    internal bool TryCancel(CancelledException? cancellation)
    {
        lock (_gate)
        {
            if (_status != Status.Pending)
            {
                return _status == Status.Cancelled;
            }
        }
        return Complete(Status.Cancelled, null, cancellation ?? new CancelledException(), static _ => { }, unlessRunning: true);
    }

    internal void SetException(Exception exception) => Complete(Status.Failed, ExceptionDispatchInfo.Capture(exception), null, static _ => { });

    /// <summary>The result as an object.</summary>
    internal abstract object? ResultObject();

    private protected void Succeed(Action<ConcurrentFuture> store) => Complete(Status.Succeeded, null, null, store);

    private protected void WaitForResult(double? timeout)
    {
        WaitDone(timeout);
        if (_status == Status.Cancelled)
        {
            ExceptionDispatchInfo.Throw(_cancellation!);
        }
        _failure?.Throw();
    }

    private bool Complete(
        Status status, ExceptionDispatchInfo? failure, CancelledException? cancellation, Action<ConcurrentFuture> store, bool unlessRunning = false)
    {
        List<Action<ConcurrentFuture>>? callbacks;
        lock (_gate)
        {
            if (_status >= Status.Succeeded || (unlessRunning && _status == Status.Running))
            {
                return _status == Status.Cancelled;
            }
            store(this);
            _failure = failure;
            _cancellation = cancellation;
            _status = status;
            callbacks = _callbacks;
            _callbacks = null;
            if (_isAwaitedByThread)
            {
                Monitor.PulseAll(_gate); // only then: it would attach a lock of the runtime's to the gate, which costs more than all the rest
            }
        }
        foreach (var callback in callbacks ?? [])
        {
            Call(callback);
        }
        return true;
    }

    private void WaitDone(double? timeout)
    {
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        long start = TimeProvider.System.GetTimestamp();
        lock (_gate)
        {
            _isAwaitedByThread = true;
            while (_status < Status.Succeeded)
            {
                if (timeout is not { } seconds)
                {
                    Monitor.Wait(_gate);
                    continue;
                }
                double left = seconds - TimeProvider.System.GetElapsedTime(start).TotalSeconds;
                if (left <= 0)
                {
                    throw new TimeoutException("The operation did not complete within its timeout; it goes on.");
                }
                Monitor.Wait(_gate, (int)Math.Min(Math.Ceiling(left * 1000), int.MaxValue));
            }
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
            Console.Error.WriteLine($"Exception in done callback {MethodNames.Of(callback)}() of {this}{Environment.NewLine}{e}");
        }
    }
}

/// <summary>A <see cref="ConcurrentFuture"/> with a result.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public sealed class ConcurrentFuture<T> : ConcurrentFuture
{
    private T? _result;

    /// <summary>Creates a pending one, for an <see cref="Executor"/> of your own to complete.</summary>
    public ConcurrentFuture()
    {
    }

    /// <summary>Blocks this thread until it is done, and gives the result. Never call it on a loop's thread for something of that loop.</summary>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TimeoutException">The time was up; the work goes on.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    public T Result(double? timeout = null)
    {
        WaitForResult(timeout);
        return _result!;
    }

    /// <inheritdoc cref="Result(double?)"/>
    /// <param name="timeout">The time.</param>
    public T Result(TimeSpan timeout) => Result(timeout.TotalSeconds);

    /// <summary>A .NET task of the same outcome.</summary>
    /// <returns>The task; it is cancelled if this is.</returns>
    public Task<T> AsTask()
    {
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        AddDoneCallback(_ =>
        {
            if (IsCancelled)
            {
                source.SetCanceled();
            }
            else if (Exception() is { } failure)
            {
                source.SetException(failure);
            }
            else
            {
                source.SetResult(_result!);
            }
        });
        return source.Task;
    }

    /// <summary>Runs <paramref name="function"/> on this thread and completes the future with its outcome; does nothing if it was cancelled.</summary>
    /// <param name="function">What to run.</param>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    public void Run(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (!TryStart())
        {
            return;
        }
        T result;
        try
        {
            result = function();
        }
        catch (Exception e)
        {
            SetException(e);
            return;
        }
        SetResult(result);
    }

    internal void SetResult(T result) => Succeed(self => ((ConcurrentFuture<T>)self)._result = result);

    internal override object? ResultObject() => Result();
}
