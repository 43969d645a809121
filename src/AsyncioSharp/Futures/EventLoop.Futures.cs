namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private int _unretrieved; // failures of futures that nobody has asked for yet
    private KnownWaiter? _latestWait; // of code that is not a coroutine

    /// <summary>True if some future failed and nobody has asked for the exception.</summary>
    internal bool HasUnretrievedFailures => Volatile.Read(ref _unretrieved) > 0;

    /// <summary>A pending future of this loop. Mirrors <c>loop.create_future()</c>.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <returns>The future.</returns>
    public Future<T> CreateFuture<T>() => new(this);

    /// <summary>
    /// A pending future of this loop for a result that carries no value; complete it with <c>SetResult(null)</c>.
    /// Mirrors <c>loop.create_future</c>.
    /// </summary>
    /// <returns>The future.</returns>
    public Future<object?> CreateFuture() => new(this);

    /// <summary>Keeps <paramref name="waiter"/>, which is to be told if the loop is closed.</summary>
    internal void Know(KnownWaiter waiter)
    {
        waiter.Earlier = _latestWait;
        _latestWait?.Later = waiter;
        _latestWait = waiter;
    }

    /// <summary>Ends what <see cref="Know"/> began.</summary>
    internal void Forget(KnownWaiter waiter)
    {
        if (waiter.Later is null)
        {
            _latestWait = waiter.Earlier;
        }
        else
        {
            waiter.Later.Earlier = waiter.Earlier;
        }
        waiter.Earlier?.Later = waiter.Later;
        waiter.Earlier = waiter.Later = null;
    }

    private partial void AbandonOutsideWaits()
    {
        while (_latestWait is { } waiter)
        {
            waiter.Abandon();
        }
    }

    /// <summary>The waiter for an await on <paramref name="target"/> in a method that is not a coroutine.</summary>
    internal partial KnownWaiter WaitOutside(Future target, Action continuation);

    internal void NoteUnretrieved(int change) => Interlocked.Add(ref _unretrieved, change);
}

public sealed partial class ExceptionContext
{
    /// <summary>The future that failed, or null.</summary>
    public Future? Future
    {
        get => (Future?)this["future"];
        init
        {
            this["future"] = value;
            RunIn ??= value?.ReportContext;
        }
    }
}
