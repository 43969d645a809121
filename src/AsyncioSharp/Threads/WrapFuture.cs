namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// A future of the running loop that takes over the outcome of <paramref name="future"/>. Cancelling it cancels the source, if that has not begun.
    /// If the loop is closed first, the outcome is dropped. Mirrors <c>asyncio.wrap_future</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="future">What another thread computes.</param>
    /// <param name="loop">The loop; null for the running one.</param>
    /// <returns>The future.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="future"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running.</exception>
    public static Future<T> WrapFuture<T>(ConcurrentFuture<T> future, EventLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(future);
        return new WrappingFuture<T>(loop ?? GetRunningLoop(), future);
    }

    /// <summary>The future itself: it is one of a loop already. Mirrors <c>asyncio.wrap_future</c>.</summary>
    /// <typeparam name="TFuture">The kind of future.</typeparam>
    /// <param name="future">The future.</param>
    /// <returns><paramref name="future"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="future"/> is null.</exception>
    public static TFuture WrapFuture<TFuture>(TFuture future)
        where TFuture : Future
    {
        ArgumentNullException.ThrowIfNull(future);
        return future;
    }
}

/// <summary>Takes over the outcome of a <see cref="ConcurrentFuture{T}"/>, told by the loop's ready queue.</summary>
internal sealed class WrappingFuture<T> : Future<T>, ConcurrentFuture.IListener
{
    private readonly ConcurrentFuture<T> _source;
    private readonly bool _isWorkElsewhere;

    /// <param name="loop">The loop.</param>
    /// <param name="source">What another thread computes.</param>
    /// <param name="isWorkElsewhere">True if a virtual clock has to stand still until the outcome has arrived here.</param>
    internal WrappingFuture(EventLoop loop, ConcurrentFuture<T> source, bool isWorkElsewhere = false)
        : base(loop)
    {
        _source = source;
        _isWorkElsewhere = isWorkElsewhere;
        Note(+1);
        source.AddListener(this);
    }

    void ConcurrentFuture.IListener.OnDone(ConcurrentFuture future)
    {
        if (!Loop.TryPush(this, null))
        {
            Abandon();
        }
    }

    public override bool Cancel(string? message = null)
    {
        if (!base.Cancel(message))
        {
            return false;
        }
        _source.Cancel();
        return true;
    }

    // The loop was closed before the outcome could arrive; nobody will ever see a failure here.
    internal override void Abandon()
    {
        if (!IsDone && !_source.IsCancelled && _source.Exception() is { } failure)
        {
            Loop.CallExceptionHandler(new ExceptionContext
            {
                Message = "A function in a thread failed after its loop was closed",
                Exception = failure,
                Future = this,
            });
        }
    }

    // The source is done.
    internal override void Run(object? source)
    {
        Note(-1); // not before: between the end of the function and its arrival the loop may look for something to wait for
        if (IsDone)
        {
            return;
        }
        if (_source.IsCancelled)
        {
            CancelNow(message: null);
        }
        else if (_source.Exception() is { } failure)
        {
            SetException(failure);
        }
        else
        {
            SetResult(_source.Result());
        }
    }

    private void Note(int change)
    {
        if (_isWorkElsewhere)
        {
            Loop.NoteWorkElsewhere(change);
        }
        else
        {
            Loop.NoteOutsideWait(change);
        }
    }
}
