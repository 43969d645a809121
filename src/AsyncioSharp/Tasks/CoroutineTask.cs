using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>
/// Runs a coroutine on a loop, and is a future of its outcome: asyncio's <c>Task</c>, under a name that is not that of <see cref="Task"/> in every C# file.
/// It has no setters: only its coroutine completes it. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>A step resumes the innermost suspended coroutine, the leaf, and runs until the chain waits for something that is not a coroutine.
/// Then the task registers itself there, and is put into the ready queue as it is: a wake-up allocates nothing.</para>
/// <para>Between two steps exactly one of these holds: the task is in the ready queue; it is a waiter of what the leaf awaits; a .NET
/// awaitable holds its wake-up; it is done. A cancel request is forwarded to what the leaf awaits, or else remembered
/// (<see cref="IsPending"/>) and thrown at the next step.</para>
/// </remarks>
[DebuggerTypeProxy("AsyncioSharp.TaskDebugView, AsyncioSharp")]
public partial class CoroutineTask : Future
{
    // There may be millions of tasks: each field counts. These are 64 bytes with what a future has.
    private Coroutine _leaf;              // the innermost suspended coroutine; the task's own until the first step and after the last
    private TaskExtras _extras;           // what most tasks have not
    private readonly uint _numberLow;     // of its TaskOrder, and of the default name; 40 bits, of which these
    private readonly byte _numberHigh;    // are where the marks do not make a task larger
    private Marks _marks;
    private int _cancelRequests;          // calls of Cancel, less calls of Uncancel

    /// <summary>Creates a task and queues its first step. Programs use <see cref="Asyncio.CreateTask(Coroutine, string?, Context?, bool?)"/>; this is for task factories.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this constructor, if the loop runs on this thread.</param>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask(Coroutine coroutine, EventLoop loop, string? name = null, Context? context = null, bool eagerStart = false)
        : this(coroutine, loop, name, context, eagerStart, loop is { RunsHere: true })
    {
    }

    /// <summary>The same for a caller that knows whether the loop runs here, which else is a question to the thread.</summary>
    internal CoroutineTask(Coroutine coroutine, EventLoop loop, string? name, Context? context, bool eagerStart, bool runsHere)
        : this(coroutine, loop, context, runsHere)
    {
        Number = name is null ? TaskOrder.NextNumber() : TaskOrder.LastNumber;
        if (name is not null)
        {
            Details.Name = name;
            Details.Named = loop.TaskCounts.Created + 1;
        }
        if (eagerStart && _extras.Context is { } own)
        {
            loop.CheckEagerContext(own);
        }
        if (!eagerStart || !loop.TryStartEagerly(this, runsHere))
        {
            loop.StartSoon(this, runsHere);
        }
    }

    /// <summary>
    /// The same for a task that has its name from another (<see cref="Identity"/>): none is made, nor a number used. It is to be started when it knows that one.
    /// </summary>
    private protected CoroutineTask(Coroutine coroutine, EventLoop loop, bool runsHere)
        : this(coroutine, loop, context: null, runsHere)
    {
        Number = TaskOrder.LastNumber;
    }

    /// <summary>The same for one that was counted in before, and whose coroutine may have begun; see <see cref="UnmadeTasks"/>.</summary>
    internal CoroutineTask(Coroutine coroutine, EventLoop loop, long number, Context? context)
        : base(loop)
    {
        _extras.Context = context;
        _leaf = coroutine;
        Number = number;
        IsImplicit = true;
    }

