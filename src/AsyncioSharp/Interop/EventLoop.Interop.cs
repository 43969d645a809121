using System.Runtime.CompilerServices;

namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private readonly ConditionalWeakTable<object, IteratorWatch> _knownIterators = [];
    private readonly List<WeakReference<IteratorWatch>> _asyncIterators = []; // those that were awaited on this loop and may be left half-consumed
    private int _tidyIteratorsAt = 16;
    private Type? _plainMethod; // the last class of methods that was met and is none of iterators: most waits are of that again
    private readonly WeakReference<object?> _lastMethod = new(null); // of those that are, likewise
    private readonly WeakReference<object?> _lastIterator = new(null);
    private readonly HashSet<CoroutineTask> _disposals = []; // of iterators that the program has dropped, under way

    /// <summary>The thread that runs the loop; null while it does not run.</summary>
    internal Thread? Thread => _thread;

    /// <summary>The context that code of .NET called by <paramref name="task"/> shall find; null stands for callbacks.</summary>
    internal LoopSynchronizationContext ContextOf(CoroutineTask? task)
        => (LoopSynchronizationContext)(task is null ? _synchronizationContext : (object)(task.Details.Host ??= new LoopSynchronizationContext(this, task)));

    internal partial KnownWaiter WaitOutside(Future target, Action continuation)
    {
        NoteMethod(TaskFields.TargetOf(continuation));
        var host = IsOnOwnThread && CurrentTask is null && SynchronizationContext.Current is LoopSynchronizationContext current && current.Loop == this
            ? current // that of a task which has ended, and has left its methods behind
            : ContextOf(IsOnOwnThread ? CurrentTask : null);
        return new InnerWait(host, target, continuation);
    }

    private partial SynchronizationContext CreateSynchronizationContext() => new LoopSynchronizationContext(this, null);

    private static partial void HostCoroutines(EventLoop? running) => CoroutineHost.Running = running?.ContextOf(null);

    private partial void WatchCoroutines(bool on) => NeverAwaited.Report(on ? ReportNeverAwaited : null);

    /// <summary>A method of .NET waits, or goes on, on the loop: remembers it if it is an async iterator.</summary>
    internal void NoteMethod(object? method)
    {
        if (method is null || method.GetType() == _plainMethod || IsLast(_lastMethod, method))
        {
            return;
        }
        if (MethodChain.IteratorIn(method) is { } iterator)
        {
            NoteAsyncIterator(iterator);
            _lastMethod.SetTarget(method);
        }
        else
        {
            _plainMethod = method.GetType();
        }
    }

    private static bool IsLast(WeakReference<object?> last, object one) => last.TryGetTarget(out object? known) && ReferenceEquals(known, one);

    /// <summary>Remembers an async iterator that a task awaits; null for none.</summary>
    internal void NoteAsyncIterator(object? iterator)
    {
        if (iterator is null || IsLast(_lastIterator, iterator))
        {
            return;
        }
        _lastIterator.SetTarget(iterator);
        if (_knownIterators.TryGetValue(iterator, out _))
        {
            return;
        }
        var watch = new IteratorWatch(this, iterator);
        _knownIterators.Add(iterator, watch);
        if (_asyncIterators.Count == _tidyIteratorsAt)
        {
            _asyncIterators.RemoveAll(static known => !known.TryGetTarget(out _));
            _tidyIteratorsAt = Math.Max(16, _asyncIterators.Count * 2);
        }
        _asyncIterators.Add(new WeakReference<IteratorWatch>(watch, trackResurrection: true));
    }

    /// <summary>What disposes an async iterator that a task awaits, as an entry of the loop; null if it is not known.</summary>
    internal Runnable? DisposalOf(object iterator) => _knownIterators.TryGetValue(iterator, out var watch) ? watch : null;

    /// <summary>Remembers a task that disposes an async iterator, until it is done.</summary>
    internal void NoteDisposal(CoroutineTask task)
    {
        _disposals.Add(task);
        task.AddDoneCallback(static done => done.Loop._disposals.Remove((CoroutineTask)done));
    }

    /// <summary>
    /// True for such a task, or one that runs on its behalf. The end of a program does not cancel it, so that an iterator is disposed alike whether it was dropped
    /// a moment before or not.
    /// </summary>
    internal bool IsDisposal(CoroutineTask task) => _disposals.Contains(task.Identity);

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
