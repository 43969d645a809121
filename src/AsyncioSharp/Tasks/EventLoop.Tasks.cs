using System.Runtime.CompilerServices;

namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private readonly TaskTable _tasks = new();
    private readonly CreationTimes _creationTimes = new();
    private TaskCounts _taskCounts;
    private long _timedTasks; // how many had been created when the time was noted last

    /// <summary>Makes the tasks of this loop; null for the default. Mirrors <c>set_task_factory</c> and <c>get_task_factory</c>.</summary>
    public ITaskFactory? TaskFactory { get; set; }

    /// <summary>The task whose step, or whose method of .NET, runs at this moment; null for callbacks.</summary>
    internal CoroutineTask? CurrentTask => ActingTask ?? (_ready.Running is var running && running is CoroutineTask task ? task : TaskOf(running));

    /// <summary>The same, as long as its code runs otherwise than as the entry whose turn it is; else null.</summary>
    internal CoroutineTask? ActingTask { get; set; }

    /// <summary>True if a step of <paramref name="task"/> runs: as the entry whose turn it is, or begun inside of that. False in another thread.</summary>
    internal bool IsRunningNow(CoroutineTask task)
        => IsOnOwnThread && (IsTurnOf(task) || (IsInStep && ReferenceEquals(ActingTask, task)));

    /// <summary>Makes a task of <paramref name="coroutine"/>; its first step runs in the next iteration, unless it is to start eagerly. Mirrors <c>loop.create_task</c>.</summary>
    /// <param name="coroutine">What to run.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">Whether the first step is run at once, inside this call; null for what the loop's task factory does, which without one is no.</param>
    /// <returns>The task.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask CreateTask(Coroutine coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
        => CreateTask(coroutine, name, context, eagerStart, RunsHere);

    /// <summary>The same for a caller that knows whether the loop runs here, which else is a question to the thread.</summary>
    internal CoroutineTask CreateTask(Coroutine coroutine, string? name, Context? context, bool? eagerStart, bool runsHere)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        if (TaskFactory is null && coroutine is StateMachineCoroutine)
        {
            return new CoroutineTask(coroutine, this, name, context, eagerStart == true, runsHere); // an async method's without a value: it need not be asked, which is dear
        }
        CheckUse();
        return coroutine.Accept(new Creator(this, name, context, eagerStart));
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, Context?, bool?)"/>
    /// <typeparam name="T">The kind of result.</typeparam>
    public CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, Context? context = null, bool? eagerStart = null)
        => CreateTask(coroutine, name, context, eagerStart, RunsHere);

    /// <inheritdoc cref="CreateTask(Coroutine, string?, Context?, bool?, bool)"/>
    internal CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name, Context? context, bool? eagerStart, bool runsHere)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        if (TaskFactory is null)
        {
            return new CoroutineTask<T>(coroutine, this, name, context, eagerStart == true, runsHere);
        }
        CheckUse();
        return Named(TaskFactory.Create(this, coroutine, name, context, eagerStart), name);
    }

    /// <summary>
    /// As <see cref="CreateTask(Coroutine, string?, Context?, bool?)"/>; cancelling <paramref name="cancellationToken"/>, in any thread, cancels the task.
    /// Mirrors <c>loop.create_task</c>, which has no token.
    /// </summary>
    /// <remarks>
    /// The <see cref="CancelledException"/> that is thrown in the coroutine carries the token, and so does the task's. If the token is cancelled already,
    /// no statement of the coroutine runs. The registration is taken back when the task is done.
    /// </remarks>
    /// <param name="coroutine">What to run.</param>
    /// <param name="cancellationToken">The token.</param>
    /// <param name="name">The name; null for <c>Task-N</c>.</param>
    /// <param name="context">The context to run in, used as it is; null for a copy of the current one.</param>
    /// <param name="eagerStart">
    /// Whether the first step is run at once, inside this call, unless the token is cancelled already; null for what the loop's task factory does, which without one is no.
    /// </param>
    /// <returns>The task.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public CoroutineTask CreateTask(Coroutine coroutine, CancellationToken cancellationToken, string? name = null, Context? context = null, bool? eagerStart = null)
        => Obeying(CreateTask(coroutine, name, context, cancellationToken.IsCancellationRequested ? false : eagerStart), cancellationToken);

    /// <inheritdoc cref="CreateTask(Coroutine, CancellationToken, string?, Context?, bool?)"/>
    /// <typeparam name="T">The kind of result.</typeparam>
    public CoroutineTask<T> CreateTask<T>(Coroutine<T> coroutine, CancellationToken cancellationToken, string? name = null, Context? context = null, bool? eagerStart = null)
        => Obeying(CreateTask(coroutine, name, context, cancellationToken.IsCancellationRequested ? false : eagerStart), cancellationToken);

    /// <summary>The tasks that are not done, in order of their creation.</summary>
    internal List<CoroutineTask> LiveTasks()
    {
        var tasks = RunsHere ? [.. Unlisted(), .. _tasks.List()] : LiveTasksFromOutside();
        for (int i = 1; i < tasks.Count; i++)
        {
            if (tasks[i - 1].Order.CompareTo(tasks[i].Order) > 0)
            {
                tasks.Sort(static (one, other) => one.Order.CompareTo(other.Order));
                break;
            }
        }
        return tasks;
    }

    private List<CoroutineTask> LiveTasksFromOutside()
    {
        Interlocked.Increment(ref _lookers);
        try
        {
            // A task is queued, runs, may be queued and run once more, and is in the table then; a coroutine that stands for one becomes one in a step that it takes from
            // now on. Who looks there in that order misses none.
            List<CoroutineTask> unlisted = [.. Unlisted(), .. Unlisted()];
            return [.. unlisted.Concat(_tasks.List()).Where(static task => !task.IsDone).Distinct()];
        }
        finally
        {
            Interlocked.Decrement(ref _lookers);
        }
    }

    // Those that are queued, and only then, since those run next, the ones that run: as an entry of the queue, and inside of that.
    private List<CoroutineTask> Unlisted()
    {
        List<CoroutineTask?> found = [.. ReadyEntries().Select(TaskOf)];
        found.Add(RunningTask());
        found.Add(ActingTask);
        return [.. found.OfType<CoroutineTask>().Where(static task => task is { Place: 0, IsDone: false }).Distinct()];
    }

    /// <summary>The seconds of loop time since a live task was created, less the time until the loop looked at its clock after that.</summary>
    internal double AgeOf(CoroutineTask task) => _creationTimes.Of(task.Order) is { } created ? Time - created : 0;

    /// <summary>How many tasks are not done. For any thread, roughly.</summary>
    internal int TaskCount => (int)Math.Max(_taskCounts.Live, 0);

    internal TaskCounts TaskCounts => _taskCounts;

    /// <summary>Those of the table; for tests.</summary>
    internal List<CoroutineTask> ListedTasks => _tasks.List();

    /// <summary>Queues the first step of a new task.</summary>
    internal void StartSoon(CoroutineTask task, bool runsHere)
    {
        Register(task, isHere: runsHere);
        if (runsHere)
        {
            PushOwn(task, null);
        }
        else
        {
            PushElsewhere(task, null);
        }
    }

    /// <summary>Counts a new task in. It is listed later if it is in the ready queue, or runs, until then.</summary>
    internal void Register(CoroutineTask task, bool isHere)
    {
        _taskCounts.Created++;
        _taskCounts.Live++;
        if (!isHere || _scheduled is not null)
        {
            _tasks.Add(task);
        }
        if (Telemetry.Events.TracesTasks)
        {
            TraceStart(task);
        }
    }

    /// <summary>See <see cref="CoroutineTask.List"/>.</summary>
    internal void List(CoroutineTask task) => _tasks.Add(task);

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private void TraceStart(CoroutineTask task)
        => Telemetry.Events.TaskStart(Number, RuntimeHelpers.GetHashCode(task), task.Name, task.Coroutine.QualifiedName);

    /// <summary>Called when a task is about to end.</summary>
    internal void NoteEnd(CoroutineTask task, Exception? failure, bool mustCancel)
    {
        _taskCounts.Live--;
        _tasks.Remove(task);
        if (failure is not null || mustCancel || Telemetry.Events.TracesTasks)
        {
            CountEnd(task, failure, mustCancel);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private void CountEnd(CoroutineTask task, Exception? failure, bool mustCancel)
    {
        string outcome;
        switch (failure)
        {
            case null when mustCancel:
            case CancelledException:
            case OperationCanceledException foreign when task.IsCancelledBy(foreign):
                _taskCounts.Cancelled++;
                outcome = "cancelled";
                break;
            case null:
                outcome = "succeeded";
                break;
            default:
                _taskCounts.Failed++;
                outcome = "failed";
                break;
        }
        if (Telemetry.Events.TracesTasks)
        {
            Telemetry.Events.TaskStop(Number, RuntimeHelpers.GetHashCode(task), task.Name, outcome);
        }
    }

    /// <summary>
    /// The tasks that were asked to cancel, as long as each is to be asked only once; else null. For asking all: of tasks that wait for each other, each
    /// would pass on the requests of all around it, which takes minutes for a hundred thousand in a chain.
    /// </summary>
    internal HashSet<CoroutineTask>? AskedOnce { get; set; }

    /// <summary>True if somebody looks at each entry.</summary>
    internal bool IsWatched => _watch is not null;

    internal static TTask Obeying<TTask>(TTask task, CancellationToken cancellationToken)
        where TTask : CoroutineTask
    {
        if (cancellationToken.CanBeCanceled)
        {
            task.Details.TokensOf(task).Obey(cancellationToken);
        }
        return task;
    }

    private static TTask Named<TTask>(TTask task, string? name)
        where TTask : CoroutineTask
    {
        if (task is null)
        {
            throw new InvalidOperationException("The loop's TaskFactory returned null; it must return a task.");
        }
        if (name is not null && task.Name != name)
        {
            task.Name = name;
        }
        return task;
    }

    private partial void NoteNewTasks(double now)
    {
        if (_timedTasks != _taskCounts.Created)
        {
            _timedTasks = _taskCounts.Created;
            _creationTimes.Note(now, this);
        }
    }

    private partial void PrepareTasksForPark()
    {
        if (_timedTasks != _taskCounts.Created)
        {
            NoteNewTasks(Time);
        }
        _tasks.Trim();
    }

    // Tasks are held until they are done; one that is still pending when its loop is closed will never end, and that must not go unseen.
    private partial void AbandonTasks()
    {
        var abandoned = LiveTasks();
        foreach (var task in abandoned)
        {
            _taskCounts.Live--;
            _tasks.Remove(task);
            task.AbandonWaiters();
        }
        foreach (var task in abandoned)
        {
            if (!task.IsImplicit)
            {
                CallExceptionHandler(new ExceptionContext
                {
                    Message = "Task was destroyed but it is pending!",
                    Task = task,
                    SourceTraceback = task.SourceTraceback,
                });
            }
        }
    }

    private sealed class Creator(EventLoop loop, string? name, Context? context, bool? eagerStart) : ICoroutineVisitor<CoroutineTask>
    {
        public CoroutineTask Visit(Coroutine coroutine) => loop.TaskFactory is { } factory
            ? Named(factory.Create(loop, coroutine, name, context, eagerStart), name)
            : new CoroutineTask(coroutine, loop, name, context, eagerStart == true);

        public CoroutineTask Visit<T>(Coroutine<T> coroutine) => loop.CreateTask(coroutine, name, context, eagerStart);
    }
}

public sealed partial class ExceptionContext
{
    /// <summary>The task that failed or was abandoned, or null.</summary>
    public CoroutineTask? Task
    {
        get => (CoroutineTask?)this["task"];
        init
        {
            this["task"] = value;
            RunIn = value?.ReportContext ?? RunIn;
        }
    }
}
