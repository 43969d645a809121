using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The coroutine of an <c>async</c> method: the compiler's state machine, boxed together with what a coroutine needs.
/// (Two classes, with and without a value, as the class that a method returns must be a base class of its box.)
/// </summary>
internal abstract class StateMachineCoroutine : Coroutine
{
    /// <summary>Suspends <paramref name="coroutine"/> on what <paramref name="awaiter"/> stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AwaitUnsafe<TAwaiter>(Coroutine coroutine, ref TAwaiter awaiter)
        where TAwaiter : ICriticalNotifyCompletion
    {
        // For a struct the JIT decides the test when it compiles, and removes the boxes.
        if (awaiter is IAwaitRequest)
        {
            coroutine.Suspend(((IAwaitRequest)awaiter).Kind, ((IAwaitRequest)awaiter).Target);
        }
        else
        {
            coroutine.Suspend(AwaitKind.Foreign, new UnsafeForeignAwait<TAwaiter>(awaiter));
        }
    }

    /// <summary>The same for awaiters that do not offer <c>UnsafeOnCompleted</c>; this library's all do.</summary>
    internal static void Await<TAwaiter>(Coroutine coroutine, ref TAwaiter awaiter)
        where TAwaiter : INotifyCompletion
        => coroutine.Suspend(AwaitKind.Foreign, new SafeForeignAwait<TAwaiter>(awaiter));

    private sealed class SafeForeignAwait<TAwaiter>(TAwaiter awaiter) : ForeignAwait
        where TAwaiter : INotifyCompletion
    {
        private readonly TAwaiter _awaiter = awaiter;

        internal override object Awaiter => _awaiter;

        internal override void OnCompleted(Action continuation) => _awaiter.OnCompleted(continuation);
    }

    private sealed class UnsafeForeignAwait<TAwaiter>(TAwaiter awaiter) : ForeignAwait
        where TAwaiter : ICriticalNotifyCompletion
    {
        private TAwaiter _awaiter = awaiter;

        internal override object Awaiter => _awaiter;

        internal override object? Source => AsyncIterators.SourceOf(ref _awaiter);

        internal override void OnCompleted(Action continuation) => _awaiter.UnsafeOnCompleted(continuation);
    }
}

/// <inheritdoc cref="StateMachineCoroutine"/>
internal sealed class StateMachineCoroutine<TStateMachine> : StateMachineCoroutine
    where TStateMachine : IAsyncStateMachine
{
    [AllowNull]
    internal TStateMachine StateMachine; // a field: the compiler's methods take it by reference

    public override string QualifiedName => StateMachineInfo<TStateMachine>.QualifiedName;

    internal override object? Machine => StateMachine;

    internal override bool IsTransparent => StateMachineInfo<TStateMachine>.IsTransparent;

    internal override void Resume()
    {
        Awaiting = AwaitKind.None;
        StateMachine.MoveNext();
    }

    internal override void Throw(Exception exception)
    {
        if (IsTransparent || Awaiting == AwaitKind.Foreign)
        {
            // Nothing in it could notice; or nothing of ours stands at the await to throw.
            Fail(exception);
            return;
        }
        Injection.Begin(exception);
        try
        {
            Resume();
        }
        finally
        {
            Injection.End();
        }
    }
}

/// <inheritdoc cref="StateMachineCoroutine"/>
internal sealed class StateMachineCoroutine<TStateMachine, T> : Coroutine<T>
    where TStateMachine : IAsyncStateMachine
{
    [AllowNull]
    internal TStateMachine StateMachine; // a field: the compiler's methods take it by reference

    public override string QualifiedName => StateMachineInfo<TStateMachine>.QualifiedName;

    internal override object? Machine => StateMachine;

    internal override bool IsTransparent => StateMachineInfo<TStateMachine>.IsTransparent;

    internal override void Resume()
    {
        Awaiting = AwaitKind.None;
        StateMachine.MoveNext();
    }

    internal override void Throw(Exception exception)
    {
        if (IsTransparent || Awaiting == AwaitKind.Foreign)
        {
            // Nothing in it could notice; or nothing of ours stands at the await to throw.
            Fail(exception);
            return;
        }
        Injection.Begin(exception);
        try
        {
            Resume();
        }
        finally
        {
            Injection.End();
        }
    }
}

/// <summary>What is known of an <c>async</c> method from its compiled form; found out once, when first asked for.</summary>
/// <typeparam name="TStateMachine">The method's state machine.</typeparam>
internal static class StateMachineInfo<TStateMachine>
    where TStateMachine : IAsyncStateMachine
{
    internal static readonly string QualifiedName = MethodNames.OfStateMachine(typeof(TStateMachine));

    /// <summary>
    /// True if <c>MoveNext</c> has a single exception-handling clause, the compiler's own: then there is no <c>try</c>, <c>using</c>, <c>lock</c>
    /// or <c>foreach</c> with disposal around any <c>await</c>, so an exception thrown at one only leaves the method.
    /// Where the runtime cannot tell, false: the exception is thrown.
    /// </summary>
    internal static readonly bool IsTransparent = Inspect();

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Trimming keeps the exception-handling clauses of code that can run; without a body the answer is false.")]
    [UnconditionalSuppressMessage("Trimming", "IL2087", Justification = "The object is only asked for the address of MoveNext; no constructor is needed.")]
    private static bool Inspect()
    {
        try
        {
            // Through a delegate, so that no method has to be looked up by its name. In Debug builds the type is a class without an instance.
            object machine = RuntimeHelpers.GetUninitializedObject(typeof(TStateMachine));
            Action moveNext = ((IAsyncStateMachine)machine).MoveNext;
            return moveNext.Method.GetMethodBody()?.ExceptionHandlingClauses.Count == 1;
        }
        catch (Exception e) when (e is NotSupportedException or InvalidOperationException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
