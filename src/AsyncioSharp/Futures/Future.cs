using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// A result that is to come, of a kind not told: everything but the setters of asyncio's <c>Future</c>. Pending until it is finished
/// (with a result or an exception) or cancelled, once and for all. Who waits for it is put into the loop's ready queue at that moment,
/// in the order in which they came, done callbacks and awaiting tasks alike. Not thread-safe.
/// </summary>
[DebuggerTypeProxy("AsyncioSharp.FutureDebugView, AsyncioSharp")]
public abstract class Future : Runnable, IAwaitable, IAwaitTarget, IWaitable
{
    // One field for what is never there together. What it is in each state, and what gives it out:
    //   pending                    who waits, in order of registration: null, a Runnable, or a WaiterList        Waiters
    //   succeeded                  null
    //   failed                     the Failure                                                                   PeekFailure
    //   cancelled, seen            the CancelledException: somebody has asked for it                             SeenCancellation
    //   cancelled, unseen, told    the one task that waited and is told (see UnseenCancellation)                 UnseenBy
    //   cancelled, unseen          the message of the request, or null                                           UnseenMessage
    private object? _waitersOrOutcome;

    // Volatile: another thread that sees a future done, in front of an await, must see its result as well. On most processors that costs nothing.
    private volatile Status _state;

    private protected Future(EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        Loop = loop;
        if (loop.Debug)
        {
            DebugTraces.Record(this);
        }
    }

    private protected enum Status : byte
    {
        Pending,
        Succeeded,
        Failed,
        Cancelled,
    }

    /// <summary>The loop that the future belongs to. Mirrors <c>Future.get_loop()</c>.</summary>
    public EventLoop Loop { get; }

    /// <summary>True once there is a result, an exception or a cancellation. Mirrors <c>Future.done()</c>.</summary>
    public bool IsDone => State != Status.Pending;

    /// <summary>True once it is cancelled. Mirrors <c>Future.cancelled()</c>.</summary>
    public bool IsCancelled => State == Status.Cancelled;

    AwaitKind IAwaitTarget.Kind => AwaitKind.Future;

    bool IAwaitTarget.IsReady => IsDone;

    CancelledException? IWaitable.CancelledWith => State == Status.Cancelled ? Cancellation() : null;

    /// <summary>Where the future was made, in debug mode; else null.</summary>
    public StackTrace? SourceTraceback => DebugTraces.Of(this);

    private protected Status State => _state;

    /// <summary>True if it is done and a request that was passed on to it has come to nothing: who takes the outcome is to take over the request.</summary>
    internal virtual bool OwesRequest => false;

    bool IWaitable.MustBeTaken => HasToBeTaken && HasSucceeded;

    /// <summary>True if its result must reach the one who waits, also if that is asked to cancel in the same moment.</summary>
    internal virtual bool HasToBeTaken => false;

    private object? Waiters => State == Status.Pending ? _waitersOrOutcome : null;

    private Future? UnseenBy => State == Status.Cancelled ? _waitersOrOutcome as Future : null;

    private string? UnseenMessage => _waitersOrOutcome as string;

    /// <summary>For the compiler: what <c>await</c> calls. A cancelled awaiting task cancels the future.</summary>
    /// <returns>The awaiter.</returns>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public FutureAwaiter GetAwaiter() => new(this);

    /// <summary>
    /// Asks for cancellation. A future is cancelled at once; a task gets a <see cref="CancelledException"/> at its await and may refuse.
    /// Mirrors <c>Future.cancel(msg)</c>.
    /// </summary>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    /// <returns>False if it was done already; a failure then counts as retrieved.</returns>
    public virtual bool Cancel(string? message = null)
    {
        if (IsDone)
        {
            MarkRetrieved();
            return false;
        }
        Loop.CheckThread(this);
        CancelNow(message);
        return true;
    }

