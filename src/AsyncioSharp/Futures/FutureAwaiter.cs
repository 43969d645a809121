using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>The awaiter of a <see cref="Future"/>; used by the compiler.</summary>
[StackTraceHidden]
public readonly struct FutureAwaiter : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly Future _future;

    internal FutureAwaiter(Future future) => _future = future;

    /// <summary>True if it is done: then the await does not suspend.</summary>
    public bool IsCompleted => _future.IsDone;

    AwaitKind IAwaitRequest.Kind => AwaitKind.Future;

    object? IAwaitRequest.Target => _future;

    /// <summary>Nothing, or the failure thrown.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    public void GetResult()
    {
        Injection.ThrowIfAny();
        _future.ThrowUnlessSucceeded();
    }

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _future.OnCompletedOutside(continuation);

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _future.OnCompletedOutside(continuation);
}

/// <summary>The awaiter of a <see cref="Future{T}"/>; used by the compiler.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
[StackTraceHidden]
public readonly struct FutureAwaiter<T> : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly Future<T> _future;

    internal FutureAwaiter(Future<T> future) => _future = future;

    /// <summary>True if it is done: then the await does not suspend.</summary>
    public bool IsCompleted => _future.IsDone;

    AwaitKind IAwaitRequest.Kind => AwaitKind.Future;

    object? IAwaitRequest.Target => _future;

    /// <summary>The result, or the failure thrown.</summary>
    /// <returns>The result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    public T GetResult()
    {
        Injection.ThrowIfAny();
        return _future.Result();
    }

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _future.OnCompletedOutside(continuation);

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _future.OnCompletedOutside(continuation);
}
