namespace AsyncioSharp;

/// <summary>
/// A stretch of time cut into buckets of equal width; the timers in a bucket are in order of registration. A bucket is found by one multiplication, and the
/// later of two deadlines never lies in the earlier bucket, however the numbers are rounded: so where a timer belongs is always decided by its
/// bucket's number, never by comparing it with a bucket's limit.
/// </summary>
internal sealed class TimerRung
{
    private const int EntriesPerBucket = 256; // as many as are sorted quickly
    private const int MostBuckets = 2048;     // as many as can be filled at once without leaving the cache

    private readonly TimerBatch?[] _buckets;
    private readonly double _start;
    private readonly double _bucketsPerSecond;
    private int _next; // the first bucket that has not been taken

    private TimerRung(int buckets, double start, double bucketsPerSecond)
    {
        _buckets = new TimerBatch?[buckets];
        _start = start;
        _bucketsPerSecond = bucketsPerSecond;
    }

    /// <summary>True if every bucket was taken: nothing belongs into it any more.</summary>
    internal bool IsOver => _next == _buckets.Length;

    /// <summary>Spreads <paramref name="entries"/>, without those that never come due, over a new rung. Null if there is nothing to tell them apart by.</summary>
    internal static TimerRung? Of(TimerBatch entries)
    {
        double first = double.PositiveInfinity;
        double last = double.NegativeInfinity;
        for (int i = 0; i < entries.Count; i++)
        {
            double when = entries[i].When;
            if (when < first)
            {
                first = when;
            }
            if (when > last && when < double.PositiveInfinity)
            {
                last = when;
            }
        }
        int buckets = Math.Clamp(entries.Count / EntriesPerBucket, 2, MostBuckets);
        double bucketsPerSecond = (buckets - 1) / (last - first); // so that the last one falls into the last bucket
        if (!(first < last) || !double.IsFinite(bucketsPerSecond) || bucketsPerSecond == 0)
        {
            return null;
        }
        var rung = new TimerRung(buckets, first, bucketsPerSecond);
        rung.MakeRoom(entries);
        for (int i = 0; i < entries.Count; i++)
        {
            ref readonly var entry = ref entries[i];
            if (entry.When < double.PositiveInfinity)
            {
                rung.Put(rung.BucketOf(entry.When), entry);
            }
        }
        return rung;
    }

    /// <summary>Where the time of an entry lies in a rung.</summary>
    internal enum Place
    {
        /// <summary>In a bucket that was taken already.</summary>
        Before,

        /// <summary>In a bucket.</summary>
        Inside,

        /// <summary>Later than the last bucket.</summary>
        Behind,
    }

    /// <summary>Finds the bucket for a deadline.</summary>
    /// <param name="when">The deadline.</param>
    /// <param name="isOpen">False if what is later than the last bucket belongs into that one.</param>
    /// <param name="bucket">Its number, if there is one.</param>
    internal Place Find(double when, bool isOpen, out int bucket)
    {
        bucket = BucketOf(when);
        if (bucket >= _buckets.Length)
        {
            if (isOpen)
            {
                return Place.Behind;
            }
            bucket = _buckets.Length - 1;
        }
        return bucket < _next ? Place.Before : Place.Inside;
    }

    /// <summary>Puts an entry into a bucket.</summary>
    internal void Put(int bucket, in TimerEntry entry) => (_buckets[bucket] ??= new()).Add(entry);

    /// <summary>Keeps <paramref name="target"/> no more, if it is among those that were added to its bucket last; its entry stays.</summary>
    internal void Forget(int bucket, Runnable target) => _buckets[bucket]?.TryForget(target);

    /// <summary>Takes the next bucket that is not empty; null if none is left.</summary>
    internal TimerBatch? TakeBucket()
    {
        while (_next < _buckets.Length)
        {
            var bucket = _buckets[_next];
            _buckets[_next++] = null;
            if (bucket is not null)
            {
                return bucket;
            }
        }
        return null;
    }

    /// <summary>Drops the entries that were cancelled; returns how many are left.</summary>
    internal int Purge()
    {
        int left = 0;
        for (int i = _next; i < _buckets.Length; i++)
        {
            if (_buckets[i] is { } bucket)
            {
                bucket.Purge();
                left += bucket.Count;
                if (bucket.Count == 0)
                {
                    _buckets[i] = null;
                }
            }
        }
        return left;
    }

    // Counting first is cheaper than having every bucket grow.
    private void MakeRoom(TimerBatch entries)
    {
        int[] counts = new int[_buckets.Length + 1]; // the last for those that never come due
        for (int i = 0; i < entries.Count; i++)
        {
            counts[Math.Min(BucketOf(entries[i].When), _buckets.Length)]++;
        }
        for (int i = 0; i < _buckets.Length; i++)
        {
            _buckets[i] = counts[i] == 0 ? null : new TimerBatch(counts[i]);
        }
    }

    // A number that is too large or too small for an int becomes the largest or smallest one.
    private int BucketOf(double when) => (int)Math.Floor((when - _start) * _bucketsPerSecond);
}
