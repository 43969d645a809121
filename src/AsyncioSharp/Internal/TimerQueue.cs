namespace AsyncioSharp;

/// <summary>
/// The loop's timers: a four-way heap ordered by deadline, and by registration where deadlines are equal.
/// Setting and firing cost O(log n) on one flat array; cancelling is O(1): the entry stays until it reaches the head or until more than half
/// of more than a hundred entries are cancelled; then all of those go at once, and the array shrinks with them.
/// </summary>
internal sealed class TimerQueue
{
    private const int Arity = 4;
    private const int PurgeThreshold = 100;
    private const int SmallestArray = 16;

    private Entry[] _heap = new Entry[SmallestArray];
    private long _sequence;  // number of the next registration, which decides among equal deadlines
    private int _cancelled;  // how many entries in the heap are cancelled

    private struct Entry
    {
        public double When;
        public long Sequence;
        public Runnable Target;

        public readonly bool Before(in Entry other) => When < other.When || (When == other.When && Sequence < other.Sequence);
    }

    /// <summary>Entries in the heap, cancelled ones included.</summary>
    internal int Count { get; private set; }

    /// <summary>The deadline of the first entry, which may be cancelled. There must be one.</summary>
    internal double FirstDeadline => _heap[0].When;

    /// <summary>Adds an entry that is due at <paramref name="when"/>, in seconds of loop time.</summary>
    internal void Add(double when, Runnable target)
    {
        if (Count == _heap.Length)
        {
            Array.Resize(ref _heap, Count * 2);
        }
        SiftUp(Count++, new Entry { When = when, Sequence = _sequence++, Target = target });
    }

    /// <summary>
    /// Says that one entry has been cancelled. It may have been taken already; so the count is only a hint, which the next purge sets right.
    /// </summary>
    internal void NoteCancelled()
    {
        _cancelled++;
        if (Count > PurgeThreshold && _cancelled * 2 > Count)
        {
            Purge();
        }
    }

    /// <summary>The deadline of the first entry that is not cancelled; false if there is none.</summary>
    internal bool TryPeek(out double when)
    {
        while (Count > 0 && _heap[0].Target.IsDropped)
        {
            _cancelled--;
            RemoveFirst();
        }
        when = Count > 0 ? _heap[0].When : default;
        return Count > 0;
    }

    /// <summary>Takes the first entry if it is due before <paramref name="limit"/>.</summary>
    internal bool TryTake(double limit, out Runnable? target)
    {
        if (TryPeek(out double when) && when < limit)
        {
            target = _heap[0].Target;
            RemoveFirst();
            return true;
        }
        target = null;
        return false;
    }

    /// <summary>Drops every entry.</summary>
    internal void Clear()
    {
        _heap = new Entry[SmallestArray];
        Count = _cancelled = 0;
    }

    private void RemoveFirst()
    {
        Entry last = _heap[--Count];
        _heap[Count] = default;
        if (Count > 0)
        {
            SiftDown(0, last);
        }
    }

    private void Purge()
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (!_heap[i].Target.IsDropped)
            {
                _heap[kept++] = _heap[i];
            }
        }
        if (kept < _heap.Length / 4)
        {
            Array.Resize(ref _heap, Math.Max(SmallestArray, kept * 2));
        }
        Array.Clear(_heap, kept, Math.Min(Count, _heap.Length) - kept);
        Count = kept;
        _cancelled = 0;
        for (int i = (kept - 2) / Arity; i >= 0 && kept > 1; i--)
        {
            SiftDown(i, _heap[i]);
        }
    }

    private void SiftUp(int hole, in Entry entry)
    {
        var heap = _heap;
        while (hole > 0)
        {
            int parent = (hole - 1) / Arity;
            if (!entry.Before(heap[parent]))
            {
                break;
            }
            heap[hole] = heap[parent];
            hole = parent;
        }
        heap[hole] = entry;
    }

    private void SiftDown(int hole, Entry entry)
    {
        var heap = _heap;
        while (true)
        {
            int first = (hole * Arity) + 1;
            if (first >= Count)
            {
                break;
            }
            int least = first;
            int end = Math.Min(first + Arity, Count);
            for (int child = first + 1; child < end; child++)
            {
                if (heap[child].Before(heap[least]))
                {
                    least = child;
                }
            }
            if (!heap[least].Before(entry))
            {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        heap[hole] = entry;
    }
}
