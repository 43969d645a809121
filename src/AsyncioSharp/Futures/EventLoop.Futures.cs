namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private int _unretrieved; // failures of futures that nobody has asked for yet

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

    /// <summary>The waiter for an await on <paramref name="target"/> in a method that is not a coroutine.</summary>
    internal partial Runnable WaitOutside(Future target, Action continuation);

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
