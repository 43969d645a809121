using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// What an <c>async Coroutine</c> method returns: its state machine, not yet started (Python's coroutine object). It runs when it is awaited,
/// inside the awaiting task, or as a task of its own (<see cref="Asyncio.CreateTask(Coroutine, string?, Context?, bool?)"/>). It can be run once.
/// </summary>
/// <remarks>
/// Costs one allocation a call, the state machine included. A chain of coroutines that await each other is driven by
/// <see cref="Trampoline"/>: resuming it costs the same at any depth, and no depth overflows the stack. Not thread-safe.
/// </remarks>
[AsyncMethodBuilder(typeof(CoroutineMethodBuilder))]
[DebuggerTypeProxy("AsyncioSharp.CoroutineDebugView, AsyncioSharp")]
public abstract class Coroutine : Runnable, IAwaitable, IAwaitTarget, ITraceSource
{
    private const string Given = "given"; // a text, of whose storing the collector need not be told

    private protected Coroutine()
    {
    }

    internal enum Progress : byte
    {
        Created,
        Turn,    // the one shared coroutine that only gives others their turn; it has no state of its own
        Waiting, // created; who awaits it need not run it, but wait for it; see BeginWait
        Prompt,  // created, and may be able to end at once when it is awaited; see EndsAtOnce
        Unmade,  // created, and in the ready queue in the place of its task; see StandFor
        Started,
        Waited,  // started, and no frame: a task waits for it on behalf of the coroutine that awaits it
        Strayed, // started, and moved on behind the back of its task, as it ignored Close
        Succeeded,
        Failed,  // also: closed, then without an exception
    }

    /// <summary>The coroutine that awaits this one; null for the outermost. Kept after the end, for traces.</summary>
    internal Coroutine? Parent { get; private set; }

    /// <summary>How far it has come.</summary>
    internal Progress Status { get; private protected set; }

    /// <summary>What it is suspended on; <see cref="AwaitKind.None"/> while it runs and when it is finished.</summary>
    internal AwaitKind Awaiting { get; private protected set; }

    /// <summary>
    /// Before it begins: whether it was given to a gather. In the ready queue: its <see cref="ICoroutineOwner"/>. While suspended: the thing awaited, or what a
    /// coroutine that waits for itself has to remember. Once failed: the exception; what it was before still, as long as nobody has asked for that.
    /// </summary>
    internal object? Link { get; private protected set; }

    /// <summary>What its task waits for, while it does.</summary>
    internal object? Awaited => Awaiting == AwaitKind.Itself ? this : Link;

    /// <summary>Where the coroutine stands. Mirrors <c>inspect.getcoroutinestate</c>.</summary>
    public CoroutineState State => Status switch
    {
        _ when IsNew => CoroutineState.Created,
        Progress.Started or Progress.Waited or Progress.Strayed => Innermost.Awaiting == AwaitKind.None ? CoroutineState.Running : CoroutineState.Suspended,
        _ => CoroutineState.Closed,
    };

    /// <summary>True if nothing of it has run. Unlike <see cref="State"/> this looks at no other coroutine.</summary>
    internal bool IsNew => Status < Progress.Started;

    /// <summary>Where the chain of those that this one awaits ends. Runs while that one runs.</summary>
    internal Coroutine Innermost
    {
        get
        {
            var innermost = this;
            while (innermost.Awaiting == AwaitKind.Coroutine && innermost.Link is Coroutine awaited)
            {
                innermost = awaited;
            }
            return innermost;
        }
    }

    /// <summary>The name of the method, with its class: <c>Program.Main</c>, <c>Program.Main.&lt;locals&gt;.Inner</c>. Mirrors <c>__qualname__</c>.</summary>
    public abstract string QualifiedName { get; }

    /// <summary>True if it has succeeded as a task's own: the others are left to the collector anyway, and of a failed one the trace is read.</summary>
    private protected bool IsDoneWith => Status == Progress.Succeeded && Parent is null;

    /// <summary>The exception with which it ended, or null.</summary>
    internal Exception? Failure => Status == Progress.Failed ? Link as Exception : null;

    AwaitKind IAwaitTarget.Kind => KindWhenAwaited;

    bool IAwaitTarget.IsReady => IsReadyWhenAwaited;

    internal AwaitKind KindWhenAwaited
        => Status == Progress.Turn ? AwaitKind.Turn : Status is Progress.Waiting or Progress.Prompt ? AwaitKind.Wait : AwaitKind.Coroutine;

