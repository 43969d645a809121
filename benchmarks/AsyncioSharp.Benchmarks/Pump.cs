namespace AsyncioSharp.Benchmarks;

/// <summary>
/// A minimal single-threaded synchronization context for plain tasks: a private ring for posts made on its own thread (no lock), a locked list
/// for posts made elsewhere, one wake-up per empty-to-full.
/// </summary>
internal sealed class Pump : SynchronizationContext
{
    private readonly object _gate = new();
    private (SendOrPostCallback Run, object? State)[] _ring = new (SendOrPostCallback, object?)[1024];
    private int _head;
    private int _count;
    private List<(SendOrPostCallback Run, object? State)> _inbox = new(1024);
    private List<(SendOrPostCallback Run, object? State)> _spare = new(1024);
    private volatile bool _hasInbox;
    private bool _waiting;
    private bool _stop;
    private Thread? _owner;

    public override SynchronizationContext CreateCopy() => this;

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Thread.CurrentThread == _owner)
        {
            Push((d, state));
            return;
        }
        lock (_gate)
        {
            _inbox.Add((d, state));
            _hasInbox = true;
            if (_waiting)
            {
                _waiting = false;
                Monitor.Pulse(_gate);
            }
        }
    }

    internal T Run<T>(Func<Task<T>> main)
    {
        var before = Current;
        SetSynchronizationContext(this);
        _owner = Thread.CurrentThread;
        _stop = false;
        try
        {
            var task = main();
            if (!task.IsCompleted)
            {
                task.ContinueWith(
                    static (_, pump) => ((Pump)pump!)._stop = true,
                    this,
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.FromCurrentSynchronizationContext());
                while (!_stop)
                {
                    RunOnce();
                }
            }
            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
            _owner = null;
        }
    }

    private void RunOnce()
    {
        if (_hasInbox || _count == 0)
        {
            TakeInbox(block: !_hasInbox);
        }
        // As many as were ready when this round began, as an event loop does.
        for (int n = _count; n > 0; n--)
        {
            ref var slot = ref _ring[_head];
            var (run, state) = slot;
            slot = default;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
            run(state);
        }
    }

    private void Push((SendOrPostCallback Run, object? State) item)
    {
        if (_count == _ring.Length)
        {
            Grow();
        }
        _ring[(_head + _count++) & (_ring.Length - 1)] = item;
    }

    private void Grow()
    {
        var bigger = new (SendOrPostCallback, object?)[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            bigger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }
        _ring = bigger;
        _head = 0;
    }

    private void TakeInbox(bool block)
    {
        lock (_gate)
        {
            while (block && _inbox.Count == 0)
            {
                _waiting = true;
                Monitor.Wait(_gate);
            }
            _waiting = false;
            (_inbox, _spare) = (_spare, _inbox);
            _hasInbox = false;
        }
        foreach (var item in _spare)
        {
            Push(item);
        }
        _spare.Clear();
    }
}
