namespace AsyncioSharp.Tests.Threads;

/// <summary>
/// How the tests of this folder make threads wait for each other: something that happens once, awaited with a limit so generous that only a
/// hang reaches it.
/// </summary>
internal sealed class Signal
{
    public const double LimitSeconds = 30;

    private readonly object _gate = new();
    private bool _isSet;

    public bool IsSet
    {
        get
        {
            lock (_gate)
            {
                return _isSet;
            }
        }
    }

    public void Set()
    {
        lock (_gate)
        {
            _isSet = true;
            Monitor.PulseAll(_gate);
        }
    }

    public void Wait()
    {
        lock (_gate)
        {
            while (!_isSet)
            {
                if (!Monitor.Wait(_gate, TimeSpan.FromSeconds(LimitSeconds)))
                {
                    throw new TimeoutException("What the test waits for did not happen.");
                }
            }
        }
    }
}

/// <summary>A thread of its own that hands its failure to the one who joins it.</summary>
internal sealed class TestThread
{
    private readonly Thread _thread;
    private Exception? _failure;

    public TestThread(Action action)
    {
        _thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                _failure = e;
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    public void Join()
    {
        if (!_thread.Join(TimeSpan.FromSeconds(Signal.LimitSeconds)))
        {
            throw new TimeoutException("A thread of the test did not end.");
        }
        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }
}

/// <summary>A loop on real time that runs in a thread of its own until it is disposed.</summary>
internal sealed class LoopThread : IDisposable
{
    private readonly TestThread _thread;

    public LoopThread()
    {
        var running = new Signal();
        Loop.CallSoon(() =>
        {
            ThreadId = Environment.CurrentManagedThreadId;
            running.Set();
        });
        _thread = new TestThread(Loop.RunForever);
        running.Wait();
    }

    public EventLoop Loop { get; } = new();

    public int ThreadId { get; private set; }

    public void Dispose()
    {
        Loop.CallSoonThreadsafe(Loop.Stop);
        _thread.Join();
        Loop.Close();
    }
}
