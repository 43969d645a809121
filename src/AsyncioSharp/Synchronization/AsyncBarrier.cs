namespace AsyncioSharp;

/// <summary>
/// Holds tasks back until a number of them have come, and then lets them all go on; then it can be used again: asyncio's <c>Barrier</c>. Not thread-safe.
/// </summary>
/// <remarks>
/// It fills, and drains when the last one has come; who comes while it drains waits until it is empty. A task that is cancelled while the barrier fills
/// leaves it, and the others wait on; one that is cancelled while it drains leaves without disturbing the others. A barrier that some task had to wait at
/// belongs to that task's loop from then on.
/// </remarks>
public sealed class AsyncBarrier
{
    private readonly LoopBinding _binding;
    private readonly WaitQueue<NoValue> _inside;  // those who have come
    private readonly WaitQueue<NoValue> _outside; // those who have to wait until it is empty
    private readonly PriorityQueue<int, int> _freed = new(); // numbers of tasks that were cancelled while it filled, to be given again
    private State _state;
    private int _count; // tasks inside, those that have been let go but did not run yet included
    private int _numbers; // how many numbers were given in this round

    /// <summary>Creates a barrier.</summary>
    /// <param name="parties">How many tasks it takes to open it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parties"/> is less than 1.</exception>
    public AsyncBarrier(int parties)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parties);
        Parties = parties;
        _binding = new LoopBinding(this);
        _inside = new WaitQueue<NoValue>(_binding);
        _outside = new WaitQueue<NoValue>(_binding);
    }

    private enum State
    {
        Filling,
        Draining,
        Resetting,
        Broken,
    }

    /// <summary>How many tasks it takes. Mirrors <c>Barrier.parties</c>.</summary>
    public int Parties { get; }

    /// <summary>How many tasks have come while it fills; 0 at other times. Mirrors <c>Barrier.n_waiting</c>.</summary>
    public int WaitingCount => _state == State.Filling ? _count : 0;

    /// <summary>True after <see cref="Abort"/> until <see cref="Reset"/>. Mirrors <c>Barrier.broken</c>.</summary>
    public bool IsBroken => _state == State.Broken;

    /// <summary>
    /// Waits until <see cref="Parties"/> tasks have come. The last to come does not suspend. Mirrors <c>Barrier.wait()</c> and <c>async with barrier</c>.
    /// Cancelling the caller takes it out again; the barrier is not broken thereby.
    /// </summary>
    /// <returns>
    /// A coroutine. Its value, from 0 to <see cref="Parties"/> less 1, is another for each task of a round: its place in the order of arrival. (In CPython
    /// two tasks may get the same number after one was cancelled.)
    /// </returns>
    /// <exception cref="BrokenBarrierException">The barrier is broken; or it was aborted or reset while the task waited. (Thrown by the await.)</exception>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited here. (Thrown by the await.)</exception>
    public async Coroutine<int> Wait()
    {
        _binding.CheckUse();
        while (_state is State.Draining or State.Resetting)
        {
            await new SignalCoroutine(_outside, "AsyncBarrier.Wait");
        }
        if (IsBroken)
        {
            throw new BrokenBarrierException("Barrier aborted; call Reset() to use it again.");
        }
        int number = _freed.Count > 0 ? _freed.Dequeue() : _numbers++;
        _count++;
        try
        {
            if (_count == Parties)
            {
                _state = State.Draining;
                _inside.WakeAll();
            }
            while (_state == State.Filling)
            {
                await new SignalCoroutine(_inside, "AsyncBarrier.Wait");
            }
            return _state == State.Draining ? number : throw new BrokenBarrierException("Abort or reset of barrier while the task waited.");
        }
        finally
        {
            Leave(number);
        }
    }

    /// <summary>
    /// Puts the barrier into its first state: tasks that wait in it get a <see cref="BrokenBarrierException"/>, and those that come wait until they have left.
    /// Acts at once, where <c>Barrier.reset()</c> has to be awaited.
    /// </summary>
    /// <exception cref="InvalidOperationException">The barrier is bound to another loop.</exception>
    public void Reset()
    {
        _binding.CheckUse();
        _state = _count > 0 ? State.Resetting : State.Filling;
        _inside.WakeAll();
        _outside.WakeAll(); // behind those inside, who have left when these run: they need not be woken once more, a turn later
    }

    /// <summary>
    /// Breaks the barrier: tasks that wait, and those that come, get a <see cref="BrokenBarrierException"/>. For tasks that cannot come any more and do not want the
    /// others to wait for ever. Acts at once, where <c>Barrier.abort()</c> has to be awaited.
    /// </summary>
    /// <exception cref="InvalidOperationException">The barrier is bound to another loop.</exception>
    public void Abort()
    {
        _binding.CheckUse();
        _state = State.Broken;
        _inside.WakeAll();
        _outside.WakeAll();
    }

    /// <summary>For instance <c>&lt;AsyncBarrier [filling, waiters:1/3]&gt;</c>, <c>&lt;AsyncBarrier [broken]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
        => $"<AsyncBarrier [{_state.ToString().ToLowerInvariant()}{(IsBroken ? "" : $", waiters:{WaitingCount}/{Parties}")}]>";

    private void Leave(int number)
    {
        if (--_count > 0)
        {
            _freed.Enqueue(number, number); // used only if it goes on filling
            return;
        }
        _freed.Clear();
        _numbers = 0;
        if (_state is State.Draining or State.Resetting)
        {
            _state = State.Filling;
            _outside.WakeAll();
        }
    }
}
