namespace AsyncioSharp;

/// <summary>What futures and tasks with a value have in common; covariant, so that a task of strings is an awaitable of objects.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
public interface IFuture<out T> : IAwaitable<T>
{
    /// <inheritdoc cref="Future.Loop"/>
    EventLoop Loop { get; }

    /// <inheritdoc cref="Future.IsDone"/>
    bool IsDone { get; }

    /// <inheritdoc cref="Future.IsCancelled"/>
    bool IsCancelled { get; }

    /// <summary>The result. Mirrors <c>Future.result()</c>.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidStateException">It is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    T Result();

    /// <inheritdoc cref="Future.Exception"/>
    Exception? Exception();

    /// <inheritdoc cref="Future.Cancel(string?)"/>
    bool Cancel(string? message = null);

    /// <inheritdoc cref="Future.AddDoneCallback(Action{Future}, Context?)"/>
    void AddDoneCallback(Action<Future> callback, Context? context = null);

    /// <inheritdoc cref="Future.RemoveDoneCallback(Action{Future})"/>
    int RemoveDoneCallback(Action<Future> callback);
}
