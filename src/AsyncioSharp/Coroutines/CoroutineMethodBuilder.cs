using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// How the compiler builds a <see cref="Coroutine"/> from an <c>async</c> method. Differs from the builder of <c>Task</c> in one thing that
/// matters: <see cref="Start"/> runs nothing. It moves the state machine into the coroutine object, the call's only allocation.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public struct CoroutineMethodBuilder
{
    private StateMachineCoroutine _coroutine; // the only field: MachineLayout moves a machine without its builder, and sets this

    /// <summary>For the compiler.</summary>
    public readonly Coroutine Task => _coroutine;

    /// <summary>For the compiler.</summary>
    /// <returns>The builder.</returns>
    public static CoroutineMethodBuilder Create() => default;

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="stateMachine">The state machine.</param>
    public void Start<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        var coroutine = new StateMachineCoroutine<TStateMachine>();
        _coroutine = coroutine; // this builder is a field of the state machine, so it must be complete before that is copied
        // The same below: in a method of its own, that would have to be compiled for each machine too, as long as calls are not inlined.
        if (!RuntimeFeature.IsDynamicCodeCompiled || typeof(TStateMachine).IsGenericType || MachineFields<TStateMachine>.NumbersEnd == 0)
        {
            coroutine.StateMachine = stateMachine;
        }
        else
        {
            MachineLayout.Move(
                ref Unsafe.As<TStateMachine, byte>(ref stateMachine),
                ref Unsafe.As<TStateMachine, byte>(ref coroutine.StateMachine),
                ref Unsafe.As<CoroutineMethodBuilder, byte>(ref this),
                coroutine,
                MachineFields<TStateMachine>.References,
                MachineFields<TStateMachine>.NumbersEnd);
        }
        NeverAwaited.Watch(coroutine);
    }

    /// <summary>For the compiler; unused.</summary>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler.</summary>
    public readonly void SetResult() => _coroutine.Succeed();

    /// <summary>For the compiler.</summary>
    /// <param name="exception">What escaped from the method.</param>
    public readonly void SetException(Exception exception)
    {
        Rethrow.NoteThrown(exception);
        _coroutine.Fail(exception);
    }

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TAwaiter">The awaiter.</typeparam>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="awaiter">What is awaited.</param>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine
        => StateMachineCoroutine.Await(_coroutine, ref awaiter);

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TAwaiter">The awaiter.</typeparam>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="awaiter">What is awaited.</param>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
        => StateMachineCoroutine.AwaitUnsafe(_coroutine, ref awaiter);
}

/// <summary>How the compiler builds a <see cref="Coroutine{T}"/>; see <see cref="CoroutineMethodBuilder"/>.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
public struct CoroutineMethodBuilder<T>
{
    private Coroutine<T> _coroutine; // the only field, see above

    /// <summary>For the compiler.</summary>
    public readonly Coroutine<T> Task => _coroutine;

    /// <summary>For the compiler.</summary>
    /// <returns>The builder.</returns>
    public static CoroutineMethodBuilder<T> Create() => default;

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="stateMachine">The state machine.</param>
    public void Start<[DynamicallyAccessedMembers(MachineFields.Kept)] TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        var coroutine = new StateMachineCoroutine<TStateMachine, T>();
        _coroutine = coroutine; // see above for the order
        if (!RuntimeFeature.IsDynamicCodeCompiled || typeof(TStateMachine).IsGenericType || MachineFields<TStateMachine>.NumbersEnd == 0)
        {
            coroutine.StateMachine = stateMachine;
        }
        else
        {
            MachineLayout.Move(
                ref Unsafe.As<TStateMachine, byte>(ref stateMachine),
                ref Unsafe.As<TStateMachine, byte>(ref coroutine.StateMachine),
                ref Unsafe.As<CoroutineMethodBuilder<T>, byte>(ref this),
                coroutine,
                MachineFields<TStateMachine>.References,
                MachineFields<TStateMachine>.NumbersEnd);
        }
        NeverAwaited.Watch(coroutine);
    }

    /// <summary>For the compiler; unused.</summary>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler.</summary>
    /// <param name="result">The method's value.</param>
    public readonly void SetResult(T result) => _coroutine.Succeed(result);

    /// <summary>For the compiler.</summary>
    /// <param name="exception">What escaped from the method.</param>
    public readonly void SetException(Exception exception)
    {
        Rethrow.NoteThrown(exception);
        _coroutine.Fail(exception);
    }

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TAwaiter">The awaiter.</typeparam>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="awaiter">What is awaited.</param>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine
        => StateMachineCoroutine.Await(_coroutine, ref awaiter);

    /// <summary>For the compiler.</summary>
    /// <typeparam name="TAwaiter">The awaiter.</typeparam>
    /// <typeparam name="TStateMachine">The method's state machine.</typeparam>
    /// <param name="awaiter">What is awaited.</param>
    /// <param name="stateMachine">The state machine.</param>
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
        => StateMachineCoroutine.AwaitUnsafe(_coroutine, ref awaiter);
}
