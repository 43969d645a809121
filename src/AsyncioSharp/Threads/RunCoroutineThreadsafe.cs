namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Sends a coroutine to a loop from another thread. It runs there as a task, in a copy of this thread's context. Mirrors
    /// <c>asyncio.run_coroutine_threadsafe</c>.
    /// </summary>
    /// <remarks>A thread that is thousands of coroutines ahead of the loop is held up for a moment, as in <see cref="EventLoop.CallSoonThreadsafe(Action, Context?)"/>.</remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="coroutine">What to run.</param>
    /// <param name="loop">The loop to run it.</param>
    /// <param name="cancellationToken">Cancels the task when it is cancelled, in any thread. The future is done when the task is, its <c>finally</c> blocks included.</param>
    /// <returns>A thread-safe future; cancelling it cancels the task. If the coroutine fails and nobody asks the future, the loop's exception handler is told.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="coroutine"/> or <paramref name="loop"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed.</exception>
    public static ConcurrentFuture<T> RunCoroutineThreadsafe<T>(Coroutine<T> coroutine, EventLoop loop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        ArgumentNullException.ThrowIfNull(loop);
        return new ValueSubmission<T>(coroutine, loop, cancellationToken).Send();
    }

    /// <inheritdoc cref="RunCoroutineThreadsafe{T}(Coroutine{T}, EventLoop, CancellationToken)"/>
    public static ConcurrentFuture<object?> RunCoroutineThreadsafe(Coroutine coroutine, EventLoop loop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(coroutine);
        ArgumentNullException.ThrowIfNull(loop);
        return new Submission(coroutine, loop, cancellationToken).Send();
    }

    /// <summary>
    /// A coroutine on its way to a loop, and all that it needs there: the link in the inbox, the callback that makes the task, the task's waiter, and the future
    /// that passes the outcome back. One object, since the collector has to carry along all that a thread has sent and the loop has not yet begun.
    /// </summary>
    private abstract class Submission<T> : ConcurrentFuture<T>
    {
        private readonly Context? _context = EventLoop.CaptureElsewhere();
        private readonly CancellationToken _token;
        private Runnable? _earlier;
        private Runnable? _work; // the coroutine; when it has arrived, its task; null if no task could be made

        private protected Submission(Coroutine coroutine, EventLoop loop, CancellationToken token)
        {
            _work = coroutine;
            _token = token;
            CompletedBy = loop;
        }

        private protected EventLoop Loop => CompletedBy!;

        private protected abstract CoroutineTask CreateTask(Coroutine coroutine, Context? context);

        private protected abstract T ResultOf(CoroutineTask task);

        internal ConcurrentFuture<T> Send()
        {
            Loop.CheckClosed();
            return Loop.Send(this);
        }

        internal override string CallbackName => "Asyncio.RunCoroutineThreadsafe";

        internal override ref Runnable? EarlierSent => ref _earlier;

        internal override void Run(object? source)
        {
            if (_work is Coroutine coroutine)
            {
                Start(coroutine);
            }
            else if (_work is CoroutineTask task)
            {
                if (task.IsDone)
                {
                    Finish(task);
                }
                else if (task.Begun)
                {
                    task.Cancel(); // the future was cancelled
                }
                else
                {
                    Loop.Push(this, null); // it was before the first step, and no request is seen before that
                }
            }
        }

        // The loop was closed before the coroutine was begun, or before it was done: whoever blocks on the outcome must not do so for ever.
        internal override void Abandon()
        {
            if (_work is CoroutineTask { IsDone: true } done)
            {
                Finish(done); // the loop only had no time to say so
                return;
            }
            var coroutine = _work as Coroutine ?? (_work as CoroutineTask)?.Coroutine;
            if (_work is Coroutine { State: CoroutineState.Created } unused)
            {
                unused.Close(); // else it is another task's
            }
            SetException(new InvalidOperationException($"Event loop is closed; coroutine '{coroutine?.QualifiedName}' did not come to its end."));
        }

        private void Start(Coroutine coroutine)
        {
            CoroutineTask task;
            try
            {
                task = EventLoop.Obeying(CreateTask(coroutine, _context), _token);
            }
            catch (Exception e) when (e is not KeyboardInterruptException)
            {
                _work = null;
                SetException(e);
                Loop.CallExceptionHandler(new ExceptionContext { Message = $"Exception in the task factory for coroutine '{coroutine.QualifiedName}'", Exception = e });
                return;
            }
            _work = task;
            task.AddWaiter(this);
        }

        // Where it comes before the start, which was sent before anybody had the future and may still be in the inbox, it begins the coroutine in its place.
        private protected override void OnCancelRequested() => Loop.TryPush(this, null);

        private void Finish(CoroutineTask task)
        {
            if (IsCancelled)
            {
                return; // nobody can get the outcome there; a failure counts as unretrieved
            }
            if (task.IsCancelled)
            {
                TryCancel(task.Cancellation());
            }
            else if (task.PeekFailure is { } failure)
            {
                SetFailure(failure);
            }
            else
            {
                SetResult(ResultOf(task));
            }
        }
    }

    private sealed class Submission(Coroutine coroutine, EventLoop loop, CancellationToken token) : Submission<object?>(coroutine, loop, token)
    {
        private protected override CoroutineTask CreateTask(Coroutine coroutine, Context? context) => Loop.CreateTask(coroutine, context: context);

        private protected override object? ResultOf(CoroutineTask task) => task.ResultObject();
    }

    // The kind of value is known here, and need not be found out for each coroutine.
    private sealed class ValueSubmission<T>(Coroutine<T> coroutine, EventLoop loop, CancellationToken token) : Submission<T>(coroutine, loop, token)
    {
        private protected override CoroutineTask CreateTask(Coroutine coroutine, Context? context) => Loop.CreateTask((Coroutine<T>)coroutine, context: context);

        private protected override T ResultOf(CoroutineTask task) => ((CoroutineTask<T>)task).Result();
    }
}
