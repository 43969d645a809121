using System.Diagnostics;
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
[DebuggerTypeProxy("AsyncioSharp.TaskDebugView, AsyncioSharp")]
public partial class CoroutineTask : Future
{
    private static long s_lastNumber; // of the default names, process-wide

    private readonly long _number; // for the default name; 0 if the task was named at birth
    private Coroutine _leaf;       // the innermost suspended coroutine; the task's own until the first step and after the last
    private Context? _context;     // null: the empty context
    private TaskDetails? _details;     // what few tasks have; null: none of it
    private int _cancelRequests;   // calls of Cancel, less calls of Uncancel
    private bool _begun;           // the first step was taken: the coroutine is this task's
    private bool _passingOn;       // a request is on its way to what the task waits for
    private bool _mustCancel;      // a request waits for the next step
    private bool _throwQueued;     // the task is in the ready queue with an exception, although the leaf looks as if it waited
    private bool _startsBeforeCancel; // a request that comes before the first step waits for it

    /// <summary>Creates a task and queues its first step. Programs use <see cref="Asyncio.CreateTask(Coroutine, string?, Context?, bool?)"/>; this is for task factories.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this constructor, if the loop runs on this thread.</param>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask(Coroutine coroutine, EventLoop loop, string? name = null, Context? context = null, bool eagerStart = false)
        : base(loop)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        loop.CheckUse();
        _leaf = coroutine.Status >= Coroutine.Progress.Turn ? coroutine.ForTask() : coroutine;
        _context = context ?? Context.CaptureForNew();
        if (name is null)
        {
            _number = Interlocked.Increment(ref s_lastNumber);
        }
        else
        {
            _details = new TaskDetails { Name = name };
        }
        if (eagerStart)
        {
            loop.CheckEagerContext(_context);
        }
        loop.Register(this);
        if (!eagerStart || !loop.TryStartEagerly(this))
        {
            loop.Push(this, null);
        }
    }

    /// <summary>The task that runs at this moment on this thread's loop. <see cref="Asyncio.CurrentTask"/> gives null where there is none.</summary>
    /// <exception cref="InvalidOperationException">No task is running here.</exception>
    public static CoroutineTask Current => Running.Identity;

    /// <summary>The same, or what runs on its behalf: the one to cancel for something that concerns only what runs now.</summary>
    internal static CoroutineTask Running => EventLoop.Running?.CurrentTask
        ?? throw new InvalidOperationException("No task is running here. Call this from a coroutine that a task runs.");

    /// <summary>The coroutine that the task runs, also after its end. Mirrors <c>Task.get_coro()</c>.</summary>
    public Coroutine Coroutine
    {
        get
        {
            // Found rather than kept in a field of its own: seldom asked for, and there may be a million tasks.
            var outermost = _leaf;
            while (_begun && !IsDone && outermost.Parent is { } parent)
            {
                outermost = parent;
            }
            return outermost;
        }
    }

    /// <summary>The name; <c>Task-N</c> unless given. Mirrors <c>Task.get_name()</c> and <c>set_name</c>.</summary>
    public string Name
    {
        get => _details?.Name ?? $"Task-{_number}";
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Details.Name = value;
        }
    }

    /// <summary>
    /// A token to hand to .NET APIs: cancelled when the task is asked to cancel. Costs nothing until it is asked for. When <see cref="Uncancel"/> takes
    /// back the last request, a token that was cancelled stays so, and this property gives a new one. An <see cref="OperationCanceledException"/> of
    /// this token that leaves the coroutine makes the task cancelled, not failed, as with <c>Task.Run(action, token)</c>.
    /// </summary>
    /// <remarks>
    /// Callbacks registered with the token run inside <see cref="Cancel"/>, on the loop's thread, after the request has been passed on. What they throw
    /// goes to the loop's exception handler. For the loop's thread; the token itself may be used in any.
    /// </remarks>
    public CancellationToken CancellationToken => Details.TokensOf(this).Own;

    /// <summary>The context that the task runs in. Mirrors <c>Task.get_context()</c>.</summary>
    public Context Context => _context ??= new Context(Context.Empty);

    /// <summary>True for tasks that a function made for a coroutine it was given; they are not reported when a loop is closed over them.</summary>
    internal bool IsImplicit { get; set; }

    /// <summary>Has a request that comes before the first step wait for that step, so that the coroutine begins all the same.</summary>
    internal void StartBeforeCancel() => _startsBeforeCancel = true;

    /// <summary>Where the task stands in its loop's table of tasks.</summary>
    internal int Slot { get; set; }

    /// <summary>The task that code run by this one takes itself to be in: itself, unless it runs on behalf of another.</summary>
    internal virtual CoroutineTask Identity => this;

    internal override Context? ReportContext => _context;

    /// <summary>What the task waits for; null if it waits for nothing but its turn.</summary>
    internal IWaitable? WaitsFor => _begun && _leaf.Awaiting >= AwaitKind.Waitable && !IsDone ? (IWaitable)_leaf.Link! : null;

    internal override string Kind => "Task";

    internal TaskDetails Details => _details ??= new TaskDetails();

    /// <summary>The message of the last request that could not be passed on when it came; null for none.</summary>
    internal string? RememberedMessage => _details?.CancelMessage;

    /// <summary>The innermost suspended coroutine; once the task is done, its own.</summary>
    internal Coroutine Leaf => _leaf;

    /// <summary>True if an exception of .NET tells of the cancellation of one of this task's tokens.</summary>
    internal bool IsCancelledBy(OperationCanceledException exception) => _details?.Tokens?.IsOurs(exception) == true;

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
        if (_details?.Scopes?.TryHold(null, message) == true)
        {
            return true;
        }
        if (_startsBeforeCancel && !_begun)
        {
            IsRequestLate = true;
            CancelLater(message); // behind the first step, which is queued
        }
        else
        {
            Request(message);
        }
        _details?.Tokens?.CancelOwn();
        return true;
    }

    /// <summary>The first step was waited for with the requests so far, and they are still on their way.</summary>
    internal bool IsRequestLate { get; set; }

    /// <summary>Passes a request that was counted already on in the next iteration.</summary>
    internal void CancelLater(string? message) => Loop.Push(new LateRequest(this, message), null);

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

    internal sealed override bool Wake(object? source) => Loop.TryPush(this, source);

    internal sealed override void Abandon() => (WaitsFor as ForeignAwait)?.Discard();

    /// <summary>The result as an object, null if it has none; throws the failure.</summary>
    internal override object? ResultObject()
    {
        Injection.ThrowIfAny();
        ThrowUnlessSucceeded();
        return _leaf.ResultObject();
    }

    private protected override string Describe() => TaskText.Describe(this, HasSucceeded ? ResultText : "", WaitersText());

    /// <summary>Passes a cancel request on to what the task waits for, or else remembers it.</summary>
    internal void Request(string? message)
    {
        if (!_throwQueued && WaitsFor is { } target)
        {
            if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            {
                CancelLater(message); // a chain of very many tasks: it goes on from the loop
                return;
            }
            _passingOn = true;
            try
            {
                if (CancelWait(target, message))
                {
                    return;
                }
            }
            finally
            {
                _passingOn = false;
            }
        }
        Remember(message);
        // (The leaf does not tell: while the task runs, it is the one of the last suspension, and may have ended.)
        if (_begun && Coroutine.Status != Coroutine.Progress.Started)
        {
            Loop.Push(this, null); // the coroutine was closed behind the task's back; what it waited for may never come
        }
    }

    // A request for a task that awaits methods of .NET goes to what those wait for. Otherwise the await itself is ended, unless it is that of
    // an unknown awaiter: out of that no exception can come, and the request waits for the next await.
    private bool CancelWait(IWaitable target, string? message)
        => (_leaf.Awaiting == AwaitKind.Foreign && _details?.Host?.CancelBelow(Unsafe.As<ForeignAwait>(target), message) == true) || (_leaf.CanThrow && target.CancelWait(message));

    // The request is thrown at the next step.
    private void Remember(string? message)
    {
        _mustCancel = true;
        if (_details is not null || message is not null)
        {
            Details.CancelMessage = message;
            Details.Scopes?.IsPending = true;
        }
    }

    // The request came back: the task waits, through others, for itself. Nothing but an exception can end that.
    private void BreakRing(string? message)
    {
        switch (WaitsFor)
        {
            case Future target when target.RemoveWaiter(this) > 0:
                ThrowSoon(new CancelledException(message));
                break;
            case ForeignAwait target when !_leaf.CanThrow || !target.CancelWait(message):
                Remember(message);
                break;
        }
    }

    // One step. Returns an exception that must leave the loop, or null.
    private Exception? Step(object? source)
    {
        var thrown = _mustCancel || source is not null ? TakeThrown(source) : null;
        if (!_begun || _leaf.Status != Coroutine.Progress.Started)
        {
            // The first step; or the coroutine was run, or closed, behind the task's back.
            var own = Coroutine;
            if (_begun || own.Status != Coroutine.Progress.Created)
            {
                return Finish(own, own.ReuseError());
            }
            if (thrown is not null)
            {
                // No statement of the coroutine runs.
                own.Fail(thrown);
                (thrown as CancelledException)?.InterruptedAt(own, this, null);
                return Finish(own, thrown);
            }
            _begun = true;
            own.Begin(null);
        }
        if (thrown is CancelledException cancelled && Trampoline.IsLeftUnseen(_leaf))
        {
            cancelled.InterruptedAt(_leaf, this, source);
        }
        var stopped = thrown is null ? Trampoline.Resume(_leaf) : Trampoline.Throw(_leaf, thrown);
        if (stopped.Awaiting == AwaitKind.None)
        {
            return Finish(stopped, stopped.Failure);
        }
        if (!ReferenceEquals(_leaf, stopped))
        {
            _leaf = stopped; // storing a reference costs more than this test, and a loop of awaits stays in one coroutine
        }
        if (stopped.Awaiting == AwaitKind.Turn)
        {
            Loop.PushOwn(this, null);
        }
        else
        {
            Wait(stopped);
        }
        return null;
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
        if (_mustCancel && _leaf.CanThrow)
        {
            if (thrown is null && source is IWaitable && _details?.Scopes is { IsPending: false })
            {
                return null; // a scope is cancelled, which stays on: what completed in spite of it gives its result, and the next await throws
            }
            Settle();
            thrown ??= (source as Future)?.TakeException(); // taken, although the request is told in its place, unless it is a cancellation itself
            return TaskDetails.CancellationFor(_details, thrown as CancelledException);
        }
        return thrown is CancelledException cancelled ? TaskDetails.CancellationFor(_details, cancelled) : thrown;
    }

    private void Wait(Coroutine leaf)
    {
        var target = Unsafe.As<IWaitable>(leaf.Link!);
        if (target is Future future)
        {
            if (ReferenceEquals(future, this) || future.Loop != Loop)
            {
                ThrowSoon(new InvalidOperationException(TaskText.WhyNotAwait(this, future)));
                return;
            }
            future.AddWaiter(this);
        }
        else if (leaf.Awaiting != AwaitKind.Foreign)
        {
            target.AddWaiter(this);
        }
        else if (ForeignWaits.Begin(this, leaf, Unsafe.As<ForeignAwait>(target)) is { } refusal)
        {
            ThrowSoon(refusal);
            return;
        }
        if (_mustCancel && CancelWait(target, _details?.CancelMessage))
        {
            Settle();
        }
    }

    private void ThrowSoon(Exception exception)
    {
        _throwQueued = true;
        Loop.PushOwn(this, exception);
    }

    private Exception? Finish(Coroutine own, Exception? failure)
    {
        if (!ReferenceEquals(_leaf, own))
        {
            _leaf = own;
        }
        Loop.NoteEnd(this, failure, _mustCancel);
        switch (failure)
        {
            case null when _mustCancel:
                CancelWith(TaskDetails.CancellationFor(_details, null));
                return null;
            case null:
                Succeed();
                return null;
            case CancelledException cancelled:
                CancelWith(cancelled);
                return null;
            case OperationCanceledException foreign when IsCancelledBy(foreign):
                CancelWith(new CancelledException(_details!.CancelMessage, foreign, foreign.CancellationToken));
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
}
