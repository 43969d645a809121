using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>Makes <c>await</c> work on objects known only as <see cref="IAwaitable"/>. The classes themselves have awaiters of their own.</summary>
public static class AwaitableExtensions
{
    /// <summary>For the compiler: what <c>await</c> calls.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="awaitable">What is awaited.</param>
    /// <returns>The awaiter.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    public static AwaitableAwaiter<T> GetAwaiter<T>(this IAwaitable<T> awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return new AwaitableAwaiter<T>(awaitable as IAwaitTarget<T> ?? CoroutineSources.CoroutineOf(awaitable) as IAwaitTarget<T>
            ?? throw new ArgumentException($"ToCoroutine() of {awaitable.GetType()} must give a Coroutine<{typeof(T).Name}>.", nameof(awaitable)));
    }

    /// <summary>For the compiler: what <c>await</c> calls.</summary>
    /// <param name="awaitable">What is awaited.</param>
    /// <returns>The awaiter.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    public static AwaitableAwaiter GetAwaiter(this IAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return new AwaitableAwaiter(awaitable as IAwaitTarget ?? CoroutineSources.CoroutineOf(awaitable));
    }
}

/// <summary>The awaiter of an <see cref="IAwaitable{T}"/>; used by the compiler.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
[StackTraceHidden]
public readonly struct AwaitableAwaiter<T> : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly IAwaitTarget<T> _target;

    internal AwaitableAwaiter(IAwaitTarget<T> target) => _target = target;

    /// <summary>True if there is nothing to wait for.</summary>
    public bool IsCompleted => _target.IsReady;

    AwaitKind IAwaitRequest.Kind => _target.Kind;

    object? IAwaitRequest.Target => _target;

    /// <summary>The value, or the failure thrown.</summary>
    /// <returns>The value.</returns>
    public T GetResult() => _target.AwaitedResult();

    /// <summary>Has <paramref name="continuation"/> called upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _target.OnCompleted(continuation);

    /// <summary>Has <paramref name="continuation"/> called upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _target.OnCompleted(continuation);
}

/// <summary>The awaiter of an <see cref="IAwaitable"/>; used by the compiler.</summary>
[StackTraceHidden]
public readonly struct AwaitableAwaiter : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly IAwaitTarget _target;

    internal AwaitableAwaiter(IAwaitTarget target) => _target = target;

    /// <summary>True if there is nothing to wait for.</summary>
    public bool IsCompleted => _target.IsReady;

    AwaitKind IAwaitRequest.Kind => _target.Kind;

    object? IAwaitRequest.Target => _target;

    /// <summary>Nothing, or the failure thrown.</summary>
    public void GetResult() => _target.AwaitedObject();

    /// <summary>Has <paramref name="continuation"/> called upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _target.OnCompleted(continuation);

    /// <summary>Has <paramref name="continuation"/> called upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _target.OnCompleted(continuation);
}
