namespace AsyncioSharp;

/// <summary>
/// A four-way heap of timers on one flat array: adding and taking cost O(log n), quick as long as the array fits the cache. Of equal deadlines that comes first which
/// was added first.
/// </summary>
internal sealed class TimerHeap
{
    private const int Arity = 4;
    private const int SmallestArray = 16;
    private const int PurgedArray = 128; // at least; with less, timeouts that never expire would soon have it grow again

    private Node[] _nodes = new Node[SmallestArray];
    private long _added; // how many ever were: the number of the next one

    internal int Count { get; private set; }

    /// <summary>How many entries there is room for; for tests.</summary>
    internal int Room => _nodes.Length;

    /// <summary>The entry that comes first. There must be one.</summary>
    internal TimerEntry First => _nodes[0].Entry;

    internal void Add(in TimerEntry entry)
    {
        if (Count == _nodes.Length)
        {
            Array.Resize(ref _nodes, Count * 2);
        }
        int hole = Count++;
        var nodes = _nodes;
        var node = new Node(entry, _added++);
        while (hole > 0)
        {
            int parent = (hole - 1) / Arity;
            if (!node.Before(nodes[parent]))
            {
                break;
            }
            nodes[hole] = nodes[parent];
            hole = parent;
        }
        nodes[hole] = node;
    }

    internal void RemoveFirst()
    {
        var last = _nodes[--Count];
        _nodes[Count] = default;
        if (Count > 0)
        {
            SiftDown(0, last);
        }
    }

    /// <summary>Drops the entries that were cancelled, and the room they took; returns how many.</summary>
    internal int Purge()
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (!_nodes[i].Entry.Target.IsDropped)
            {
                _nodes[kept++] = _nodes[i];
            }
        }
        int dropped = Count - kept;
        Array.Clear(_nodes, kept, dropped);
        Count = kept;
        if (kept < _nodes.Length / 4)
        {
            Array.Resize(ref _nodes, Math.Max(PurgedArray, kept * 2));
        }
        for (int i = (kept - 2) / Arity; i >= 0 && kept > 1; i--)
        {
            SiftDown(i, _nodes[i]);
        }
        return dropped;
    }

    /// <summary>Keeps <paramref name="target"/> no more, if it is among those that were added last; its entry stays.</summary>
    internal bool TryForget(Runnable target)
    {
        for (int i = Count - 1; i >= Math.Max(Count - TimerQueue.MostLookedAt, 0); i--) // at the end there are those with late deadlines, which are cancelled the most
        {
            if (ReferenceEquals(_nodes[i].Entry.Target, target))
            {
                _nodes[i] = _nodes[i] with { Entry = _nodes[i].Entry.Forgotten };
                return true;
            }
        }
        return false;
    }

    /// <summary>Moves everything to the end of <paramref name="batch"/>, the first one first.</summary>
    internal void MoveTo(TimerBatch batch)
    {
        Array.Sort(_nodes, 0, Count);
        foreach (ref readonly var node in _nodes.AsSpan(0, Count))
        {
            batch.Add(node.Entry);
        }
        _nodes = new Node[SmallestArray];
        Count = 0;
    }

    private void SiftDown(int hole, Node node)
    {
        var nodes = _nodes;
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
                if (nodes[child].Before(nodes[least]))
                {
                    least = child;
                }
            }
            if (!nodes[least].Before(node))
            {
                break;
            }
            nodes[hole] = nodes[least];
            hole = least;
        }
        nodes[hole] = node;
    }

    private readonly record struct Node(TimerEntry Entry, long Number) : IComparable<Node>
    {
        internal bool Before(in Node other) => Entry.When < other.Entry.When || (Entry.When == other.Entry.When && Number < other.Number);

        public int CompareTo(Node other) => Before(other) ? -1 : other.Before(this) ? 1 : 0;
    }
}
