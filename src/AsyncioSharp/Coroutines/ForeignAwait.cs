using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// An awaitable of .NET in front of which a coroutine is suspended: what its task waits for. It wakes the task once, from whichever thread the
/// operation completes on, however often and however late the awaiter calls back.
/// </summary>
/// <remarks>
/// A cancelled task leaves the operation behind (<see cref="CancelWait"/>); what becomes of that later is looked at and dropped, so that a failure
/// does not surface as unobserved. Costs this object and one delegate; a coroutine that awaits tasks one after the other uses them again. They are also
/// what an operation that was left behind keeps until it ends, since no continuation can be taken back from .NET: so they let go of the task.
/// </remarks>
internal abstract class ForeignAwait : IWaitable
{
    private const int Pending = 0;
    private const int Completed = 1;  // the wake-up is on its way, or was delivered
    private const int Abandoned = 2;  // cancelled first: nobody waits any more
    private const int Settling = 3;   // what was left behind has ended, and its outcome is looked at
    private const int Settled = 4;    // it was looked at

    private readonly Action _complete;
    private Runnable? _waiter;
    private CancelledException? _cancelledWith;
    private Runnable? _last;
    private int _state;

    private protected ForeignAwait() => _complete = Complete;

    /// <summary>With which the wait ended if it was cancelled; null otherwise.</summary>
    public CancelledException? CancelledWith => _cancelledWith;

    /// <summary>The awaiter, boxed; for diagnosis.</summary>
    internal abstract object Awaiter { get; }

    /// <summary>The operation itself, a task or the source of a value task; null if it is not known.</summary>
    internal virtual object? Source => null;

    /// <summary>The type of the awaiter if one that fails can be put in its place; otherwise null.</summary>
    internal virtual Type? ReplaceableType => null;

    /// <summary>True if this was left behind and the operation has ended since.</summary>
    internal bool IsSettled => Volatile.Read(ref _state) == Settled;

    /// <summary>True if the operation has completed, and the one who waits is about to go on or has done so.</summary>
    internal bool HasCompleted => Volatile.Read(ref _state) == Completed;

    /// <summary>The async iterator that is awaited, one that the compiler made; null if it is something else. (Any object may be the source of a value task.)</summary>
    internal IAsyncDisposable? AsyncIterator => Source is IAsyncDisposable iterator and IAsyncStateMachine ? iterator : null;

    /// <summary>
    /// True if a method or an async iterator has completed: what it gave is lost unless it is taken. In Python they run inside the one who awaits them, so that there
    /// is nothing between.
    /// </summary>
    public bool MustBeTaken => HasCompleted && EndsInside && !IsCancelled;

    // In Python a method or iterator runs inside the one who awaits it, who so goes on in the turn in which it ends.
    private bool EndsInside => Source is { } source && (source is IAsyncStateMachine || StateMachineBox.IsKnownBehind(source));

    /// <summary>True if the operation was cancelled.</summary>
    private protected virtual bool IsCancelled => false;

    /// <summary>True if this was left behind and the operation has not ended since.</summary>
    internal bool IsLeft => Volatile.Read(ref _state) is Abandoned or Settling;

    /// <summary>Has <paramref name="waiter"/> woken when the operation completes. What the awaiter throws instead of taking the callback is thrown.</summary>
    internal virtual void AddWaiter(Runnable waiter)
    {
        _waiter = waiter;
        Register(_complete);
    }

    /// <summary>
    /// Ends the wait, not the operation. False if it completed first, or cannot be left: an async iterator refuses to be disposed while it still runs, so its
    /// caller must not leave it behind (but see <see cref="LeaveIterator"/>).
    /// </summary>
    public virtual bool CancelWait(string? message) => AsyncIterator is null && TryAbandon(message);

    /// <summary>The same for an async iterator, in whose place the coroutine has a <see cref="LeftIterator{T}"/> by now.</summary>
    internal bool LeaveIterator(string? message) => TryAbandon(message);

