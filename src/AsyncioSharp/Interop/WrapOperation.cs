using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// A future of a .NET operation that is cancelled by its token and then awaited to its real end, as a task of this library would be. A bare
    /// <c>await</c> of the operation ends at once when the task is cancelled and leaves the operation behind; use this where what it works on is
    /// needed afterwards: a semaphore whose entry must not be lost, a reader or a connection that bears one operation at a time.
    /// </summary>
    /// <remarks>
    /// Cancelling the future cancels the token, and what methods of .NET wait for of this library that the operation consists of; the future is done when the
    /// operation is. If that gives a result or fails all the same, that is the outcome; if a result, a task that was asked to cancel while it waited for the future gets
    /// the exception at its next await. If it never ends, neither does the future. Mirrors <c>asyncio.wrap_future</c>, which takes futures of other threads.
    /// </remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="operation">Starts the operation; called now, with the token to hand to it.</param>
    /// <param name="loop">The loop; null for the running one.</param>
    /// <returns>The future.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="operation"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running; or <paramref name="operation"/> returned null.</exception>
    public static IFuture<T> WrapFuture<T>(Func<CancellationToken, Task<T>> operation, EventLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return new OperationFuture<T>(loop ?? GetRunningLoop()).Start(operation, static task => ((Task<T>)task).Result);
    }

    /// <inheritdoc cref="WrapFuture{T}(Func{CancellationToken, Task{T}}, EventLoop?)"/>
    public static Future WrapFuture(Func<CancellationToken, Task> operation, EventLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return new OperationFuture<object?>(loop ?? GetRunningLoop()).Start(operation, static _ => null);
    }
}

/// <summary>Takes over the outcome of a .NET task, and passes a cancellation on to its token.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A source without a timer holds nothing that would have to be disposed of.")]
internal sealed class OperationFuture<T>(EventLoop loop) : Future<T>(loop), IWaitable
{
    private readonly CancellationTokenSource _source = new();
    private readonly LoopSynchronizationContext _host = loop.ContextOf(loop.IsOnOwnThread ? loop.CurrentTask : null);
    private Task? _task;
    private Task? _arrival; // what the operation's end goes on with
    private Func<Task, T>? _resultOf;
    private string? _message; // of the last request
    private bool _isElsewhere; // it will end on another thread
    private List<(CoroutineTask Task, string? Message)>? _asked; // who were asked to cancel while they waited here, and passed that on

    internal OperationFuture<T> Start(Func<CancellationToken, Task> operation, Func<Task, T> resultOf)
    {
        _resultOf = resultOf;
        _task = Begin(operation) ?? throw new InvalidOperationException("The operation given to WrapFuture returned null; it must return a task.");
        if (_task.IsCompleted)
        {
            Run(null);
        }
        else
        {
            _isElsewhere = true;
            Loop.NoteOutsideWait(+1);
            _arrival = _task.ContinueWith(Arrive, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        return this;
    }

    internal override bool HasToBeTaken => true;

    internal override bool OwesRequest => HasSucceeded && _source.IsCancellationRequested;

    void IWaitable.NoteAsked(Runnable waiter, string? message)
    {
        _asked ??= [];
        _asked.RemoveAll(asked => asked.Task == waiter); // the last message counts
        _asked.Add(((CoroutineTask)waiter, message));
    }

    public override bool Cancel(string? message = null)
    {
        if (IsDone)
        {
            return base.Cancel(message);
        }
        Loop.CheckThread(this);
        _message = message;
        var waits = (_arrival is null ? null : _host.Methods?.WaitsFor(_arrival)) ?? []; // as they are now: what the token's callbacks begin is not to be cancelled
        TokenCallbacks.Run(_source, Loop, failure => new ExceptionContext
        {
            Message = "Exception in a callback of the cancellation token of an operation",
            Exception = failure,
            Future = this,
        });
        waits.ForEach(found => found.Wait.Cancel(message));
        return true;
    }

    // Its methods belong to the task that starts it.
    private Task? Begin(Func<CancellationToken, Task> operation)
    {
        if (!Loop.IsOnOwnThread)
        {
            return operation(_source.Token);
        }
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_host);
        try
        {
            return operation(_source.Token);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private void Arrive(Task task)
    {
        _ = task.Exception; // seen, also if the loop is closed by now
        Loop.TryPush(this, null);
    }

    // The operation is at its end.
    internal override void Run(object? source)
    {
        if (_isElsewhere)
        {
            Loop.NoteOutsideWait(-1);
        }
        var asked = _asked ?? [];
        _asked = null;
        if (_task!.IsCompletedSuccessfully)
        {
            foreach (var (task, message) in asked)
            {
                if (task.WaitsFor == this && task.ReachingRequests > 0)
                {
                    task.Redeliver(message); // at its next await; it gets the result first
                }
            }
            SetResult(_resultOf!(_task));
            return;
        }
        // Some operations fail with the exception of a cancellation instead of being cancelled.
        var failure = _task.Exception?.InnerException ?? new TaskCanceledException(_task);
        if (_source.IsCancellationRequested && failure is OperationCanceledException cause)
        {
            CancelWith(CancelledException.Unthrown(_message, cause));
        }
        else
        {
            SetException(failure);
        }
    }
}
