using System.Runtime.CompilerServices;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Runs awaitables concurrently and gives their results in the order of the arguments. The first failure is given to the one who awaits, at
    /// once; the others go on. Cancelling the gather cancels all that are not done; a child that is cancelled otherwise counts as failed with a
    /// <see cref="CancelledException"/>. Mirrors <c>asyncio.gather</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, which are made tasks, futures and tasks; one that is given twice runs once and fills both places.</param>
    /// <returns>A future of the results; done already if all of them were.</returns>
    /// <exception cref="ArgumentNullException">One of them is null.</exception>
    /// <exception cref="ArgumentException">Futures of different loops.</exception>
    /// <exception cref="InvalidOperationException">No loop is running and no future tells which is meant.</exception>
    [OverloadResolutionPriority(1)]
    public static IFuture<T[]> Gather<T>(params ReadOnlySpan<IAwaitable<T>> awaitables) => Gathering.Start<IAwaitable<T>, T, T[]>(awaitables, null, false, Gathering.Results<T>);

    /// <inheritdoc cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>
    [OverloadResolutionPriority(3)] // else a null array would pass as an empty span
    public static IFuture<T[]> Gather<T>(IAwaitable<T>[] awaitables)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        return Gather<T>(new ReadOnlySpan<IAwaitable<T>>(awaitables));
    }

    /// <inheritdoc cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>
    public static IFuture<T[]> Gather<T>(IEnumerable<IAwaitable<T>> awaitables)
        => Gathering.Start<IAwaitable<T>, T, T[]>(Gathering.Listed(awaitables), null, false, Gathering.Results<T>);

    /// <summary>
    /// As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for awaitables of any kinds; one without a value gives null.
    /// Mirrors <c>asyncio.gather</c>.
    /// </summary>
    /// <param name="awaitables">Coroutines, futures and tasks.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<object?[]> Gather(params ReadOnlySpan<IAwaitable> awaitables)
        => Gathering.Start<IAwaitable, NoValue, object?[]>(awaitables, null, false, Gathering.Objects);

    /// <inheritdoc cref="Gather(ReadOnlySpan{IAwaitable})"/>
    [OverloadResolutionPriority(2)]
    public static IFuture<object?[]> Gather(IAwaitable[] awaitables)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        return Gather(new ReadOnlySpan<IAwaitable>(awaitables));
    }

    /// <inheritdoc cref="Gather(ReadOnlySpan{IAwaitable})"/>
    public static IFuture<object?[]> Gather(IEnumerable<IAwaitable> awaitables)
        => Gathering.Start<IAwaitable, NoValue, object?[]>(Gathering.Listed(awaitables), null, false, Gathering.Objects);

    /// <summary>
    /// As <c>Gather</c>, but failures are results like others: it waits for every awaitable. A child's cancellation is an outcome too; only
    /// cancelling the gather itself gives a <see cref="CancelledException"/>. Mirrors <c>asyncio.gather(..., return_exceptions=True)</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitables">Coroutines, which are made tasks, futures and tasks; one that is given twice runs once and fills both places.</param>
    /// <returns>A future of the outcomes, in the order of the arguments.</returns>
    /// <exception cref="ArgumentNullException">One of them is null.</exception>
    /// <exception cref="ArgumentException">Futures of different loops.</exception>
    /// <exception cref="InvalidOperationException">No loop is running and no future tells which is meant.</exception>
    [OverloadResolutionPriority(1)]
    public static IFuture<Outcome<T>[]> GatherOutcomes<T>(params ReadOnlySpan<IAwaitable<T>> awaitables)
        => Gathering.Start<IAwaitable<T>, T, Outcome<T>[]>(awaitables, null, true, Gathering.Outcomes<T>);

    /// <inheritdoc cref="GatherOutcomes{T}(ReadOnlySpan{IAwaitable{T}})"/>
    [OverloadResolutionPriority(3)]
    public static IFuture<Outcome<T>[]> GatherOutcomes<T>(IAwaitable<T>[] awaitables)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        return GatherOutcomes<T>(new ReadOnlySpan<IAwaitable<T>>(awaitables));
    }

    /// <inheritdoc cref="GatherOutcomes{T}(ReadOnlySpan{IAwaitable{T}})"/>
    public static IFuture<Outcome<T>[]> GatherOutcomes<T>(IEnumerable<IAwaitable<T>> awaitables)
        => Gathering.Start<IAwaitable<T>, T, Outcome<T>[]>(Gathering.Listed(awaitables), null, true, Gathering.Outcomes<T>);

    /// <summary>
    /// As <see cref="GatherOutcomes{T}(ReadOnlySpan{IAwaitable{T}})"/>, for awaitables of any kinds; one without a value gives null.
    /// Mirrors <c>asyncio.gather(..., return_exceptions=True)</c>.
    /// </summary>
    /// <param name="awaitables">Coroutines, futures and tasks.</param>
    /// <returns>A future of the outcomes.</returns>
    public static IFuture<Outcome<object?>[]> GatherOutcomes(params ReadOnlySpan<IAwaitable> awaitables)
        => Gathering.Start<IAwaitable, NoValue, Outcome<object?>[]>(awaitables, null, true, Gathering.ObjectOutcomes);

    /// <inheritdoc cref="GatherOutcomes(ReadOnlySpan{IAwaitable})"/>
    [OverloadResolutionPriority(2)]
    public static IFuture<Outcome<object?>[]> GatherOutcomes(IAwaitable[] awaitables)
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        return GatherOutcomes(new ReadOnlySpan<IAwaitable>(awaitables));
    }

    /// <inheritdoc cref="GatherOutcomes(ReadOnlySpan{IAwaitable})"/>
    public static IFuture<Outcome<object?>[]> GatherOutcomes(IEnumerable<IAwaitable> awaitables)
        => Gathering.Start<IAwaitable, NoValue, Outcome<object?>[]>(Gathering.Listed(awaitables), null, true, Gathering.ObjectOutcomes);

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 2 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2)> Gather<T1, T2>(IAwaitable<T1> first, IAwaitable<T2> second)
        => Gathering.StartNamed<(T1, T2)>([first, second], static done => (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1])));

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 3 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <typeparam name="T3">The kind of the third result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <param name="third">The third awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2, T3)> Gather<T1, T2, T3>(IAwaitable<T1> first, IAwaitable<T2> second, IAwaitable<T3> third)
        => Gathering.StartNamed<(T1, T2, T3)>([first, second, third], static done => (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1]), Gathering.Result<T3>(done[2])));

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 4 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <typeparam name="T3">The kind of the third result.</typeparam>
    /// <typeparam name="T4">The kind of the fourth result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <param name="third">The third awaitable.</param>
    /// <param name="fourth">The fourth awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(IAwaitable<T1> first, IAwaitable<T2> second, IAwaitable<T3> third, IAwaitable<T4> fourth)
        => Gathering.StartNamed<(T1, T2, T3, T4)>([first, second, third, fourth],
            static done =>
                (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1]), Gathering.Result<T3>(done[2]), Gathering.Result<T4>(done[3])));

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 5 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <typeparam name="T3">The kind of the third result.</typeparam>
    /// <typeparam name="T4">The kind of the fourth result.</typeparam>
    /// <typeparam name="T5">The kind of the fifth result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <param name="third">The third awaitable.</param>
    /// <param name="fourth">The fourth awaitable.</param>
    /// <param name="fifth">The fifth awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(
        IAwaitable<T1> first, IAwaitable<T2> second, IAwaitable<T3> third, IAwaitable<T4> fourth, IAwaitable<T5> fifth)
        => Gathering.StartNamed<(T1, T2, T3, T4, T5)>([first, second, third, fourth, fifth],
            static done =>
                (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1]), Gathering.Result<T3>(done[2]),
                    Gathering.Result<T4>(done[3]), Gathering.Result<T5>(done[4])));

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 6 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <typeparam name="T3">The kind of the third result.</typeparam>
    /// <typeparam name="T4">The kind of the fourth result.</typeparam>
    /// <typeparam name="T5">The kind of the fifth result.</typeparam>
    /// <typeparam name="T6">The kind of the sixth result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <param name="third">The third awaitable.</param>
    /// <param name="fourth">The fourth awaitable.</param>
    /// <param name="fifth">The fifth awaitable.</param>
    /// <param name="sixth">The sixth awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(
        IAwaitable<T1> first, IAwaitable<T2> second, IAwaitable<T3> third, IAwaitable<T4> fourth, IAwaitable<T5> fifth, IAwaitable<T6> sixth)
        => Gathering.StartNamed<(T1, T2, T3, T4, T5, T6)>([first, second, third, fourth, fifth, sixth],
            static done =>
                (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1]), Gathering.Result<T3>(done[2]),
                    Gathering.Result<T4>(done[3]), Gathering.Result<T5>(done[4]), Gathering.Result<T6>(done[5])));

    /// <summary>As <see cref="Gather{T}(ReadOnlySpan{IAwaitable{T}})"/>, for 7 awaitables with results of different kinds. Mirrors <c>asyncio.gather</c>.</summary>
    /// <typeparam name="T1">The kind of the first result.</typeparam>
    /// <typeparam name="T2">The kind of the second result.</typeparam>
    /// <typeparam name="T3">The kind of the third result.</typeparam>
    /// <typeparam name="T4">The kind of the fourth result.</typeparam>
    /// <typeparam name="T5">The kind of the fifth result.</typeparam>
    /// <typeparam name="T6">The kind of the sixth result.</typeparam>
    /// <typeparam name="T7">The kind of the seventh result.</typeparam>
    /// <param name="first">The first awaitable.</param>
    /// <param name="second">The second awaitable.</param>
    /// <param name="third">The third awaitable.</param>
    /// <param name="fourth">The fourth awaitable.</param>
    /// <param name="fifth">The fifth awaitable.</param>
    /// <param name="sixth">The sixth awaitable.</param>
    /// <param name="seventh">The seventh awaitable.</param>
    /// <returns>A future of the results.</returns>
    public static IFuture<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(
        IAwaitable<T1> first, IAwaitable<T2> second, IAwaitable<T3> third, IAwaitable<T4> fourth, IAwaitable<T5> fifth, IAwaitable<T6> sixth,
        IAwaitable<T7> seventh)
        => Gathering.StartNamed<(T1, T2, T3, T4, T5, T6, T7)>([first, second, third, fourth, fifth, sixth, seventh],
            static done =>
                (Gathering.Result<T1>(done[0]), Gathering.Result<T2>(done[1]), Gathering.Result<T3>(done[2]),
                    Gathering.Result<T4>(done[3]), Gathering.Result<T5>(done[4]), Gathering.Result<T6>(done[5]),
                    Gathering.Result<T7>(done[6])));
}