    /// <summary>
    /// Ends the wait with an exception if it is for an async iterator of this kind: one of the kind was broken, so that it, or one around it, will never answer.
    /// </summary>
    internal void EndBroken(Type? kind, Exception cause)
    {
        if (AsyncIterator is { } iterator && iterator.GetType() == kind && TryAbandon())
        {
            _waiter!.Wake(new InvalidOperationException("The async iterator was moved on again before its last MoveNextAsync had ended; what it would have given is lost.", cause));
        }
    }

    /// <summary>Has <paramref name="last"/> put into its loop's queue when the operation that was left behind has ended.</summary>
    internal void AfterEnd(Runnable last)
    {
        Volatile.Write(ref _last, last);
        Interlocked.MemoryBarrier();
        if (IsSettled)
        {
            last.Wake(null);
        }
    }

    // Who leaves it has to wake the one who waits, with what is to be thrown in the place of the outcome.
    private bool TryAbandon() => ReplaceableType is not null && Interlocked.CompareExchange(ref _state, Abandoned, Pending) == Pending;

    private bool TryAbandon(string? message)
    {
        if (!TryAbandon())
        {
            return false;
        }
        _cancelledWith = CancelledException.Unthrown(message);
        _waiter!.Wake(this);
        return true;
    }

    /// <summary>For instance <c>&lt;awaited Program.Load()&gt;</c>, <c>&lt;awaited Task.DelayPromise&gt;</c>.</summary>
    public override string ToString() => $"<awaited {MethodNames.OfAwaited(Source?.GetType() ?? GetType().GenericTypeArguments[0])}>";

    /// <summary>An awaiter of <see cref="ReplaceableType"/> that throws <paramref name="exception"/>.</summary>
    internal virtual object Failing(Exception exception) => throw new InvalidOperationException($"{this} has no substitute.");

    /// <summary>Called when the coroutine gets an exception instead of the outcome, or will never go on.</summary>
    internal virtual void Discard()
    {
        _cancelledWith = null; // it was taken
        if (Interlocked.CompareExchange(ref _state, Abandoned, Pending) == Completed && Interlocked.CompareExchange(ref _state, Settling, Completed) == Completed)
        {
            Settle();
        }
        _waiter = null;
    }

    /// <summary>Called when the coroutine goes on: what it waited for need not be kept alive any longer.</summary>
    internal virtual void Release()
    {
    }

    /// <summary>Hands <paramref name="continuation"/> to the awaiter.</summary>
    private protected abstract void Register(Action continuation);

    /// <summary>Looks at the outcome of the completed operation, and drops it.</summary>
    private protected virtual void Observe()
    {
    }

    private protected void Restart() => _state = Pending;

    // On any thread.
    private void Complete()
    {
        var waiter = _waiter; // read first: who discards the wait drops it
        if (Interlocked.CompareExchange(ref _state, Completed, Pending) == Pending)
        {
            if (waiter!.MayWakeInTurn && EndsInside)
            {
                waiter.WakeInTurn();
            }
            else if (!waiter.Wake(null))
            {
                Discard(); // the loop is closed
            }
        }
        else if (Interlocked.CompareExchange(ref _state, Settling, Abandoned) == Abandoned)
        {
            Settle();
        }
    }

    private void Settle()
    {
        Observe();
        Interlocked.Exchange(ref _state, Settled);
        Volatile.Read(ref _last)?.Wake(null);
    }
}

