namespace AsyncioSharp;

/// <summary>
/// The loop's timers, in order of deadline, and of registration where deadlines are equal. A few live in a heap. Many are kept in order of registration, in
/// buckets by their time, and only the bucket that comes next is sorted (a ladder queue): so setting and firing cost the same for a hundred
/// and for a million timers. Cancelling is O(1): the entry stays until it comes up, until the heap it may be in is full, or until more than half of
/// more than a hundred entries are cancelled; then all of those go at once. So timeouts that never expire leave nothing behind, whatever else is set.
/// </summary>
/// <remarks>
/// From now into the future: what remains of the sorted bucket (<see cref="_run"/>) together with the heap, which takes what is set within the
/// time of that bucket; the rungs, the innermost first, each of which subdivides a bucket of the one around it; and behind
/// the last bucket of the outermost rung, what is set for later still (<see cref="_far"/>).
/// </remarks>
internal sealed class TimerQueue
{
    /// <summary>How many entries are looked at to find one: all, unless there are many.</summary>
    internal const int MostLookedAt = 32;

    private const int PurgeThreshold = 100;
    private const int MostInHeap = 1024;

    private readonly TimerHeap _heap = new();
    private readonly List<TimerRung> _rungs = []; // the outermost first
    private readonly TimerRun _run = new(); // filled by Refill, when it is empty, and by Spill
    private TimerBatch _far = new();      // empty unless there are, or were, rungs
    private int _cancelled;               // how many entries are cancelled

    /// <summary>Entries, cancelled ones included.</summary>
    internal int Count { get; private set; }

    /// <summary>How many rungs there are; for tests, since each is asked for the place of a new timer.</summary>
    internal int Rungs => _rungs.Count;

    /// <summary>The deadline of the first entry, which may be cancelled; positive infinity if there is none.</summary>
    internal double FirstDeadline => TryFirst(out var first) ? first.When : double.PositiveInfinity;

