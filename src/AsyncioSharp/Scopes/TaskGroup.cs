namespace AsyncioSharp;

/// <summary>
/// Tasks that end together: <see cref="Run(Func{TaskGroup, Coroutine})"/> ends when its body and every task of the group have ended. The first
/// failure, of a task or of the body, cancels the others; what failed is thrown as a <see cref="TaskGroupException"/>. Mirrors
/// <c>asyncio.TaskGroup</c>.
/// </summary>
/// <remarks>
/// <para>A cancellation of the surrounding task cancels the group's tasks, waits for them, and is passed on, unless something failed. (Further
/// cancellations that come while the tasks end are counted, but do not cancel the tasks again, as in CPython; one exception tells them all.) Failures
/// have precedence, and the cancellation is then delivered again at the next await. The group interrupts its own body, or its waiting, by cancelling the task
/// too; it takes that request back at the end, so that <see cref="CoroutineTask.Cancelling"/> is what it was, plus what others asked for.</para>
/// <para>A <see cref="KeyboardInterruptException"/> comes out as it is, and the other failures are reported to the exception handler. A task that
/// ends cancelled is no failure. The group holds only tasks that are not done: one small object each, which goes with the task;
/// and until it is left, those that failed.</para>
/// <para>A group does not cancel a task away that has not begun: one that the group cancels before its first step runs to its first await that suspends, which
/// throws: so what it was given, a connection perhaps, is not lost with it. (In CPython no statement of it runs.) A task that is cancelled otherwise
/// before it has begun does not begin, as everywhere: by its own <c>Cancel</c>, or since the body, which awaits the task itself, is cancelled from outside:
/// the request goes to what is awaited. Leave the waiting to the group, or await the child in a task of its own, where that matters.</para>
/// </remarks>
public sealed class TaskGroup : IScope
{
    private List<CoroutineTask> _failed = [];
    private ScopeEntry _entry;
    private TaskGroupChild? _first;    // the tasks that are not known to be done, in order of their creation
    private TaskGroupChild? _last;
    private int _count;                // how many those are
    private Future<bool>? _drained;    // what the parent waits for when the body has ended
    private Exception? _fatal;         // a failure that comes out as it is
    private CancelledException? _cancelled; // a cancellation from outside that came when the body had ended
    private string? _message;          // of the group's own cancellation
    private bool _exiting;             // the body has ended
    private bool _aborting;            // everything that is left is being cancelled
    private bool _requested;           // the parent was cancelled from here
    private bool _heldBack;            // requests have waited until the tasks had ended
    private bool _over;

    /// <summary>Runs <paramref name="body"/>, which may add tasks, and waits for them all. Can be called once.</summary>
    /// <param name="body">What to run in the group; it runs in the calling task and is cancelled if a task of the group fails.</param>
    /// <returns>A coroutine that ends when everything in the group has ended.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the group was entered before.</exception>
    /// <exception cref="TaskGroupException">When awaited: a task, or the body, failed.</exception>
    /// <exception cref="CancelledException">When awaited: the task was cancelled from outside. Everything in the group is cancelled and awaited first.</exception>
    public Coroutine Run(Func<TaskGroup, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<TaskGroup, NoValue>(this, body);
    }

    /// <summary>As <see cref="Run(Func{TaskGroup, Coroutine})"/>, with a value that the body gives.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="body">What to run in the group.</param>
    /// <returns>A coroutine of the body's value.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the group was entered before; or <see cref="Cancel"/> ended the body, so that there is no value.</exception>
    /// <exception cref="TaskGroupException">When awaited: a task, or the body, failed.</exception>
    /// <exception cref="CancelledException">When awaited: the task was cancelled from outside.</exception>
    public Coroutine<T> Run<T>(Func<TaskGroup, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<TaskGroup, T>(this, body, static T () => throw new InvalidOperationException(
            "The task group was cancelled before its body gave a value. Use the form of Run without a value, or catch the CancelledException in the body."));
    }

    /// <summary>Makes a task in the group. Mirrors <c>TaskGroup.create_task</c>. For the body, the group's tasks, and whoever they hand the group to.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this call; null for what the loop's task factory does, which without one is no.</param>
    /// <returns>The task. Its failure is the group's; cancelling it alone does not touch the others.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The group was not entered, is finished, or is shutting down after a failure or a cancellation. The
    /// coroutine is closed.</exception>
    public CoroutineTask CreateTask(Coroutine coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        var loop = CheckOpen(coroutine);
        return Added(loop.CreateTask(coroutine, name, context, eagerStart));
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, Context?, bool?)"/>
    /// <typeparam name="T">The kind of result.</typeparam>
    public CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
    {
        var loop = CheckOpen(coroutine);
        return Added(loop.CreateTask(coroutine, name, context, eagerStart));
    }

