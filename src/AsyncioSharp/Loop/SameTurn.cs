using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Who awaits an <c>async</c> method or iterator of .NET's kind goes on in the turn in which that ends, and a method in the turn in which the coroutine ends that it awaits: as in
/// Python, where what is awaited runs inside the one who awaits it. Otherwise each of them would wait for a turn of its own at the end of the ready queue.
/// </summary>
/// <remarks>
/// Nothing runs inside of anything else: what is to go on is noted, and is an entry of its own, behind the one in which it was noted and in front of all that is ready. Only
/// entries by which code of .NET's goes on open their turn, to the task to which that belongs; all others pay nothing. For the loop's thread.
/// </remarks>
internal sealed class SameTurn(EventLoop loop)
{
    private const int Most = 1000; // a turn ends some time, whatever a program does

    private readonly Queue<(Runnable Entry, object? Source)> _others = new();
    private Runnable? _next; // mostly the only one
    private object? _source;
    private object? _owner;  // to whom the turn belongs; null while it is not open
    private int _count;

    /// <summary>True if something of <paramref name="owner"/> can be added to the turn.</summary>
    internal bool IsOpenTo(object owner) => ReferenceEquals(_owner, owner) && _count < Most;

    /// <summary>Runs an entry that opens its turn, and then all that goes on in it.</summary>
    internal void Run(IOpensTurn entry, object? source)
    {
        if (_owner is not null)
        {
            entry.RunInTurn(source); // it is one of those that go on
            return;
        }
        _owner = entry.TurnOwner;
        try
        {
            entry.RunInTurn(source);
            while (TryTake(out var next, out object? nextSource))
            {
                loop.RunNext(next, nextSource);
            }
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Has <paramref name="entry"/> run in the turn, which must be open to its owner.</summary>
    internal void Add(Runnable entry, object? source)
    {
        _count++;
        if (_next is null)
        {
            (_next, _source) = (entry, source);
        }
        else
        {
            _others.Enqueue((entry, source));
        }
    }

    // What is left, as an exception leaves the loop, is put into the ready queue.
    private void Close()
    {
        _owner = null;
        _count = 0;
        if (_next is not null)
        {
            PushRest();
        }
    }

    private bool TryTake(out Runnable entry, out object? source)
    {
        (entry, source) = (_next!, _source);
        if (_others.Count > 0)
        {
            (_next, _source) = _others.Dequeue();
        }
        else
        {
            (_next, _source) = (null, null);
        }
        return entry is not null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void PushRest()
    {
        while (TryTake(out var entry, out object? source))
        {
            loop.Push(entry, source);
        }
    }
}

/// <summary>An entry by which code of .NET's goes on.</summary>
internal interface IOpensTurn
{
    /// <summary>To whom the turn belongs; null if it is not to be opened. What belongs to others waits for its own.</summary>
    object? TurnOwner { get; }

    /// <summary>Runs the entry itself.</summary>
    void RunInTurn(object? source);
}
