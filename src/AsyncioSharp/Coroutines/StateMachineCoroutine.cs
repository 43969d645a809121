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
        else if (typeof(TAwaiter) == typeof(YieldAwaitable.YieldAwaiter))
        {
            coroutine.Suspend(AwaitKind.Foreign, YieldAwait.Shared);
        }
        else
        {
            coroutine.Suspend(AwaitKind.Foreign, ForeignAwait<TAwaiter>.Of(coroutine.Link, ref awaiter));
        }
    }

    /// <summary>The same for awaiters that do not offer <c>UnsafeOnCompleted</c>; this library's all do.</summary>
    internal static void Await<TAwaiter>(Coroutine coroutine, ref TAwaiter awaiter)
        where TAwaiter : INotifyCompletion
        => coroutine.Suspend(AwaitKind.Foreign, new PlainForeignAwait<TAwaiter>(awaiter));

    /// <summary>Runs a machine that awaits things of .NET, and so calls its methods: these shall belong to the running task.</summary>
    internal static void MoveNextAsOwner<TStateMachine>(Coroutine coroutine, ref TStateMachine machine)
        where TStateMachine : IAsyncStateMachine
    {
        if (coroutine.Link is ForeignAwait { HasCompleted: true, ReplaceableType: not null } foreign) // one that may be used again
        {
            foreign.Release();
        }
        else
        {
            coroutine.ForgetAwaited();
        }
        if (CoroutineHost.Running is not { } host)
        {
            machine.MoveNext();
            return;
        }
        var thread = host.Thread;
        var outer = ThreadValues.SynchronizationOf(thread); // not asked for the host: code that ran before may have replaced it
        ThreadValues.SetSynchronization(thread, host.OfCurrentTask());
        machine.MoveNext();
        ThreadValues.SetSynchronization(thread, outer);
    }

    /// <summary>True if an exception can come out of the await at which <paramref name="coroutine"/> is suspended.</summary>
    internal static bool CanThrowInto<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine>(Coroutine coroutine)
        => coroutine.Awaiting != AwaitKind.Foreign || coroutine.IsTransparent || MachineFields<TStateMachine>.HaveAwaiter(Unsafe.As<ForeignAwait>(coroutine.Link!).ReplaceableType);

    /// <summary>Has <paramref name="exception"/> come out of the await at which <paramref name="coroutine"/> is suspended.</summary>
    internal static void ThrowInto<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine>(Coroutine coroutine, ref TStateMachine machine, Exception exception)
    {
        var foreign = coroutine.Awaiting == AwaitKind.Foreign ? Unsafe.As<ForeignAwait>(coroutine.Link) : null;
        foreign?.Discard();
        if (coroutine.IsTransparent)
        {
            coroutine.Fail(exception); // nothing in it could notice
            return;
        }
        if (foreign is not null)
        {
            MachineFields<TStateMachine>.ReplaceAwaiter(ref machine, foreign.Failing(exception));
            coroutine.Resume();
            return;
        }
        Injection.Begin(exception);
        try
        {
            coroutine.Resume();
        }
        finally
        {
            Injection.End();
        }
    }
}

/// <inheritdoc cref="StateMachineCoroutine"/>
internal sealed class StateMachineCoroutine<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine> : StateMachineCoroutine
    where TStateMachine : IAsyncStateMachine
{
    [AllowNull]
    internal TStateMachine StateMachine; // a field: the compiler's methods take it by reference

    public override string QualifiedName => StateMachineInfo<TStateMachine>.QualifiedName;

    internal override object? Machine => StateMachine;

    internal override Type? MachineType => typeof(TStateMachine);

    internal override bool IsTransparent => StateMachineInfo<TStateMachine>.IsTransparent;

    internal override bool CanThrow => StateMachineCoroutine.CanThrowInto<TStateMachine>(this);

    internal override bool TrySpareTask() => !MachineFields<TStateMachine>.AreForeign && StateMachineInfo<TStateMachine>.Unmade.TrySpare();

    internal override void NoteNeeded() => StateMachineInfo<TStateMachine>.Unmade.Charge();

    internal override void Resume()
    {
        if (MachineFields<TStateMachine>.AreForeign)
        {
            Awaiting = AwaitKind.None;
            StateMachineCoroutine.MoveNextAsOwner(this, ref StateMachine);
        }
        else
        {
            EndAwait();
            StateMachine.MoveNext();
        }
        if (MachineFields<TStateMachine>.HoldValues && IsDoneWith)
        {
            StateMachine = default; // a task that is kept shall not keep what its method was given
        }
    }

    internal override void Throw(Exception exception) => StateMachineCoroutine.ThrowInto(this, ref StateMachine, exception);

    internal override bool TryReplaceIterator(ForeignAwait left, Runnable disposal) => MachineFields<TStateMachine>.ReplaceIterator(ref StateMachine, left, disposal);
}

/// <inheritdoc cref="StateMachineCoroutine"/>
internal sealed class StateMachineCoroutine<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine, T> : Coroutine<T>
    where TStateMachine : IAsyncStateMachine
{
    [AllowNull]
    internal TStateMachine StateMachine; // a field: the compiler's methods take it by reference

    public override string QualifiedName => StateMachineInfo<TStateMachine>.QualifiedName;

    internal override object? Machine => StateMachine;

    internal override Type? MachineType => typeof(TStateMachine);

    internal override bool IsTransparent => StateMachineInfo<TStateMachine>.IsTransparent;

    internal override bool CanThrow => StateMachineCoroutine.CanThrowInto<TStateMachine>(this);

    internal override bool TrySpareTask() => !MachineFields<TStateMachine>.AreForeign && StateMachineInfo<TStateMachine>.Unmade.TrySpare();

    internal override void NoteNeeded() => StateMachineInfo<TStateMachine>.Unmade.Charge();

    internal override void Resume()
    {
        if (MachineFields<TStateMachine>.AreForeign)
        {
            Awaiting = AwaitKind.None;
            StateMachineCoroutine.MoveNextAsOwner(this, ref StateMachine);
        }
        else
        {
            EndAwait();
            StateMachine.MoveNext();
        }
        if (MachineFields<TStateMachine>.HoldValues && IsDoneWith)
        {
            StateMachine = default; // a task that is kept shall not keep what its method was given
        }
    }

    internal override void Throw(Exception exception) => StateMachineCoroutine.ThrowInto(this, ref StateMachine, exception);

    internal override bool TryReplaceIterator(ForeignAwait left, Runnable disposal) => MachineFields<TStateMachine>.ReplaceIterator(ref StateMachine, left, disposal);
}

/// <summary>What is known of an <c>async</c> method from its compiled form; found out once, when first asked for.</summary>
/// <typeparam name="TStateMachine">The method's state machine.</typeparam>
internal static class StateMachineInfo<TStateMachine>
    where TStateMachine : IAsyncStateMachine
{
    internal static readonly string QualifiedName = MethodNames.OfStateMachine(typeof(TStateMachine));

    /// <summary>Whether the tasks of its coroutines are worth leaving out. For any thread, roughly.</summary>
    internal static UnmadeCredit Unmade;

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
