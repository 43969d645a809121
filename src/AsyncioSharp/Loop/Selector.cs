using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>Something that a <see cref="Selector"/> watches, by its descriptor.</summary>
internal interface ISelected
{
    /// <summary>True once the descriptor was closed: nothing more will be told of it. For any thread.</summary>
    bool IsGone { get; }

    /// <summary>Something may be read or written now. On the loop's thread; also of one that is gone, for which it is the last time.</summary>
    void Tell(Epoll.Event events);

    /// <summary>It has asked for this in the iteration before, by <see cref="Selector.Postpone"/>.</summary>
    void GoOn();
}

/// <summary>
/// What a loop waits for beside timers and other threads: sockets. It has one from the first wait for a socket on; then the parker of the thread sleeps here.
/// A loop that rests looks at no other price than its sleep; one that is busy looks once in <see cref="LookEvery"/> entries, as a look costs as much as
/// dozens of turns, and after each tick of the coarse clock, which is some milliseconds.
/// </summary>
/// <remarks>
/// A descriptor that is closed leaves without a word, and who waits for it would wait for ever. So once a second, and before a loop rests for longer, it looks whether one
/// of its sockets is gone. What other threads close while a loop rests is seen when it has rested.
/// </remarks>
internal sealed class Selector : IDisposable
{
    private const int LookEvery = 256;          // entries
    private const int MillisecondsToGone = 1000;
    private const Epoll.Event All = Epoll.Event.Readable | Epoll.Event.Writable | Epoll.Event.Ended;

    private readonly Epoll _epoll = new();
    private ISelected?[] _selected = [];        // by their descriptors, which the kernel hands out from the lowest
    private int _found;                         // what the last sleep has found and was not told yet
    private bool _hasSlept;                     // so it has looked
    private int _untilLook = LookEvery;         // entries
    private long _tick;                         // of the coarse clock, at the last look
    private long _lookedForGone;
    private List<ISelected>? _gone;             // found by the thread that sleeps, for the loop's to tell
    private List<ISelected> _postponed = [];
    private List<ISelected> _goingOn = [];      // the same list, while those in it are told

    /// <summary>Differs from one iteration of the loop to the next.</summary>
    internal int Iteration { get; private set; }

    /// <summary>What watches a descriptor, or null.</summary>
    internal ISelected? Find(int descriptor) => (uint)descriptor < (uint)_selected.Length ? _selected[descriptor] : null;

    /// <summary>Watches a descriptor from now on, until it is closed. Who has watched one of that number before is gone, and told so.</summary>
    /// <exception cref="InvalidOperationException">Another one watches it that is not gone.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    internal void Add(SafeHandle handle, ISelected selected)
    {
        int descriptor = (int)handle.DangerousGetHandle();
        if (descriptor >= _selected.Length)
        {
            Array.Resize(ref _selected, Math.Max(16, Math.Max(descriptor + 1, _selected.Length * 2)));
        }
        var before = _selected[descriptor];
        if (!_epoll.TryWatch(handle, isKnown: before?.IsGone != false)) // another handle of it may have been closed, and the descriptor not
        {
            throw new InvalidOperationException($"The loop waits for {before} already: use the same Socket object for it, and not a second one of its descriptor.");
        }
        _selected[descriptor] = selected;
        before?.Tell(All);
    }

    /// <summary>Sleeps until something is found, or <see cref="Wake"/> is called. Called by the thread that parks, while the loop does nothing.</summary>
    /// <param name="milliseconds">At most; -1 is for ever.</param>
    internal void Sleep(int milliseconds)
    {
        if (_found > 0 || _postponed.Count > 0)
        {
            return; // what the sleep before has found is not told yet, and is told once only
        }
        int untilGone = MillisecondsUntilGone(out long now);
        if (untilGone > 0)
        {
            milliseconds = milliseconds < 0 ? untilGone : Math.Min(milliseconds, untilGone);
        }
        else if (LookForGone(now))
        {
            return;
        }
        _found = _epoll.Wait(milliseconds);
        _hasSlept = true;
    }

    /// <summary>Ends a sleep, or the next one. For any thread.</summary>
    internal void Wake() => _epoll.Wake();

    /// <summary>Counts what is about to run. True if it is time to look, although there is more to do. Asked between two iterations of the loop that follow each other.</summary>
    /// <param name="entries">How many entries are about to run.</param>
    internal bool IsToLook(int entries) => (_untilLook -= entries) <= 0 || _postponed.Count > 0 || LoopClock.Coarse != _tick;

    /// <summary>Tells what the last sleep has found; if there was none, looks now and then. On the loop's thread.</summary>
    /// <param name="entries">How many entries are about to run, timers not counted.</param>
    internal void Dispatch(int entries)
    {
        Iteration++;
        if (_hasSlept)
        {
            _hasSlept = false;
            NoteLook();
        }
        else if (entries == 0 || IsToLook(entries))
        {
            _found = _epoll.Wait(0);
            NoteLook();
            if (MillisecondsUntilGone(out long now) == 0)
            {
                LookForGone(now);
            }
        }
        if (_found > 0)
        {
            TellFound();
        }
        if (_gone is { } gone)
        {
            _gone = null;
            gone.ForEach(static one => one.Tell(All));
        }
        if (_postponed.Count > 0)
        {
            (_postponed, _goingOn) = (_goingOn, _postponed);
            _goingOn.ForEach(static one => one.GoOn());
            _goingOn.Clear();
        }
    }

    /// <summary>Has one go on in the next iteration: it has had enough in this one.</summary>
    internal void Postpone(ISelected selected) => _postponed.Add(selected);

    /// <summary>Says, in place of the kernel, that a descriptor was closed.</summary>
    internal void Remove(int descriptor, ISelected selected)
    {
        if (ReferenceEquals(Find(descriptor), selected))
        {
            _selected[descriptor] = null;
        }
        selected.Tell(All);
    }

    public void Dispose() => _epoll.Dispose();

    private void NoteLook()
    {
        _untilLook = LookEvery;
        _tick = LoopClock.Coarse;
    }

    private void TellFound()
    {
        int count = _found;
        _found = 0;
        for (int i = 0; i < count; i++)
        {
            if (_epoll.TryGet(i, out int descriptor, out var events))
            {
                Find(descriptor)?.Tell(events);
            }
        }
    }

    // 0 if it is time to look for what is gone.
    private int MillisecondsUntilGone(out long now)
    {
        now = TimeProvider.System.GetTimestamp();
        return (int)Math.Ceiling(Math.Max(MillisecondsToGone - TimeProvider.System.GetElapsedTime(_lookedForGone, now).TotalMilliseconds, 0));
    }

    // True if it has found something.
    private bool LookForGone(long now)
    {
        _lookedForGone = now;
        for (int i = 0; i < _selected.Length; i++)
        {
            if (_selected[i] is { IsGone: true } gone)
            {
                (_gone ??= []).Add(gone);
                _selected[i] = null;
            }
        }
        return _gone is not null;
    }
}
