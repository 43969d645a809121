using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Something that is entered once, by running a body in it: what <see cref="TaskGroup"/>, <see cref="TimeoutScope"/> and
/// <see cref="CancelScope"/> share. A scope is a method that takes its body, and not an <c>await using</c>, because the end of an
/// <c>await using</c> is not told whether the body failed: it could neither cancel children nor turn a cancellation into a timeout.
/// </summary>
internal interface IScope
{
    /// <summary>Begins, in the task that runs the body. Throws if the scope was entered before.</summary>
    void Enter(CoroutineTask task);

    /// <summary>Called when the body has ended: what must still be waited for, or null.</summary>
    Coroutine? Drain(Exception? failure) => null;

    /// <summary>Ends. Gives what is to be thrown: the body's failure, another exception in its place, or null.</summary>
    Exception? Leave(Exception? failure);
}

/// <summary>
/// Runs a body in a scope. It is no <c>async</c> method, so that what ends the body is not thrown and caught once more on its way to the scope: of a body that is
/// cancelled that would be half of the cost. It costs one object.
/// </summary>
/// <typeparam name="TScope">The kind of scope.</typeparam>
/// <typeparam name="T">The kind of value; <see cref="NoValue"/> for a body without one.</typeparam>
internal sealed class ScopeRun<TScope, T> : Coroutine<T>
    where TScope : class, IScope
{
    private readonly Func<T>? _instead; // what comes of it if the scope ended the body and throws nothing
    private TScope? _scope;
    private object? _body;              // the function; from the start on the coroutine that it gave
    private Exception? _failure;        // of the body
    private Phase _phase;

    internal ScopeRun(TScope scope, Func<TScope, Coroutine> body, Func<T>? instead = null)
    {
        _scope = scope;
        _body = body;
        _instead = instead;
        NeverAwaited.Watch(this);
    }

    private enum Phase : byte
    {
        Fresh,
        Body,
        Draining, // the body has ended; what the scope still has to wait for has not
    }

    public override string QualifiedName => $"{typeof(TScope).Name}.Run";

    internal override void Resume()
    {
        var awaited = Awaiting is AwaitKind.Coroutine or AwaitKind.Wait ? Unsafe.As<Coroutine>(Link) : null; // else nothing yet, or a turn, which cannot fail
        ForgetAwaited();
        GoOn(awaited?.Failure);
    }

    // What it waits for throws that: only a turn, as all else throws into the coroutine that is awaited.
    internal override void Throw(Exception exception) => GoOn(exception);

    // What it has waited for has ended, with a failure or null.
    private void GoOn(Exception? failure)
    {
        Awaiting = AwaitKind.None;
        try
        {
            switch (_phase)
            {
                case Phase.Fresh:
                    _scope!.Enter(CoroutineTask.Running);
                    BeginBody();
                    break;
                case Phase.Body:
                    EndBody(failure);
                    break;
                default:
                    EndDraining(failure);
                    break;
            }
        }
        catch (Exception e)
        {
            End(e);
        }
    }

    [StackTraceHidden]
    private void BeginBody()
    {
        _phase = Phase.Body;
        Exception? failure = null;
        try
        {
            var body = Unsafe.As<Func<TScope, Coroutine>>(_body!)(_scope!)
                ?? throw new InvalidOperationException($"The body of {_scope} returned null; it must return a coroutine.");
            _body = body;
            if (!IsOver(body))
            {
                return;
            }
            failure = body.Failure;
        }
        catch (Exception e)
        {
            failure = e;
        }
        EndBody(failure);
    }

    private void EndBody(Exception? failure)
    {
        _failure = failure;
        if (_scope!.Drain(failure) is not { } rest)
        {
            Leave();
            return;
        }
        _phase = Phase.Draining;
        if (IsOver(rest))
        {
            EndDraining(rest.Failure);
        }
    }

    private void EndDraining(Exception? failure)
    {
        if (failure is null)
        {
            Leave();
        }
        else
        {
            End(failure);
        }
    }

    private void Leave()
    {
        if (_scope!.Leave(_failure) is { } outcome)
        {
            End(outcome);
            return;
        }
        var value = _failure is null ? ValueOf(_body!) : _instead is null ? default : _instead();
        LetGo();
        Succeed(value!);
    }

    private void End(Exception failure)
    {
        LetGo();
        Fail(failure);
    }

    private void LetGo()
    {
        _scope = null;
        _body = null;
        _failure = null;
    }

    // True if there is nothing to wait for; else it waits.
    private bool IsOver(Coroutine awaited)
    {
        if (awaited.IsReadyWhenAwaited)
        {
            return true;
        }
        Suspend(awaited.KindWhenAwaited, awaited);
        return false;
    }

    private static T? ValueOf(object body) => typeof(T) == typeof(NoValue) ? default : Unsafe.As<Coroutine<T>>(body).GetResult();
}
