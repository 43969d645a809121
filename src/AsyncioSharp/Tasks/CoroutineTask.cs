using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Runs a coroutine on a loop, and is a future of its outcome: asyncio's <c>Task</c>. (It is called <c>CoroutineTask</c> since every C# file sees
/// <c>System.Threading.Tasks.Task</c>.) It has no setters: only its coroutine completes it. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>A step resumes the innermost suspended coroutine, the leaf, and runs until the chain waits for something that is not a coroutine.
/// Then the task registers itself there, and is put into the ready queue as it is: a wake-up allocates nothing.</para>
/// <para>Between two steps exactly one of these holds: the task is in the ready queue; it is a waiter of what the leaf awaits; a .NET
/// awaitable holds its wake-up; it is done. A cancel request is forwarded to what the leaf awaits, or else remembered
/// (<see cref="_mustCancel"/>) and thrown at the next step.</para>
/// </remarks>
public class CoroutineTask : Future
{
    private static long s_lastNumber; // of the default names, process-wide

    private readonly long _number; // for the default name; 0 if the task was named at birth
    private Coroutine _leaf;       // the innermost suspended coroutine; the task's own until the first step and after the last
    private Context? _context;     // null: the empty context
    private string? _name;
    private string? _cancelMessage; // of the request that is remembered
    private int _cancelRequests;    // calls of Cancel, less calls of Uncancel
    private bool _begun;            // the first step was taken: the coroutine is this task's
    private bool _passingOn;        // a request is on its way to what the task waits for
    private bool _mustCancel;       // a request waits for the next step
    private bool _throwQueued;      // the task is in the ready queue with an exception, although the leaf looks as if it waited

