using System.Collections;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Gives outcomes in the order in which awaitables complete. <c>foreach</c> gives as many coroutines as there are awaitables, each for the next
    /// outcome, whichever of them is awaited first; <c>await foreach</c> gives the futures themselves, each when it is done. Cancelling a consumer
    /// cancels no awaitable. Mirrors <c>asyncio.as_completed</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, which are made tasks now, futures and tasks; one that is given twice counts once.</param>
    /// <param name="timeout">Seconds from now, after which every outcome still missing is a <see cref="TimeoutException"/>; null for no limit.</param>
    /// <param name="cancellationToken">When it is cancelled, in any thread, every outcome still missing is a <see cref="CancelledException"/> that
    /// carries it. No awaitable is cancelled.</param>
    /// <returns>What to iterate over, once; a loop that was left can be taken up again.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitables"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">Futures of different loops, or <paramref name="timeout"/> is not a number.</exception>
    /// <exception cref="InvalidOperationException">No loop is running.</exception>
    public static AsCompletedIterator<T> AsCompleted<T>(IEnumerable<IAwaitable<T>> awaitables, double? timeout = null, CancellationToken cancellationToken = default)
        => new(new CompletionQueue(awaitables, timeout, null, cancellationToken));

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{IAwaitable{T}}, double?, CancellationToken)"/>
    public static AsCompletedIterator<T> AsCompleted<T>(IEnumerable<IAwaitable<T>> awaitables, TimeSpan timeout, CancellationToken cancellationToken = default)
        => AsCompleted(awaitables, EventLoop.SecondsOf(timeout), cancellationToken);

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{IAwaitable{T}}, double?, CancellationToken)"/>
    public static AsCompletedIterator AsCompleted(IEnumerable<IAwaitable> awaitables, double? timeout = null, CancellationToken cancellationToken = default)
        => new(new CompletionQueue(awaitables, timeout, null, cancellationToken));

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{IAwaitable{T}}, double?, CancellationToken)"/>
    public static AsCompletedIterator AsCompleted(IEnumerable<IAwaitable> awaitables, TimeSpan timeout, CancellationToken cancellationToken = default)
        => AsCompleted(awaitables, EventLoop.SecondsOf(timeout), cancellationToken);

    // The items of the iterations.
    internal static async Coroutine<T> AsCompleted<T>(CompletionQueue queue) => ((IFuture<T>)(object)await queue.Next()).Result();

    internal static async Coroutine AsCompleted(CompletionQueue queue) => (await queue.Next()).Result();
}

/// <summary>What <c>AsCompleted</c> returns for awaitables with a result.</summary>
/// <remarks>
/// It is an <see cref="IAsyncEnumerable{T}"/> of the futures as well, for methods of .NET and for code that knows only the interface; the token given there ends the wait,
/// not the iteration. Since it is both kinds of sequence, a query has to say which is meant where both fit: <c>AsEnumerable()</c>, or a variable of the interface's type.
/// </remarks>
/// <typeparam name="T">The kind of result.</typeparam>
public sealed class AsCompletedIterator<T> : IEnumerable<Coroutine<T>>, IEnumerator<Coroutine<T>>, IAsyncEnumerable<IFuture<T>>
{
    private readonly CompletionQueue _queue;
    private Coroutine<T>? _current;
    private IFuture<T>? _completed;

    internal AsCompletedIterator(CompletionQueue queue) => _queue = queue;

    /// <summary>The coroutine that gives the next outcome. It throws what the awaitable throws, or a <see cref="TimeoutException"/>.</summary>
    public Coroutine<T> Current => _current ?? throw new InvalidOperationException("Call MoveNext() first.");

    object IEnumerator.Current => Current;

    /// <summary>The iterator itself: a loop that was left can be taken up again.</summary>
    /// <returns>The iterator.</returns>
    public IEnumerator<Coroutine<T>> GetEnumerator() => this;

    IEnumerator IEnumerable.GetEnumerator() => this;

    /// <summary>For <c>await foreach</c> in a coroutine.</summary>
    /// <returns>An enumerator of the futures in order of completion.</returns>
    public AsyncEnumerator GetAsyncEnumerator() => new(this);

    async IAsyncEnumerator<IFuture<T>> IAsyncEnumerable<IFuture<T>>.GetAsyncEnumerator(CancellationToken cancellationToken)
    {
        while (_queue.TryClaim())
        {
            yield return (IFuture<T>)(object)await _queue.Next(cancellationToken);
        }
    }

