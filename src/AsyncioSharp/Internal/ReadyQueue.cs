using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace AsyncioSharp;

/// <summary>
/// The loop's first-in-first-out queue of entries that are ready to run: a circle of segments, to which another is added when all are full. Only the loop's thread
/// changes it. An entry costs two stores and no allocation, and none is ever copied. Of the room that very many took, a megabyte is kept.
/// </summary>
/// <remarks>
/// The entry that runs stays in its place meanwhile, the one before the oldest: so the loop knows it (<see cref="Running"/>) without storing a reference of
/// its own in each step, which the collector would have to be told of.
/// </remarks>
internal sealed class ReadyQueue
{
    private const int FewEntries = 64;
    private const int ManyEntries = 8192; // so large that the collector does not move it: a million timers cost a tenth more when it did
    private const int MostFree = 8;       // segments; to allocate more of them again costs a twentieth of what their entries do

    private Segment _head;   // where the oldest entry is, or was
    private int _oldest = Segment.First;
    private Segment _tail;   // where the next entry goes, if there is room
    private int _next = Segment.First;
    private int _free;       // segments behind the tail and before the head
    private Segment _filled; // where FillBack is
    private int _filling;

    internal ReadyQueue() => _filled = _tail = _head = new Segment(FewEntries);

    /// <summary>How many entries wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(Runnable target, object? source)
    {
        if (_next == _tail.End)
        {
            AdvanceTail();
        }
        ref var entry = ref _tail[_next++];
        entry.Target = target;
        entry.Source = source;
        Count++;
    }

    /// <summary>What was begun and has not ended; null if there is nothing. For other threads too, which may see what has just ended or is about to begin.</summary>
    internal Runnable? Running => _head[_oldest - 1].Target; // whichever of the two is seen first, it is a place of a segment

    /// <summary>Takes the oldest entry, to be run until the next is taken, or <see cref="End"/>. There must be one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Runnable Begin(out object? source)
    {
        _head[_oldest - 1] = default; // a queue must not keep alive what it has run
        if (_oldest == _head.End)
        {
            AdvanceHead();
        }
        ref var entry = ref _head[_oldest++];
        Count--;
        source = entry.Source;
        return entry.Target!;
    }

    /// <summary>
    /// Has the processor fetch what will be run some entries later, while the next ones run. Of a hundred thousand that became ready at once, none is in the
    /// cache when its turn comes; a million random timers cost a fifth less by this. For fewer it is not worth its two instructions.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal unsafe void Prefetch()
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0((void*)Unsafe.As<Runnable?, nint>(ref _head[_oldest + Segment.Ahead].Target)); // an address of the moment: if the object moves, a line was fetched in vain
        }
    }

    /// <summary>Says that an entry which was taken before runs now, until <see cref="End"/>.</summary>
    internal void Begin(Runnable target) => _head[_oldest - 1].Target = target;

    /// <summary>Says that what was begun has ended, if anything.</summary>
    internal void End() => _head[_oldest - 1] = default;

    /// <summary>Takes the oldest entry, not to be run here or now. There must be one.</summary>
    internal Runnable Pop(out object? source)
    {
        var target = Begin(out source);
        End();
        return target;
    }

    /// <summary>Appends <paramref name="count"/> entries, to be told by <see cref="FillBack"/> before anything else happens here.</summary>
    internal void Extend(int count)
    {
        Count += count;
        while (count > _tail.End - _next)
        {
            count -= _tail.End - _next;
            AdvanceTail();
        }
        _next += count;
        _filled = _tail;
        _filling = _next;
    }

    /// <summary>Tells one of the entries that <see cref="Extend"/> has appended, the last one first.</summary>
    internal void FillBack(Runnable target, object? source)
    {
        if (_filling == Segment.First)
        {
            _filled = _filled.Previous;
            _filling = _filled.End;
        }
        _filled[--_filling] = new Entry { Target = target, Source = source };
    }

    /// <summary>The entries of this moment, oldest first.</summary>
    internal Runnable[] List()
    {
        // Another thread may look too: what it sees may be a moment old, or null, but must be inside of the segments.
        var entries = new Runnable[Count];
        var segment = _head;
        int place = _oldest;
        for (int i = 0; i < entries.Length; i++)
        {
            if (place == segment.End)
            {
                segment = segment.Next;
                place = Segment.First;
            }
            entries[i] = segment[place++].Target!;
        }
        return entries;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private void AdvanceTail()
    {
        if (_tail.Next == _head)
        {
            _tail.Append(new Segment(Math.Min(_tail.Length * 2, ManyEntries)));
        }
        else
        {
            _free--;
        }
        _tail = _tail.Next;
        _next = Segment.First;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // as above
    private void AdvanceHead()
    {
        _head = _head.Next;
        _oldest = Segment.First;
        if (_free == MostFree)
        {
            _head.Previous.Remove();
        }
        else
        {
            _free++;
        }
    }

    private struct Entry
    {
        internal Runnable? Target;
        internal object? Source;
    }

    // Entries are at the places from First to below End. The one before First is for what ran last in the segment before.
    private sealed class Segment
    {
        internal const int First = 1;
        internal const int Ahead = 6;

        private readonly Entry[] _entries;

        internal Segment(int length)
        {
            _entries = new Entry[First + length + Ahead]; // who looks ahead need not look where the segment ends
            Next = Previous = this;
        }

        internal int Length => _entries.Length - First - Ahead;

        internal int End => _entries.Length - Ahead;

        internal Segment Next { get; private set; }

        internal Segment Previous { get; private set; }

        // No place is out of bounds, and none need be compared with them.
        internal ref Entry this[int place]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_entries), (uint)place);
        }

        internal void Append(Segment segment)
        {
            segment.Next = Next;
            segment.Previous = this;
            Next.Previous = segment;
            Next = segment;
        }

        internal void Remove()
        {
            Previous.Next = Next;
            Next.Previous = Previous;
        }
    }
}
