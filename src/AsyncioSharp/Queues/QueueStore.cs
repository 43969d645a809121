using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>What a queue keeps its items in, and thereby the order in which it gives them. If an operation throws, nothing has changed.</summary>
internal abstract class QueueStore<T>
{
    /// <summary>Kept here, since it is asked for much more often than it changes.</summary>
    internal int Count { get; private set; }

    internal void Add(T item)
    {
        Keep(item);
        Count++;
    }

    /// <summary>Takes the item whose turn it is. There must be one.</summary>
    internal T Take()
    {
        var item = Give();
        Count--;
        return item;
    }

    /// <summary>Puts an item back that was taken: it is the next of its kind again.</summary>
    internal void Return(T item)
    {
        KeepFirst(item);
        Count++;
    }

    internal void Clear()
    {
        Drop();
        Count = 0;
    }

    /// <summary>For texts: the items, in the order in which they are kept.</summary>
    internal abstract List<T> Snapshot();

    private protected abstract void Keep(T item);

    private protected abstract void KeepFirst(T item);

    private protected abstract T Give();

    private protected abstract void Drop();
}

/// <summary>First in, first out: a ring, in which an item that is put back needs no place of its own.</summary>
internal sealed class FifoStore<T> : QueueStore<T>
{
    private T[] _ring = []; // the length is a power of two, or 0
    private int _head;      // index of the oldest item, modulo the length

    private protected override void Keep(T item)
    {
        Reserve();
        At(_head + Count) = item;
    }

    private protected override void KeepFirst(T item)
    {
        Reserve();
        At(--_head) = item;
    }

    private protected override T Give()
    {
        ref var place = ref At(_head++);
        var item = place;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            place = default!; // a queue must not keep alive what was taken
        }
        return item;
    }

    private protected override void Drop() => _ring = [];

    internal override List<T> Snapshot() => [.. Enumerable.Range(0, Count).Select(index => At(_head + index))];

    private ref T At(int index)
    {
        var ring = _ring;
        return ref ring[index & (ring.Length - 1)];
    }

    private void Reserve()
    {
        if (Count == _ring.Length)
        {
            Grow();
        }
    }

    private void Grow()
    {
        var bigger = new T[Math.Max(4, _ring.Length * 2)];
        for (int index = 0; index < Count; index++)
        {
            bigger[index] = At(_head + index);
        }
        _ring = bigger;
        _head = 0;
    }
}

/// <summary>Last in, first out.</summary>
internal sealed class LifoStore<T> : QueueStore<T>
{
    private readonly Stack<T> _items = new();

    private protected override void Keep(T item) => _items.Push(item);

    private protected override void KeepFirst(T item) => _items.Push(item);

    private protected override T Give() => _items.Pop();

    private protected override void Drop() => _items.Clear();

    internal override List<T> Snapshot() => [.. _items.Reverse()];
}

/// <summary>
/// Smallest first, and of equal ones the one that was put first: a binary heap. A comparer may throw; so each operation first finds, by comparing, where the items
/// will go, and moves them only then.
/// </summary>
internal sealed class PriorityStore<T>(IComparer<T> comparer) : QueueStore<T>
{
    private readonly List<(T Item, long Number)> _heap = [];
    private long _added;
    private long _returned;

    private protected override void Keep(T item)
    {
        Insert((item, _added));
        _added++;
    }

    private protected override void KeepFirst(T item)
    {
        Insert((item, _returned - 1));
        _returned--;
    }

    private void Insert((T Item, long Number) entry)
    {
        int place = _heap.Count;
        while (place > 0 && IsBefore(entry, _heap[Parent(place)]))
        {
            place = Parent(place);
        }
        _heap.Add(entry);
        for (int hole = _heap.Count - 1; hole > place; hole = Parent(hole))
        {
            _heap[hole] = _heap[Parent(hole)];
        }
        _heap[place] = entry;
    }

    private protected override T Give()
    {
        var first = _heap[0];
        var last = _heap[^1];
        int count = _heap.Count - 1; // without the last, which fills the gap
        Span<int> path = stackalloc int[32]; // from which place each hole is filled
        int length = 0;
        for (int hole = 0, child = 1; child < count; hole = child, child = (2 * hole) + 1)
        {
            if (child + 1 < count && IsBefore(_heap[child + 1], _heap[child]))
            {
                child++;
            }
            if (!IsBefore(_heap[child], last))
            {
                break;
            }
            path[length++] = child;
        }
        int gap = 0;
        foreach (int child in path[..length])
        {
            _heap[gap] = _heap[child];
            gap = child;
        }
        _heap[gap] = last;
        _heap.RemoveAt(count);
        return first.Item;
    }

    private protected override void Drop() => _heap.Clear();

    internal override List<T> Snapshot() => _heap.ConvertAll(static entry => entry.Item);

    private static int Parent(int place) => (place - 1) / 2;

    private bool IsBefore((T Item, long Number) one, (T Item, long Number) other)
    {
        int order = comparer.Compare(one.Item, other.Item);
        return order < 0 || (order == 0 && one.Number < other.Number);
    }
}