    /// <summary>Creates a task and queues its first step. Programs use <see cref="Asyncio.CreateTask(Coroutine, string?, Context?)"/>; this is for task factories.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask(Coroutine coroutine, EventLoop loop, string? name = null, Context? context = null)
        : base(loop)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        loop.CheckUse();
        _leaf = Coroutine = coroutine.ForTask();
        _context = context ?? Context.CaptureForNew();
        _name = name;
        if (name is null)
        {
            _number = Interlocked.Increment(ref s_lastNumber);
        }
        loop.Register(this);
        loop.Push(this, null);
    }

    /// <summary>The task that runs at this moment on this thread's loop. <see cref="Asyncio.CurrentTask"/> gives null where there is none.</summary>
    /// <exception cref="InvalidOperationException">No task is running here.</exception>
    public static CoroutineTask Current => EventLoop.Running?.CurrentTask
        ?? throw new InvalidOperationException("No task is running here. Call this from a coroutine that a task runs.");

    /// <summary>The coroutine that the task runs, also after its end. Mirrors <c>Task.get_coro()</c>.</summary>
    public Coroutine Coroutine { get; }

    /// <summary>The name; <c>Task-N</c> unless given. Mirrors <c>Task.get_name()</c> and <c>set_name</c>.</summary>
    public string Name
    {
        get => _name ??= $"Task-{_number}";
        set => _name = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>How often <see cref="Cancel"/> was called while the task was pending, less the calls of <see cref="Uncancel"/>. Mirrors <c>Task.cancelling()</c>.</summary>
    public int Cancelling => _cancelRequests;

    /// <summary>The context that the task runs in. Mirrors <c>Task.get_context()</c>.</summary>
    public Context Context => _context ??= new Context(Context.Empty);

    /// <summary>True for tasks that a function made for a coroutine it was given; they are not reported when a loop is closed over them.</summary>
    internal bool IsImplicit { get; set; }

    /// <summary>Where the task stands in its loop's table of tasks.</summary>
    internal int Slot { get; set; }

    internal override Context? ReportContext => _context;

    /// <summary>Rises from one task of the loop to the next: the order in which they were created.</summary>
    internal long Order { get; set; }

    /// <summary>What the task waits for; null if it does not wait for a future, a task or a timer.</summary>
    internal IWaitable? WaitsFor => _begun && _leaf.Awaiting == AwaitKind.Waitable && !IsDone ? (IWaitable)_leaf.Link! : null;

    internal override string Kind => "Task";

    private protected override string ResultText => "";

    /// <summary>
    /// Has a <see cref="CancelledException"/> thrown in the coroutine: out of the await at which it is suspended, or of the next one that
    /// suspends. If it waits for a future or a task, that is cancelled; the task then ends as that one's outcome makes it.
    /// The coroutine may clean up, and may refuse by catching the exception. Mirrors <c>Task.cancel(msg)</c>.
    /// </summary>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/>.</param>
    /// <returns>False if the task was done already.</returns>
    public override bool Cancel(string? message = null)
    {
        if (IsDone)
        {
            return base.Cancel(message);
        }
        if (_passingOn)
        {
            BreakRing(message);
            return true;
        }
        _cancelRequests++;
        Request(message);
        return true;
    }

    /// <summary>
    /// Takes back one request of <see cref="Cancel"/>. When none is left, a request that was only remembered is forgotten; an exception that is on its
    /// way is not stopped. For code that has dealt with a cancellation of its own making. Mirrors <c>Task.uncancel()</c>.
    /// </summary>
    /// <returns>The number of requests left.</returns>
    public int Uncancel()
    {
        if (_cancelRequests > 0 && --_cancelRequests == 0)
        {
            _mustCancel = false;
        }
        return _cancelRequests;
    }

    internal sealed override void Run(object? source)
    {
        if (IsDone)
        {
            return; // its coroutine was closed while a wake-up was on its way
        }
        Loop.CurrentTask = this;
        Exception? fatal;
        if (_context is null)
        {
            fatal = Step(source);
            var after = ExecutionContext.Capture();
            if (!ReferenceEquals(after, Context.Empty))
            {
                _context = new Context(Context.Current);
                ExecutionContext.Restore(Context.Empty);
            }
        }
        else
        {
            var outer = _context.Enter();
            fatal = Step(source);
            _context.Leave(outer);
        }
        Loop.CurrentTask = null;
        if (fatal is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fatal);
        }
    }

    /// <summary>The result as an object, null if it has none; throws the failure.</summary>
    internal override object? ResultObject()
    {
        Injection.ThrowIfAny();
        ThrowUnlessSucceeded();
        return Coroutine.ResultObject();
    }

    private protected override string Describe()
    {
        string state = IsCancelled ? "cancelled" : IsDone ? "finished" : _cancelRequests > 0 ? "cancelling" : "pending";
        string coroutine = Coroutine.State == CoroutineState.Closed ? "done" : "running";
        string text = $"{state} name='{Name}' coro=<{Coroutine.QualifiedName}() {coroutine}>";
        if (IsDone)
        {
            return text + (PeekException is { } failure ? $" exception={TextForm.Describe(failure)}" : IsCancelled ? "" : ResultText);
        }
        return text + (WaitsFor is { } target ? $" wait_for={target}" : "") + WaitersText();
    }

    // Passes a cancel request on to what the task waits for, or else remembers it.
    private void Request(string? message)
    {
        if (!_throwQueued && WaitsFor is { } target)
        {
            if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            {
                Loop.Push(new LateRequest(this, message), null); // a chain of very many tasks: it goes on from the loop
                return;
            }
            _passingOn = true;
            try
            {
                if (target.CancelWait(message))
                {
                    return;
                }
            }
            finally
            {
                _passingOn = false;
            }
        }
        _mustCancel = true;
        _cancelMessage = message;
        if (_begun && _leaf.Status != Coroutine.Progress.Started)
        {
            Loop.Push(this, null); // the coroutine was closed behind the task's back; what it waited for may never come
        }
    }

    // The request came back: the task waits, through others, for itself. Nothing but an exception can end that.
    private void BreakRing(string? message)
    {
        if (WaitsFor is Future target && target.RemoveWaiter(this) > 0)
        {
            ThrowSoon(new CancelledException(message));
        }
    }

    // One step. Returns an exception that must leave the loop, or null.
    private Exception? Step(object? source)
    {
        var thrown = _mustCancel || source is not null ? TakeThrown(source) : null;
        if (!_begun || _leaf.Status != Coroutine.Progress.Started)
        {
            // The first step; or the coroutine was run, or closed, behind the task's back.
            if (_begun || Coroutine.Status != Coroutine.Progress.Created)
            {
                return Finish(Coroutine.ReuseError());
            }
            if (thrown is not null)
            {
                return Finish(ThrowAtStart(thrown));
            }
            _begun = true;
            Coroutine.Begin(null);
        }
        var waiting = thrown is null ? Trampoline.Resume(_leaf) : Trampoline.Throw(_leaf, thrown);
        if (waiting is null)
        {
            return Finish(Coroutine.Failure);
        }
        _leaf = waiting;
        if (waiting.Awaiting == AwaitKind.Turn)
        {
            Loop.PushOwn(this, null);
        }
        else
        {
            Wait(waiting);
        }
        return null;
    }

    // No statement of the coroutine runs.
    private Exception ThrowAtStart(Exception exception)
    {
        Coroutine.Fail(exception);
        (exception as CancelledException)?.InterruptedAt(Coroutine);
        return exception;
    }

    // What the step has to throw into the leaf, if anything.
    private Exception? TakeThrown(object? source)
    {
        _throwQueued = false;
        var thrown = source switch
        {
            Exception exception => exception,
            IWaitable waitable => waitable.CancelledWith,
            _ => null,
        };
        if (_mustCancel && _leaf.Awaiting != AwaitKind.Foreign)
        {
            _mustCancel = false;
            return thrown as CancelledException ?? new CancelledException(_cancelMessage);
        }
        return thrown;
    }

    private void Wait(Coroutine leaf)
    {
        if (leaf.Awaiting == AwaitKind.Foreign)
        {
            WaitForeign((ForeignAwait)leaf.Link!);
            return;
        }
        var target = Unsafe.As<IWaitable>(leaf.Link!);
        if (target is Future future)
        {
            if (ReferenceEquals(future, this))
            {
                ThrowSoon(new InvalidOperationException($"Task cannot await on itself: {this}"));
                return;
            }
            if (future.Loop != Loop)
            {
                ThrowSoon(new InvalidOperationException($"Task {this} got Future {future} attached to a different loop"));
                return;
            }
            future.AddWaiter(this);
        }
        else
        {
            target.AddWaiter(this);
        }
        if (_mustCancel && target.CancelWait(_cancelMessage))
        {
            _mustCancel = false;
        }
    }

    private void WaitForeign(ForeignAwait awaitable)
    {
        Loop.NoteAsyncIterator(awaitable.Source);
        try
        {
            // From whichever thread completes it; after the loop is closed the wake-up is dropped.
            awaitable.OnCompleted(() => Loop.TryPush(this, null));
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            ThrowSoon(e);
        }
    }

    private void ThrowSoon(Exception exception)
    {
        _throwQueued = true;
        Loop.PushOwn(this, exception);
    }

    private Exception? Finish(Exception? failure)
    {
        _leaf = Coroutine;
        Loop.Unregister(this);
        switch (failure)
        {
            case null when _mustCancel:
                CancelWith(new CancelledException(_cancelMessage));
                return null;
            case null:
                Succeed();
                return null;
            case CancelledException cancelled:
                CancelWith(cancelled);
                return null;
            default:
                Fail(failure);
                if (failure is KeyboardInterruptException)
                {
                    MarkRetrieved(); // it leaves the loop, which is telling enough
                    return failure;
                }
                return null;
        }
    }

    private sealed class LateRequest(CoroutineTask task, string? message) : Runnable
    {
        internal override void Run(object? source)
        {
            if (!task.IsDone)
            {
                task.Request(message);
            }
        }
    }
}

