namespace AsyncioSharp.Testing;

/// <summary>
/// Asserts that awaiting something did, or did not, suspend the task: whether others could run meanwhile. Like trio's <c>assert_checkpoints</c> and
/// <c>assert_no_checkpoints</c>. <c>await SuspensionAssert.DoesNotSuspend(queue.Get());</c>
/// </summary>
/// <remarks>
/// A failure of what is awaited, and a cancellation, pass through as they are: only an await that gives a value is judged. What is awaited is awaited to its end also if
/// it suspends; the assertion fails after that.
/// </remarks>
public static class SuspensionAssert
{
    /// <summary>Awaits <paramref name="awaitable"/>; it must suspend the task at least once.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="awaitable">A coroutine, future or task.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="SuspensionException">It did not. (Thrown by the await.)</exception>
    public static Coroutine<T> Suspends<T>(IAwaitable<T> awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return Watch(awaitable, awaitable, expected: true);
    }

    /// <inheritdoc cref="Suspends{T}(IAwaitable{T})"/>
    public static Coroutine Suspends(IAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return Watch(WithoutValue(awaitable), awaitable, expected: true);
    }

    /// <summary>Awaits <paramref name="awaitable"/>; it must not suspend the task.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="awaitable">A coroutine, future or task.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="SuspensionException">It did. (Thrown by the await, at the end.)</exception>
    public static Coroutine<T> DoesNotSuspend<T>(IAwaitable<T> awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return Watch(awaitable, awaitable, expected: false);
    }

    /// <inheritdoc cref="DoesNotSuspend{T}(IAwaitable{T})"/>
    public static Coroutine DoesNotSuspend(IAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return Watch(WithoutValue(awaitable), awaitable, expected: false);
    }

    private static async Coroutine<bool> WithoutValue(IAwaitable awaitable)
    {
        await awaitable;
        return true;
    }

    private static async Coroutine<T> Watch<T>(IAwaitable<T> awaitable, IAwaitable subject, bool expected)
    {
        // What a task schedules before it is suspended runs before the task goes on; so this has run if, and only if, the task was suspended.
        bool suspended = false;
        Asyncio.GetRunningLoop().CallSoon(() => suspended = true);
        T result = await awaitable;
        return suspended == expected ? result : throw new SuspensionException(expected
            ? $"{subject} was expected to suspend the task, but ended at once; no other task could run."
            : $"{subject} was expected not to suspend the task, but did; other tasks may have run.");
    }
}

/// <summary>A <see cref="SuspensionAssert"/> failed.</summary>
public sealed class SuspensionException : Exception
{
    internal SuspensionException(string message)
        : base(message)
    {
    }
}
