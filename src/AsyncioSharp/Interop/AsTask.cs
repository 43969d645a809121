using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>Gives the outcomes of this library's awaitables to code that knows only .NET's tasks.</summary>
public static class AsTaskExtensions
{
    /// <summary>
    /// A .NET task of the future's outcome. May be called in any thread. A failure counts as retrieved from then on: it is the task's. A cancelled
    /// future gives a cancelled task, from whose <c>await</c> the future's own <see cref="CancelledException"/> comes, its message and token included.
    /// Cancelling goes the other way only: a task cannot be cancelled, so cancel the future.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="future">A future or a task.</param>
    /// <returns>The task. If the loop is closed before the future is done, it fails with an <see cref="InvalidStateException"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="future"/> is null.</exception>
    [OverloadResolutionPriority(1)] // a future with a value is a future without one, too
    public static Task<T> AsTask<T>(this IFuture<T> future)
    {
        ArgumentNullException.ThrowIfNull(future);
        return new OutcomeTask<T>((Future)(object)future, static future => ((IFuture<T>)(object)future).Result()).Begin();
    }

    /// <inheritdoc cref="AsTask{T}(IFuture{T})"/>
    public static Task AsTask(this Future future)
    {
        ArgumentNullException.ThrowIfNull(future);
        return new OutcomeTask<object?>(future, static _ => null).Begin();
    }

    /// <summary>
    /// Sends a coroutine to a loop, from any thread, and gives a .NET task of its outcome. It runs there as a task, in a copy of this thread's context.
    /// Like <see cref="Asyncio.RunCoroutineThreadsafe{T}(Coroutine{T}, EventLoop, CancellationToken)"/>, for code that awaits rather than blocks.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it; it must be running, or be run later, for the task to end.</param>
    /// <param name="cancellationToken">Cancels the coroutine. The .NET task ends when the coroutine has ended, its <c>finally</c> blocks included.</param>
    /// <returns>The task; cancelled if the coroutine was. If the loop is closed before, it fails with an <see cref="InvalidOperationException"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed.</exception>
    public static Task<T> AsTask<T>(this Coroutine<T> coroutine, EventLoop loop, CancellationToken cancellationToken = default)
        => Asyncio.RunCoroutineThreadsafe(coroutine, loop, cancellationToken).AsTask();

    /// <inheritdoc cref="AsTask{T}(Coroutine{T}, EventLoop, CancellationToken)"/>
    public static Task AsTask(this Coroutine coroutine, EventLoop loop, CancellationToken cancellationToken = default)
        => Asyncio.RunCoroutineThreadsafe(coroutine, loop, cancellationToken).AsTask();
}

/// <summary>A .NET task that takes over a future's outcome.</summary>
internal sealed class OutcomeTask<T>(Future future, Func<Future, T> resultOf) : OutsideWaiter(future)
{
    // A builder rather than a TaskCompletionSource: only through a builder can a task be cancelled with an exception of our own.
    private AsyncTaskMethodBuilder<T> _builder = AsyncTaskMethodBuilder<T>.Create();

    internal override string CallbackName => "Future.AsTask";

    internal Task<T> Begin()
    {
        var task = _builder.Task;
        if (Future.IsDone)
        {
            Complete();
        }
        else
        {
            Start();
        }
        return task;
    }

    private protected override void Complete()
    {
        if (TakeFailure() is { } failure)
        {
            _builder.SetException(failure);
        }
        else
        {
            _builder.SetResult(resultOf(Future));
        }
    }
}
