namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private Executor? _defaultExecutor;
    private bool _executorShutDown;

    /// <summary>
    /// Runs <paramref name="function"/> in an executor; it is handed over at once. Context variables are not carried along: see
    /// <see cref="Asyncio.ToThread{T}(Func{T})"/>. Mirrors <c>loop.run_in_executor</c>.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="executor">The executor; null for the loop's own, of dedicated threads.</param>
    /// <param name="function">What to run; a blocking call, as a rule.</param>
    /// <returns>A future. Cancelling it keeps a function that has not begun from beginning; one that runs goes on, its outcome dropped.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="function"/> is null.</exception>
    /// <exception cref="ArgumentException">In debug mode: <paramref name="function"/> is an <c>async</c> method.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed, or the executor was shut down.</exception>
    public Future<T> RunInExecutor<T>(Executor? executor, Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        CheckUse();
        CheckNotAsync(function, nameof(RunInExecutor), nameof(function));
        var submitted = (executor ?? DefaultExecutor()).Submit(function);
        return new WrappingFuture<T>(this, submitted, isWorkElsewhere: true);
    }

    /// <inheritdoc cref="RunInExecutor{T}(Executor?, Func{T})"/>
    /// <param name="executor">The executor; null for the loop's own, of dedicated threads.</param>
    /// <param name="action">What to run; a blocking call, as a rule.</param>
    public Future<object?> RunInExecutor(Executor? executor, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        CheckNotAsync(action, nameof(RunInExecutor), nameof(action));
        return RunInExecutor<object?>(executor, () =>
        {
            action();
            return null;
        });
    }

    /// <summary>The executor for <c>RunInExecutor(null, ...)</c> and <c>ToThread</c>. Mirrors <c>set_default_executor</c>.</summary>
    /// <param name="executor">The executor; the loop shuts it down at the end.</param>
    /// <exception cref="ArgumentNullException"><paramref name="executor"/> is null.</exception>
    public void SetDefaultExecutor(ThreadPoolExecutor executor)
    {
        ArgumentNullException.ThrowIfNull(executor);
        _defaultExecutor = executor;
    }

    /// <summary>
    /// Waits for the functions in the default executor and ends its threads; from then on nothing can be handed to it. <c>Asyncio.Run</c> does it
    /// at the end. Mirrors <c>loop.shutdown_default_executor</c>.
    /// </summary>
    /// <param name="timeout">Seconds; null for no limit. When they have passed, a warning is written and the threads are left alone.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it ends the wait; the executor takes nothing more all the same, and its threads are left alone.</param>
    /// <returns>A coroutine that ends with the threads.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is not a number.</exception>
    /// <exception cref="CancelledException">When awaited: the token was cancelled.</exception>
    public Coroutine ShutdownDefaultExecutor(double? timeout = null, CancellationToken cancellationToken = default)
    {
        CheckSeconds(timeout ?? 0, nameof(timeout));
        return Shutdown(timeout, cancellationToken);

        async Coroutine Shutdown(double? timeout, CancellationToken cancellationToken)
        {
            _executorShutDown = true;
            if (_defaultExecutor is not { } executor)
            {
                return;
            }
            // The wait blocks, so it needs a thread too; the threads it waits for cannot be that.
            var ended = new ConcurrentFuture<bool>();
            var thread = new Thread(() => ended.Run(() => executor.Shutdown(wait: true, timeout, cancellationToken))) { IsBackground = true, Name = "asyncio_shutdown" };
            thread.UnsafeStart();
            if (!await Asyncio.WaitFor(new WrappingFuture<bool>(this, ended, isWorkElsewhere: true), timeout: null, cancellationToken))
            {
                Warn($"The executor did not finish joining its threads within {timeout} seconds.");
            }
        }
    }

    /// <inheritdoc cref="ShutdownDefaultExecutor(double?, CancellationToken)"/>
    /// <param name="timeout">The time. When it has passed, a warning is written and the threads are left alone.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it ends the wait; the executor takes nothing more all the same, and its threads are left alone.</param>
    public Coroutine ShutdownDefaultExecutor(TimeSpan timeout, CancellationToken cancellationToken = default)
        => ShutdownDefaultExecutor(SecondsOf(timeout), cancellationToken);

    private Executor DefaultExecutor()
    {
        if (_executorShutDown)
        {
            throw new InvalidOperationException("Executor shutdown has been called; the loop is ending.");
        }
        return _defaultExecutor ??= new ThreadPoolExecutor();
    }

    private partial void AbandonExecutor()
    {
        _executorShutDown = true;
        _defaultExecutor?.Shutdown(wait: false);
    }
}