/// <summary>The await of something with an awaiter that offers <c>UnsafeOnCompleted</c>: .NET's own, and most others.</summary>
internal sealed class ForeignAwait<TAwaiter> : ForeignAwait
    where TAwaiter : ICriticalNotifyCompletion
{
    private TAwaiter _awaiter;

    private ForeignAwait(TAwaiter awaiter) => _awaiter = awaiter;

    internal override object Awaiter => _awaiter;

    internal override object? Source => AwaiterKind<TAwaiter>.Known?.SourceOf(ref _awaiter);

    internal override Type? ReplaceableType => AwaiterKind<TAwaiter>.Known is null ? null : typeof(TAwaiter);

    private protected override bool IsCancelled
    {
        get
        {
            try
            {
                return AwaiterKind<TAwaiter>.Known?.IsCancelled(ref _awaiter) == true;
            }
            catch (InvalidOperationException)
            {
                return true; // somebody else has consumed the value task, so that there is nothing to take
            }
        }
    }

    /// <summary>A wait for <paramref name="awaiter"/>; <paramref name="last"/> is what the coroutine waited for before.</summary>
    internal static ForeignAwait Of(object? last, ref TAwaiter awaiter)
    {
        // Tasks call back exactly once, so that nothing of the old wait can come late.
        if (last is ForeignAwait<TAwaiter> { HasCompleted: true } over && AwaiterKind<TAwaiter>.Known is { IsOfTask: true })
        {
            over._awaiter = awaiter;
            over.Restart();
            return over;
        }
        return new ForeignAwait<TAwaiter>(awaiter);
    }

    internal override object Failing(Exception exception) => AwaiterKind<TAwaiter>.Known!.Failing(exception)!;

    internal override void Release()
    {
        if (HasCompleted)
        {
            _awaiter = default!;
        }
    }

    private protected override void Register(Action continuation)
    {
        if (AwaiterKind<TAwaiter>.Known is not { } kind)
        {
            _awaiter.UnsafeOnCompleted(continuation);
            return;
        }
        // The callback only wakes the task, which may be done on any thread: .NET need not post it to the loop first, nor to the thread pool. So an operation that
        // was left behind and is ended by its token is over, and its source free for the next, before Cancel returns.
        var thread = Thread.CurrentThread;
        var outer = ThreadValues.SynchronizationOf(thread);
        ThreadValues.SetSynchronization(thread, DirectContext.Instance);
        try
        {
            // Whatever ConfigureAwait said: a coroutine resumes on its loop.
            if (Source is Task task)
            {
                task.GetAwaiter().UnsafeOnCompleted(continuation);
            }
            else
            {
                kind.Register(ref _awaiter, continuation);
            }
        }
        finally
        {
            ThreadValues.SetSynchronization(thread, outer);
        }
    }

    private protected override void Observe()
    {
        if (Source is Task task)
        {
            _ = task.Exception; // that marks it as observed
            return;
        }
        try
        {
            AwaiterKind<TAwaiter>.Known?.Consume(ref _awaiter); // a source may be waiting for that to be used again
        }
        catch (Exception)
        {
            // Nobody waits for it any more, whatever it is.
        }
    }

    private sealed class DirectContext : SynchronizationContext
    {
        internal static readonly DirectContext Instance = new();

        public override SynchronizationContext CreateCopy() => this;

        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }
}

/// <summary>The await of something whose awaiter has <c>OnCompleted</c> and nothing more.</summary>
internal sealed class PlainForeignAwait<TAwaiter>(TAwaiter awaiter) : ForeignAwait
    where TAwaiter : INotifyCompletion
{
    private readonly TAwaiter _awaiter = awaiter;

    internal override object Awaiter => _awaiter;

    private protected override void Register(Action continuation) => _awaiter.OnCompleted(continuation);
}

/// <summary><c>await Task.Yield()</c>: one turn of the others, as <c>Sleep(0)</c>. Its awaiter has nothing that could fail.</summary>
internal sealed class YieldAwait : ForeignAwait
{
    internal static readonly YieldAwait Shared = new();

    internal override object Awaiter => default(YieldAwaitable.YieldAwaiter);

    internal override void AddWaiter(Runnable waiter) => waiter.Wake(null);

    public override bool CancelWait(string? message) => false;

    public override string ToString() => "<awaited Task.Yield()>";

    // It is shared by all, and has no state that a discard could end.
    internal override void Discard()
    {
    }

    private protected override void Register(Action continuation)
    {
    }
}
