using System.Runtime.CompilerServices;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// A task factory that runs the first step of every task where the task is created, so that a coroutine that does not suspend is done at
    /// once and never enters the loop's queue. Mirrors <c>asyncio.eager_task_factory</c>.
    /// </summary>
    /// <remarks>
    /// It changes the order of things: a task begins before its creator goes on. A task that is created while its loop does not run begins
    /// with the loop. A fatal exception in the first step comes out where the task is created.
    /// </remarks>
    public static ITaskFactory EagerTaskFactory { get; } = new EagerFactory(null);

    /// <summary>An eager task factory for tasks of a kind of one's own. Mirrors <c>asyncio.create_eager_task_factory</c>.</summary>
    /// <param name="constructor">Makes the tasks; asked for an eager start unless the creator of a task says otherwise.</param>
    /// <returns>The factory.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="constructor"/> is null.</exception>
    public static ITaskFactory CreateEagerTaskFactory(ITaskFactory constructor)
    {
        ArgumentNullException.ThrowIfNull(constructor);
        return new EagerFactory(constructor);
    }

    private sealed class EagerFactory(ITaskFactory? constructor) : ITaskFactory
    {
        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => Create(loop, coroutine, null, context, null);

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => Create(loop, coroutine, null, context, null);

        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, string? name, Context? context, bool? eagerStart) => constructor is null
            ? new CoroutineTask(coroutine, loop, name, context, eagerStart ?? true)
            : constructor.Create(loop, coroutine, name, context, eagerStart ?? true);

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, string? name, Context? context, bool? eagerStart) => constructor is null
            ? new CoroutineTask<T>(coroutine, loop, name, context, eagerStart ?? true)
            : constructor.Create(loop, coroutine, name, context, eagerStart ?? true);
    }
}

public sealed partial class EventLoop
{
    private readonly List<CoroutineTask?> _creators = []; // whose code was running when eager tasks began, inside of each other; null: the entry's

    /// <summary>True inside of the first step of an eager task.</summary>
    internal bool IsInStep => _creators.Count > 0;

    /// <summary>True if code of <paramref name="task"/> runs otherwise than as the entry whose turn it is, or has begun what runs.</summary>
    internal bool IsActing(CoroutineTask task) => ActingTask == task || _creators.Contains(task);

    /// <summary>Refuses to make an eager task for a context in which something runs already, before there is a task that would be left behind.</summary>
    internal void CheckEagerContext(Context context)
    {
        if (IsOnOwnThread && context.IsEntered)
        {
            throw new InvalidOperationException("The task cannot start eagerly: something already runs in its context. Pass a copy of the context, or eagerStart: false.");
        }
    }

    // Asked the system once in a while: what it leaves is enough for many more.
    private bool HasRoomForAnother() => (_creators.Count & 7) != 7 || RuntimeHelpers.TryEnsureSufficientExecutionStack();

    /// <summary>
    /// Runs the first step of a task that was just made, inside that of its creator. False, and nothing happens, if the loop does not run on
    /// this thread, or if eager tasks that create each other have used up the stack: then the step is queued as that of any other task.
    /// </summary>
    internal bool TryStartEagerly(CoroutineTask task, bool runsHere)
    {
        if (!(runsHere || IsOnOwnThread) || !HasRoomForAnother())
        {
            return false;
        }
        Register(task, isHere: runsHere);
        var creator = ActingTask;
        if (creator is { Place: 0, IsDone: false })
        {
            creator.List(); // if it is in its first step, neither the queue nor the loop names it from here on
        }
        ActingTask = task;
        _creators.Add(creator);
        bool wasLifted = !IsAtRest && ContextSwitch.LiftSuppression();
        try
        {
            task.Run(null);
        }
        finally
        {
            _creators.RemoveAt(_creators.Count - 1);
            ActingTask = creator;
            ContextSwitch.SuppressAgain(wasLifted);
        }
        return true;
    }
}