    private CoroutineTask(Coroutine coroutine, EventLoop loop, Context? context, bool runsHere)
        : base(loop)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        loop.CheckUse();
        _leaf = CoroutineSources.Distinct(coroutine);
        context ??= loop.CaptureContext(runsHere);
        if (context is not null)
        {
            _extras.Context = context; // storing even a null would cost the collector's barrier
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
            while (Begun && !IsDone && outermost.Parent is { } parent)
            {
                outermost = parent;
            }
            return outermost;
        }
    }

    /// <summary>The name; <c>Task-N</c> unless given. Mirrors <c>Task.get_name()</c> and <c>set_name</c>.</summary>
    public string Name
    {
        get => Identity is var named && named._extras.Details?.Name is { } given ? given : $"Task-{named.Number}";
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
    /// Callbacks registered with the token run inside <see cref="Cancel"/>, on the loop's thread, after the request has been passed on; before, where a method of
    /// .NET waits for what only the token can end. What they throw goes to the loop's exception handler. For the loop's thread; the token itself may be used in any.
    /// </remarks>
    public CancellationToken CancellationToken => Details.TokensOf(this).Own;

    /// <summary>The context that the task runs in. Mirrors <c>Task.get_context()</c>.</summary>
    public Context Context => _extras.Context ??= NewContext();

    /// <summary>True for tasks that a function made for a coroutine it was given; they are not reported when a loop is closed over them.</summary>
    internal bool IsImplicit
    {
        get => Has(Marks.Implicit);
        set => Mark(Marks.Implicit, value);
    }

    /// <summary>When the task was created.</summary>
    internal TaskOrder Order => new(Number, Named);

    /// <summary>True while the table of tasks does not know it since the ready queue holds it, although it has begun.</summary>
    internal bool IsUnlisted
    {
        get => Has(Marks.IsUnlisted);
        private set => Mark(Marks.IsUnlisted, value);
    }

    /// <summary>Where the task stands in its loop's table of tasks, counted from 1; 0 if it does not.</summary>
    internal int Place { get; set; }

    /// <summary>The task that code run by this one takes itself to be in: itself, unless it runs on behalf of another.</summary>
    internal virtual CoroutineTask Identity => this;

    internal override Context? ReportContext => _extras.Context;

    /// <summary>What the task waits for; null if it waits for nothing but its turn.</summary>
    internal IWaitable? WaitsFor => Begun && _leaf.Awaiting >= AwaitKind.Foreign && _leaf.Status == Coroutine.Progress.Started && !IsDone ? (IWaitable)_leaf.Awaited! : null;

    internal override string Kind => "Task";

    internal override string CallbackName => "CoroutineTask.Wakeup";

    internal TaskDetails Details => _extras.NeedDetails();

    /// <summary>The first step was taken: the coroutine is this task's.</summary>
    internal bool Begun
    {
        get => Has(Marks.Begun);
        private set => Mark(Marks.Begun, value);
    }

    /// <summary>The innermost suspended coroutine; once the task is done, its own.</summary>
    internal Coroutine Leaf
    {
        get => _leaf;
        private set
        {
            if (!ReferenceEquals(_leaf, value))
            {
                _leaf = value; // storing a reference costs more than this test, and a loop of awaits stays in one coroutine
            }
        }
    }

    /// <inheritdoc cref="TaskOrder.Named"/>
    private protected virtual long Named => _extras.Details?.Named ?? 0;

    private long Number
    {
        get => ((long)_numberHigh << 32) | _numberLow;
        init => (_numberLow, _numberHigh) = ((uint)value, (byte)(value >> 32));
    }

    private protected override string ResultText => "";

    internal sealed override bool Wake(object? source) => Loop.TryPush(this, source);

    // A request that was put off stands in the queue: who was asked to cancel must not get past it.
    internal bool MayGoOnInTurn => _cancelRequests == 0 && Loop.SameTurn.IsOpenTo(Identity);

    internal sealed override bool MayWakeInTurn => MayGoOnInTurn && Loop.RunsHere;

    internal sealed override void WakeInTurn() => Loop.SameTurn.Add(this, null);

    internal sealed override void Abandon() => (WaitsFor as ForeignAwait)?.Discard();

    /// <summary>The result as an object, null if it has none; throws the failure.</summary>
    [StackTraceHidden]
    internal override object? ResultObject()
    {
        Injection.ThrowIfAny();
        ThrowUnlessSucceeded();
        return _leaf.ResultObject();
    }

    private protected override string Describe() => TaskText.Describe(this, HasSucceeded ? ResultText : "", WaitersText());

    private bool Has(Marks mark) => (_marks & mark) != 0;

    private void Mark(Marks mark, bool on) => _marks = on ? _marks | mark : _marks & ~mark;

    [Flags]
    private enum Marks : ushort
    {
        Begun = 1,
        Pending = 2,             // a request is remembered, to be delivered once
        ScopeOn = 4,             // the code is in a cancelled scope
        MustThrow = Pending | ScopeOn,
        YieldsToOutcome = 8,     // the pending request came too late for an outcome that only this task can take (Coroutine.MustTakeOutcome)
        PassingOn = 16,          // a request is on its way to what the task waits for
        ThrowQueued = 32,        // the task is in the ready queue with an exception, although the leaf looks as if it waited
        StartsBeforeCancel = 64, // a request that comes before the first step waits for it
        RequestLate = 128,       // such a request is on its way
        Implicit = 256,
        Done = 512,              // as IsDone; here so that a step asks once
        WaitCancelled = 1024,    // the task is in the ready queue since what its leaf is was cancelled
        IsUnlisted = 2048,       // the first step has given others their turn, and the ready queue holds the task instead of the table of tasks
    }
}
