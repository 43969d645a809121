namespace AsyncioSharp;

/// <summary>
/// Lets one task at a time into a section that awaits: asyncio's <c>Lock</c>. First come, first served; a task that asks while others are waiting goes behind them, even if
/// the lock is free at that moment. It belongs to no task: whoever wants may release it. Not reentrant, not thread-safe.
/// </summary>
/// <remarks>
/// Acquiring a free lock does not suspend. A lock that some task had to wait for belongs to that task's loop from then on.
/// Cancelling a task that waits ends its wait; if the lock was being handed to it, the next in line gets it.
/// </remarks>
public sealed class AsyncLock
{
    private readonly LoopBinding _binding;
    private readonly WaitQueue<AsyncReleaser> _line;

    /// <summary>Creates a lock that nobody holds.</summary>
    public AsyncLock()
    {
        _binding = new LoopBinding(this);
        _line = new WaitQueue<AsyncReleaser>(_binding);
    }

    /// <summary>True while it is held. Mirrors <c>Lock.locked()</c>.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>
    /// The task that took it, for reports of deadlocks: known if that was in debug mode, as finding it out costs a tenth of what taking a free lock does. Where the lock is
    /// taken with <c>using</c>, it is found in another way.
    /// </summary>
    internal CoroutineTask? Holder { get; private set; }

    /// <summary>
    /// Waits until the lock is free and its turn has come, and takes it: <c>using (await mutex.Acquire()) { ... }</c>, or released later by <see cref="Release"/>.
    /// Mirrors <c>Lock.acquire()</c> and <c>async with lock</c>. Cancelling the caller while it waits leaves the lock to the others.
    /// </summary>
    /// <returns>A coroutine. Its value releases the lock when it is disposed.</returns>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited for this lock. (Thrown by the await.)</exception>
    public Coroutine<AsyncReleaser> Acquire() => new AcquireLock(this);

    /// <summary>The same for a condition, whose waiters may have bound it to a loop that the lock knows nothing of.</summary>
    internal Coroutine<AsyncReleaser> AcquireFor(LoopBinding condition) => new AcquireForCondition(this, condition);

    /// <summary>Releases the lock; the task that has waited longest gets it next. Mirrors <c>Lock.release()</c>.</summary>
    /// <exception cref="InvalidOperationException">Nobody holds it; or it is bound to another loop.</exception>
    public void Release()
    {
        if (!IsLocked)
        {
            throw new InvalidOperationException("Lock is not acquired: release it once for each time it was acquired.");
        }
        _binding.CheckUse();
        IsLocked = false;
        Holder = null;
        _line.WakeFirst();
    }

    /// <summary>For instance <c>&lt;AsyncLock [locked, waiters:2]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"<AsyncLock [{(IsLocked ? "locked" : "unlocked")}{_line.Text}]>";

    private class AcquireLock(AsyncLock target) : AcquireCoroutine
    {
        public override string QualifiedName => "AsyncLock.Acquire";

        internal override AsyncLock Lock => target;

        private protected override WaitQueue<AsyncReleaser> Line => target._line;

        private protected override bool TryEnd(bool woken)
        {
            if (!woken && (target.IsLocked || target._line.Live > 0))
            {
                return false;
            }
            Leave();
            target.IsLocked = true;
            if (NeverAwaited.IsActive)
            {
                target.Holder = EventLoop.Running?.CurrentTask?.Identity;
            }
            Succeed(new AsyncReleaser(this));
            return true;
        }

        private protected override void Forgo(bool woken)
        {
            if (!target.IsLocked)
            {
                target._line.WakeFirst();
            }
        }

        private protected override void Release() => target.Release();
    }

    private sealed class AcquireForCondition(AsyncLock target, LoopBinding condition) : AcquireLock(target)
    {
        private protected override bool TryEnd(bool woken)
        {
            condition.CheckUse();
            return base.TryEnd(woken);
        }
    }
}
