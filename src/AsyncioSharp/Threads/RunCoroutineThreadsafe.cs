namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Sends a coroutine to a loop from another thread. It runs there as a task, in a copy of this thread's context. Mirrors
    /// <c>asyncio.run_coroutine_threadsafe</c>.
    /// </summary>
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

    /// <summary>A coroutine on its way to a loop: first the callback that makes the task, then the task's waiter that passes the outcome back.</summary>
    private abstract class Submission<T>(Coroutine coroutine, EventLoop loop, CancellationToken token) : Runnable, ConcurrentFuture.IListener
    {
        private readonly ConcurrentFuture<T> _future = new() { CompletedBy = loop };
        private readonly Context? _context = Context.CaptureForNew();
        private CoroutineTask? _task;

        private protected EventLoop Loop => loop;

        private protected Coroutine Coroutine => coroutine;

        private protected abstract CoroutineTask CreateTask(Context? context);

        private protected abstract T ResultOf(CoroutineTask task);

        internal ConcurrentFuture<T> Send()
        {
            loop.CheckClosed();
            loop.Push(this, null);
            return _future;
        }

        internal override string CallbackName => "Asyncio.RunCoroutineThreadsafe";

        internal override void Run(object? source)
        {
            if (_task is null)
            {
                Start();
            }
            else if (source is null)
            {
                _task.Cancel(); // the thread-side future was cancelled
            }
            else
            {
                Finish();
            }
        }

        // The loop was closed before the coroutine was begun, or before it was done: whoever blocks on the outcome must not do so for ever.
        internal override void Abandon()
        {
            if (_task is { IsDone: true })
            {
                Finish(); // the loop only had no time to say so
                return;
            }
            if (_task is null && coroutine.State == CoroutineState.Created)
            {
                coroutine.Close(); // else it is another task's
            }
            _future.SetException(new InvalidOperationException($"Event loop is closed; coroutine '{coroutine.QualifiedName}' did not come to its end."));
        }

        private void Start()
        {
            try
            {
                _task = EventLoop.Obeying(CreateTask(_context is null ? null : new Context(_context.Values)), token);
            }
            catch (Exception e) when (e is not KeyboardInterruptException)
            {
                _future.SetException(e);
                loop.CallExceptionHandler(new ExceptionContext { Message = $"Exception in the task factory for coroutine '{coroutine.QualifiedName}'", Exception = e });
                return;
            }
            _task.AddWaiter(this);
            // Told at once if it was cancelled meanwhile; the task has taken its first step by the time the request is seen.
            _future.AddListener(this);
        }

        void ConcurrentFuture.IListener.OnDone(ConcurrentFuture future)
        {
            if (future.IsCancelled)
            {
                loop.TryPush(this, null);
            }
        }

        private void Finish()
        {
            if (_future.IsCancelled)
            {
                return; // nobody can get the outcome there; a failure counts as unretrieved
            }
            if (_task!.IsCancelled)
            {
                _future.TryCancel(_task.Cancellation());
            }
            else if (_task.PeekFailure is { } failure)
            {
                _future.SetFailure(failure);
            }
            else
            {
                _future.SetResult(ResultOf(_task));
            }
        }
    }

    private sealed class Submission(Coroutine coroutine, EventLoop loop, CancellationToken token) : Submission<object?>(coroutine, loop, token)
    {
        private protected override CoroutineTask CreateTask(Context? context) => Loop.CreateTask(Coroutine, context: context);

        private protected override object? ResultOf(CoroutineTask task) => task.ResultObject();
    }

    // The kind of value is known here, and need not be found out for each coroutine.
    private sealed class ValueSubmission<T>(Coroutine<T> coroutine, EventLoop loop, CancellationToken token) : Submission<T>(coroutine, loop, token)
    {
        private protected override CoroutineTask CreateTask(Context? context) => Loop.CreateTask((Coroutine<T>)Coroutine, context: context);

        private protected override T ResultOf(CoroutineTask task) => ((CoroutineTask<T>)task).Result();
    }
}
