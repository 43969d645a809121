using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp;

/// <summary>The functions of asyncio's module. Each stands in the file of its concept: this one makes tasks and finds them.</summary>
public static partial class Asyncio
{
    /// <summary>Which loop an explicit argument names, in CPython's words.</summary>
    internal const string LoopArgument = Specified + "; leave that argument out";

    /// <summary>Which loop a method of the loop means. (CPython says the same there.)</summary>
    internal const string ThisLoop = Specified + ", that is the one to be run; run the future's own loop, or await it there";

    /// <summary>Which loop is meant where none is named.</summary>
    internal const string RunningLoop = "the one that runs here; await it there, or send a coroutine there by RunCoroutineThreadsafe";

    private const string Specified = "the one specified as the loop argument";

    /// <summary>Which loop the first of several awaitables names.</summary>
    internal const string LoopOfOthers = "those before it; all must be of one loop";

    /// <summary>
    /// Makes a task of <paramref name="coroutine"/> on the running loop; its first step runs in the next iteration, unless it is to start eagerly.
    /// Mirrors <c>asyncio.create_task</c>.
    /// </summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this call; null for what the loop's task factory does, which without one is no.</param>
    /// <returns>The task. It goes on also if nobody keeps it; its failure is then reported.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> is null.</exception>
    /// <exception cref="InvalidOperationException">No loop is running on this thread; the coroutine is left unstarted.</exception>
    public static CoroutineTask CreateTask(Coroutine coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        return GetRunningLoop().CreateTask(coroutine, name, context, eagerStart, runsHere: true);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, Context?, bool?)"/>
    /// <typeparam name="T">The kind of result.</typeparam>
    public static CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        return GetRunningLoop().CreateTask(coroutine, name, context, eagerStart, runsHere: true);
    }

    /// <summary>
    /// As <see cref="CreateTask(Coroutine, string?, Context?, bool?)"/>; cancelling <paramref name="cancellationToken"/>, in any thread, cancels the task.
    /// Mirrors <c>asyncio.create_task</c>, which has no token.
    /// </summary>
    /// <remarks>
    /// The <see cref="CancelledException"/> that is thrown in the coroutine carries the token, and so does the task's. If the token is cancelled already,
    /// no statement of the coroutine runs. The registration is taken back when the task is done.
    /// </remarks>
    /// <param name="coroutine">What to run.</param>
    /// <param name="cancellationToken">The token.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">
    /// Whether the first step is run at once, inside this call, unless the token is cancelled already; null for what the loop's task factory does, which without one is no.
    /// </param>
    /// <returns>The task.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> is null.</exception>
    /// <exception cref="InvalidOperationException">No loop is running on this thread; the coroutine is left unstarted.</exception>
    public static CoroutineTask CreateTask(Coroutine coroutine, CancellationToken cancellationToken, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        return GetRunningLoop().CreateTask(coroutine, cancellationToken, name, context, eagerStart);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, CancellationToken, string?, Context?, bool?)"/>
    /// <typeparam name="T">The kind of result.</typeparam>
    public static CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, CancellationToken cancellationToken, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        return GetRunningLoop().CreateTask(coroutine, cancellationToken, name, context, eagerStart);
    }

    /// <summary>
    /// A future of what <paramref name="awaitable"/> gives: itself if it is a future or a task, otherwise a new task. Mirrors <c>asyncio.ensure_future</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">A coroutine, a future, a task, or something else that can be awaited.</param>
    /// <param name="loop">The loop for a new task, and the one that a future must belong to; null for the running one.</param>
    /// <returns>The future.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException">The future belongs to a loop other than <paramref name="loop"/>.</exception>
    /// <exception cref="InvalidOperationException">A task is needed, and <paramref name="loop"/> is closed (the coroutine is then closed too), or no loop is running.</exception>
    public static IFuture<T> EnsureFuture<T>(IAwaitable<T> awaitable, EventLoop? loop = null)
        => (IFuture<T>)(object)FutureOf<T>(awaitable, loop, LoopArgument, nameof(loop));

    /// <inheritdoc cref="EnsureFuture{T}(IAwaitable{T}, EventLoop?)"/>
    public static Future EnsureFuture(IAwaitable awaitable, EventLoop? loop = null) => FutureOf(awaitable, loop, LoopArgument, nameof(loop));

    /// <summary>The loop that is running on this thread. Mirrors <c>asyncio.get_running_loop</c>.</summary>
    /// <returns>The loop.</returns>
    /// <exception cref="InvalidOperationException">None is running.</exception>
    public static EventLoop GetRunningLoop() => EventLoop.Running ?? throw NoneRuns();

    /// <summary>The task that runs at this moment, or null in plain callbacks. Mirrors <c>asyncio.current_task</c>.</summary>
    /// <param name="loop">The loop that is asked; null for the running one.</param>
    /// <returns>The task, or null.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running.</exception>
    public static CoroutineTask? CurrentTask(EventLoop? loop = null) => (loop ?? GetRunningLoop()).CurrentTask?.Identity;

    /// <summary>The tasks of a loop that are not done, the caller's own and those not yet started included. Mirrors <c>asyncio.all_tasks</c>.</summary>
    /// <param name="loop">The loop that is asked; null for the running one.</param>
    /// <returns>A new set.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running.</exception>
    public static HashSet<CoroutineTask> AllTasks(EventLoop? loop = null) => [.. (loop ?? GetRunningLoop()).LiveTasks().Where(static task => task.Identity == task)];

    /// <summary>True for futures and tasks. Mirrors <c>asyncio.isfuture</c>.</summary>
    /// <param name="value">Anything.</param>
    /// <returns>The answer.</returns>
    public static bool IsFuture([NotNullWhen(true)] object? value) => value is Future;

    /// <summary>True for coroutine objects, generator-based ones included; false for methods, futures and other awaitables. Mirrors <c>asyncio.iscoroutine</c>.</summary>
    /// <param name="value">Anything.</param>
    /// <returns>The answer.</returns>
    public static bool IsCoroutine([NotNullWhen(true)] object? value) => value is Coroutine;

    private static EventLoop LoopFor(Coroutine coroutine, EventLoop? loop)
    {
        loop ??= GetRunningLoop();
        if (loop.IsClosed)
        {
            coroutine.Close();
        }
        return loop;
    }

    /// <summary>As <see cref="EnsureFuture(IAwaitable, EventLoop?)"/>, for functions that take awaitables.</summary>
    /// <param name="awaitable">A coroutine, a future, a task, or something else that can be awaited.</param>
    /// <param name="loop">The loop; null for the running one, or the future's own.</param>
    /// <param name="which">Which loop that is, for the message if the future belongs to another one.</param>
    /// <param name="argument">The argument that is wrong then.</param>
    internal static Future FutureOf(IAwaitable awaitable, EventLoop? loop, string which, string argument)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        if (awaitable is Future future)
        {
            return loop is null || future.Loop == loop ? future : throw DifferentLoop(future, which, argument);
        }
        var coroutine = CoroutineSources.CoroutineOf(awaitable);
        return LoopFor(coroutine, loop).CreateTask(coroutine);
    }

    /// <summary>The same, where the kind of value is known already: to find it out is dear.</summary>
    /// <inheritdoc cref="FutureOf(IAwaitable, EventLoop?, string, string)"/>
    internal static Future FutureOf<T>(IAwaitable awaitable, EventLoop? loop, string which, string argument) => awaitable is Coroutine<T> coroutine
        ? LoopFor(coroutine, loop).CreateTask(coroutine)
        : FutureOf(awaitable, loop, which, argument);

    /// <summary>The same, for functions that wrap what they are given.</summary>
    /// <inheritdoc cref="FutureOf(IAwaitable, EventLoop?, string, string)"/>
    internal static Future FutureInside(IAwaitable awaitable, EventLoop? loop, string which, string argument) => FutureInside<NoValue>(awaitable, loop, which, argument);

    /// <inheritdoc cref="FutureInside(IAwaitable, EventLoop?, string, string)"/>
    internal static Future FutureInside<T>(IAwaitable awaitable, EventLoop? loop, string which, string argument)
        => awaitable is null or Future ? FutureOf(awaitable!, loop, which, argument) : TaskInside<T>(CoroutineSources.CoroutineOf(awaitable), loop);

    /// <summary>The same for a coroutine, whose kind of value is probably <typeparamref name="T"/>; if that is not known either, <see cref="NoValue"/>.</summary>
    internal static CoroutineTask TaskInside<T>(Coroutine coroutine, EventLoop? loop)
    {
        if (typeof(T) != typeof(NoValue) && coroutine is Coroutine<T> typed)
        {
            return TaskInside(typed, loop, EventLoop.Running);
        }
        var task = LoopFor(coroutine, loop).CreateTask(coroutine);
        task.IsImplicit = true;
        return task;
    }

    /// <summary>The same, where the kind of value is known, and which loop runs here.</summary>
    internal static CoroutineTask<T> TaskInside<T>(Coroutine<T> coroutine, EventLoop? loop, EventLoop? running)
    {
        loop = LoopFor(coroutine, loop);
        var task = loop.CreateTask(coroutine, null, null, null, loop == running);
        task.IsImplicit = true;
        return task;
    }

    // Elsewhere, so that the question, which is asked for every task, is short enough to be inlined.
    private static InvalidOperationException NoneRuns()
        => new("no running event loop: call this from a coroutine or a callback of a loop, or start one with Asyncio.Run. "
            + "Where a loop is at hand, use its own method, for instance loop.CreateTask.");

    internal static ArgumentException DifferentLoop(Future future, string which, string argument)
        => new($"The future belongs to a different loop than {which}: {future}", argument);
}
