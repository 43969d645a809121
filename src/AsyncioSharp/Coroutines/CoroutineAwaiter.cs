using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>The awaiter of a <see cref="Coroutine"/>; used by the compiler.</summary>
[StackTraceHidden]
public readonly struct CoroutineAwaiter : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly Coroutine _coroutine;

    internal CoroutineAwaiter(Coroutine coroutine) => _coroutine = coroutine;

    /// <summary>False, but for a coroutine of this library that can end at once: a coroutine starts when it is awaited. Throws if it was started before.</summary>
    public bool IsCompleted => _coroutine.IsReadyWhenAwaited;

    AwaitKind IAwaitRequest.Kind => _coroutine.KindWhenAwaited;

    object? IAwaitRequest.Target => _coroutine;

    /// <summary>Nothing, or the coroutine's failure thrown.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    public void GetResult()
    {
        if (_coroutine.Status == Coroutine.Progress.Turn)
        {
            Injection.ThrowIfAny();
        }
        else
        {
            _coroutine.ThrowUnlessSucceeded();
        }
    }

    /// <summary>Runs the coroutine as a task of the running loop; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call when it is done.</param>
    public void OnCompleted(Action continuation) => _coroutine.OnCompletedOutside(continuation);

    /// <summary>Runs the coroutine as a task of the running loop; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call when it is done.</param>
    public void UnsafeOnCompleted(Action continuation) => _coroutine.OnCompletedOutside(continuation);
}

/// <summary>The awaiter of a <see cref="Coroutine{T}"/>; used by the compiler.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
[StackTraceHidden]
public readonly struct CoroutineAwaiter<T> : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly Coroutine<T> _coroutine;

    internal CoroutineAwaiter(Coroutine<T> coroutine) => _coroutine = coroutine;

    /// <summary>False, but for a coroutine of this library that can end at once: a coroutine starts when it is awaited. Throws if it was started before.</summary>
    public bool IsCompleted => _coroutine.IsReadyWhenAwaited;

    AwaitKind IAwaitRequest.Kind => _coroutine.KindWhenAwaited;

    object? IAwaitRequest.Target => _coroutine;

    /// <summary>The coroutine's value, or its failure thrown.</summary>
    /// <returns>The value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    public T GetResult() => _coroutine.GetResult();

    /// <summary>Runs the coroutine as a task of the running loop; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call when it is done.</param>
    public void OnCompleted(Action continuation) => _coroutine.OnCompletedOutside(continuation);

    /// <summary>Runs the coroutine as a task of the running loop; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call when it is done.</param>
    public void UnsafeOnCompleted(Action continuation) => _coroutine.OnCompletedOutside(continuation);
}
