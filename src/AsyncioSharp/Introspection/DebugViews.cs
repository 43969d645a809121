using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp;

// What a debugger shows of the objects of this library when they are unfolded. The classes name their view by its text, since introspection stands
// above them. Reading a view changes nothing that could be seen: failures stay unretrieved, and tasks that are only made now are those that were there all the time.

/// <summary>A loop: its tasks, what is ready, and how many timers are set.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Made by debuggers.")]
internal sealed class EventLoopDebugView(EventLoop loop)
{
    public double Time => loop.Time;

    public bool IsRunning => loop.IsRunning;

    public bool IsClosed => loop.IsClosed;

    public bool Debug => loop.Debug;

    public CoroutineTask? CurrentTask => loop.CurrentTask;

    public CoroutineTask[] Tasks => [.. loop.LiveTasks()];

    public Runnable[] Ready => [.. loop.ReadyEntries().Select(entry => loop.TaskOf(entry) ?? entry)];

    public int TimerCount => loop.TimerCount;
}

/// <summary>A future: its outcome, and who waits for it.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Made by debuggers.")]
internal sealed class FutureDebugView(Future future)
{
    public bool IsDone => future.IsDone;

    public bool IsCancelled => future.IsCancelled;

    public Exception? Exception => future.PeekException;

    public Runnable[] Waiters => [.. future.ListWaiters()];

    public StackTrace? SourceTraceback => future.SourceTraceback;
}

/// <summary>A task: where it is suspended, on what, and who waits for it.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Made by debuggers.")]
internal sealed class TaskDebugView(CoroutineTask task)
{
    public string Name => task.Name;

    public bool IsDone => task.IsDone;

    public bool IsCancelled => task.IsCancelled;

    public int Cancelling => task.Cancelling;

    public Exception? Exception => task.PeekException;

    public CoroutineFrame[] Stack => [.. task.GetStack()];

    public object? WaitsFor => task.IsDone ? null : AwaitChain.Of(task.Coroutine) is { Target: var target, Frames: var frames } ? target ?? frames[^1] : null;

    public Runnable[] Waiters => [.. task.ListWaiters()];

    public Coroutine Coroutine => task.Coroutine;

    public StackTrace? SourceTraceback => task.SourceTraceback;
}

/// <summary>A coroutine: where it stands, and the coroutine that awaits it.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Made by debuggers.")]
internal sealed class CoroutineDebugView(Coroutine coroutine)
{
    public string Name => coroutine.QualifiedName;

    public CoroutineState State => coroutine.State;

    public CoroutineFrame[] Stack => coroutine.State is CoroutineState.Created or CoroutineState.Suspended ? [.. AwaitChain.Of(coroutine).Frames.Select(TaskStacks.FrameOf)] : [];

    public Coroutine? AwaitedBy => coroutine.Parent;

    /// <summary>The machine with the method's locals; null once the coroutine has succeeded, when they are gone, or will be. Those of a failed one may tell why.</summary>
    public object? Locals => coroutine.Status == Coroutine.Progress.Succeeded ? null : coroutine.Machine;
}
