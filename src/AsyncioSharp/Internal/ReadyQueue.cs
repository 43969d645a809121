using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace AsyncioSharp;

/// <summary>
/// The loop's first-in-first-out queue of entries that are ready to run: a circle of segments, to which another is added when all are full. Only the loop's thread
/// changes it. An entry costs a store and no allocation, unless it brings a source, and none is ever copied. Of the room that very many took, a megabyte is kept.
/// </summary>
/// <remarks>
/// The entry that runs stays in its place meanwhile, the one before the oldest: so the loop knows it (<see cref="Running"/>) without storing a reference of
/// its own in each step, which the collector would have to be told of.
/// </remarks>
internal sealed class ReadyQueue
{
    private const int FewEntries = 64;
    private const int ManyEntries = 16384; // so large that the collector does not move it: a million timers cost a tenth more when it did
    private const int MostFree = 131072;   // entries, a megabyte; to allocate room for more of them again costs a twentieth of what they do

    private Segment _head;     // where the oldest entry is, or was
    private Segment _tail;     // where the next entry goes, if there is room
    private Slot[] _heads;     // their slots, one step nearer
    private Slot[] _tails;
    private int _oldest = Segment.First;
    private int _next = Segment.First;
    private int _free;         // entries that the segments behind the tail and before the head have room for
    private int _length = FewEntries; // of the segment that was added last

    internal ReadyQueue()
    {
        _tail = _head = new Segment(FewEntries);
        _heads = _tails = _head.Slots;
    }

    /// <summary>How many entries wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(Runnable target, object? source)
    {
        var slots = _tails;
        int next = _next;
        if (next == Segment.EndOf(slots))
        {
            slots = AdvanceTail();
            next = Segment.First;
        }
        At(slots, next).Held = Slot.Holding(target, source);
        _next = next + 1;
        Count++;
    }

    /// <summary>What was begun and has not ended; null if there is nothing. For other threads too, which may see what has just ended or is about to begin.</summary>
    internal Runnable? Running
    {
        get
        {
            var slots = _heads;
            return At(slots, Math.Min(_oldest, Segment.EndOf(slots)) - 1).Entry; // the place may be one of a larger segment, if another thread asks
        }
    }

