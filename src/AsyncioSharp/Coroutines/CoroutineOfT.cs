using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>What an <c>async Coroutine&lt;T&gt;</c> method returns; a <see cref="Coroutine"/> with a value.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
[AsyncMethodBuilder(typeof(CoroutineMethodBuilder<>))]
public abstract class Coroutine<T> : Coroutine, IAwaitable<T>, IAwaitTarget<T>
{
    private T? _result;

    private protected Coroutine()
    {
    }

    /// <summary>For the compiler: what <c>await</c> calls. Awaiting runs the coroutine inside the awaiting task, in its context.</summary>
    /// <returns>The awaiter.</returns>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public new CoroutineAwaiter<T> GetAwaiter() => new(this);

    [StackTraceHidden]
    T IAwaitTarget<T>.AwaitedResult() => GetResult();

    /// <summary>The value; throws the failure.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [StackTraceHidden]
    internal T GetResult()
    {
        ThrowUnlessSucceeded();
        return _result!;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Succeed(T result)
    {
        _result = result;
        Succeed();
    }

    internal sealed override object? ResultObject()
    {
        var result = GetResult();
        return typeof(T) == typeof(NoValue) ? null : result;
    }

    internal sealed override TOut Accept<TOut>(ICoroutineVisitor<TOut> visitor) => typeof(T) == typeof(NoValue) ? base.Accept(visitor) : visitor.Visit(this);
}
