namespace AsyncioSharp;

/// <summary>Makes the tasks of a loop: asyncio's task factory. Set as <see cref="EventLoop.TaskFactory"/>.</summary>
/// <remarks>
/// A loop calls the forms with a name and <c>eagerStart</c>. A factory that implements only the others makes tasks whose name is set afterwards
/// and whose first step is queued.
/// </remarks>
public interface ITaskFactory
{
    /// <summary>Makes a task for a coroutine without a value.</summary>
    /// <param name="loop">The loop that is to run it.</param>
    /// <param name="coroutine">What to run.</param>
    /// <param name="context">The context to run in; null for a copy of the current one.</param>
    /// <returns>The task; a name, if one was given, is set on it afterwards.</returns>
    CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context);

    /// <summary>Makes a task for a coroutine with a value.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="loop">The loop that is to run it.</param>
    /// <param name="coroutine">What to run.</param>
    /// <param name="context">The context to run in; null for a copy of the current one.</param>
    /// <returns>The task; a name, if one was given, is set on it afterwards.</returns>
    CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context);

    /// <summary>Makes a task for a coroutine without a value, with everything that was asked for.</summary>
    /// <param name="loop">The loop that is to run it.</param>
    /// <param name="coroutine">What to run.</param>
    /// <param name="name">The name, or null. If the task has another one, it is set afterwards.</param>
    /// <param name="context">The context to run in; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is to be run at once; null for what the factory does by itself.</param>
    /// <returns>The task.</returns>
    /// <exception cref="NotSupportedException">An eager start was asked for, and the factory does not implement this form.</exception>
    CoroutineTask Create(EventLoop loop, Coroutine coroutine, string? name, Context? context, bool? eagerStart)
        => eagerStart == true ? throw NoEagerStart(this) : Create(loop, coroutine, context);

    /// <summary>Makes a task for a coroutine with a value, with everything that was asked for.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="loop">The loop that is to run it.</param>
    /// <param name="coroutine">What to run.</param>
    /// <param name="name">The name, or null. If the task has another one, it is set afterwards.</param>
    /// <param name="context">The context to run in; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is to be run at once; null for what the factory does by itself.</param>
    /// <returns>The task.</returns>
    /// <exception cref="NotSupportedException">An eager start was asked for, and the factory does not implement this form.</exception>
    CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, string? name, Context? context, bool? eagerStart)
        => eagerStart == true ? throw NoEagerStart(this) : Create(loop, coroutine, context);

    private static NotSupportedException NoEagerStart(ITaskFactory factory)
        => new($"The loop's TaskFactory, {factory.GetType()}, makes no eager tasks; implement the form of Create with eagerStart.");
}
