namespace AsyncioSharp;

/// <summary>
/// Timers in order of registration. Many lie in chunks, so that a million take no more room than they need, and none is copied when there are more.
/// </summary>
internal sealed class TimerBatch
{
    private const int ChunkBits = 13;
    private const int ChunkLength = 1 << ChunkBits; // so large that the collector does not move it
    private const int SmallestChunk = 8;

    private readonly List<TimerEntry[]> _chunks = []; // the last one grows up to the length of the others
    private int _room;

    /// <summary>An empty batch.</summary>
    internal TimerBatch()
    {
    }

    /// <summary>A batch with room for <paramref name="count"/> entries, which is more than 0.</summary>
    internal TimerBatch(int count)
    {
        for (_room = count; count > 0; count -= ChunkLength)
        {
            _chunks.Add(new TimerEntry[Math.Min(count, ChunkLength)]);
        }
    }

    internal int Count { get; private set; }

    /// <summary>How many entries there is room for; for tests.</summary>
    internal int Room => _chunks.Sum(static chunk => chunk.Length);

    internal ref TimerEntry this[int place] => ref _chunks[place >> ChunkBits][place & (ChunkLength - 1)];

    internal void Add(in TimerEntry entry)
    {
        if (Count == _room)
        {
            Grow();
        }
        this[Count++] = entry;
    }

    /// <summary>Keeps <paramref name="target"/> no more, if it is among those that were added last; its entry stays.</summary>
    internal bool TryForget(Runnable target)
    {
        for (int place = Count - 1; place >= Math.Max(Count - TimerQueue.MostLookedAt, 0); place--)
        {
            if (ReferenceEquals(this[place].Target, target))
            {
                this[place] = this[place].Forgotten;
                return true;
            }
        }
        return false;
    }

    /// <summary>Drops the entries that were cancelled, and the room they took; returns how many.</summary>
    internal int Purge()
    {
        int kept = 0;
        for (int place = 0; place < Count; place++)
        {
            var entry = this[place];
            this[place] = default;
            if (!entry.Target.IsDropped)
            {
                this[kept++] = entry;
            }
        }
        int dropped = Count - kept;
        Count = kept;
        GiveBackRoom();
        return dropped;
    }

    // Whole chunks that are empty, and most of the last one if few are left there: many buckets may have one each.
    private void GiveBackRoom()
    {
        int left = (Count + ChunkLength - 1) >> ChunkBits;
        if (left < _chunks.Count)
        {
            _chunks.RemoveRange(left, _chunks.Count - left);
            _chunks.Capacity = left;
            _room = left << ChunkBits; // only the last one was smaller than that
        }
        int others = (left - 1) << ChunkBits;
        if (left > 0 && Count - others < (_room - others) / 4)
        {
            var last = _chunks[^1];
            Array.Resize(ref last, Math.Max((Count - others) * 2, SmallestChunk));
            _chunks[^1] = last;
            _room = others + last.Length;
        }
    }

    private void Grow()
    {
        int full = _room & (ChunkLength - 1); // of the last chunk, if that is smaller than others
        if (full == 0)
        {
            _chunks.Add(new TimerEntry[SmallestChunk]);
            _room += SmallestChunk;
            return;
        }
        var last = _chunks[^1];
        int length = Math.Min(full * 2, ChunkLength);
        Array.Resize(ref last, length);
        _chunks[^1] = last;
        _room += length - full;
    }
}
