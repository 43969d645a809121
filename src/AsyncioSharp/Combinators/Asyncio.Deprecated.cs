using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// The loop parameters that Python deprecated in 3.8 and removed in 3.10, and what 3.11 forbade: here for programs that are being moved.
public static partial class Asyncio
{
    private const string NoLoop = "The loop parameter is deprecated since Python 3.8; leave it out: the running loop is used.";
    private const string NoCoroutines =
        "Passing coroutines to Wait is deprecated since Python 3.8: the sets it returns hold tasks, not the coroutines. Pass tasks made by CreateTask.";

    /// <summary>
    /// As <see cref="Sleep(double)"/>; the loop must be the one that runs the task.
    /// Mirrors <c>asyncio.sleep</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <param name="seconds">Seconds of loop time.</param>
    /// <param name="loop">The running loop.</param>
    /// <returns>A coroutine.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Coroutine Sleep(double seconds, EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        return SleepOn(seconds, loop);

        static async Coroutine SleepOn(double seconds, EventLoop loop)
        {
            if (GetRunningLoop() != loop)
            {
                throw new InvalidOperationException($"The task {CurrentTask()} runs on another loop than the one given to Sleep; leave the loop parameter out.");
            }
            await Sleep(seconds);
        }
    }

    /// <summary>
    /// As <see cref="Sleep{T}(double, T)"/>; the loop must be the one that runs the task.
    /// Mirrors <c>asyncio.sleep</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="seconds">Seconds of loop time.</param>
    /// <param name="result">What the coroutine gives.</param>
    /// <param name="loop">The running loop.</param>
    /// <returns>A coroutine with the value.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Coroutine<T> Sleep<T>(double seconds, T result, EventLoop loop)
    {
        var sleep = Sleep(seconds, loop);
        return Then(sleep, result);

        static async Coroutine<T> Then(Coroutine sleep, T result)
        {
            await sleep;
            return result;
        }
    }

    /// <summary>
    /// As <see cref="Gather{T}(IEnumerable{IAwaitable{T}})"/>, on a loop that need not run yet.
    /// Mirrors <c>asyncio.gather</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, futures and tasks.</param>
    /// <param name="loop">The loop.</param>
    /// <returns>A future of the results.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IFuture<T[]> Gather<T>(IEnumerable<IAwaitable<T>> awaitables, EventLoop loop)
        => Gathering.Start<IAwaitable<T>, T, T[]>(Gathering.Listed(awaitables), loop, false, Gathering.Results<T>);

    /// <summary>
    /// As <see cref="GatherOutcomes{T}(IEnumerable{IAwaitable{T}})"/>, on a loop that need not run yet.
    /// Mirrors <c>asyncio.gather(..., return_exceptions=True)</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, futures and tasks.</param>
    /// <param name="loop">The loop.</param>
    /// <returns>A future of the outcomes.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IFuture<Outcome<T>[]> GatherOutcomes<T>(IEnumerable<IAwaitable<T>> awaitables, EventLoop loop)
        => Gathering.Start<IAwaitable<T>, T, Outcome<T>[]>(Gathering.Listed(awaitables), loop, true, Gathering.Outcomes<T>);

    /// <summary>
    /// As <see cref="Shield{T}(IAwaitable{T})"/>, on a loop that need not run yet.
    /// Mirrors <c>asyncio.shield</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">What to protect.</param>
    /// <param name="loop">The loop.</param>
    /// <returns>A future of the same outcome.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IFuture<T> Shield<T>(IAwaitable<T> awaitable, EventLoop loop) => ShieldOn(awaitable, loop);

    /// <summary>
    /// As <see cref="WaitFor{T}(IAwaitable{T}, double?)"/>, on a given loop.
    /// Mirrors <c>asyncio.wait_for</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">What to wait for.</param>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="loop">The loop.</param>
    /// <returns>A coroutine of the result.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    [OverloadResolutionPriority(-1)] // a literal default means no token, not no loop
    public static Coroutine<T> WaitFor<T>(IAwaitable<T> awaitable, double? timeout, EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return WaitForOn(awaitable, timeout, loop);
    }

    /// <summary>
    /// As <see cref="Wait{TFuture}(IEnumerable{TFuture}, double?, ReturnWhen, CancellationToken)"/>, on a given loop.
    /// Mirrors <c>asyncio.wait</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="TFuture">The kind of futures.</typeparam>
    /// <param name="futures">Futures or tasks of <paramref name="loop"/>.</param>
    /// <param name="loop">The loop.</param>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="returnWhen">When to return.</param>
    /// <returns>A coroutine of two sets.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Coroutine<(HashSet<TFuture> Done, HashSet<TFuture> Pending)> Wait<TFuture>(
        IEnumerable<TFuture> futures, EventLoop loop, double? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted)
        where TFuture : Future
    {
        ArgumentNullException.ThrowIfNull(futures);
        return WaitOn<TFuture>([.. futures], timeout, returnWhen, loop);
    }

    /// <summary>
    /// As <c>Wait</c>, for coroutines: each is made a task, and the tasks, not the coroutines, are in the sets.
    /// Mirrors <c>asyncio.wait</c>, which refuses coroutines since 3.11.
    /// </summary>
    /// <param name="coroutines">Coroutines; one that is given twice counts once.</param>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <param name="returnWhen">When to return.</param>
    /// <returns>A coroutine of two sets of tasks.</returns>
    [Obsolete(NoCoroutines)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Coroutine<(HashSet<Future> Done, HashSet<Future> Pending)> Wait(
        IEnumerable<Coroutine> coroutines, double? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted)
    {
        ArgumentNullException.ThrowIfNull(coroutines);
        var tasks = new List<Future>();
        foreach (var coroutine in new HashSet<IAwaitable>(coroutines.Select(CoroutineSources.Distinct), ReferenceEqualityComparer.Instance))
        {
            tasks.Add(EnsureFuture(coroutine));
        }
        return WaitOn(tasks, timeout, returnWhen, null);
    }

    /// <summary>
    /// As <see cref="AsCompleted{T}(IEnumerable{IAwaitable{T}}, double?, CancellationToken)"/>, on a loop that need not run yet.
    /// Mirrors <c>asyncio.as_completed</c>, with the <c>loop</c> that Python 3.10 removed.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, futures and tasks.</param>
    /// <param name="loop">The loop.</param>
    /// <param name="timeout">Seconds; null for no limit.</param>
    /// <returns>What to iterate over.</returns>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static AsCompletedIterator<T> AsCompleted<T>(IEnumerable<IAwaitable<T>> awaitables, EventLoop loop, double? timeout = null)
        => new(new CompletionQueue(awaitables, timeout, loop));

    /// <inheritdoc cref="Gather{T}(IEnumerable{IAwaitable{T}}, EventLoop)"/>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IFuture<object?[]> Gather(IEnumerable<IAwaitable> awaitables, EventLoop loop)
        => Gathering.Start<IAwaitable, NoValue, object?[]>(Gathering.Listed(awaitables), loop, false, Gathering.Objects);

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{IAwaitable{T}}, EventLoop)"/>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static IFuture<Outcome<object?>[]> GatherOutcomes(IEnumerable<IAwaitable> awaitables, EventLoop loop)
        => Gathering.Start<IAwaitable, NoValue, Outcome<object?>[]>(Gathering.Listed(awaitables), loop, true, Gathering.ObjectOutcomes);

    /// <inheritdoc cref="Shield{T}(IAwaitable{T}, EventLoop)"/>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Future Shield(IAwaitable awaitable, EventLoop loop) => ShieldOn(awaitable, loop);

    /// <inheritdoc cref="WaitFor{T}(IAwaitable{T}, double?, EventLoop)"/>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    [OverloadResolutionPriority(-1)] // a literal default means no token, not no loop
    public static Coroutine WaitFor(IAwaitable awaitable, double? timeout, EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return WaitForOn(awaitable, timeout, loop);
    }

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{IAwaitable{T}}, EventLoop, double?)"/>
    [Obsolete(NoLoop)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static AsCompletedIterator AsCompleted(IEnumerable<IAwaitable> awaitables, EventLoop loop, double? timeout = null)
        => new(new CompletionQueue(awaitables, timeout, loop));
}