    /// <summary>
    /// False, but for a coroutine that ends at once; throws if the coroutine was started before. It must throw here, where a user's <c>finally</c> is
    /// still in force.
    /// </summary>
    internal bool IsReadyWhenAwaited => Status > Progress.Waiting && EndsAtOnce();

    /// <summary>For the compiler: what <c>await</c> calls. Awaiting runs the coroutine inside the awaiting task, in its context.</summary>
    /// <returns>The awaiter.</returns>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public CoroutineAwaiter GetAwaiter() => new(this);

    /// <summary>
    /// Ends the coroutine where it stands. One that never started is discarded and not reported as never awaited; a suspended one runs its
    /// <c>finally</c> blocks now. A finished one stays as it is. Mirrors <c>coroutine.close()</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is running, another coroutine awaits it, it waits for an operation of .NET, or it
    /// awaited something in a <c>finally</c> block.</exception>
    public void Close()
    {
        if (!LookForTask())
        {
            throw new InvalidOperationException($"coroutine '{QualifiedName}' belongs to a task of a loop that runs in another thread; cancel that task there");
        }
        switch (State)
        {
            case CoroutineState.Created when Status != Progress.Turn:
                Discard();
                break;
            case CoroutineState.Running:
                throw new InvalidOperationException($"coroutine '{QualifiedName}' is already executing and cannot close itself");
            case CoroutineState.Suspended:
                Trampoline.Close(this);
                break;
            default:
                break;
        }
    }

    /// <summary>The name and the state.</summary>
    /// <returns>For instance <c>&lt;coroutine object Program.Main created&gt;</c>.</returns>
    public override string ToString() => $"<coroutine object {QualifiedName} {State.ToString().ToLowerInvariant()}>";

    /// <summary>
    /// <c>running at FILE:LINE</c> or <c>done, defined at FILE:LINE</c>; without the place where it is not known, as while the body runs. The first
    /// text for a method reads its PDB.
    /// </summary>
    internal string DescribeProgress()
    {
        var source = MachineType is { } type ? StateMachineSource.Of(type) : null;
        return State switch
        {
            CoroutineState.Created => $"running{At(" at", source?.Start)}",
            CoroutineState.Closed => $"done{At(", defined at", source?.Start)}",
            _ => $"running{At(" at", Machine is { } machine ? source?.PositionOf(machine) : null)}",
        };

        static string At(string words, SourcePosition? position) => position is { } known ? $"{words} {known.File}:{known.Line}" : "";
    }

    [StackTraceHidden]
    object? IAwaitTarget.AwaitedObject() => ResultObject();

    void IAwaitTarget.OnCompleted(Action continuation) => OnCompletedOutside(continuation);

    ITraceSource? ITraceSource.Outer => Parent;

    /// <summary>
    /// For the trace of a cancellation that left frames without a throw. Those that were left so still stand at their await; of the others,
    /// which have run on, the line is not known any more.
    /// </summary>
    string ITraceSource.RenderFrame()
    {
        var position = this is { IsTransparent: true, Status: Progress.Failed, Machine: { } machine } ? StateMachineSource.Of(machine.GetType()).PositionOf(machine) : null;
        return $"   at {QualifiedName}()" + (position is { } known ? $" in {known.File}:line {known.Line}" : "");
    }

    /// <summary>The compiler's state machine, a copy if it is a struct; null for a coroutine without one. For introspection.</summary>
    internal virtual object? Machine => null;

    /// <summary>The type of the state machine, which is known when the machine is gone too; null for a coroutine without one.</summary>
    internal virtual Type? MachineType => Machine?.GetType();

    /// <summary>Runs the body from where it stands to its next suspension or its end.</summary>
    internal abstract void Resume();

    /// <summary>Throws <paramref name="exception"/> at the point where the coroutine is suspended, and runs it from there.</summary>
    internal abstract void Throw(Exception exception);

    /// <summary>False if it is suspended at an await that cannot throw an exception of ours: one of a foreign awaiter that is not known.</summary>
    internal virtual bool CanThrow => true;

    /// <summary>
    /// Has the async iterator that the suspended coroutine awaits in <paramref name="left"/> replaced in it, so that it can be left behind;
    /// <paramref name="disposal"/> is what disposes it later. False if that cannot be done.
    /// </summary>
    internal virtual bool TryReplaceIterator(ForeignAwait left, Runnable disposal) => false;

