namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Runs a blocking function in a thread of the loop's executor, in a copy of the caller's context. Nothing is handed over before the coroutine is
    /// awaited or made a task. Cancelling the awaiting task throws at once; a function that runs already goes on, its outcome dropped. Mirrors
    /// <c>asyncio.to_thread</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="function">What to run.</param>
    /// <returns>A coroutine of the result.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// In debug mode, when awaited: <paramref name="function"/> is an <c>async</c> method, which leaves the thread at its first await.
    /// </exception>
    public static Coroutine<T> ToThread<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return ToThread(function, function);
    }

    /// <inheritdoc cref="ToThread{T}(Func{T})"/>
    /// <typeparam name="TArgument">The kind of argument.</typeparam>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="function">What to run.</param>
    /// <param name="argument">What to pass to it, so that it needs no closure.</param>
    public static Coroutine<T> ToThread<TArgument, T>(Func<TArgument, T> function, TArgument argument)
    {
        ArgumentNullException.ThrowIfNull(function);
        return ToThread(() => function(argument), function);
    }

    /// <inheritdoc cref="ToThread{T}(Func{T})"/>
    /// <param name="action">What to run.</param>
    public static Coroutine ToThread(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return ToThread(action, action);
    }

    /// <inheritdoc cref="ToThread{T}(Func{T})"/>
    /// <typeparam name="TArgument">The kind of argument.</typeparam>
    /// <param name="action">What to run.</param>
    /// <param name="argument">What to pass to it, so that it needs no closure.</param>
    public static Coroutine ToThread<TArgument>(Action<TArgument> action, TArgument argument)
    {
        ArgumentNullException.ThrowIfNull(action);
        return ToThread(() => action(argument), action);
    }

    private static Coroutine<T> ToThread<T>(Func<T> call, Delegate function)
    {
        return InThread(call, function);

        static async Coroutine<T> InThread(Func<T> call, Delegate function)
        {
            var loop = GetRunningLoop();
            loop.CheckNotAsync(function, nameof(ToThread), nameof(function));
            var context = Context.Copy();
            return await loop.RunInExecutor(null, () => context.Run(call));
        }
    }

    private static Coroutine ToThread(Action call, Delegate action)
    {
        return InThread(call, action);

        static async Coroutine InThread(Action call, Delegate action)
        {
            var loop = GetRunningLoop();
            loop.CheckNotAsync(action, nameof(ToThread), nameof(action));
            var context = Context.Copy();
            await loop.RunInExecutor(null, () => context.Run(call));
        }
    }
}