    /// <summary>Goes on to the next outcome.</summary>
    /// <returns>False when every outcome has been asked for.</returns>
    public bool MoveNext()
    {
        if (!_queue.TryClaim())
        {
            _current = null;
            return false;
        }
        _current = Asyncio.AsCompleted<T>(_queue);
        return true;
    }

    /// <summary>Does nothing: leaving a loop does not end the iteration.</summary>
    public void Dispose()
    {
    }

    void IEnumerator.Reset() => throw new NotSupportedException("Outcomes are given once.");

    private async Coroutine<bool> MoveNextAsync()
    {
        if (!_queue.TryClaim())
        {
            return false;
        }
        _completed = (IFuture<T>)(object)await _queue.Next();
        return true;
    }

    /// <summary>The enumerator of <c>await foreach</c>.</summary>
    public readonly struct AsyncEnumerator
    {
        private readonly AsCompletedIterator<T> _iterator;

        internal AsyncEnumerator(AsCompletedIterator<T> iterator) => _iterator = iterator;

        /// <summary>The future that is done: the original object, or the task that was made for a coroutine.</summary>
        public IFuture<T> Current => _iterator._completed ?? throw new InvalidOperationException("Call MoveNextAsync() first.");

        /// <summary>Waits for the next one.</summary>
        /// <returns>A coroutine; false when all were given. It throws a <see cref="TimeoutException"/> when the time is up.</returns>
        public Coroutine<bool> MoveNextAsync() => _iterator.MoveNextAsync();
    }
}

/// <summary>What <c>AsCompleted</c> returns for awaitables of any kinds.</summary>
/// <remarks><inheritdoc cref="AsCompletedIterator{T}" path="/remarks/node()"/></remarks>
public sealed class AsCompletedIterator : IEnumerable<Coroutine>, IEnumerator<Coroutine>, IAsyncEnumerable<Future>
{
    private readonly CompletionQueue _queue;
    private Coroutine? _current;
    private Future? _completed;

    internal AsCompletedIterator(CompletionQueue queue) => _queue = queue;

    /// <summary>The coroutine that waits for the next outcome. It throws what the awaitable throws, or a <see cref="TimeoutException"/>.</summary>
    public Coroutine Current => _current ?? throw new InvalidOperationException("Call MoveNext() first.");

    object IEnumerator.Current => Current;

    /// <summary>The iterator itself: a loop that was left can be taken up again.</summary>
    /// <returns>The iterator.</returns>
    public IEnumerator<Coroutine> GetEnumerator() => this;

    IEnumerator IEnumerable.GetEnumerator() => this;

    /// <summary>For <c>await foreach</c> in a coroutine.</summary>
    /// <returns>An enumerator of the futures in order of completion.</returns>
    public AsyncEnumerator GetAsyncEnumerator() => new(this);

    async IAsyncEnumerator<Future> IAsyncEnumerable<Future>.GetAsyncEnumerator(CancellationToken cancellationToken)
    {
        while (_queue.TryClaim())
        {
            yield return await _queue.Next(cancellationToken);
        }
    }

    /// <summary>Goes on to the next outcome.</summary>
    /// <returns>False when every outcome has been asked for.</returns>
    public bool MoveNext()
    {
        if (!_queue.TryClaim())
        {
            _current = null;
            return false;
        }
        _current = Asyncio.AsCompleted(_queue);
        return true;
    }

    /// <summary>Does nothing: leaving a loop does not end the iteration.</summary>
    public void Dispose()
    {
    }

    void IEnumerator.Reset() => throw new NotSupportedException("Outcomes are given once.");

    private async Coroutine<bool> MoveNextAsync()
    {
        if (!_queue.TryClaim())
        {
            return false;
        }
        _completed = await _queue.Next();
        return true;
    }

    /// <summary>The enumerator of <c>await foreach</c>.</summary>
    public readonly struct AsyncEnumerator
    {
        private readonly AsCompletedIterator _iterator;

        internal AsyncEnumerator(AsCompletedIterator iterator) => _iterator = iterator;

        /// <summary>The future that is done: the original object, or the task that was made for a coroutine.</summary>
        public Future Current => _iterator._completed ?? throw new InvalidOperationException("Call MoveNextAsync() first.");

        /// <summary>Waits for the next one.</summary>
        /// <returns>A coroutine; false when all were given. It throws a <see cref="TimeoutException"/> when the time is up.</returns>
        public Coroutine<bool> MoveNextAsync() => _iterator.MoveNextAsync();
    }
}