    /// <summary>Adds an entry that is due at <paramref name="when"/>, in seconds of loop time.</summary>
    internal void Add(double when, Runnable target)
    {
        Count++;
        var entry = new TimerEntry(when, target);
        switch (Find(when, out var rung, out int bucket))
        {
            case TimerRung.Place.Inside:
                rung!.Put(bucket, entry);
                break;
            case TimerRung.Place.Behind:
                _far.Add(entry);
                break;
            default:
                _heap.Add(entry); // its time lies within that of the sorted bucket
                if (_heap.Count > Math.Max(MostInHeap, _run.Filled)) // of a long run, for each few timers that are set within its time, all would be sorted again
                {
                    Spill();
                }
                break;
        }
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

    /// <summary>
    /// The same for a target that others would be kept alive by: it is replaced by one that keeps nothing, so that only the entry stays. Of many timers, those are
    /// not found that are far from where they were added; these stay as long as their entries.
    /// </summary>
    /// <param name="when">The deadline with which it was added.</param>
    /// <param name="target">What would have run.</param>
    internal void Forget(double when, Runnable target)
    {
        switch (Find(when, out var rung, out int bucket))
        {
            case TimerRung.Place.Inside:
                rung!.Forget(bucket, target);
                break;
            case TimerRung.Place.Behind:
                _far.TryForget(target);
                break;
            default:
                if (!_heap.TryForget(target))
                {
                    _run.Forget(when, target);
                }
                break;
        }
        NoteCancelled();
    }

    /// <summary>The deadline of the first entry that is not cancelled; false if there is none.</summary>
    internal bool TryPeek(out double when)
    {
        while (TryFirst(out var entry))
        {
            if (!entry.Target.IsDropped)
            {
                when = entry.When;
                return true;
            }
            _cancelled--;
            RemoveFirst();
        }
        when = default;
        return false;
    }

    /// <summary>Takes the first entry if it is due before <paramref name="limit"/>.</summary>
    internal bool TryTake(double limit, out Runnable? target)
    {
        if (TryPeek(out double when) && when < limit)
        {
            TryFirst(out var entry);
            target = entry.Target;
            RemoveFirst();
            return true;
        }
        target = null;
        return false;
    }

    /// <summary>Drops every entry.</summary>
    internal void Clear()
    {
        _heap.MoveTo(new());
        _rungs.Clear();
        _run.Fill(new());
        _far = new();
        Count = _cancelled = 0;
    }

    // Of equal deadlines the one in the run comes first: what is in the heap was set when the run had been sorted.
    private bool FirstIsInRun() => _run.Count > 0 && (_heap.Count == 0 || _run.FirstDeadline <= _heap.First.When);

    private bool TryFirst(out TimerEntry entry)
    {
        if (_run.Count == 0 && _heap.Count == 0 && !Refill())
        {
            entry = default;
            return false;
        }
        entry = FirstIsInRun() ? _run.First : _heap.First;
        return true;
    }

    private void RemoveFirst()
    {
        Count--;
        if (FirstIsInRun())
        {
            _run.RemoveFirst();
        }
        else
        {
            _heap.RemoveFirst();
        }
    }

    // The run and the heap are empty: sorts the next bucket. False if nothing is left.
    private bool Refill()
    {
        while (true)
        {
            TimerBatch bucket;
            if (_rungs.Count == 0)
            {
                if (_far.Count == 0)
                {
                    return false;
                }
                bucket = _far;
                _far = new();
            }
            else if (_rungs[^1].TakeBucket() is { } next)
            {
                bucket = next;
            }
            else
            {
                _rungs.RemoveAt(_rungs.Count - 1);
                continue;
            }
            if (_rungs.Count > 1 && _rungs[^1].IsOver)
            {
                _rungs.RemoveAt(_rungs.Count - 1); // before the bucket is spread over another one inside it
            }
            NoteDropped(bucket.Purge());
            if (bucket.Count > MostInHeap && TrySpread(bucket))
            {
                continue;
            }
            if (bucket.Count > 0)
            {
                _run.Fill(bucket);
                return true;
            }
        }
    }

    // The heap has grown too large to be quick. Where timeouts that never expire are set beside timers that stay, most of it is cancelled: then it needs no rung, which would
    // be searched by all that are set from now on.
    private void Spill()
    {
        NoteDropped(_heap.Purge());
        if (_heap.Count < MostInHeap / 2)
        {
            return;
        }
        var entries = new TimerBatch();
        _run.MoveTo(entries);
        _heap.MoveTo(entries);
        if (!TrySpread(entries))
        {
            _run.Fill(entries);
        }
    }

    private void NoteDropped(int entries)
    {
        Count -= entries;
        _cancelled -= entries;
    }

    // Where a deadline belongs at this moment: in a bucket of a rung, behind all of them, or before, which is in the heap or the run. It belongs into the outermost rung that it
    // is not before; it is not before those inside of that one either, which are earlier, so that it is found by halving: timers set in descending order make a rung for
    // each thousand. (But for the innermost, of which all may be taken: that one is asked when it is before the one around it.)
    private TimerRung.Place Find(double when, out TimerRung? rung, out int bucket)
    {
        rung = null;
        bucket = 0;
        var place = TimerRung.Place.Before;
        int low = 0;
        int high = _rungs.Count;
        while (low < high)
        {
            int middle = (low + high - 1) / 2; // of two the outer one: most timers are set for later than the others
            var found = _rungs[middle].Find(when, isOpen: middle == 0, out int number);
            if (found == TimerRung.Place.Before)
            {
                low = middle + 1;
                continue;
            }
            (place, rung, bucket) = (found, _rungs[middle], number);
            high = middle;
        }
        return place;
    }

    private bool TrySpread(TimerBatch entries)
    {
        if (TimerRung.Of(entries) is not { } rung)
        {
            return false;
        }
        _rungs.Add(rung);
        for (int i = 0; i < entries.Count; i++)
        {
            if (double.IsPositiveInfinity(entries[i].When))
            {
                _far.Add(entries[i]);
            }
        }
        return true;
    }

    private void Purge()
    {
        _heap.Purge();
        _run.Purge();
        _far.Purge();
        Count = _heap.Count + _run.Count + _far.Count;
        for (int i = _rungs.Count - 1; i >= 0; i--)
        {
            int left = _rungs[i].Purge();
            Count += left;
            // The last bucket of an inner rung may hold what is later than its end, so none must come to be the outermost; nor must what is behind that
            // come to be behind nothing.
            if (left == 0 && (i > 0 || (_rungs.Count == 1 && _far.Count == 0)))
            {
                _rungs.RemoveAt(i);
            }
        }
        _cancelled = 0;
    }
}
