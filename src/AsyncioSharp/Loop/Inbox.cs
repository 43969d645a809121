namespace AsyncioSharp;

/// <summary>
/// What other threads have for a loop: entries that wait to be taken into its ready queue, in the order in which they came. The lock is held for
/// the few instructions that store one entry, or that swap the two arrays when the loop takes all of them.
/// </summary>
internal sealed class Inbox
{
    private const int Smallest = 16;

    private readonly Lock _gate = new();
    private (Runnable Target, object? Source)[] _entries = new (Runnable, object?)[Smallest];
    private (Runnable Target, object? Source)[] _spare = new (Runnable, object?)[Smallest];
    private int _count;
    private bool _isClosed;
    private bool _isLoopParked; // who adds an entry then has to wake it
    private volatile bool _isFilled;

    /// <summary>True if there is something to take; looked at by the loop in each iteration, without the lock.</summary>
    internal bool IsFilled => _isFilled;

    /// <summary>Adds an entry; false if the loop is closed.</summary>
    /// <param name="target">What is to run.</param>
    /// <param name="source">What made it ready.</param>
    /// <param name="wake">True if the loop is parked and the caller has to wake it.</param>
    internal bool TryAdd(Runnable target, object? source, out bool wake)
    {
        lock (_gate)
        {
            wake = false;
            if (_isClosed)
            {
                return false;
            }
            if (_count == _entries.Length)
            {
                Array.Resize(ref _entries, _count * 2);
            }
            _entries[_count++] = (target, source);
            _isFilled = true;
            wake = _isLoopParked;
            _isLoopParked = false;
            return true;
        }
    }

    /// <summary>Moves everything to the end of <paramref name="ready"/>. Called by the loop's thread only, also when it has parked.</summary>
    internal void MoveTo(ReadyQueue ready)
    {
        int count;
        lock (_gate)
        {
            (_entries, _spare) = (_spare, _entries);
            count = _count;
            _count = 0;
            _isFilled = false;
            _isLoopParked = false;
        }
        ready.PushAll(_spare.AsSpan(0, count));
        if (_spare.Length > Smallest && count < _spare.Length / 8)
        {
            _spare = new (Runnable, object?)[_spare.Length / 2]; // a burst is over
        }
        else
        {
            _spare.AsSpan(0, count).Clear();
        }
    }

    /// <summary>Says that the loop is about to park: from here on, who adds an entry wakes it. False if something came meanwhile; then it must not park.</summary>
    internal bool TryPark()
    {
        lock (_gate)
        {
            return _isLoopParked = !_isFilled;
        }
    }

    /// <summary>Refuses everything from now on.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }
    }
}