    /// <summary>Takes the oldest entry, to be run until the next is taken, or <see cref="End"/>. There must be one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Runnable Begin(out object? source)
    {
        var slots = _heads;
        int oldest = _oldest;
        At(slots, oldest - 1) = default; // a queue must not keep alive what it has run
        if (oldest == Segment.EndOf(slots))
        {
            slots = AdvanceHead();
            oldest = Segment.First;
        }
        ref var slot = ref At(slots, oldest);
        _oldest = oldest + 1;
        Count--;
        var target = slot.Held!;
        source = null;
        if (target.GetType() == typeof(Envelope))
        {
            var envelope = Unsafe.As<Envelope>(target);
            source = envelope.Source;
            slot.Held = target = envelope.Target; // what runs is in its place
        }
        return target;
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
            // An address of the moment: if the object moves, a line was fetched in vain.
            Sse.Prefetch0((void*)Unsafe.As<Runnable?, nint>(ref At(_heads, _oldest + Segment.Ahead - 1).Held));
        }
    }

    /// <summary>Says that an entry which was taken before runs now, until <see cref="End"/>.</summary>
    internal void Begin(Runnable target) => At(_heads, _oldest - 1).Held = target;

    /// <summary>Says that what was begun has ended, if anything.</summary>
    internal void End() => At(_heads, _oldest - 1) = default;

    /// <summary>Takes the oldest entry, not to be run here or now. There must be one.</summary>
    internal Runnable Pop(out object? source)
    {
        var target = Begin(out source);
        End();
        return target;
    }

    /// <summary>Puts others in the place of entries: what <paramref name="other"/> gives, which changes nothing else here; null where one shall stay.</summary>
    internal void Replace(Func<Runnable, Runnable?> other)
    {
        int place = _oldest;
        for (var segment = _head; ; segment = segment.Next!)
        {
            int end = segment == _tail ? _next : Segment.EndOf(segment.Slots);
            for (; place < end; place++)
            {
                ref var slot = ref At(segment.Slots, place);
                slot.Held = other(slot.Held!) ?? slot.Held;
            }
            if (segment == _tail)
            {
                return;
            }
            place = Segment.First;
        }
    }

    /// <summary>Appends <paramref name="count"/> entries, which the filler is to be told before anything else happens here.</summary>
    internal Filler Extend(int count)
    {
        int all = count;
        while (count > Segment.EndOf(_tails) - _next)
        {
            count -= Segment.EndOf(_tails) - _next;
            AdvanceTail();
        }
        _next += count;
        Count += all;
        return new Filler(_tail, _next);
    }

    /// <summary>
    /// The entries, oldest first. For other threads too: what is there from before the call until after it is found, and nothing twice that was run meanwhile and came again.
    /// </summary>
    /// <param name="meanwhile">For tests: what the loop does between the steps of another thread that looks.</param>
    internal List<Runnable> List(Action? meanwhile = null)
    {
        while (true)
        {
            if (TryList(meanwhile) is { } found)
            {
                return found;
            }
        }
    }

    // Null if the loop has moved on too far meanwhile, which it does not do on the thread that asks.
    //
    // An entry stays where it is, in a segment whose number is not below the head's, nor above what the tail's was when the entry was there. Of the segments, the head is the first
    // to be left, and then to be taken up again or removed: as long as it keeps its number, those behind it do so too, and lead to each other. Places that are not taken are empty.
    private List<Runnable>? TryList(Action? meanwhile)
    {
        long last = Volatile.Read(ref Volatile.Read(ref _tail).Number);
        meanwhile?.Invoke();
        var head = Volatile.Read(ref _head);
        meanwhile?.Invoke();
        long first = Volatile.Read(ref head.Number);
        int oldest = Volatile.Read(ref _oldest); // a place in the head, unless that is left by now: then nothing is to be found there
        var found = new List<Runnable>();
        var segment = first < 0 || first > last ? null : head;
        for (long number = first; segment is not null; number++, segment = segment.Next)
        {
            meanwhile?.Invoke();
            foreach (ref var slot in segment.Slots.AsSpan(number == first ? Math.Min(oldest, segment.Slots.Length) : Segment.First))
            {
                if (slot.Entry is { } entry)
                {
                    found.Add(entry);
                }
            }
            meanwhile?.Invoke();
            if (number == last)
            {
                bool hasRun = head != Volatile.Read(ref _head) || oldest != Volatile.Read(ref _oldest);
                return Volatile.Read(ref head.Number) != first ? null : hasRun ? [.. found.Distinct()] : found;
            }
        }
        return null;
    }

    // No place is out of bounds, and none need be compared with them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref Slot At(Slot[] slots, int place) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(slots), (uint)place);

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
    private Slot[] AdvanceTail()
    {
        if (_tail.Next == _head)
        {
            _length = Math.Min(_length * 2, ManyEntries);
            _tail.Append(new Segment(_length));
        }
        else
        {
            _free -= _tail.Next!.Length;
        }
        var next = _tail.Next!;
        Volatile.Write(ref next.Number, _tail.Number + 1); // before it is the tail, and holds entries: another thread may look
        Volatile.Write(ref _tail, next);
        _next = Segment.First;
        return _tails = next.Slots;
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // as above
    private Slot[] AdvanceHead()
    {
        _free += _head.Length;
        _oldest = Segment.First; // another thread that looks finds the old segment empty; in the new one, it must not begin at the old place
        Volatile.Write(ref _head, _head.Next!);
        while (_free > MostFree)
        {
            _free -= _tail.Next!.Length;
            _tail.Next.Remove();
        }
        return _heads = _head.Slots;
    }

    /// <summary>Tells the entries that <see cref="Extend"/> has appended, the last one first.</summary>
    internal struct Filler
    {
        private Segment _segment;
        private int _place;

        internal Filler(Segment segment, int place) => (_segment, _place) = (segment, place);

        internal void FillBack(Runnable entry)
        {
            if (_place == Segment.First)
            {
                _segment = _segment.Previous!;
                _place = Segment.EndOf(_segment.Slots);
            }
            At(_segment.Slots, --_place).Held = entry;
        }
    }

    // An array of a class would check the type of what is stored in it. And what an entry brings has no room here: most bring nothing, and twice the room in the
    // cache, and a second store in each turn, made a yield 6 % dearer.
    internal struct Slot
    {
        internal Runnable? Held; // the entry, or the envelope around it

        /// <summary>The entry. For other threads too.</summary>
        internal readonly Runnable? Entry => Volatile.Read(in Held) is var held && held is Envelope envelope ? envelope.Target : held;

        internal static Runnable Holding(Runnable target, object? source) => source is null ? target : Enclosed(target, source);

        [MethodImpl(MethodImplOptions.NoInlining)] // seldom, and inlined it would use up the registers of what runs often
        private static Envelope Enclosed(Runnable target, object source) => new(target, source);
    }

    // Entries are at the places from First to below End. The one before First is for what ran last in the segment before.
    internal sealed class Segment
    {
        internal const int First = 1;
        internal const int Ahead = 6;

        internal long Number; // counted as they become the tail; negative once it is removed

        internal Segment(int length)
        {
            Slots = new Slot[First + length + Ahead]; // who looks ahead need not look where the segment ends
            Next = Previous = this;
        }

        internal Slot[] Slots { get; }

        internal Segment? Next { get; private set; } // of the circle; null once it is removed

        internal Segment? Previous { get; private set; }

        internal int Length => EndOf(Slots) - First;

        internal static int EndOf(Slot[] slots) => slots.Length - Ahead;

        internal void Append(Segment segment)
        {
            segment.Next = Next;
            segment.Previous = this;
            Next!.Previous = segment;
            Next = segment;
        }

        internal void Remove()
        {
            Previous!.Next = Next;
            Next!.Previous = Previous;
            Volatile.Write(ref Number, -1);
            Next = Previous = null; // else who still refers to it would keep all that were removed since
        }
    }
}
