using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>When <c>Wait</c> returns.</summary>
public enum ReturnWhen
{
    /// <summary>When all are done or cancelled.</summary>
    AllCompleted,

    /// <summary>When one is done or cancelled.</summary>
    FirstCompleted,

    /// <summary>When one fails; a cancelled one does not count. If none fails, when all are done.</summary>
    FirstException,
}

public static partial class Asyncio
{
    /// <summary>
    /// Waits for several futures and says which are done. Neither a timeout nor a failure throws, and nothing is cancelled: cancelling the waiting
    /// task leaves the futures running. Always suspends. Mirrors <c>asyncio.wait</c>.
    /// </summary>
    /// <typeparam name="TFuture">The kind of futures; the sets keep it.</typeparam>
    /// <param name="futures">Futures or tasks of one loop; one that is given twice counts once.</param>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="returnWhen">When to return.</param>
    /// <param name="cancellationToken">Ends the wait when it is cancelled, in any thread; it cancels neither the futures nor the waiting task.</param>
    /// <returns>A coroutine of two new sets: those that are done when it returns, and the others.</returns>
    /// <exception cref="CancelledException">When awaited: the token was cancelled, which the exception carries.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="futures"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">There are none, they belong to different loops, or another argument is out of its range.</exception>
    [OverloadResolutionPriority(1)] // an array of tasks would otherwise be taken for a span of futures, and the sets would lose its type
    public static Coroutine<(HashSet<TFuture> Done, HashSet<TFuture> Pending)> Wait<TFuture>(
        IEnumerable<TFuture> futures,
        double? timeout = null,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted,
        CancellationToken cancellationToken = default)
        where TFuture : Future
    {
        ArgumentNullException.ThrowIfNull(futures);
        return WaitOn<TFuture>([.. futures], timeout, returnWhen, null, cancellationToken);
    }

    /// <inheritdoc cref="Wait{TFuture}(IEnumerable{TFuture}, double?, ReturnWhen, CancellationToken)"/>
    public static Coroutine<(HashSet<TFuture> Done, HashSet<TFuture> Pending)> Wait<TFuture>(
        IEnumerable<TFuture> futures,
        TimeSpan timeout,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted,
        CancellationToken cancellationToken = default)
        where TFuture : Future
        => Wait(futures, EventLoop.SecondsOf(timeout), returnWhen, cancellationToken);

    /// <summary>As <see cref="Wait{TFuture}(IEnumerable{TFuture}, double?, ReturnWhen, CancellationToken)"/>, for futures of different kinds.</summary>
    /// <inheritdoc cref="Wait{TFuture}(IEnumerable{TFuture}, double?, ReturnWhen, CancellationToken)"/>
    public static Coroutine<(HashSet<Future> Done, HashSet<Future> Pending)> Wait(
        IEnumerable<Future> futures,
        double? timeout = null,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted,
        CancellationToken cancellationToken = default)
        => Wait<Future>(futures, timeout, returnWhen, cancellationToken);

    /// <inheritdoc cref="Wait(IEnumerable{Future}, double?, ReturnWhen, CancellationToken)"/>
    public static Coroutine<(HashSet<Future> Done, HashSet<Future> Pending)> Wait(
        IEnumerable<Future> futures,
        TimeSpan timeout,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted,
        CancellationToken cancellationToken = default)
        => Wait<Future>(futures, timeout, returnWhen, cancellationToken);

    /// <summary>Waits for several futures of any kinds until all are done. Mirrors <c>asyncio.wait</c>.</summary>
    /// <param name="futures">Futures or tasks of one loop; one that is given twice counts once.</param>
    /// <returns>A coroutine of two new sets: those that are done when it returns, and the others.</returns>
    /// <exception cref="ArgumentNullException">One of them is null.</exception>
    /// <exception cref="ArgumentException">There are none, or they belong to different loops.</exception>
    public static Coroutine<(HashSet<Future> Done, HashSet<Future> Pending)> Wait(params ReadOnlySpan<Future> futures)
        => WaitOn<Future>([.. futures], null, ReturnWhen.AllCompleted, null);

