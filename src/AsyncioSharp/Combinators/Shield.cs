namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Protects <paramref name="awaitable"/> from the cancellation of whoever awaits the shield: the shield alone is cancelled, and what it protects goes on.
    /// If that is cancelled by other means, so is the shield. Mirrors <c>asyncio.shield</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">What to protect; a coroutine is made a task. Keep a reference if you want to see its outcome after a cancellation.</param>
    /// <returns>A future of the same outcome; <paramref name="awaitable"/> itself if it is done.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="InvalidOperationException">A coroutine was given and no loop is running.</exception>
    public static IFuture<T> Shield<T>(IAwaitable<T> awaitable) => ShieldOn(awaitable, null);

    /// <inheritdoc cref="Shield{T}(IAwaitable{T})"/>
    public static Future Shield(IAwaitable awaitable) => ShieldOn(awaitable, null);

    internal static IFuture<T> ShieldOn<T>(IAwaitable<T> awaitable, EventLoop? loop)
    {
        var inner = FutureInside<T>(awaitable, loop, LoopArgument, nameof(loop));
        return inner.IsDone ? (IFuture<T>)(object)inner : new ShieldingFuture<T>(inner, Gathering.Result<T>);
    }

    internal static Future ShieldOn(IAwaitable awaitable, EventLoop? loop)
    {
        var inner = FutureInside(awaitable, loop, LoopArgument, nameof(loop));
        return inner.IsDone ? inner : new ShieldingFuture<object?>(inner, static future => future.ResultObject());
    }
}

/// <summary>The future that <c>Shield</c> returns. It takes over the inner outcome, and passes no cancellation inwards.</summary>
internal sealed class ShieldingFuture<T> : Future<T>, IDerived
{
    private readonly Func<Future, T> _resultOf;

    internal ShieldingFuture(Future inner, Func<Future, T> resultOf)
        : base(inner.Loop)
    {
        _resultOf = resultOf;
        inner.AddWaiter(this);
        Inner = inner;
        // The first to hear of its own end: once it is cancelled, what happens inside is no longer this future's to tell, and a failure is
        // reported unless somebody else retrieves it; also if one of those who waited here causes it.
        AddWaiter(this);
    }

    public IEnumerable<Future> Sources => [Inner];

    internal override string CallbackName => "Asyncio.Shield";

    private Future Inner { get; }

    internal override void Run(object? source)
    {
        var inner = Inner;
        if (!inner.IsDone)
        {
            inner.RemoveWaiter(this); // this one is done
        }
        else if (IsDone)
        {
            inner.MarkRetrieved(); // cancelled in the very iteration in which the inner one ended
        }
        else if (inner.IsCancelled)
        {
            CancelNow(message: null);
        }
        else if (inner.PeekException is { } failure)
        {
            inner.MarkRetrieved();
            SetException(failure);
        }
        else
        {
            SetResult(_resultOf(inner));
        }
    }
}
