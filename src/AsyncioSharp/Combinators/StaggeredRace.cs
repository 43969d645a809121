using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Runs coroutines with staggered beginnings and takes the first that succeeds: the next one begins when the one before has failed, or when
    /// <paramref name="delay"/> seconds have passed. The others are then cancelled and awaited. Mirrors <c>staggered_race</c> (RFC 8305's
    /// "happy eyeballs" are built on it).
    /// </summary>
    /// <remarks>
    /// Cancelling the waiting task cancels and awaits all that have begun. One that answers its cancellation with a result has lost all the same. What
    /// the sequence of functions itself throws is thrown as it is, when those that have begun are cancelled and have ended.
    /// </remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="functions">Make the coroutines; called one after the other, each when its turn has come.</param>
    /// <param name="delay">Seconds; null for one after the other, each when the one before has failed.</param>
    /// <returns>A coroutine of the winner's result, its index, and the failures of those that began.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="functions"/> is null, or a list of which one is.</exception>
    /// <exception cref="ArgumentException"><paramref name="delay"/> is not a number.</exception>
    public static Coroutine<StaggeredResult<T>> StaggeredRace<T>(IEnumerable<Func<Coroutine<T>>> functions, double? delay)
    {
        ArgumentNullException.ThrowIfNull(functions);
        EventLoop.CheckSeconds(delay ?? 0, nameof(delay));
        var known = functions as IReadOnlyList<Func<Coroutine<T>>> ?? []; // a lazy sequence is gone through as the race goes on
        for (int i = 0; i < known.Count; i++)
        {
            Elements.CheckNotNull(known[i], i, nameof(functions), "a function that makes a coroutine");
        }
        return Race(functions, delay);

        // A group in which each coroutine that fails lets the next one begin, and the first result ends the group.
        static async Coroutine<StaggeredResult<T>> Race(IEnumerable<Func<Coroutine<T>>> functions, double? delay)
        {
            var exceptions = new List<Exception?>();
            T? winner = default;
            int? winnerIndex = null;
            try
            {
                await new TaskGroup().Run(async group =>
                {
                    foreach (var function in functions)
                    {
                        var failed = GetRunningLoop().CreateFuture<bool>();
                        exceptions.Add(null);
                        group.CreateTask(RunOne(function, exceptions.Count - 1, failed, group)).StartBeforeCancel(); // or a cancellation of it alone would not be seen
                        // Not WaitFor: what ends the waiting early is no failure, and the group's own cancellation must come through.
                        await Wait([failed], delay);
                    }
                });
            }
            catch (TaskGroupException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerException!); // of the sequence; what the coroutines fail with is no failure of the group
            }
            return new StaggeredResult<T>(winner, winnerIndex, exceptions);

            async Coroutine RunOne(Func<Coroutine<T>> function, int index, Future<bool> failed, TaskGroup group)
            {
                if (winnerIndex is not null)
                {
                    return; // the race was over before this one's first step
                }
                try
                {
                    var result = await (function?.Invoke()
                        ?? throw new InvalidOperationException($"Function {index} of the staggered race is null or returned null; it must return a coroutine."));
                    if (winnerIndex is null)
                    {
                        winnerIndex = index;
                        winner = result;
                        group.Cancel();
                    }
                }
                catch (Exception e) when (e is not KeyboardInterruptException)
                {
                    exceptions[index] = e;
                    failed.SetResult(true);
                }
            }
        }
    }

    /// <inheritdoc cref="StaggeredRace{T}(IEnumerable{Func{Coroutine{T}}}, double?)"/>
    /// <param name="functions">Make the coroutines; called one after the other, each when its turn has come.</param>
    /// <param name="delay">The time between two beginnings.</param>
    public static Coroutine<StaggeredResult<T>> StaggeredRace<T>(IEnumerable<Func<Coroutine<T>>> functions, TimeSpan delay)
        => StaggeredRace(functions, EventLoop.SecondsOf(delay));
}

/// <summary>What came of a <c>StaggeredRace</c>.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
/// <param name="Winner">The first result; the default value if none succeeded.</param>
/// <param name="WinnerIndex">The place of the winner among the functions; null if none succeeded.</param>
/// <param name="Exceptions">How those that began have failed, in the order of the functions; null at the winner's place.</param>
public sealed record StaggeredResult<T>(T? Winner, int? WinnerIndex, IReadOnlyList<Exception?> Exceptions);
