using System.Diagnostics;
using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>A future that whoever holds it can complete: asyncio's <c>Future</c>. Made by <see cref="EventLoop.CreateFuture{T}"/>.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public class Future<T> : Future, IFuture<T>, IAwaitTarget<T>
{
    private T? _result;

    /// <summary>Creates a pending future of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop that it belongs to.</param>
    /// <exception cref="ArgumentNullException"><paramref name="loop"/> is null.</exception>
    public Future(EventLoop loop)
        : base(loop)
    {
    }

    private protected override string ResultText => $" result={TextForm.Short(_result)}";

    /// <summary>For the compiler: what <c>await</c> calls. A cancelled awaiting task cancels the future.</summary>
    /// <returns>The awaiter.</returns>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public new FutureAwaiter<T> GetAwaiter() => new(this);

    /// <summary>The result. Mirrors <c>Future.result()</c>.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidStateException">It is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [StackTraceHidden]
    public new T Result()
    {
        ThrowUnlessSucceeded();
        return _result!;
    }

    /// <summary>Finishes the future with a result. Mirrors <c>Future.set_result</c>.</summary>
    /// <param name="result">The result.</param>
    /// <exception cref="InvalidStateException">It is done already; nothing changes.</exception>
    /// <exception cref="InvalidOperationException">Somebody waits and the loop is closed, or, in debug mode, run by another thread.</exception>
    public void SetResult(T result)
    {
        CheckPending();
        _result = result;
        Succeed();
    }

    /// <summary>
    /// Finishes the future with a failure. If nobody ever asks for it, the exception handler is told. A <see cref="CancelledException"/> is a
    /// failure here too: the future is then not cancelled. Mirrors <c>Future.set_exception</c>.
    /// </summary>
    /// <param name="exception">The failure.</param>
    /// <exception cref="ArgumentNullException"><paramref name="exception"/> is null.</exception>
    /// <exception cref="InvalidStateException">It is done already; nothing changes.</exception>
    /// <exception cref="InvalidOperationException">Somebody waits and the loop is closed, or, in debug mode, run by another thread.</exception>
    public void SetException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        CheckPending();
        Fail(exception);
    }

    /// <summary>Finishes the future with a new <typeparamref name="TException"/>. Mirrors <c>Future.set_exception</c> with a class.</summary>
    /// <typeparam name="TException">The kind of failure.</typeparam>
    /// <exception cref="InvalidStateException">It is done already; nothing changes.</exception>
    public void SetException<TException>()
        where TException : Exception, new()
        => SetException(new TException());

    [StackTraceHidden]
    T IAwaitTarget<T>.AwaitedResult()
    {
        Injection.ThrowIfAny();
        return Result();
    }

    [StackTraceHidden]
    internal sealed override object? ResultObject()
    {
        Injection.ThrowIfAny();
        return Result();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckPending()
    {
        if (IsDone || Loop.Debug)
        {
            CheckPendingInFull();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CheckPendingInFull()
    {
        Loop.CheckThread(this);
        if (IsDone)
        {
            throw new InvalidStateException($"invalid state: {this} is done already and cannot be completed again.");
        }
    }
}
