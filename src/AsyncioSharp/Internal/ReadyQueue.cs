using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace AsyncioSharp;

/// <summary>
/// The loop's first-in-first-out queue of entries that are ready to run: a ring that grows, and is given back when it has become large and is empty.
/// Only the loop's thread changes it. An entry costs two stores and no allocation.
/// </summary>
/// <remarks>
/// The entry that runs stays in its place meanwhile, the one before the oldest: so the loop knows it (<see cref="Running"/>) without storing a reference of
/// its own in each step, which the collector would have to be told of.
/// </remarks>
internal sealed class ReadyQueue
{
    private const int FewEntries = 64;
    private const int ManyEntries = 65536; // a megabyte; to fill a larger ring again costs a twentieth of what its entries do

    private (Runnable Target, object? Source)[] _ring = new (Runnable, object?)[FewEntries]; // the length is a power of two
    private int _head;  // index of the oldest entry
    private int _filling; // where the entries begin that were appended together

    /// <summary>How many entries wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(Runnable target, object? source)
    {
        var ring = _ring;
        if (Count + 1 == ring.Length)
        {
            ring = Grow(Count + 1);
        }
        ref var slot = ref At(ring, _head + Count);
        slot.Target = target;
        slot.Source = source;
        Count++;
    }

    /// <summary>What was begun and has not ended; null if there is nothing. For other threads too, which may see what has just ended or is about to begin.</summary>
    internal Runnable? Running
    {
        get
        {
            var ring = _ring;
            return At(ring, _head - 1).Target;
        }
    }

    /// <summary>Takes the oldest entry, to be run until the next is taken, or <see cref="End"/>. There must be one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Runnable Begin(out object? source)
    {
        var ring = _ring;
        int head = _head;
        At(ring, head - 1) = default; // a queue must not keep alive what it has run
        ref var slot = ref At(ring, head);
        _head = (head + 1) & (ring.Length - 1);
        Count--;
        source = slot.Source;
        return slot.Target;
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
            Sse.Prefetch0((void*)Unsafe.As<Runnable, nint>(ref At(_ring, _head + 6).Target)); // an address of the moment: if the object moves, a line was fetched in vain
        }
    }

    /// <summary>Says that an entry which was taken before runs now, until <see cref="End"/>.</summary>
    internal void Begin(Runnable target) => At(_ring, _head - 1).Target = target;

    /// <summary>Says that what was begun has ended, if anything.</summary>
    internal void End() => At(_ring, _head - 1) = default;

    /// <summary>Takes the oldest entry, not to be run here or now. There must be one.</summary>
    internal Runnable Pop(out object? source)
    {
        var target = Begin(out source);
        End();
        return target;
    }

    /// <summary>Gives back the room that very many entries took. There must be none, and nothing that was begun.</summary>
    internal void Trim()
    {
        if (_ring.Length > ManyEntries)
        {
            _ring = new (Runnable, object?)[FewEntries];
            _head = 0;
        }
    }

    /// <summary>Appends <paramref name="count"/> entries, to be told by <see cref="Fill"/> before anything else happens here.</summary>
    internal void Extend(int count)
    {
        if (Count + count >= _ring.Length)
        {
            Grow(Count + count);
        }
        Count += count;
        _filling = _head + Count - count;
    }

    /// <summary>Tells one of the entries that <see cref="Extend"/> has appended, counted from the first of them.</summary>
    internal void Fill(int index, Runnable target, object? source) => At(_ring, _filling + index) = (target, source);

    /// <summary>The entries of this moment, oldest first.</summary>
    internal Runnable[] List()
    {
        var ring = _ring; // another thread may look too: what it sees may be a moment old, or null, but must be inside of one ring
        var entries = new Runnable[Math.Min(Count, ring.Length)];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = At(ring, _head + i).Target;
        }
        return entries;
    }

    // The length is a power of two, so no index is out of bounds, and none need be compared with it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref (Runnable Target, object? Source) At((Runnable, object?)[] ring, int index)
        => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(ring), (uint)(index & (ring.Length - 1)))!;

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private (Runnable, object?)[] Grow(int needed)
    {
        var bigger = new (Runnable, object?)[BitOperations.RoundUpToPowerOf2((uint)needed + 1)];
        int first = Math.Min(Count, _ring.Length - _head);
        Array.Copy(_ring, _head, bigger, 0, first);
        Array.Copy(_ring, 0, bigger, first, Count - first);
        bigger[^1] = _ring[(_head - 1) & (_ring.Length - 1)]; // what runs
        _head = 0;
        return _ring = bigger;
    }
}
