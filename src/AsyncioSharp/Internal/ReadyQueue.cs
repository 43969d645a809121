using System.Numerics;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The loop's first-in-first-out queue of entries that are ready to run: a ring that grows and never shrinks below what it has needed.
/// Only the loop's thread touches it. An entry costs two stores and no allocation.
/// </summary>
internal sealed class ReadyQueue
{
    private (Runnable Target, object? Source)[] _ring = new (Runnable, object?)[64]; // the length is a power of two
    private int _head;  // index of the oldest entry

    /// <summary>How many entries wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(Runnable target, object? source)
    {
        var ring = _ring;
        if (Count == ring.Length)
        {
            ring = Grow(Count + 1);
        }
        ref var slot = ref ring[(_head + Count) & (ring.Length - 1)];
        slot.Target = target;
        slot.Source = source;
        Count++;
    }

    /// <summary>Takes the oldest entry. There must be one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Runnable Pop(out object? source)
    {
        var ring = _ring;
        ref var slot = ref ring[_head & (ring.Length - 1)];
        Runnable target = slot.Target;
        source = slot.Source;
        slot = default; // a queue must not keep alive what it has run
        _head = (_head + 1) & (ring.Length - 1);
        Count--;
        return target;
    }

    /// <summary>Appends entries in their order.</summary>
    internal void PushAll(ReadOnlySpan<(Runnable Target, object? Source)> entries)
    {
        if (Count + entries.Length > _ring.Length)
        {
            Grow(Count + entries.Length);
        }
        int start = (_head + Count) & (_ring.Length - 1);
        int first = Math.Min(entries.Length, _ring.Length - start);
        entries[..first].CopyTo(_ring.AsSpan(start));
        entries[first..].CopyTo(_ring);
        Count += entries.Length;
    }

    /// <summary>The entries of this moment, oldest first.</summary>
    internal Runnable[] List()
    {
        var entries = new Runnable[Count];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = _ring[(_head + i) & (_ring.Length - 1)].Target;
        }
        return entries;
    }

    private (Runnable, object?)[] Grow(int needed)
    {
        var bigger = new (Runnable, object?)[BitOperations.RoundUpToPowerOf2((uint)needed)];
        int first = Math.Min(Count, _ring.Length - _head);
        Array.Copy(_ring, _head, bigger, 0, first);
        Array.Copy(_ring, 0, bigger, first, Count - first);
        _head = 0;
        return _ring = bigger;
    }
}
