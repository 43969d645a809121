namespace AsyncioSharp;

/// <summary>
/// A set of values of context variables: Python's <c>contextvars.Context</c>. A task runs in a context of its own, copied when the task is
/// created; what the task changes stays in it.
/// </summary>
/// <remarks>
/// It holds an <see cref="ExecutionContext"/>, so <see cref="AsyncLocal{T}"/> values, activities and logging scopes of .NET code are isolated
/// and carried along in the same way. Copying costs one small object whatever it holds. Not thread-safe.
/// </remarks>
public sealed class Context
{
    /// <summary>The context in which nothing was ever set; tasks in it hold no context object at all.</summary>
    internal static readonly ExecutionContext Empty = CaptureEmpty();

    private ExecutionContext _values;
    private bool _entered;

    internal Context(ExecutionContext values) => _values = values;

    /// <summary>A copy of the context in which the caller runs. Mirrors <c>contextvars.copy_context()</c>.</summary>
    /// <returns>A new context with the same values.</returns>
    public static Context Copy() => new(Current);

    /// <summary>The values in force on this thread.</summary>
    internal static ExecutionContext Current
    {
        get
        {
            var current = ExecutionContext.Capture();
            if (current is null)
            {
                // The flow is suppressed, which is about what .NET's code captures. Who suppressed it will take that back, so it is left as it was found.
                ExecutionContext.RestoreFlow();
                current = ExecutionContext.Capture()!;
                _ = ExecutionContext.SuppressFlow();
            }
            return current;
        }
    }

    /// <summary>True while something runs in this context.</summary>
    internal bool IsEntered => _entered;

    /// <summary>The values held here while nothing runs in this context.</summary>
    internal ExecutionContext Values => _values;

    /// <summary>A context for something new that starts with the values of now; null stands for the empty one.</summary>
    internal static Context? CaptureForNew()
    {
        var current = Current;
        return ReferenceEquals(current, Empty) ? null : new Context(current);
    }

    /// <summary>Runs <paramref name="callback"/> in this context; what it changes stays here and does not reach the caller. Mirrors <c>Context.run</c>.</summary>
    /// <param name="callback">What to run.</param>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Something runs in this context already.</exception>
    public void Run(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        RunInside(callback, static callback =>
        {
            callback();
            return true;
        });
    }

    /// <summary>Runs <paramref name="function"/> in this context and gives back its value. Mirrors <c>Context.run</c>.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="function">What to run.</param>
    /// <returns>What <paramref name="function"/> returned.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Something runs in this context already.</exception>
    public T Run<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return RunInside(function, static function => function());
    }

    /// <summary>Says that something runs in it already: on this thread, where its values are in force.</summary>
    internal void NoteEntered() => _entered = true;

    /// <summary>Puts these values in force on this thread; returns those that were, for <see cref="Leave"/>.</summary>
    internal ExecutionContext Enter()
    {
        if (_entered)
        {
            throw new InvalidOperationException("Cannot enter this context: something already runs in it. Run in a copy of it instead.");
        }
        var outer = Current;
        _entered = true;
        ExecutionContext.Restore(_values);
        return outer;
    }

    /// <summary>Keeps what was changed since <see cref="Enter"/> and puts the outer values back in force.</summary>
    internal void Leave(ExecutionContext outer)
    {
        _values = Current;
        _entered = false;
        ExecutionContext.Restore(outer);
    }

    private T RunInside<TState, T>(TState state, Func<TState, T> function)
    {
        bool wasLifted = ContextSwitch.LiftSuppression();
        var outer = Enter();
        try
        {
            return function(state);
        }
        finally
        {
            Leave(outer);
            ContextSwitch.SuppressAgain(wasLifted);
        }
    }

    private static ExecutionContext CaptureEmpty()
    {
        // A thread started without flow is the one public place where the empty context can be seen.
        ExecutionContext? empty = null;
        var thread = new Thread(() => empty = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return empty!;
    }
}