    /// <summary>True if what it waits for has ended with something that is lost unless it takes it now: a request that comes at this moment waits for the next await.</summary>
    internal virtual bool MustTakeOutcome => Awaiting is AwaitKind.Future or AwaitKind.Foreign && Link is IWaitable { MustBeTaken: true }; // else the link may be an old one

    /// <summary>True if the body has no <c>try</c>, <c>using</c> or <c>lock</c>: an exception passes through it unseen.</summary>
    internal virtual bool IsTransparent => false;

    /// <summary>
    /// Runs a <see cref="Progress.Prompt"/> coroutine to its end if that is possible without suspending, so that awaiting it costs no detour through the
    /// task. True if it has ended. Any other has been started before: throws; but not if only its task has been queued.
    /// </summary>
    internal virtual bool EndsAtOnce()
    {
        LookForTask();
        if (Status != Progress.Created)
        {
            throw ReuseError();
        }
        return false;
    }

    /// <summary>The coroutine to run when this one becomes a task's: itself, except for a shared one.</summary>
    internal virtual Coroutine ForTask()
    {
        if (LookForTask())
        {
            Status = IsNew ? Progress.Created : Status;
        }
        return this;
    }

    /// <summary>The value as an object, null if there is none; throws the failure.</summary>
    internal virtual object? ResultObject()
    {
        ThrowUnlessSucceeded();
        return null;
    }

    /// <summary>Calls back the one method of <paramref name="visitor"/> that knows this coroutine's kind of value.</summary>
    internal virtual TOut Accept<TOut>(ICoroutineVisitor<TOut> visitor) => visitor.Visit(this);

    /// <summary>
    /// True when it is asked for the first time of a coroutine that has not begun: then nobody has given it before to something that asks. One false answer
    /// too many does no harm.
    /// </summary>
    internal bool IsGivenFirst()
    {
        if (Status != Progress.Created || Link is not null)
        {
            return false;
        }
        Link = Given;
        return true;
    }

    /// <summary>Asked of a fresh one: whether it may run without a task as long as nobody looks. Those that await things of .NET look themselves.</summary>
    internal virtual bool TrySpareTask() => false;

    /// <summary>It has needed a task after all.</summary>
    internal virtual void NoteNeeded()
    {
    }

    /// <summary>True of one that is an entry of the loop also by itself, as the timer that it sets.</summary>
    internal virtual bool IsTimer => false;

    /// <summary>True of one that waits for something outside this library, as for a socket.</summary>
    internal virtual bool EndsOutside => false;

    /// <summary>Who runs its next step, if it stands in the ready queue in the place of its task; else null.</summary>
    internal ICoroutineOwner? Owner => Awaiting == AwaitKind.Turn ? Link as ICoroutineOwner : null;

    /// <summary>Says that it stands in the ready queue, fresh or awaiting its turn, in the place of its task, and who runs its next step. The task need not be made yet.</summary>
    internal void StandFor(ICoroutineOwner owner)
    {
        Status = Status == Progress.Created ? Progress.Unmade : Status;
        Awaiting = AwaitKind.Turn;
        Link = owner;
    }

    /// <summary>Says that a step of it is taken while it stands there; if it awaits its turn again, it may go on so.</summary>
    internal void BeginUnmade() => Status = Progress.Started;

    /// <summary>Says that it does not stand there any more.</summary>
    internal void LeaveQueue()
    {
        if (Status == Progress.Unmade)
        {
            Status = Progress.Created;
            Awaiting = AwaitKind.None;
            Link = Given;
        }
        else if (Awaiting is (AwaitKind.None or AwaitKind.Turn) && Link is ICoroutineOwner)
        {
            Link = null;
        }
    }

    /// <summary>Whoever takes the coroutine itself in hand must meet its task in the queue. False if that is one of another thread's loop.</summary>
    internal bool LookForTask()
    {
        Owner?.MakeTasks();
        return Owner is null;
    }

    /// <summary>Takes a fresh coroutine into use under <paramref name="parent"/>.</summary>
    internal void Begin(Coroutine? parent)
    {
        Status = Progress.Started;
        Parent = parent;
    }

    /// <summary>Says whether it has gone on behind the back of its task.</summary>
    internal void MarkStrayed(bool hasStrayed) => Status = hasStrayed ? Progress.Strayed : Progress.Started;