    internal static Coroutine<(HashSet<TFuture> Done, HashSet<TFuture> Pending)> WaitOn<TFuture>(
        List<TFuture> futures, double? timeout, ReturnWhen returnWhen, EventLoop? loop, CancellationToken cancellationToken = default)
        where TFuture : Future
    {
        if (futures.Count == 0)
        {
            throw new ArgumentException("Set of Tasks/Futures is empty: give at least one, or leave the call out.", nameof(futures));
        }
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        if (!Enum.IsDefined(returnWhen))
        {
            throw new ArgumentException($"Invalid return_when value: {returnWhen}. Give ReturnWhen.AllCompleted, FirstCompleted or FirstException.", nameof(returnWhen));
        }
        for (int i = 0; i < futures.Count; i++)
        {
            Elements.CheckNotNull(futures[i], i, nameof(futures));
            loop ??= futures[i].Loop;
            if (futures[i].Loop != loop)
            {
                throw DifferentLoop(futures[i], LoopOfOthers, nameof(futures));
            }
        }
        return Wait(new HashSet<TFuture>(futures), timeout, returnWhen, loop!, cancellationToken);
    }

    private static async Coroutine<(HashSet<TFuture> Done, HashSet<TFuture> Pending)> Wait<TFuture>(
        HashSet<TFuture> futures, double? timeout, ReturnWhen returnWhen, EventLoop loop, CancellationToken cancellationToken)
        where TFuture : Future
    {
        if (loop != GetRunningLoop())
        {
            throw DifferentLoop(futures.First(), RunningLoop, nameof(futures));
        }
        CancelledException.ThrowIfRequested(cancellationToken);
        var count = new CountingFuture(loop, futures, futures.Count, returnWhen);
        using var watch = TokenWatch.Start(loop, count, cancellationToken);
        TimerHandle? timer = timeout is { } seconds ? loop.CallLater(seconds, static count => count.Release(), count) : null;
        foreach (var future in futures)
        {
            future.AddWaiter(count);
        }
        try
        {
            await count;
        }
        finally
        {
            timer?.Cancel();
            foreach (var future in futures)
            {
                future.RemoveWaiter(count);
            }
        }
        // Looked at only now, so that what was done in the meantime counts as done. The larger part is the set that was made already, without the others.
        bool fewAreDone = futures.Count(static future => future.IsDone) is var done && done < futures.Count - done;
        var few = new HashSet<TFuture>(fewAreDone ? done : futures.Count - done);
        foreach (var future in futures)
        {
            if (future.IsDone == fewAreDone)
            {
                few.Add(future);
            }
        }
        foreach (var future in few)
        {
            futures.Remove(future);
        }
        return fewAreDone ? (few, futures) : (futures, few);
    }
}

/// <summary>
/// What <c>Wait</c> waits for: it is done when enough futures are, in a turn of its own, which it takes only for an end that decides it, or for a failure that it has
/// to look at.
/// </summary>
internal sealed class CountingFuture(EventLoop loop, IEnumerable<Future> futures, int count, ReturnWhen returnWhen) : Future<bool>(loop), ITokenListener, IDerived
{
    private int _remaining = returnWhen == ReturnWhen.FirstCompleted ? 1 : count;
    private LateEnd.UnderWay _late;

    public IEnumerable<Future> Sources => futures.Where(static future => !future.IsDone);

    internal override string CallbackName => "Asyncio.Wait";

    public void TokenCancelled(CancellationToken token)
    {
        if (!IsDone)
        {
            CancelWith(CancelledException.Unthrown(null, null, token));
        }
    }

    internal void Release()
    {
        if (!IsDone)
        {
            SetResult(true);
        }
    }

    internal override Wakeup WakeupFor(object done, bool runsHere) => _late.Join(runsHere) ? Wakeup.Later : Note((Future)done);

    internal override Wakeup WakeupForLate(object done)
    {
        _late.Leave();
        return Note((Future)done);
    }

    private Wakeup Note(Future done)
        => --_remaining == 0 ? Wakeup.Plain
        : returnWhen == ReturnWhen.FirstException && done.PeekException is not null ? Wakeup.Named
        : Wakeup.None;

    internal override void Run(object? source)
    {
        (source as Future)?.MarkRetrieved();
        Release();
    }
}
