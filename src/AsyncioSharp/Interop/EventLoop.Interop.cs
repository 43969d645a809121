namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private readonly List<WeakReference<object>> _asyncIterators = []; // those that were awaited on this loop and may be left half-consumed

    private partial SynchronizationContext CreateSynchronizationContext() => new LoopSynchronizationContext(this);

    private partial void WatchCoroutines(bool on) => NeverAwaited.Report(on ? ReportNeverAwaited : null);

    /// <summary>Remembers an async iterator that a task awaits; null for none.</summary>
    internal void NoteAsyncIterator(object? iterator)
    {
        if (iterator is null)
        {
            return;
        }
        foreach (var known in _asyncIterators)
        {
            if (known.TryGetTarget(out object? target) && ReferenceEquals(target, iterator))
            {
                return;
            }
        }
        _asyncIterators.RemoveAll(static known => !known.TryGetTarget(out _));
        _asyncIterators.Add(new WeakReference<object>(iterator));
    }

    // On the finalizer's thread.
    private void ReportNeverAwaited(Coroutine coroutine, System.Diagnostics.StackTrace created)
    {
        var report = new NeverAwaitedReport(this, coroutine, created);
        if (!TryPush(report, null))
        {
            report.Run(null);
        }
    }

    private sealed class NeverAwaitedReport(EventLoop loop, Coroutine coroutine, System.Diagnostics.StackTrace created) : Runnable
    {
        internal override void Run(object? source) => loop.CallExceptionHandler(new ExceptionContext
        {
            Message = $"coroutine '{coroutine.QualifiedName}' was never awaited",
            SourceTraceback = created,
        });

        internal override void Abandon() => Run(null);
    }
}

/// <summary>
/// The context that <c>async Task</c> methods, async iterators and other .NET code find on the loop's thread: what they post comes back to
/// the loop, so they run on its thread between its callbacks.
/// </summary>
internal sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext, ICoroutineHost
{
    public override SynchronizationContext CreateCopy() => this;

    public override void Post(SendOrPostCallback d, object? state) => loop.TryPush(new Posted(loop, d, state), null);

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (loop.IsOnOwnThread)
        {
            d(state);
            return;
        }
        var done = new ManualResetEventSlim();
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        loop.CallSoonThreadsafe(() =>
        {
            try
            {
                d(state);
            }
            catch (Exception e)
            {
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                done.Set();
            }
        });
        done.Wait();
        failure?.Throw();
    }

    public void Drive(Coroutine coroutine, Action continuation)
    {
        var task = loop.CreateTask(coroutine);
        task.IsImplicit = true;
        // The awaiter takes the outcome from the coroutine itself.
        task.AddWaiter(new Continuation(loop, () =>
        {
            task.MarkRetrieved();
            continuation();
        }));
    }

    private sealed class Posted(EventLoop loop, SendOrPostCallback callback, object? state) : Runnable
    {
        internal override void Run(object? source)
        {
            try
            {
                callback(state);
                ContextSwitch.Rest();
            }
            catch (Exception e) when (e is not KeyboardInterruptException)
            {
                ContextSwitch.Rest();
                loop.CallExceptionHandler(new ExceptionContext { Message = "Exception in a callback posted to the loop", Exception = e });
            }
        }
    }
}
