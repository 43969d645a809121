using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>
/// What other threads have for a loop: entries that wait to be taken into its ready queue, in the order in which they came. A chain, the latest first: who
/// adds an entry exchanges one word; the loop takes the whole chain by exchanging it too, and turns it round. There is no lock, and no array that a burst
/// would leave behind: a handle is its own link of the chain.
/// </summary>
/// <remarks>
/// That one word also tells that the loop is parked or closed. So who adds the first entry to a parked loop, and only he, learns from the same exchange that
/// he has to wake it, and nobody adds anything to a closed one.
/// </remarks>
internal sealed class Inbox
{
    /// <summary>How many entries may wait before senders let the loop catch up: so many fit a cache, and die before the collector has to copy them.</summary>
    internal const int Many = 4096;

    private const int StreamSpins = 80; // some two microseconds

    private static readonly Runnable s_parked = new Mark();
    private static readonly Runnable s_closed = new Mark();

    private int _waiting;                  // senders that let the loop catch up
    private bool _isStream;                // several entries were there when the loop last took them
    private Padded _latest = new() { HoldAt = Many }; // null: there is nothing; a mark; the latest entry, which leads to those before it

    /// <summary>What senders that let the loop catch up wait on: a monitor, as <see cref="Lock"/> has no <c>Wait</c>. For the tests too.</summary>
    internal object Gate { get; } = new();

    /// <summary>True if a sender waits.</summary>
    internal bool IsAwaited => Volatile.Read(ref _waiting) > 0;

    /// <summary>True if there is something to take; looked at by the loop in each iteration.</summary>
    internal bool IsFilled => Volatile.Read(ref _latest.Value) is { } latest && !IsMark(latest);

    /// <summary>Adds an entry; false if the loop is closed.</summary>
    /// <param name="target">What is to run.</param>
    /// <param name="source">What made it ready.</param>
    /// <param name="wake">True if the loop is parked and the caller has to wake it.</param>
    internal bool TryAdd(Runnable target, object? source, out bool wake) => TryAdd(new Envelope(target, source), out wake);

    /// <summary>The same for an entry that is a link itself (<see cref="Runnable.EarlierSent"/>) and is not in a chain already.</summary>
    internal bool TryAdd(Runnable link, out bool wake)
    {
        var latest = Volatile.Read(ref _latest.Value);
        ref var earlier = ref link.EarlierSent;
        while (!ReferenceEquals(latest, s_closed))
        {
            wake = ReferenceEquals(latest, s_parked);
            earlier = wake ? null : latest;
            var found = Interlocked.CompareExchange(ref _latest.Value, link, latest);
            if (ReferenceEquals(found, latest))
            {
                _latest.Added++; // not counted exactly when several add
                return true;
            }
            latest = found;
        }
        earlier = null;
        return wake = false;
    }

    /// <summary>Moves everything to the end of <paramref name="ready"/>. Called by the loop's thread only, also when it has parked.</summary>
    internal void MoveTo(ReadyQueue ready)
    {
        if (Volatile.Read(ref _latest.Value) is { } latest && !ReferenceEquals(latest, s_closed))
        {
            Take(null, ready);
        }
    }

    /// <summary>Says that the loop is about to park: from here on, who adds an entry wakes it. False if something came meanwhile; then it must not park.</summary>
    internal bool TryPark()
    {
        var latest = Interlocked.CompareExchange(ref _latest.Value, s_parked, null);
        return latest is null || ReferenceEquals(latest, s_parked); // it may have parked before, and have been left by an exception
    }

    /// <summary>Refuses everything from now on, and moves what there is to the end of <paramref name="ready"/>.</summary>
    internal void Close(ReadyQueue ready) => Take(s_closed, ready);

    /// <summary>
    /// True for who has added an entry when there are <see cref="Many"/>, and each time when there are twice as many: he should <see cref="AwaitLoop"/>. Who sends
    /// faster than the loop runs piles up what the collector has to carry along, and that costs more than the work itself.
    /// </summary>
    internal bool IsOverfull()
    {
        int added = _latest.Added;
        if (added < _latest.HoldAt)
        {
            return false;
        }
        _latest.HoldAt = added * 2;
        return true;
    }

    /// <summary>Waits until the loop takes the entries, but for a millisecond at most. Not for the thread that is to run the loop.</summary>
    internal void AwaitLoop()
    {
        Interlocked.Increment(ref _waiting); // either the loop sees this, or this thread sees that the loop has taken them
        try
        {
            lock (Gate)
            {
                if (_latest.Added >= Many)
                {
                    Monitor.Wait(Gate, 1);
                }
            }
        }
        catch (ThreadInterruptedException)
        {
            Thread.CurrentThread.Interrupt(); // what was sent is sent: the next wait, which is the caller's, tells him
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>
    /// For a loop that has nothing to do: waits a moment without looking if another thread sends faster than the loop takes. Each look takes the word, and the
    /// memory of the entry found, out of the sender's cache, so a loop that looked all the time would slow down whom it waits for, and get the entries one by one.
    /// </summary>
    internal void AwaitStream()
    {
        if (_isStream && Environment.ProcessorCount > 1)
        {
            Thread.SpinWait(StreamSpins);
        }
    }

    private static bool IsMark(Runnable latest) => ReferenceEquals(latest, s_parked) || ReferenceEquals(latest, s_closed);

    private void Take(Runnable? mark, ReadyQueue ready)
    {
        _latest.Added = 0; // before it is seen who waits
        _latest.HoldAt = Many;
        var latest = Interlocked.Exchange(ref _latest.Value, mark);
        if (latest is null || IsMark(latest))
        {
            _isStream = false;
        }
        else
        {
            Unchain(latest, ready);
        }
        if (IsAwaited)
        {
            lock (Gate) // last: if the thread is interrupted here, what was taken is in the queue
            {
                Monitor.PulseAll(Gate);
            }
        }
    }

    private void Unchain(Runnable latest, ReadyQueue ready)
    {
        int count = 0;
        for (var link = latest; link is not null; link = link.EarlierSent)
        {
            count++;
        }
        _isStream = count > 1;
        var filler = ready.Extend(count);
        for (var link = latest; link is not null;)
        {
            ref var earlier = ref link.EarlierSent;
            var next = earlier;
            earlier = null; // who keeps a handle must not keep those before it, nor the collector those after one that has grown old
            filler.FillBack(link);
            link = next;
        }
    }

    // The only word that all threads change, with a cache line of its own: what lies beside it must not be slowed down by that.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Padded
    {
        [FieldOffset(96)]
        internal Runnable? Value;

        [FieldOffset(104)]
        internal int Added; // roughly, since the loop has last taken them

        [FieldOffset(108)]
        internal int HoldAt; // so many let their sender wait; roughly too
    }

    private sealed class Mark : Runnable
    {
        internal override void Run(object? source) => throw new InvalidOperationException("A mark is not an entry.");
    }
}
