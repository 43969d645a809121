using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Those who wait for a lock, an event, an item: first come, first served. The entries are the waiting coroutines themselves, in a ring that grows and shrinks, and each
/// knows its place: joining, waking and leaving cost a few instructions each, and touch no other waiter. Who waits alone, as most do, allocates nothing more.
/// </summary>
/// <remarks>
/// <para>One that is woken or cancelled keeps its place until its task has run: only then is it known whether it takes what it was woken for. Until then nobody may
/// believe the line to be empty, and a wake-up that is not taken (<see cref="WaitCoroutine{T}.Forgo"/>) goes to the next.</para>
/// <para>Who leaves from the middle leaves a hole. Holes at the head are dropped with the one before them; the others are closed when those that were made, and those that
/// were passed in looking for somebody to wake, are more than the waiters: so closing them is paid for, and a line whose first never leaves does not grow
/// with those who come and go behind it. (Neighbours that know each other need no ring, but two fields more in each wait, and four stores of which the collector has
/// to be told where the ring has one.)</para>
/// </remarks>
internal sealed class WaitQueue<T>(LoopBinding binding, int firstPlace = 0)
{
    private const int Fewest = 4; // places of the first ring
    private const int Few = 64;   // places that are not given back

    // Places are numbered as they are handed out; numbers begin again after the largest, so they are compared by their difference.
    private Slot[] _ring = [];      // the length is a power of two, or 0 as long as nobody has waited
    private int _head = firstPlace; // the place of the first in line
    private int _tail = firstPlace; // the next place to be handed out
    private int _next = firstPlace; // whoever waits here or further on was never woken; and before, only those that were woken in vain
    private int _again;             // where the first of those may be, if there are any
    private int _inVain;            // how many of those wait
    private int _waste;             // holes that were made or passed since they were closed last

    // An array of a class would check the type of what is stored in it.
    private struct Slot
    {
        public WaitCoroutine<T>? Waiter;
    }

    /// <summary>How many are in line, woken and cancelled ones included.</summary>
    internal int Count { get; private set; }

    /// <summary>Of those, how many were woken and have not run yet.</summary>
    internal int Woken { get; private set; }

    /// <summary>How many are in line and not cancelled.</summary>
    internal int Live { get; private set; }

    /// <summary>True if somebody is in line who was neither woken nor cancelled.</summary>
    internal bool HasWaiting => Live > Woken;

    /// <summary>How many places there is room for; for tests.</summary>
    internal int Room => _ring.Length;

    /// <summary>How many places were passed or moved beyond those of the waiters that an operation was for; for tests, which see by it what waits cost in the long run.</summary>
    internal long Effort { get; private set; }

    /// <summary>For texts: <c>, waiters:2</c>, or nothing.</summary>
    internal string Text => Count == 0 ? "" : $", waiters:{Count}";

    /// <summary>Called before somebody takes something without waiting.</summary>
    /// <exception cref="InvalidOperationException">The primitive is bound to another loop.</exception>
    internal void CheckUse() => binding.CheckUse();

    /// <summary>Appends one that begins to wait, in the step in which its loop was found to be the right one.</summary>
    internal void Join(WaitCoroutine<T> waiter)
    {
        binding.Bind();
        if (_tail - _head == _ring.Length)
        {
            Resize(Math.Max(Fewest, _ring.Length * 2));
        }
        waiter.Place = _tail;
        At(_tail) = waiter;
        _tail++;
        waiter.Phase = WaitPhase.Waiting;
        Count++;
        Live++;
    }

    /// <summary>Takes out one that was woken or cancelled.</summary>
    internal void Leave(WaitCoroutine<T> waiter)
    {
        int place = waiter.Place;
        At(place) = null;
        Count--;
        Woken -= waiter.Phase == WaitPhase.Woken ? 1 : 0;
        Live -= waiter.Phase == WaitPhase.Cancelled ? 0 : 1;
        waiter.Phase = WaitPhase.Out;
        if (place == _head)
        {
            _head++;
        }
        else
        {
            _waste++;
        }
        if (_head != _tail || _next != _tail)
        {
            Tidy(); // who waits alone is spared it
        }
    }

    /// <summary>Has one that was woken in vain wait on, in its old place.</summary>
    internal void WaitOn(WaitCoroutine<T> waiter)
    {
        waiter.Phase = WaitPhase.Waiting;
        Woken--;
        if (_inVain++ == 0 || waiter.Place - _again < 0)
        {
            _again = waiter.Place;
        }
    }

