namespace AsyncioSharp;

/// <summary>A <see cref="ConcurrentFuture"/> with a result.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public class ConcurrentFuture<T> : ConcurrentFuture
{
    private T? _result;

    /// <summary>Creates a pending one, for an <see cref="Executor"/> of your own to complete.</summary>
    public ConcurrentFuture()
    {
    }

    /// <summary>Blocks this thread until it is done, and gives the result. Not for a loop's thread and something of that loop.</summary>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the work goes on.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TimeoutException">The time was up; the work goes on.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, which the exception carries.</exception>
    /// <exception cref="InvalidOperationException">It is not done, and would be completed by the loop that runs on this thread.</exception>
    public T Result(double? timeout = null, CancellationToken cancellationToken = default)
    {
        WaitForResult(timeout, cancellationToken);
        return _result!;
    }

    /// <inheritdoc cref="Result(double?, CancellationToken)"/>
    /// <param name="cancellationToken">Ends the wait; the work goes on.</param>
    public T Result(CancellationToken cancellationToken) => Result(null, cancellationToken);

    /// <inheritdoc cref="Result(double?, CancellationToken)"/>
    /// <param name="timeout">The time.</param>
    /// <param name="cancellationToken">Ends the wait; the work goes on.</param>
    public T Result(TimeSpan timeout, CancellationToken cancellationToken = default) => Result(EventLoop.SecondsOf(timeout), cancellationToken);

    /// <summary>A .NET task of the same outcome.</summary>
    /// <returns>The task. It is cancelled if this is; its <c>await</c> then throws the very <see cref="CancelledException"/>.</returns>
    public async Task<T> AsTask()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // those who await do not run in the completing thread
        AddDoneCallback(_ => done.SetResult());
        await done.Task.ConfigureAwait(false);
        return Result();
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

    /// <summary>Completes it with a result; does nothing if it was cancelled or completed before.</summary>
    internal void SetResult(T result)
    {
        if (TryClaim())
        {
            _result = result;
            PublishResult();
        }
    }

    internal override object? ResultObject() => Result();
}
