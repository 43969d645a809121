namespace AsyncioSharp;

/// <summary>Makes the tasks of a loop: asyncio's task factory. Set as <see cref="EventLoop.TaskFactory"/>.</summary>
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
}
