namespace AsyncioSharp;

/// <summary>A four-way heap of timers on one flat array: adding and taking cost O(log n), quick as long as the array fits the cache.</summary>
internal sealed class TimerHeap
{
    private const int Arity = 4;
    private const int SmallestArray = 16;
    private const int PurgedArray = 128; // at least; with less, timeouts that never expire would soon have it grow again

    private TimerEntry[] _entries = new TimerEntry[SmallestArray];

    internal int Count { get; private set; }

    /// <summary>The entry that comes first. There must be one.</summary>
    internal ref readonly TimerEntry First => ref _entries[0];

    internal void Add(in TimerEntry entry)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }
        int hole = Count++;
        var entries = _entries;
        while (hole > 0)
        {
            int parent = (hole - 1) / Arity;
            if (!entry.Before(entries[parent]))
            {
                break;
            }
            entries[hole] = entries[parent];
            hole = parent;
        }
        entries[hole] = entry;
    }

    internal void RemoveFirst()
    {
        var last = _entries[--Count];
        _entries[Count] = default;
        if (Count > 0)
        {
            SiftDown(0, last);
        }
    }

    /// <summary>Drops the entries that were cancelled, and the room they took.</summary>
    internal void Purge()
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (!_entries[i].Target.IsDropped)
            {
                _entries[kept++] = _entries[i];
            }
        }
        Array.Clear(_entries, kept, Count - kept);
        Count = kept;
        if (kept < _entries.Length / 4)
        {
            Array.Resize(ref _entries, Math.Max(PurgedArray, kept * 2));
        }
        for (int i = (kept - 2) / Arity; i >= 0 && kept > 1; i--)
        {
            SiftDown(i, _entries[i]);
        }
    }

    /// <summary>Moves everything, in no order, to the end of <paramref name="list"/>.</summary>
    internal void MoveTo(List<TimerEntry> list)
    {
        list.AddRange(_entries.AsSpan(0, Count));
        _entries = new TimerEntry[SmallestArray];
        Count = 0;
    }

    private void SiftDown(int hole, TimerEntry entry)
    {
        var entries = _entries;
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
                if (entries[child].Before(entries[least]))
                {
                    least = child;
                }
            }
            if (!entries[least].Before(entry))
            {
                break;
            }
            entries[hole] = entries[least];
            hole = least;
        }
        entries[hole] = entry;
    }
}