    /// <summary>Says what the coroutine waits for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Suspend(AwaitKind kind, object? target)
    {
        if (kind is not (AwaitKind.Turn or AwaitKind.Itself)) // these have no target, and storing a reference is not free
        {
            Link = target;
        }
        Awaiting = kind;
    }

    /// <summary>It goes on: what has been awaited must not be kept alive until the next await that waits for something.</summary>
    internal void ForgetAwaited() => Link = null;

    /// <summary>The same in one that awaits only what is of this library. Behind a turn there is nothing to forget, and who runs it in the queue must stay known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void EndAwait()
    {
        if (Awaiting != AwaitKind.Turn)
        {
            ForgetAwaited();
        }
        Awaiting = AwaitKind.None;
    }

    /// <summary>Of one that only waits: begins, with the task that is to be woken.</summary>
    internal virtual void BeginWait(Runnable waiter)
    {
        Status = Awaiting == AwaitKind.Itself ? Progress.Started : Progress.Waited; // a frame has said already what it waits for
        Awaiting = AwaitKind.Itself;
        Link = waiter;
    }

    /// <summary>Ends the wait for which the task was woken; false if it was woken in vain and waits on.</summary>
    internal virtual bool EndWait() => throw new InvalidOperationException($"{this} does not wait.");

    /// <summary>Ends it without a value of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Succeed()
    {
        Awaiting = AwaitKind.None;
        Link = null; // what is done must not keep alive what it has waited for
        Status = Progress.Succeeded;
    }

    /// <summary>Ends it with <paramref name="exception"/>.</summary>
    internal void Fail(Exception exception)
    {
        Link = exception;
        FailUnseen();
    }

    /// <summary>Ends it with a cancellation whose exception is made when somebody asks for it. What it waited for stays known: the trace is read from it.</summary>
    internal void FailUnseen()
    {
        Awaiting = AwaitKind.None;
        Status = Progress.Failed;
    }

    /// <summary>Ends it before it began, without running any of it.</summary>
    internal void Discard()
    {
        Link = null;
        Status = Progress.Failed;
    }

    internal InvalidOperationException ReuseError() => new(State is CoroutineState.Running or CoroutineState.Suspended
        ? $"coroutine is being awaited already: '{QualifiedName}' is running in a task; await that task instead"
        : Status == Progress.Failed && Link is CoroutineExitException
            ? $"cannot reuse already awaited coroutine '{QualifiedName}': it was closed. To end one that a task runs, cancel the task"
            : $"cannot reuse already awaited coroutine '{QualifiedName}'; call the method again for a new one");

    /// <summary>What <c>GetResult</c> does unless the coroutine succeeded.</summary>
    [StackTraceHidden]
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // see Rethrow.Raise
    internal void ThrowUnlessSucceeded()
    {
        if (Status != Progress.Succeeded)
        {
            Rethrow.Raise(PrepareThrow());
        }
    }

    /// <summary>An await in a method that is not a coroutine, for instance an async iterator: its loop runs the coroutine as a task.</summary>
    internal void OnCompletedOutside(Action continuation)
    {
        if (CoroutineHost.Running is { } host)
        {
            host.Drive(this, continuation);
            return;
        }
        // Not thrown here, where it would end the process, but out of the await.
        var error = new InvalidOperationException(
            $"coroutine '{QualifiedName}' is awaited where no event loop runs. Start it with Asyncio.Run, or send it to a running loop with Asyncio.RunCoroutineThreadsafe.");
        if (Status != Progress.Turn) // the shared turn has no state that could fail
        {
            Fail(error);
        }
        ThreadPool.QueueUserWorkItem(static wait => Injection.Resume(wait.continuation, wait.error), (continuation, error), preferLocal: false);
    }

    internal override void Run(object? source) => Unsafe.As<ICoroutineOwner>(Link!).RunStep(this);

    internal override void Abandon()
    {
        if (Owner is not null)
        {
            LeaveQueue(); // it is the user's again, who may close it
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private object? PrepareThrow()
    {
        switch (Status)
        {
            case Progress.Turn:
                return Injection.Take();
            case Progress.Failed when Link is Exception exception:
                Injection.Forget();
                return Rethrow.Prepare(exception);
            default:
                return Status == Progress.Failed ? ReuseError() : new InvalidOperationException($"coroutine '{QualifiedName}' has no result yet; await it");
        }
    }
}