    /// <summary>The exception with which it failed, or null if it has a result. The failure then counts as retrieved. Mirrors <c>Future.exception()</c>.</summary>
    /// <returns>The exception, or null.</returns>
    /// <exception cref="InvalidStateException">It is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    public Exception? Exception()
    {
        switch (State)
        {
            case Status.Pending:
                throw new InvalidStateException($"Exception is not set: {this} is not done yet; await it first.");
            case Status.Cancelled:
                Rethrow.Throw(Cancellation());
                return null;
            default:
                MarkRetrieved();
                return PeekException;
        }
    }

    /// <summary>Nothing if there is a result; throws the failure otherwise. Futures that have a value give it. Mirrors <c>Future.result()</c>.</summary>
    /// <exception cref="InvalidStateException">It is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    [StackTraceHidden]
    public void Result() => ThrowUnlessSucceeded();

    /// <summary>
    /// Has <paramref name="callback"/> called with this future once it is done: in the next iteration if it is done already, never inside this
    /// call. One that is added twice is called twice. Mirrors <c>Future.add_done_callback</c>.
    /// </summary>
    /// <param name="callback">What to call. If it throws, the exception handler is told and the others are still called.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    public void AddDoneCallback(Action<Future> callback, Context? context = null)
    {
        ArgumentNullException.ThrowIfNull(callback);
        AddWaiter(new DoneCallback(this, callback, context ?? Loop.CaptureContext()));
    }

