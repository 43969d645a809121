using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// A coroutine that waits in line for something: the operation, its place in the line and what its task waits for in one object, the only allocation. If
/// there is nothing to wait for it ends where it is awaited, without a detour through the task.
/// </summary>
/// <remarks>
/// What every wait of this library guarantees is guaranteed here: first come, first served; and a wake-up that its receiver cannot take, because it was cancelled or
/// closed meanwhile, is passed on (<see cref="Forgo"/>). <see cref="Coroutine.Link"/> is the task while it waits, and once it was cancelled the
/// <see cref="CancelledException"/>.
/// </remarks>
internal abstract class WaitCoroutine<T> : Coroutine<T>, IWaitable
{
    private protected WaitCoroutine()
    {
        Status = Progress.Prompt;
        NeverAwaited.Watch(this);
    }

    CancelledException? IWaitable.CancelledWith => Link as CancelledException;

    /// <summary>The line in which it waits. Found by way of what it waits for, so that a wait is eight bytes smaller.</summary>
    private protected abstract WaitQueue<T> Line { get; }

    /// <summary>Whether it waits; kept by the line.</summary>
    internal WaitPhase Phase { get; set; }

    /// <summary>Where it stands in line; kept by the line too.</summary>
    internal int Place { get; set; }

    /// <summary>The task that waits; only while it does.</summary>
    internal CoroutineTask Task => Unsafe.As<CoroutineTask>(Link)!;

    internal sealed override bool IsTransparent => true;

    /// <summary>For the text of the task that waits.</summary>
    public sealed override string ToString() => Phase == WaitPhase.Out ? base.ToString() : $"<Future pending {QualifiedName}({Subject})>";

    /// <summary>What it waits for, where that is not told by the name.</summary>
    private protected virtual string Subject => "";

    bool IWaitable.CancelWait(string? message)
    {
        if (Phase != WaitPhase.Waiting)
        {
            return false; // woken already: the task remembers the request, and throws it when it runs
        }
        Line.Cancel(this);
        Link = CancelledException.Unthrown(message);
        return true;
    }

    internal sealed override bool EndsAtOnce() => Status == Progress.Prompt ? TryEndAtOnce() : throw ReuseError();

    internal sealed override void BeginWait(Runnable waiter)
    {
        base.BeginWait(waiter);
        if (Phase == WaitPhase.Out)
        {
            Line.Join(this);
        }
    }

    internal sealed override bool EndWait()
    {
        if (Phase != WaitPhase.Woken)
        {
            return false; // its task was woken by something else
        }
        try
        {
            if (TryEnd(woken: true))
            {
                return true;
            }
            Line.WaitOn(this);
            return false;
        }
        catch (Exception e)
        {
            GiveUp(woken: true);
            Fail(e);
            return true;
        }
    }

    // As a frame.
    internal sealed override void Resume()
    {
        if (!(Phase == WaitPhase.Woken ? EndWait() : TryEndAtOnce()))
        {
            Suspend(AwaitKind.Itself, null);
        }
    }

    internal sealed override void Throw(Exception exception)
    {
        bool woken = Phase == WaitPhase.Woken;
        if (Phase == WaitPhase.Waiting)
        {
            Line.WakeClosed(this);
        }
        GiveUp(woken);
        Fail(exception);
    }

    /// <summary>
    /// Ends the wait if it can end now: changes what is to be changed, calls <see cref="Leave"/>, then <c>Succeed</c> or <c>Fail</c>. Otherwise
    /// changes nothing and returns false. What may throw comes first.
    /// </summary>
    /// <param name="woken">False at the first try; true if the line has woken this waiter.</param>
    private protected abstract bool TryEnd(bool woken);

    /// <summary>Passes on what this waiter cannot take any more. It has left the line.</summary>
    /// <param name="woken">True if it had been woken.</param>
    private protected abstract void Forgo(bool woken);

    /// <summary>Leaves the line, if it is in it.</summary>
    private protected void Leave()
    {
        if (Phase != WaitPhase.Out)
        {
            Line.Leave(this);
        }
    }

    private bool TryEndAtOnce()
    {
        try
        {
            Line.CheckUse();
            return TryEnd(woken: false);
        }
        catch (Exception e)
        {
            Fail(e);
            return true;
        }
    }

    private void GiveUp(bool woken)
    {
        if (Phase != WaitPhase.Out)
        {
            Line.Leave(this);
            Forgo(woken);
        }
    }
}

/// <summary>A wait that ends when it is woken, and takes nothing.</summary>
internal sealed class SignalCoroutine(WaitQueue<NoValue> line, string name) : WaitCoroutine<NoValue>
{
    public override string QualifiedName => name;

    private protected override WaitQueue<NoValue> Line => line;

    /// <summary>True once it was woken, also if it then ended by an exception.</summary>
    internal bool WasWoken { get; private set; }

    private protected override bool TryEnd(bool woken)
    {
        if (!woken)
        {
            return false;
        }
        WasWoken = true;
        Leave();
        Succeed(default);
        return true;
    }

    private protected override void Forgo(bool woken) => WasWoken = woken;
}
