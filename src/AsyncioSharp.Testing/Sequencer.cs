namespace AsyncioSharp.Testing;

/// <summary>
/// Forces the statements of several tasks into an order: the block of turn 0 runs first, then that of turn 1, and so on, whichever
/// task reaches its turn first. Like trio's <c>Sequencer</c>. <c>using (await sequencer.Turn(2)) { ... }</c>
/// </summary>
/// <remarks>Each turn is for one block, and belongs to one loop's thread. Not thread-safe.</remarks>
public sealed class Sequencer
{
    private readonly Dictionary<int, Future<object?>?> _claimed = []; // who waits for a turn; null once its block has begun
    private int _current; // whose turn it is
    private int? _broken; // the turn that will never come

    /// <summary>Waits until the blocks of all earlier turns have been left.</summary>
    /// <param name="position">The turn: 0, 1, 2 ...</param>
    /// <returns>What ends the turn when it is disposed; if it is cancelled or closed while it waits, later turns can never come, and who waits for
    /// one gets an <see cref="InvalidOperationException"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="position"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The turn is taken already, or can never come. (Thrown by the await.)</exception>
    public Coroutine<SequencerTurn> Turn(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return Take(position);
    }

    private async Coroutine<SequencerTurn> Take(int position)
    {
        CheckUnbroken(position);
        if (!_claimed.TryAdd(position, null))
        {
            throw new InvalidOperationException($"Turn {position} of the sequencer is taken already; each turn is for one block.");
        }
        if (position != _current)
        {
            var turn = Asyncio.GetRunningLoop().CreateFuture();
            _claimed[position] = turn;
            try
            {
                await turn;
            }
            catch (Exception)
            {
                Break(position); // it was cancelled, or its coroutine closed: there is nobody to take the turn
                throw;
            }
            CheckUnbroken(position);
        }
        return new SequencerTurn(this, position);
    }

    internal void Leave(int position)
    {
        if (position == _current)
        {
            _current++;
            Wake(_current);
        }
    }

    private void Break(int position)
    {
        _broken = Math.Min(_broken ?? position, position);
        foreach (int waiting in _claimed.Keys)
        {
            if (waiting >= position)
            {
                Wake(waiting); // earlier turns still come
            }
        }
    }

    private void Wake(int position)
    {
        if (_claimed.TryGetValue(position, out var turn) && turn is { IsDone: false })
        {
            turn.SetResult(null);
        }
    }

    private void CheckUnbroken(int position)
    {
        if (_broken is { } broken && position >= broken)
        {
            throw new InvalidOperationException($"Turn {position} of the sequencer can never come: what waited for turn {broken} was cancelled or closed.");
        }
    }
}

/// <summary>A turn that has come; disposing of it gives the next its turn. More than once is allowed.</summary>
public readonly struct SequencerTurn : IDisposable
{
    private readonly Sequencer? _sequencer;
    private readonly int _position;

    internal SequencerTurn(Sequencer sequencer, int position)
    {
        _sequencer = sequencer;
        _position = position;
    }

    /// <summary>Ends the turn.</summary>
    public void Dispose() => _sequencer?.Leave(_position);
}
