namespace AsyncioSharp;

/// <summary>The host of the loop that runs on a thread, whatever synchronization context is the current one there.</summary>
internal static class CoroutineHost
{
    [ThreadStatic]
    private static ICoroutineHost? t_running;

    /// <summary>Null where no loop runs.</summary>
    internal static ICoroutineHost? Running
    {
        get => t_running;
        set => t_running = value;
    }
}

/// <summary>The synchronization context of a running loop, as far as coroutines need it.</summary>
internal interface ICoroutineHost
{
    /// <summary>The thread on which the loop runs.</summary>
    Thread Thread { get; }

    /// <summary>Runs <paramref name="coroutine"/> on behalf of the current task and calls <paramref name="continuation"/> when it is done.</summary>
    void Drive(Coroutine coroutine, Action continuation);

    /// <summary>The context in which the current task calls methods of .NET, so that what those go on with belongs to it.</summary>
    SynchronizationContext OfCurrentTask();

    /// <summary>
    /// Passes a cancel request of the task whose context this is on to what those methods of .NET wait for that it awaits in <paramref name="awaited"/>.
    /// False if there is none whose wait can be ended.
    /// </summary>
    bool CancelBelow(ForeignAwait awaited, string? message);

    /// <summary>The task has left <paramref name="awaited"/> behind: the methods in it are cancelled where that can be done, once they have gone on.</summary>
    void LeaveBehind(ForeignAwait awaited, string? message);
}