    /// <summary>Removes every registration of <paramref name="callback"/>. Mirrors <c>Future.remove_done_callback</c>.</summary>
    /// <param name="callback">The delegate, or an equal one.</param>
    /// <returns>How many were removed; 0 once the future is done, for then they are queued.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    public int RemoveDoneCallback(Action<Future> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return RemoveWaiters(callback, static (waiter, callback) => waiter is DoneCallback done && done.Callback == callback);
    }

    /// <summary>For instance <c>&lt;Future pending cb=[Program.Done()]&gt;</c>, <c>&lt;Future finished result=42&gt;</c>, <c>&lt;Future cancelled&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => TextForm.Guarded(this, static future => $"<{future.Kind} {future.Describe()}{DebugTraces.CreatedAt(future)}>");

    [StackTraceHidden]
    object? IAwaitTarget.AwaitedObject() => ResultObject();

    void IAwaitTarget.OnCompleted(Action continuation) => OnCompletedOutside(continuation);

    bool IWaitable.CancelWait(string? message) => Cancel(message);

    void IWaitable.Dismiss(object coroutine)
    {
        if (ListWaiters().FirstOrDefault(waiter => waiter.Runs(coroutine)) is { } task && RemoveWaiter(task))
        {
            task.Wake(null);
        }
    }

    internal override void Run(object? source) => throw new InvalidOperationException($"{this} is not an entry of a loop.");

    /// <summary>The result as an object, null if it has none; throws the failure.</summary>
    internal abstract object? ResultObject();

    /// <summary>Has <paramref name="waiter"/> made ready when the future is done.</summary>
    internal void AddWaiter(Runnable waiter)
    {
        if (IsDone)
        {
            Loop.CheckPush();
            Tell(waiter, Loop.RunsHere);
        }
        else if (_waitersOrOutcome is null)
        {
            _waitersOrOutcome = waiter;
        }
        else if (_waitersOrOutcome is WaiterList list)
        {
            list.Add(waiter);
        }
        else
        {
            _waitersOrOutcome = new WaiterList { (Runnable)_waitersOrOutcome, waiter };
        }
    }

    /// <summary>Who waits at this moment, in order of registration.</summary>
    internal IReadOnlyList<Runnable> ListWaiters() => Waiters switch
    {
        null => [],
        WaiterList list => [.. list],
        var one => [(Runnable)one],
    };

    /// <summary>True if <paramref name="waiter"/> was the last to register.</summary>
    internal bool IsLastWaiter(Runnable waiter) => ReferenceEquals(Waiters is WaiterList { Count: > 0 } list ? list[^1] : Waiters, waiter);

    /// <summary>Tells those who wait that the future will never be done.</summary>
    internal void AbandonWaiters()
    {
        foreach (var waiter in ListWaiters())
        {
            waiter.Abandon();
        }
    }

    /// <summary>Removes a waiter, which is registered once at most. False if it is not, or was told already.</summary>
    internal bool RemoveWaiter(Runnable waiter)
    {
        if (Waiters is not WaiterList list)
        {
            return RemoveWaiters(waiter, ReferenceEquals) > 0;
        }
        // There may be very many, of which one after the other is cancelled: no delegate, and from the front, since that is the order in which they usually are.
        for (int i = 0; i < list.Count; i++)
        {
            if (ReferenceEquals(list[i], waiter))
            {
                list.RemoveAt(i);
                return true;
            }
        }
        return false;
    }

    /// <summary>An await in a method that is not a coroutine; on the loop's thread or on any other.</summary>
    internal void OnCompletedOutside(Action continuation)
    {
        if (Loop.IsOnOwnThread)
        {
            Loop.WaitOutside(this, continuation).Register();
        }
        else
        {
            new OutsideContinuation(this, continuation).Start();
        }
    }

    /// <summary>What <c>GetResult</c> does unless there is a result.</summary>
    [StackTraceHidden]
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    internal void ThrowUnlessSucceeded()
    {
        if (!HasSucceeded)
        {
            Rethrow.Raise(PrepareThrow());
        }
    }

    internal bool HasSucceeded => State == Status.Succeeded;

    /// <summary>The exception with which it failed, without marking it as retrieved.</summary>
    internal Exception? PeekException => PeekFailure?.Exception;

    /// <summary>The cancellation with which it has ended, also if it counts as a failure, as that of a gather does; null otherwise.</summary>
    internal CancelledException? PeekCancellation => IsCancelled ? Cancellation() : PeekException as CancelledException;

    /// <summary>The failure, with the duty to report it if nobody retrieves it; null if it did not fail.</summary>
    internal Failure? PeekFailure => _waitersOrOutcome as Failure;

    /// <summary>The exception that stands for its cancellation: always the same object, with the message.</summary>
    internal CancelledException Cancellation() => SeenCancellation ?? UnseenCancellation.See(this);

    /// <summary>The same, if somebody has asked for it already; else null.</summary>
    internal CancelledException? SeenCancellation => Volatile.Read(ref _waitersOrOutcome) as CancelledException;

    /// <summary>True if it is cancelled, its exception was not made yet, and <paramref name="waiter"/> alone is told.</summary>
    internal bool IsUnseenBut(Runnable waiter) => ReferenceEquals(_waitersOrOutcome, waiter) && State == Status.Cancelled;

    /// <summary>What it ended with and waited for, if its cancellation was passed on to it and its exception was not made yet; else null.</summary>
    internal virtual object? InterruptedBy => null;

    /// <summary>Called when the exception of a cancellation that was passed on is made: has it name where this task was interrupted.</summary>
    internal virtual void NoteInterrupted(CancelledException exception, object by)
    {
    }

    /// <summary>The exception to make, without a trace.</summary>
    internal CancelledException NewCancellation() => CancelledException.Unthrown(UnseenMessage);

    /// <summary>Keeps the exception of its cancellation. Returns whom the cancellation was passed on to, unseen; null if nobody.</summary>
    internal Future? KeepCancellation(CancelledException exception)
    {
        var told = UnseenBy;
        Volatile.Write(ref _waitersOrOutcome, exception);
        return told;
    }

    /// <summary>What those are told who still wait when the loop is closed.</summary>
    internal InvalidStateException NeverDone() => new($"Event loop is closed: {this} will never be done.");

    /// <summary>The exception with which it failed, which counts as retrieved from now on; null if it did not fail.</summary>
    internal Exception? TakeException()
    {
        MarkRetrieved();
        return PeekException;
    }

    internal void MarkRetrieved() => PeekFailure?.MarkRetrieved();

    /// <summary>The context variables with which a report about this future is made; null for those in force.</summary>
    internal virtual Context? ReportContext => null;

    /// <summary>The first word of its text.</summary>
    internal virtual string Kind => "Future";

    private protected abstract string ResultText { get; }

    private protected virtual string Describe() => State switch
    {
        Status.Pending => "pending" + WaitersText(),
        Status.Cancelled => "cancelled",
        Status.Failed => $"finished exception={TextForm.Describe(PeekException!)}",
        _ => "finished" + ResultText,
    };

    private protected string WaitersText() => TextForm.OfWaiters(ListWaiters());

    /// <summary>Says that there is a result.</summary>
    /// <param name="runsHere">True if the caller knows that the loop runs here, which else is a question to the thread.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void Succeed(bool runsHere = false)
    {
        _state = Status.Succeeded;
        if (_waitersOrOutcome is { } waiters)
        {
            _waitersOrOutcome = null;
            WakeAll(waiters, runsHere || Loop.RunsHere);
        }
    }

    private protected void Fail(Exception exception) => End(Status.Failed, new Failure(this, exception));

    /// <summary>Cancels a pending future; the exception is made when somebody asks for it.</summary>
    private protected void CancelNow(string? message)
    {
        if (message is null && _waitersOrOutcome is { } waiter and not WaiterList && Unsafe.As<Runnable>(waiter).PassesCancellationOn)
        {
            _state = Status.Cancelled; // and who is told stays known
            Loop.Push(Unsafe.As<Runnable>(waiter), null);
        }
        else
        {
            End(Status.Cancelled, message);
        }
    }

    /// <summary>Cancels a pending future with an exception that exists already.</summary>
    private protected void CancelWith(CancelledException exception) => End(Status.Cancelled, exception);

    // Sealed, so that to ask whether a waiter is one is a look at one word, and no walk through what its class derives from: a twentieth of a ping-pong.
    private sealed class WaiterList : List<Runnable>;

    private void End(Status status, object? outcome)
    {
        object? waiters = _waitersOrOutcome;
        _waitersOrOutcome = outcome;
        _state = status;
        if (waiters is not null)
        {
            WakeAll(waiters, Loop.RunsHere);
        }
    }

    private void WakeAll(object waiters, bool runsHere)
    {
        if (waiters is WaiterList list)
        {
            foreach (var waiter in list)
            {
                Tell(waiter, runsHere);
            }
        }
        else
        {
            Tell(Unsafe.As<Runnable>(waiters), runsHere);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private object PrepareThrow()
    {
        switch (State)
        {
            case Status.Pending:
                return Loop.IsClosed ? NeverDone() : new InvalidStateException($"Result is not set: {this} is not done yet; await it.");
            case Status.Failed:
                MarkRetrieved();
                return PeekFailure!.Captured;
            default:
                return Rethrow.Prepare(Cancellation());
        }
    }

    private void Tell(Runnable waiter, bool runsHere)
    {
        var wakeup = waiter.WakeupFor(this, runsHere);
        if (wakeup == Wakeup.None)
        {
            return;
        }
        var entry = wakeup == Wakeup.Later ? new LateEnd(this, waiter) : waiter;
        var source = wakeup == Wakeup.Named ? this : null;
        if (runsHere)
        {
            Loop.PushOwn(entry, source);
        }
        else
        {
            Loop.PushElsewhere(entry, source);
        }
    }

    private int RemoveWaiters<TArgument>(TArgument argument, Func<Runnable, TArgument, bool> matches)
    {
        switch (Waiters)
        {
            case WaiterList list:
                return list.RemoveAll(waiter => matches(waiter, argument));
            case Runnable one when matches(one, argument):
                _waitersOrOutcome = null;
                return 1;
            default:
                return 0;
        }
    }
}
