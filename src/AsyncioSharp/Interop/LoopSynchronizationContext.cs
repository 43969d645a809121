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
    internal EventLoop Loop => loop;

    /// <summary>The methods of the owner; null if there is no owner.</summary>
    internal MethodsBelow? Methods { get; } = owner is null ? null : new MethodsBelow(owner);

    public Thread Thread => loop.Thread!;

    /// <summary>The task to which the methods belong; null if there is none.</summary>
    internal CoroutineTask? Owner => owner?.Identity;

    /// <summary>True if what the owner's methods go on with may run in the turn that is being taken.</summary>
    internal bool MayGoOnInTurn => owner is { MayGoOnInTurn: true };

    public override SynchronizationContext CreateCopy() => this;

    // Of async void methods.
    public override void OperationStarted() => loop.NoteOutsideWait(+1);

    public override void OperationCompleted() => loop.NoteOutsideWait(-1);

    public override void Post(SendOrPostCallback d, object? state)
    {
        var posted = new Posted(this, d, state);
        if (d.Target is Action<object?> && loop.RunsHere && MayGoOnInTurn) // so .NET calls those who await the source of a value task, as an async iterator is
        {
            loop.SameTurn.Add(posted, null);
        }
        else if (!loop.TryPush(posted, null))
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
        if (loop.CurrentTask is { } current)
        {
            var driven = new DrivenTask(coroutine, loop, current);
            driven.Start();
            driven.OnCompletedOutside(continuation);
        }
        else
        {
            var task = loop.CreateTask(coroutine);
            task.IsImplicit = true;
            task.OnCompletedOutside(continuation);
        }
    }

    public bool CancelBelow(ForeignAwait awaited, string? message) => Methods!.Cancel(awaited, message);

    public void LeaveBehind(ForeignAwait awaited, string? message) => Methods!.NoteLeft(awaited, awaited.Source, message);

    /// <summary>Runs code of the owner's methods on the loop's thread: in it, the owner is the current task.</summary>
    internal void Run<TState>(Context? context, TState state, Action<TState> action)
    {
        loop.ActingTask = owner is { IsDone: false } ? owner : null;
        ThreadValues.SetSynchronization(Thread, this);
        try
        {
            ContextSwitch.Run(context, state, action);
        }
        finally
        {
            ContextSwitch.Rest();
            ThreadValues.SetSynchronization(Thread, loop.ContextOf(null));
            loop.ActingTask = null;
        }
    }

    /// <summary>
    /// As <see cref="Run"/>, with failures reported. From <paramref name="method"/>, which goes on there, comes none if it is used as it has to be: its failures are
    /// its outcome.
    /// </summary>
    internal void RunReported<TState>(Context? context, TState state, Action<TState> action, string message, object? method)
    {
        try
        {
            Run(context, state, action);
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            var iterator = (method is Delegate continuation ? TaskFields.TargetOf(continuation) : method) is Task box && MethodChain.IsIterator(box) ? box : null;
            loop.CallExceptionHandler(new ExceptionContext
            {
                Message = iterator is null ? message : $"{message}, in which an async iterator goes on; was it moved on again before its last MoveNextAsync had ended?",
                Exception = e,
                Task = owner,
            });
            if (iterator is not null)
            {
                (owner?.WaitsFor as ForeignAwait)?.EndBroken(StateMachineBox.MachineTypeOf(iterator.GetType()), e);
            }
        }
    }

    private sealed class Posted(LoopSynchronizationContext host, SendOrPostCallback callback, object? state) : Runnable, IOpensTurn
    {
        private const string Failed = "Exception in a callback posted to the loop";

        internal override void Run(object? source) => host.Loop.SameTurn.Run(this, null);

        public object? TurnOwner => host.Owner;

        public void RunInTurn(object? source)
        {
            object? method = state switch // that of an await goes on: a method, or an iterator, which the loop has to know
            {
                Action action => TaskFields.TargetOf(action),
                RawWait interrupted => interrupted.Box,
                _ => state,
            };
            host.Loop.NoteMethod(method);
            var tokens = host.Methods?.KnownTokens;
            tokens?.LookAtMaster(); // before the method goes on, which may have its token's exception already
            var last = host.Methods?.Newest;
            var around = host.Methods?.LeftAround(method);
            using (tokens is null ? null : host.Methods!.WatchForTold(around, method))
            {
                host.RunReported(null, this, static self => self.Call(), Failed, method);
            }
            if (host.Methods is { HasLeftSome: true } methods)
            {
                methods.CancelLeft(around, method, last);
            }
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
