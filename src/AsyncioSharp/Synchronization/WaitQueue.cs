namespace AsyncioSharp;

/// <summary>
/// Those who wait for a lock, an event, an item: first come, first served. The entries are the waiting coroutines themselves, linked to each other, so
/// waiting allocates nothing more; joining, waking and leaving are O(1).
/// </summary>
/// <remarks>
/// One that is woken or cancelled keeps its place until its task has run: only then is it known whether it takes what it was woken for. Until then nobody may
/// believe the line to be empty, and a wake-up that is not taken (<see cref="WaitCoroutine{T}.Forgo"/>) goes to the next.
/// The list is written out, here as for the children of groups, for a task's methods and for waits that only the loop knows. One generic list for the four was
/// tried: code for classes is shared, so that each step to a neighbour is a call, or goes by way of a reference that a struct gives out, and is stored with a
/// dearer barrier. An await in a method below a coroutine cost a twentieth more.
/// </remarks>
internal sealed class WaitQueue<T>(LoopBinding binding)
{
    private WaitCoroutine<T>? _first;
    private WaitCoroutine<T>? _last;
    private WaitCoroutine<T>? _next; // where to begin to look for the first that still waits, if not at the first of all: those before it were woken or cancelled

    /// <summary>How many are in line, woken and cancelled ones included.</summary>
    internal int Count { get; private set; }

    /// <summary>Of those, how many were woken and have not run yet.</summary>
    internal int Woken { get; private set; }

    /// <summary>How many are in line and not cancelled.</summary>
    internal int Live { get; private set; }

    /// <summary>Called before somebody takes something without waiting.</summary>
    /// <exception cref="InvalidOperationException">The primitive is bound to another loop.</exception>
    internal void CheckUse() => binding.CheckUse();

    /// <summary>Appends one that begins to wait.</summary>
    /// <exception cref="InvalidOperationException">The primitive is bound to another loop.</exception>
    internal void Join(WaitCoroutine<T> waiter)
    {
        binding.Bind();
        waiter.Previous = _last;
        if (_last is null)
        {
            _first = waiter;
        }
        else
        {
            _last.Next = waiter;
            if (Live == Woken)
            {
                _next = waiter; // else who looks for it would have to pass all the others
            }
        }
        _last = waiter;
        waiter.Phase = WaitPhase.Waiting;
        Count++;
        Live++;
    }

    /// <summary>Takes one out, whatever its phase.</summary>
    internal void Leave(WaitCoroutine<T> waiter)
    {
        if (waiter == _next)
        {
            _next = waiter.Next;
        }
        if (waiter.Previous is null)
        {
            _first = waiter.Next;
        }
        else
        {
            waiter.Previous.Next = waiter.Next;
        }
        if (waiter.Next is null)
        {
            _last = waiter.Previous;
        }
        else
        {
            waiter.Next.Previous = waiter.Previous;
        }
        waiter.Next = waiter.Previous = null; // a coroutine may be kept for long, and would keep its neighbours
        Count--;
        Woken -= waiter.Phase == WaitPhase.Woken ? 1 : 0;
        Live -= waiter.Phase == WaitPhase.Cancelled ? 0 : 1;
        waiter.Phase = WaitPhase.Out;
    }

    /// <summary>Has one that was woken in vain wait on, in its old place.</summary>
    internal void WaitOn(WaitCoroutine<T> waiter)
    {
        waiter.Phase = WaitPhase.Waiting;
        Woken--;
        _next = null;
    }

    /// <summary>Makes the task of one that is cancelled ready; it leaves when it runs.</summary>
    internal void Cancel(WaitCoroutine<T> waiter)
    {
        binding.Loop!.Push(waiter.Task, waiter);
        waiter.Phase = WaitPhase.Cancelled;
        Live--;
    }

    /// <summary>Wakes the first in line that still waits. False if there is none.</summary>
    internal bool WakeNext()
    {
        if (Live == Woken)
        {
            return false;
        }
        var waiter = FirstWaiting();
        Wake(waiter);
        if (Live > Woken)
        {
            _next = waiter.Next; // who waits alone is spared the store
        }
        return true;
    }

    /// <summary>Wakes one that waits.</summary>
    internal void Wake(WaitCoroutine<T> waiter)
    {
        binding.Loop!.Push(waiter.Task, null);
        NoteWoken(waiter);
    }

    /// <summary>Has the task of one that was closed learn that its coroutine is gone, unless its loop is closed too.</summary>
    internal void WakeClosed(WaitCoroutine<T> waiter)
    {
        binding.Loop!.TryPush(waiter.Task, null);
        NoteWoken(waiter);
    }

    private void NoteWoken(WaitCoroutine<T> waiter)
    {
        waiter.Phase = WaitPhase.Woken;
        Woken++;
    }

    /// <summary>Wakes the first in line, unless it was woken or cancelled already: then the wake-up goes on from there.</summary>
    internal void WakeFirst()
    {
        if (_first is { Phase: WaitPhase.Waiting })
        {
            WakeNext();
        }
    }

    /// <summary>Wakes all.</summary>
    internal void WakeAll()
    {
        while (WakeNext())
        {
        }
    }

    /// <summary>For texts: <c>, waiters:2</c>, or nothing.</summary>
    internal string Text => Count == 0 ? "" : $", waiters:{Count}";

    // There must be one.
    private WaitCoroutine<T> FirstWaiting()
    {
        var waiter = (_next ?? _first)!;
        while (waiter.Phase != WaitPhase.Waiting)
        {
            waiter = waiter.Next!;
        }
        return waiter;
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