    /// <summary>Makes the task of one that is cancelled ready; it leaves when it runs.</summary>
    internal void Cancel(WaitCoroutine<T> waiter)
    {
        waiter.Task.WakeCancelled();
        NoteEnd(waiter, WaitPhase.Cancelled);
        Live--;
    }

    /// <summary>Wakes the first in line that still waits. False if there is none.</summary>
    internal bool WakeNext()
    {
        bool found = HasWaiting;
        if (found)
        {
            Wake();
        }
        return found;
    }

    /// <summary>Wakes the first in line until <paramref name="count"/> are that have not run yet, or nobody waits any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void WakeUpTo(int count)
    {
        while (HasWaiting && Woken < count)
        {
            Wake();
        }
    }

    private void Wake()
    {
        var waiter = _inVain == 0 ? FirstFrom(ref _next) : FirstFrom(ref _again);
        binding.Loop!.Push(waiter.Task, null);
        NoteEnd(waiter, WaitPhase.Woken);
        Woken++;
    }

    /// <summary>Has the task of one that was closed learn that its coroutine is gone, unless its loop is closed too.</summary>
    internal void WakeClosed(WaitCoroutine<T> waiter)
    {
        binding.Loop!.TryPush(waiter.Task, waiter.ReuseError());
        NoteEnd(waiter, WaitPhase.Woken);
        Woken++;
    }

    /// <summary>Wakes the first in line, unless it was woken or cancelled already: then the wake-up goes on from there.</summary>
    internal void WakeFirst()
    {
        if (Count > 0 && At(_head)!.Phase == WaitPhase.Waiting)
        {
            WakeNext();
        }
    }

    /// <summary>Wakes all.</summary>
    internal void WakeAll() => WakeUpTo(int.MaxValue);

    private ref WaitCoroutine<T>? At(int place)
    {
        var ring = _ring;
        return ref ring[place & (ring.Length - 1)].Waiter;
    }

    // It waits no more.
    private void NoteEnd(WaitCoroutine<T> waiter, WaitPhase phase)
    {
        waiter.Phase = phase;
        int ahead = waiter.Place - _next;
        if (ahead < 0)
        {
            _inVain--;
        }
        else if (ahead == 0)
        {
            _next++;
        }
    }

    // There must be one.
    private WaitCoroutine<T> FirstFrom(ref int place)
    {
        if (_waste > Count + Few)
        {
            CloseHoles();
        }
        while (true)
        {
            var waiter = At(place);
            if (waiter?.Phase == WaitPhase.Waiting)
            {
                return waiter;
            }
            place++;
            _waste += waiter is null ? 1 : 0;
            Effort++;
        }
    }

    private void Tidy()
    {
        while (_head != _tail && At(_head) is null)
        {
            _head++;
            Effort++;
        }
        _next = _next - _head < 0 ? _head : _next;
        _again = _again - _head < 0 ? _head : _again;
        if (_waste > Count + Few)
        {
            CloseHoles();
        }
        while (_tail - _head < _ring.Length / 8 && _ring.Length > Few)
        {
            Resize(_ring.Length / 2);
        }
    }

    private void CloseHoles()
    {
        Effort += _tail - _head;
        int next = _next;
        int again = _again;
        int kept = _head;
        for (int place = _head; place != _tail; place++)
        {
            if (At(place) is { } waiter)
            {
                At(kept) = waiter;
                waiter.Place = kept;
                kept++;
                continue;
            }
            _next -= place - next < 0 ? 1 : 0;
            _again -= place - again < 0 ? 1 : 0;
        }
        for (int place = kept; place != _tail; place++)
        {
            At(place) = null;
        }
        _tail = kept;
        _waste = 0;
    }

    private void Resize(int length)
    {
        Effort += _tail - _head;
        var old = _ring;
        _ring = new Slot[length];
        for (int place = _head; place != _tail; place++)
        {
            At(place) = old[place & (old.Length - 1)].Waiter;
        }
    }
}

/// <summary>Where a waiter stands in its <see cref="WaitQueue{T}"/>.</summary>
internal enum WaitPhase : byte
{
    /// <summary>Not in line.</summary>
    Out,

    /// <summary>In line, its task suspended.</summary>
    Waiting,

    /// <summary>In line, its task ready to run: it was woken.</summary>
    Woken,

    /// <summary>In line, its task ready to run: it was cancelled before it could be woken.</summary>
    Cancelled,
}
