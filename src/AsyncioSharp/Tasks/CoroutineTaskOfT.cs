using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>A <see cref="CoroutineTask"/> with a result.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public class CoroutineTask<T> : CoroutineTask, IFuture<T>, IAwaitTarget<T>
{
    /// <summary>
    /// Creates a task and queues its first step. Programs use <see cref="Asyncio.CreateTask{T}(Coroutine{T}, string?, Context?, bool?)"/>; this is
    /// for task factories.
    /// </summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this constructor, if the loop runs on this thread.</param>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask(Coroutine<T> coroutine, EventLoop loop, string? name = null, Context? context = null, bool eagerStart = false)
        : base(coroutine, loop, name, context, eagerStart)
    {
    }

    /// <inheritdoc cref="CoroutineTask(AsyncioSharp.Coroutine, EventLoop, string?, Context?, bool, bool)"/>
    internal CoroutineTask(Coroutine<T> coroutine, EventLoop loop, string? name, Context? context, bool eagerStart, bool runsHere)
        : base(coroutine, loop, name, context, eagerStart, runsHere)
    {
    }

    /// <inheritdoc cref="CoroutineTask(AsyncioSharp.Coroutine, EventLoop, long, Context?)"/>
    internal CoroutineTask(Coroutine<T> coroutine, EventLoop loop, long number, Context? context)
        : base(coroutine, loop, number, context)
    {
    }

    /// <summary>The coroutine that the task runs, also after its end. Mirrors <c>Task.get_coro()</c>.</summary>
    public new Coroutine<T> Coroutine => Unsafe.As<Coroutine<T>>(base.Coroutine);

    private protected override string ResultText => $" result={TextForm.Short(Unsafe.As<Coroutine<T>>(Leaf).ResultObject())}";

    private T Value => Unsafe.As<Coroutine<T>>(Leaf).GetResult();

    /// <summary>For the compiler: what <c>await</c> calls. A cancelled awaiting task cancels this one.</summary>
    /// <returns>The awaiter.</returns>
    [System.ComponentModel.EditorBrowsable(System.ComponentModel.EditorBrowsableState.Never)]
    public new CoroutineTaskAwaiter<T> GetAwaiter() => new(this);

    /// <summary>The result. Mirrors <c>Task.result()</c>.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidStateException">The task is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [StackTraceHidden]
    public new T Result()
    {
        ThrowUnlessSucceeded();
        return Value;
    }

    [StackTraceHidden]
    T IAwaitTarget<T>.AwaitedResult()
    {
        Injection.ThrowIfAny();
        return Result();
    }
}

/// <summary>The awaiter of a <see cref="CoroutineTask{T}"/>; used by the compiler.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
[StackTraceHidden]
public readonly struct CoroutineTaskAwaiter<T> : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly CoroutineTask<T> _task;

    internal CoroutineTaskAwaiter(CoroutineTask<T> task) => _task = task;

    /// <summary>True if the task is done: then the await does not suspend.</summary>
    public bool IsCompleted => _task.IsDone;

    AwaitKind IAwaitRequest.Kind => AwaitKind.Future;

    object? IAwaitRequest.Target => _task;

    /// <summary>The result, or the failure thrown.</summary>
    /// <returns>The result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    public T GetResult()
    {
        Injection.ThrowIfAny();
        return _task.Result();
    }

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _task.OnCompletedOutside(continuation);

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _task.OnCompletedOutside(continuation);
}
