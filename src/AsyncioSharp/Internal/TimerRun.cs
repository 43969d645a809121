namespace AsyncioSharp;

/// <summary>
/// Timers that are sorted by deadline, to be taken one after the other; of equal ones, that first which was registered first. Only their deadlines are moved about:
/// so sorting stores no reference, each of which the collector would have to be told of.
/// </summary>
internal sealed class TimerRun
{
    private const int MostKept = 1024;

    private TimerBatch _batch = new();
    private Key[] _keys = [];
    private int _first;

    internal int Count => _batch.Count - _first;

    /// <summary>How many there were when it was filled last.</summary>
    internal int Filled => _batch.Count;

    /// <summary>The deadline of the first one. There must be one.</summary>
    internal double FirstDeadline => _keys[_first].When;

    /// <summary>The first one. There must be one.</summary>
    internal ref readonly TimerEntry First => ref _batch[_keys[_first].Place];

    /// <summary>Takes over the timers of <paramref name="batch"/>. There must be none yet.</summary>
    internal void Fill(TimerBatch batch)
    {
        _batch = batch;
        _first = 0;
        if (_keys.Length < batch.Count || _keys.Length > Math.Max(MostKept, batch.Count))
        {
            _keys = new Key[batch.Count];
        }
        for (int place = 0; place < batch.Count; place++)
        {
            _keys[place] = new Key(batch[place].When, place);
        }
        Array.Sort(_keys, 0, batch.Count);
    }

    internal void RemoveFirst() => _batch[_keys[_first++].Place] = default; // a queue must not keep alive what it has given

    /// <summary>Keeps <paramref name="target"/> no more, unless many have the same deadline; its entry stays.</summary>
    internal void Forget(double when, Runnable target)
    {
        int found = Array.BinarySearch(_keys, _first, Count, new Key(when, -1));
        int end = Math.Min(~found + TimerQueue.MostLookedAt, _first + Count);
        for (int i = ~found; i < end && _keys[i].When == when; i++)
        {
            ref var entry = ref _batch[_keys[i].Place];
            if (ReferenceEquals(entry.Target, target))
            {
                entry = entry.Forgotten;
                return;
            }
        }
    }

    /// <summary>Moves everything to the end of <paramref name="batch"/>, the first one first.</summary>
    internal void MoveTo(TimerBatch batch)
    {
        for (; Count > 0; RemoveFirst())
        {
            batch.Add(First);
        }
    }

    /// <summary>Drops the entries that were cancelled.</summary>
    internal void Purge()
    {
        if (_batch.Count == 0)
        {
            return;
        }
        var rest = new TimerBatch();
        MoveTo(rest);
        rest.Purge();
        Fill(rest);
    }

    private readonly record struct Key(double When, int Place) : IComparable<Key>
    {
        public int CompareTo(Key other) => When < other.When ? -1 : When > other.When ? 1 : Place.CompareTo(other.Place);
    }
}