    /// <summary>
    /// Cancels the body and every task of the group; <c>Run</c> then ends without a <see cref="CancelledException"/>, though failures are still
    /// thrown. Before the group is entered: it is cancelled as soon as it is. Afterwards, and a second time, it does nothing. Mirrors
    /// <c>TaskGroup.cancel</c> of Python 3.15.
    /// </summary>
    /// <param name="message">The text for <see cref="CancelledException.CancelMessage"/> in the tasks and the body.</param>
    /// <exception cref="InvalidOperationException">In debug mode: another thread runs the loop. Nothing is changed.</exception>
    public void Cancel(string? message = null)
    {
        _entry.CheckThread(this);
        if (_over || _aborting)
        {
            return;
        }
        _message = message;
        if (Parent is null)
        {
            _aborting = true; // the rest follows when it is entered
        }
        else
        {
            AbortAndInterrupt();
        }
    }

    /// <summary>For instance <c>&lt;TaskGroup tasks=2 errors=1 cancelling&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string tasks = _count > 0 ? $" tasks={_count}" : "";
        string errors = _failed.Count > 0 ? $" errors={_failed.Count}" : "";
        return $"<TaskGroup{tasks}{errors}{(_over ? " ended" : _aborting ? " cancelling" : Parent is not null ? " entered" : "")}>";
    }

    void IScope.Enter(CoroutineTask task)
    {
        _entry.Begin(this, task);
        if (_aborting)
        {
            AbortAndInterrupt();
        }
    }

    Coroutine? IScope.Drain(Exception? failure)
    {
        _exiting = true;
        if (failure is not null && !_aborting)
        {
            Abort();
        }
        // A coroutine that is being closed must not wait; the tasks are cancelled, and what they still have to say is reported.
        return _count > 0 && failure is not CoroutineExitException ? WaitForChildren() : null;
    }

    Exception? IScope.Leave(Exception? failure)
    {
        _over = true;
        if (failure is OperationCanceledException foreign and not CancelledException && Parent!.IsCancelledBy(foreign))
        {
            failure = CancelledException.Unthrown(null, foreign, foreign.CancellationToken); // of the task's token, or one linked with it
        }
        bool isOurs = _requested ? _entry.TakeBack() : !_entry.IsTold(own: 0);
        var failed = _failed;
        _failed = []; // exceptions hold on to much; the group must not hold on to them
        var own = failure is CancelledException or CoroutineExitException ? null : failure;
        _fatal ??= failure as KeyboardInterruptException;
        if (_fatal is not null || failure is CoroutineExitException)
        {
            failed.ForEach(Report);
            if (own is not null && own != _fatal)
            {
                Report(own, Parent!);
            }
            return _fatal ?? failure;
        }
        var cancelled = failure as CancelledException;
        cancelled = _requested ? _cancelled ?? cancelled : cancelled ?? _cancelled; // of two, the body's is perhaps the group's own
        if (failed.Count == 0 && own is null)
        {
            if (isOurs)
            {
                return _requested ? null : cancelled;
            }
            // One exception tells all the requests that came while the group was ending, as in CPython.
            var pending = _heldBack || (_requested && cancelled is null) ? Parent!.TakePending() : null;
            return cancelled ?? pending;
        }
        if (!isOurs)
        {
            // Failures have precedence over a cancellation from outside, but do not make it undone: it is thrown at the next await.
            Parent!.Redeliver(cancelled?.CancelMessage);
        }
        var errors = failed.Select(static task => task.PeekException!);
        return new TaskGroupException(own is null ? errors : errors.Append(own));
    }

    /// <summary>The task that runs the body and waits for the group's tasks; null before that.</summary>
    internal CoroutineTask? Parent => _entry.Task;

    /// <summary>A task of the group is done.</summary>
    internal void OnDone(TaskGroupChild child)
    {
        Remove(child);
        if (_drained is { IsDone: false } drained && _count == 0)
        {
            drained.SetResult(true);
        }
        if (child.Task.PeekException is not { } failure)
        {
            return;
        }
        child.Task.MarkRetrieved();
        if (_over)
        {
            Report(child.Task);
            return;
        }
        _failed.Add(child.Task);
        if (failure is KeyboardInterruptException)
        {
            _fatal ??= failure;
        }
        if (!_aborting)
        {
            AbortAndInterrupt();
        }
    }

    // Cancels the tasks and the parent: out of its body, or of its waiting for the tasks, which it goes on with, but in the turn that this gives it, as in CPython.
    private void AbortAndInterrupt()
    {
        Abort();
        _requested = true;
        _entry.Cancel(_message);
    }

    private void Abort()
    {
        _aborting = true;
        for (var child = _first; child is not null; child = child.Next)
        {
            child.Task.StartBeforeCancel(); // all of them first: one may await another, to which its request goes on
        }
        for (var child = _first; child is not null; child = child.Next)
        {
            child.Task.Cancel(_message);
        }
    }

    private async Coroutine WaitForChildren()
    {
        ScopeFrame? shield = null;
        while (_count > 0)
        {
            _drained = new GroupEnd(Parent!.Loop, this);
            try
            {
                await _drained;
            }
            catch (CancelledException e)
            {
                // From outside; or the group's own.
                if (!_requested || _entry.IsTold(own: 1))
                {
                    _cancelled ??= e;
                }
                if (!_aborting)
                {
                    Abort();
                }
                else
                {
                    shield ??= Parent!.EnterShieldInScope(); // a cancelled scope around would interrupt this again and again
                }
            }
        }
        if (shield is not null)
        {
            _heldBack = shield.Held > 0;
            Parent!.Leave(shield);
        }
    }

    private EventLoop CheckOpen(Coroutine coroutine)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        string? reason = Parent is null ? "has not been entered; add tasks in the body given to Run"
            : _over || (_exiting && _count == 0) ? "is finished; make a new one"
            : _aborting ? "is shutting down; no task can be added any more"
            : null;
        if (reason is null)
        {
            return Parent!.Loop;
        }
        coroutine.Close(); // or it would be reported as never awaited, which is not the mistake
        throw new InvalidOperationException($"TaskGroup {this} {reason}.");
    }

    private TTask Added<TTask>(TTask task)
        where TTask : CoroutineTask
    {
        if (task.IsDone && task.PeekException is null)
        {
            return task; // it was started eagerly, and there is nothing to wait for
        }
        var child = new TaskGroupChild(this, task) { Previous = _last };
        if (_last is null)
        {
            _first = child;
        }
        else
        {
            _last.Next = child;
        }
        _last = child;
        _count++;
        task.AddWaiter(child); // also if it has failed already: that must not cancel the caller in the middle of this call
        if (_aborting && !task.IsDone)
        {
            task.Cancel(_message); // what it did in its eager step has ended the group
        }
        return task;
    }

    private void Remove(TaskGroupChild child)
    {
        if (child.Previous is null)
        {
            _first = child.Next;
        }
        else
        {
            child.Previous.Next = child.Next;
        }
        if (child.Next is null)
        {
            _last = child.Previous;
        }
        else
        {
            child.Next.Previous = child.Previous;
        }
        _count--;
    }

    private IEnumerable<Future> Children()
    {
        for (var child = _first; child is not null; child = child.Next)
        {
            yield return child.Task;
        }
    }

    private void Report(CoroutineTask failed)
    {
        if (failed.PeekFailure is { } failure && failure.Exception != _fatal)
        {
            failure.IsReported = true;
            Report(failure.Exception, failed);
        }
    }

    private void Report(Exception failure, CoroutineTask task) => Parent!.Loop.CallExceptionHandler(new ExceptionContext
    {
        Message = $"a failure in {this} could not be thrown, because the group was left otherwise",
        Exception = failure,
        Task = task,
    });

    // What the parent waits for when the body has ended.
    private sealed class GroupEnd(EventLoop loop, TaskGroup group) : Future<bool>(loop), IDerived
    {
        public IEnumerable<Future> Sources => group.Children();

        internal override string CallbackName => nameof(TaskGroup);
    }
}

/// <summary>A task in a group: its place in the group's list, and what the loop runs when the task is done.</summary>
internal sealed class TaskGroupChild(TaskGroup group, CoroutineTask task) : Runnable, IRelay
{
    public IEnumerable<Future> Recipients => group.Parent is { } parent ? [parent] : [];

    internal override string CallbackName => "TaskGroup.CreateTask";

    internal CoroutineTask Task => task;

    internal TaskGroupChild? Previous { get; set; }

    internal TaskGroupChild? Next { get; set; }

    internal override void Run(object? source) => group.OnDone(this);

    /// <summary>For the report of a schedule.</summary>
    public override string ToString() => $"end of {task.Name} in {group}";
}
