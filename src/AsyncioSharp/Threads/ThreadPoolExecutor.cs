namespace AsyncioSharp;

/// <summary>
/// Runs functions on threads of its own, at most a given number, started as they are needed: <c>concurrent.futures.ThreadPoolExecutor</c>.
/// The threads are not those of .NET's pool, so blocking functions neither wait for that to grow nor starve it. They are background threads.
/// </summary>
public sealed class ThreadPoolExecutor : Executor
{
    private readonly object _gate = new();
    private readonly Queue<Action> _queue = new();
    private readonly List<Thread> _threads = [];
    private readonly string _namePrefix;
    private int _idle;
    private int _ended; // threads that take nothing more
    private bool _shutDown;

    /// <summary>Creates an executor; no thread starts yet.</summary>
    /// <param name="maxWorkers">How many threads at most; null for the number of processors plus 4, at most 32.</param>
    /// <param name="threadNamePrefix">The beginning of the threads' names.</param>
    /// <exception cref="ArgumentNullException"><paramref name="threadNamePrefix"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxWorkers"/> is zero or less.</exception>
    public ThreadPoolExecutor(int? maxWorkers = null, string threadNamePrefix = "asyncio")
    {
        ArgumentNullException.ThrowIfNull(threadNamePrefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWorkers ?? 1, nameof(maxWorkers));
        MaxWorkers = maxWorkers ?? Math.Min(32, Environment.ProcessorCount + 4);
        _namePrefix = threadNamePrefix;
    }

    /// <summary>How many threads there are at most.</summary>
    public int MaxWorkers { get; }

    /// <inheritdoc/>
    public override ConcurrentFuture<T> Submit<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        var future = new ConcurrentFuture<T>();
        lock (_gate)
        {
            if (_shutDown)
            {
                throw new InvalidOperationException("cannot schedule new futures after shutdown of the executor; make a new one for them.");
            }
            _queue.Enqueue(() => future.Run(function));
            if (_idle >= _queue.Count || _threads.Count == MaxWorkers)
            {
                Monitor.Pulse(_gate);
            }
            else
            {
                var thread = new Thread(Work) { IsBackground = true, Name = $"{_namePrefix}_{_threads.Count}" };
                thread.UnsafeStart(); // context variables are the submitter's business: see ToThread
                _threads.Add(thread);
            }
        }
        return future;
    }

    /// <inheritdoc/>
    public override bool Shutdown(bool wait = true, double? timeout = null, CancellationToken cancellationToken = default)
    {
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        lock (_gate)
        {
            _shutDown = true;
            Monitor.PulseAll(_gate);
        }
        if (!wait)
        {
            return true;
        }
        if (_threads.Contains(Thread.CurrentThread))
        {
            throw new InvalidOperationException("A function of the executor cannot wait for the executor to end; call Shutdown(wait: false) there.");
        }
        using var registration = cancellationToken.UnsafeRegister(static self => ((ThreadPoolExecutor)self!).WakeAll(), this);
        if (!WaitForEnd(timeout ?? double.PositiveInfinity, cancellationToken))
        {
            return false;
        }
        _threads.ForEach(static thread => thread.Join()); // they have nothing more to do
        return true;
    }

    private bool WaitForEnd(double seconds, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        lock (_gate)
        {
            while (_ended < _threads.Count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double left = seconds - TimeProvider.System.GetElapsedTime(start).TotalSeconds;
                if (left <= 0)
                {
                    return false;
                }
                Monitor.Wait(_gate, (int)Math.Clamp(Math.Ceiling(left * 1000), 0, int.MaxValue));
            }
        }
        return true;
    }

    private void WakeAll()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void Work()
    {
        while (true)
        {
            Action work;
            lock (_gate)
            {
                _idle++;
                while (_queue.Count == 0)
                {
                    if (_shutDown)
                    {
                        _ended++;
                        Monitor.PulseAll(_gate);
                        return;
                    }
                    Monitor.Wait(_gate);
                }
                _idle--;
                work = _queue.Dequeue();
            }
            work();
        }
    }
}
