namespace AsyncioSharp;

/// <summary>
/// The context that <c>async Task</c> methods, async iterators and other .NET code find on the loop's thread: what they post comes back to
/// the loop, so they run on its thread between its callbacks. A task whose coroutine awaits things of .NET has one of its own, so that what the
/// methods called by it go on with belongs to that task.
/// </summary>
/// <remarks>
/// What is posted once the loop is closed runs in the thread pool: the code is not lost, and its <c>finally</c> blocks run, but it finds no loop.
/// </remarks>
internal sealed class LoopSynchronizationContext(EventLoop loop, CoroutineTask? owner) : SynchronizationContext, ICoroutineHost
{
    private InnerWait? _oldest; // the waits of the owner's methods, in the order in which they began
    private InnerWait? _newest;

    internal EventLoop Loop => loop;

    public override SynchronizationContext CreateCopy() => this;

    // Of async void methods.
    public override void OperationStarted() => loop.NoteOutsideWait(+1);

    public override void OperationCompleted() => loop.NoteOutsideWait(-1);

    public override void Post(SendOrPostCallback d, object? state)
    {
        var posted = new Posted(this, d, state);
        if (!loop.TryPush(posted, null))
        {
            posted.Abandon();
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (loop.IsOnOwnThread || loop.IsOnHostThread)
        {
            d(state);
            return;
        }
        var sent = new Sent(this, d, state);
        if (!loop.TryPush(sent, null))
        {
            sent.Abandon();
        }
        sent.Wait();
    }

    public SynchronizationContext OfCurrentTask() => loop.ContextOf(loop.CurrentTask);

    public void Drive(Coroutine coroutine, Action continuation)
    {
        var task = loop.CurrentTask is { } current ? new DrivenTask(coroutine, loop, current) : loop.CreateTask(coroutine);
        task.IsImplicit = true;
        task.OnCompletedOutside(continuation);
    }

    /// <summary>Runs code of the owner's methods on the loop's thread: in it, the owner is the current task.</summary>
    internal void Run<TState>(Context? context, TState state, Action<TState> action)
    {
        loop.ActingTask = owner is { IsDone: false } ? owner : null;
        SetSynchronizationContext(this);
        try
        {
            ContextSwitch.Run(context, state, action);
        }
        finally
        {
            ContextSwitch.Rest();
            SetSynchronizationContext(loop.ContextOf(null));
            loop.ActingTask = null;
        }
    }

    /// <summary>As <see cref="Run"/>, with failures reported.</summary>
    internal void RunReported<TState>(Context? context, TState state, Action<TState> action, string message)
    {
        try
        {
            Run(context, state, action);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            loop.CallExceptionHandler(new ExceptionContext { Message = message, Exception = e, Task = owner });
        }
    }

    internal void Add(InnerWait wait)
    {
        if (owner is null)
        {
            return; // nobody to be cancelled; and the await may have been made on another thread
        }
        wait.Older = _newest;
        if (_newest is null)
        {
            _oldest = wait;
        }
        else
        {
            _newest.Newer = wait;
        }
        _newest = wait;
    }

    internal void Remove(InnerWait wait)
    {
        if (owner is null)
        {
            return;
        }
        if (wait.Older is null)
        {
            _oldest = wait.Newer;
        }
        else
        {
            wait.Older.Newer = wait.Newer;
        }
        if (wait.Newer is null)
        {
            _newest = wait.Older;
        }
        else
        {
            wait.Newer.Older = wait.Older;
        }
    }

    /// <summary>The owner, if it awaits the method that waits there, directly or through others.</summary>
    internal CoroutineTask? OwnerBehind(InnerWait wait)
        => owner is { IsDone: false, WaitsFor: ForeignAwait awaited } && MethodChain.Find(wait.Continuation, awaited) is not null ? owner : null;

    /// <summary>The token that the exception of the owner's request is to carry, if any.</summary>
    internal CancellationToken Cause => owner?.Tokens?.Cause ?? default;

    /// <summary>The waits of the owner's methods that lead to <paramref name="end"/>, in the order in which they began.</summary>
    internal List<(InnerWait Wait, MethodChain Chain)> WaitsFor(object end)
    {
        List<(InnerWait, MethodChain)> found = [];
        for (var wait = _oldest; wait is not null; wait = wait.Newer)
        {
            if (MethodChain.Find(wait.Continuation, end) is { } chain)
            {
                found.Add((wait, chain));
            }
        }
        return found;
    }

    public bool CancelBelow(ForeignAwait awaited, string? message)
    {
        if (loop.CurrentTask == owner)
        {
            CancelOwnerLater(message); // one of the methods runs at this moment; it gets the exception where it waits next
            return true;
        }
        var waits = WaitsFor(awaited);
        if (waits.Exists(static found => found.Chain.IsAllDoubt || found.Chain.BeforeDoubt.Any()))
        {
            var request = new RequestBelow(owner!, awaited, message, waits.ConvertAll(static found => found.Chain));
            request.Begin();
            waits.ForEach(found => found.Wait.CancelThen(message, found.Chain.IsAllDoubt ? request : null));
        }
        else
        {
            waits.ForEach(found => found.Wait.Cancel(message));
        }
        return waits.Count > 0;
    }

    /// <summary>Has a request that was counted already come again behind what is queued now.</summary>
    internal void CancelOwnerLater(string? message) => owner!.CancelLater(message);

    private sealed class Posted(LoopSynchronizationContext host, SendOrPostCallback callback, object? state) : Runnable
    {
        private const string Failed = "Exception in a callback posted to the loop";

        internal override void Run(object? source)
        {
            if (state is Action continuation) // of an await: of a method, or of an iterator, which the loop has to know
            {
                host.Loop.NoteAsyncIterator(MethodChain.IteratorBehind(continuation));
            }
            host.RunReported(null, this, static self => self.Call(), Failed);
        }

        internal override void Abandon() => ThreadPool.UnsafeQueueUserWorkItem(static self => self.RunElsewhere(), this, preferLocal: false);

        private void Call() => callback(state);

        private void RunElsewhere()
        {
            try
            {
                Call();
            }
            catch (Exception e)
            {
                host.Loop.CallExceptionHandler(new ExceptionContext { Message = Failed, Exception = e }); // in the thread pool it would end the process
            }
        }
    }

    private sealed class Sent(LoopSynchronizationContext host, SendOrPostCallback callback, object? state) : Runnable
    {
        private readonly TaskCompletionSource _done = new();

        internal override void Run(object? source)
        {
            try
            {
                host.Run(null, this, static self => self.Call());
                _done.SetResult();
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
        }

        internal override void Abandon() => _done.SetException(new InvalidOperationException("Event loop is closed: what was sent to it cannot run there."));

        internal void Wait() => _done.Task.GetAwaiter().GetResult();

        private void Call() => callback(state);
    }
}