/// <summary>A <see cref="CoroutineTask"/> with a result.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public class CoroutineTask<T> : CoroutineTask, IFuture<T>, IAwaitTarget<T>
{
    /// <summary>Creates a task and queues its first step. Programs use <see cref="Asyncio.CreateTask{T}(Coroutine{T}, string?, Context?)"/>; this is for task factories.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask(Coroutine<T> coroutine, EventLoop loop, string? name = null, Context? context = null)
        : base(coroutine, loop, name, context)
    {
    }

    /// <summary>The coroutine that the task runs, also after its end. Mirrors <c>Task.get_coro()</c>.</summary>
    public new Coroutine<T> Coroutine => Unsafe.As<Coroutine<T>>(base.Coroutine);

    private protected override string ResultText => $" result={TextForm.Short(Coroutine.GetResult())}";

    /// <summary>For the compiler: what <c>await</c> calls. A cancelled awaiting task cancels this one.</summary>
    /// <returns>The awaiter.</returns>
    [System.ComponentModel.EditorBrowsable(System.ComponentModel.EditorBrowsableState.Never)]
    public new CoroutineTaskAwaiter<T> GetAwaiter() => new(this);

    /// <summary>The result. Mirrors <c>Task.result()</c>.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidStateException">The task is pending.</exception>
    /// <exception cref="CancelledException">It was cancelled.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public new T Result()
    {
        if (!HasSucceeded)
        {
            ThrowUnlessSucceeded();
        }
        return Coroutine.GetResult();
    }

    T IAwaitTarget<T>.AwaitedResult()
    {
        Injection.ThrowIfAny();
        return Result();
    }
}

/// <summary>The awaiter of a <see cref="CoroutineTask{T}"/>; used by the compiler.</summary>
/// <typeparam name="T">The kind of result.</typeparam>
public readonly struct CoroutineTaskAwaiter<T> : ICriticalNotifyCompletion, IAwaitRequest
{
    private readonly CoroutineTask<T> _task;

    internal CoroutineTaskAwaiter(CoroutineTask<T> task) => _task = task;

    /// <summary>True if the task is done: then the await does not suspend.</summary>
    public bool IsCompleted => _task.IsDone;

    AwaitKind IAwaitRequest.Kind => AwaitKind.Waitable;

    object? IAwaitRequest.Target => _task;

    /// <summary>The result, or the failure thrown.</summary>
    /// <returns>The result.</returns>
    public T GetResult()
    {
        Injection.ThrowIfAny();
        return _task.Result();
    }

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void OnCompleted(Action continuation) => _task.OnCompletedOutside(continuation);

    /// <summary>Has <paramref name="continuation"/> called by the loop upon completion; for awaits outside of coroutines.</summary>
    /// <param name="continuation">What to call.</param>
    public void UnsafeOnCompleted(Action continuation) => _task.OnCompletedOutside(continuation);
}
