namespace AsyncioSharp;

/// <summary>
/// Lets a number of tasks at a time into a section: asyncio's <c>Semaphore</c>. It counts permits; acquiring takes one, waiting while there is none, and
/// releasing gives one back. First come, first served; a task that asks while others are waiting goes behind them. Not thread-safe.
/// </summary>
/// <remarks>
/// Acquiring does not suspend while there are permits and nobody waits. A semaphore that some task had to wait for belongs to that task's loop from then on.
/// Cancelling a task that waits ends its wait; a permit that was being handed to it goes to the next in line.
/// </remarks>
public class AsyncSemaphore
{
    private readonly LoopBinding _binding;
    private readonly WaitQueue<AsyncReleaser> _line;

    /// <summary>Creates a semaphore.</summary>
    /// <param name="value">The number of permits.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is negative.</exception>
    public AsyncSemaphore(int value = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
        _binding = new LoopBinding(this);
        _line = new WaitQueue<AsyncReleaser>(_binding);
    }

    /// <summary>The permits that nobody has, and that are promised to nobody.</summary>
    public int Value { get; private set; }

    /// <summary>True if acquiring would have to wait: there is no permit, or others are waiting. Mirrors <c>Semaphore.locked()</c>.</summary>
    public bool IsLocked => Value == 0 || _line.Live > 0;

    /// <summary>
    /// Waits for a permit and takes it: <c>using (await limit.Acquire()) { ... }</c>, or given back later by <see cref="Release"/>. Mirrors
    /// <c>Semaphore.acquire()</c> and <c>async with semaphore</c>. Cancelling the caller while it waits leaves the permit to the others.
    /// </summary>
    /// <returns>A coroutine. Its value gives the permit back when it is disposed.</returns>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited for this semaphore. (Thrown by the await.)</exception>
    public Coroutine<AsyncReleaser> Acquire() => new AcquireSemaphore(this);

    /// <summary>Gives a permit back, or adds one; the task that has waited longest gets it. Mirrors <c>Semaphore.release()</c>.</summary>
    /// <exception cref="InvalidOperationException">The semaphore is bound to another loop.</exception>
    /// <exception cref="OverflowException">There would be more than <see cref="int.MaxValue"/> permits.</exception>
    public virtual void Release()
    {
        _binding.CheckUse();
        checked
        {
            Value++;
        }
        HandOut(1);
    }

    /// <summary>For instance <c>&lt;AsyncSemaphore [unlocked, value:3]&gt;</c>, <c>&lt;AsyncSemaphore [locked, waiters:2]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"<{GetType().Name} [{(IsLocked ? "locked" : $"unlocked, value:{Value}")}{_line.Text}]>";

    // A permit leaves the count when its receiver is woken, so that nobody else can take it before that one runs.
    private void HandOut(int atMost)
    {
        while (Value > 0 && atMost-- > 0 && _line.WakeNext())
        {
            Value--;
        }
    }

    private sealed class AcquireSemaphore(AsyncSemaphore target) : AcquireCoroutine
    {
        public override string QualifiedName => "AsyncSemaphore.Acquire";

        private protected override WaitQueue<AsyncReleaser> Line => target._line;

        private protected override bool TryEnd(bool woken)
        {
            if (!woken)
            {
                if (target.IsLocked)
                {
                    return false;
                }
                target.Value--;
            }
            Leave();
            target.HandOut(int.MaxValue);
            Succeed(new AsyncReleaser(this));
            return true;
        }

        private protected override void Forgo(bool woken)
        {
            target.Value += woken ? 1 : 0;
            target.HandOut(int.MaxValue);
        }

        private protected override void Release() => target.Release();
    }
}

/// <summary>An <see cref="AsyncSemaphore"/> that refuses to be released more often than it was acquired: asyncio's <c>BoundedSemaphore</c>.</summary>
/// <param name="value">The number of permits.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is negative.</exception>
public sealed class AsyncBoundedSemaphore(int value = 1) : AsyncSemaphore(value)
{
    private readonly int _bound = value;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Every permit is there already; nothing changes.</exception>
    public override void Release()
    {
        if (Value >= _bound)
        {
            throw new InvalidOperationException(
                $"BoundedSemaphore released too many times: nobody has acquired what is released, of a bound of {_bound}. Release once for each Acquire, best by using.");
        }
        base.Release();
    }
}
