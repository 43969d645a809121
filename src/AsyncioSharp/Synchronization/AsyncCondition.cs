using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// Tasks that hold a lock wait here for something to change, and are notified by a task that holds the lock and has changed it: asyncio's <c>Condition</c>.
/// First come, first served. Not thread-safe.
/// </summary>
/// <remarks>
/// A wait releases the lock, and has it again when it ends, however it ends. A notification that its receiver cannot use, since it is cancelled before it has
/// the lock again, goes to the next in line. As everywhere, check what you wait for after each wait, or use <see cref="WaitFor"/>.
/// </remarks>
public sealed class AsyncCondition
{
    private readonly AsyncLock _lock;
    private readonly LoopBinding _binding;
    private readonly WaitQueue<NoValue> _line;

    /// <summary>Creates a condition.</summary>
    /// <param name="mutex">The lock, which several conditions may share; null for one of its own.</param>
    public AsyncCondition(AsyncLock? mutex = null)
    {
        _lock = mutex ?? new AsyncLock();
        _binding = new LoopBinding(this);
        _line = new WaitQueue<NoValue>(_binding);
    }

    /// <summary>True while the lock is held. Mirrors <c>Condition.locked()</c>.</summary>
    public bool IsLocked => _lock.IsLocked;

    /// <inheritdoc cref="AsyncLock.Acquire"/>
    public Coroutine<AsyncReleaser> Acquire() => _lock.AcquireFor(_binding);

    /// <inheritdoc cref="AsyncLock.Release"/>
    public void Release()
    {
        _binding.CheckUse();
        _lock.Release();
    }

    /// <summary>
    /// Releases the lock, waits to be notified, and takes the lock again. Mirrors <c>Condition.wait()</c>, which returns <c>True</c>. Cancelling the caller
    /// ends the wait; the <see cref="CancelledException"/>, of several the last, is thrown as soon as the lock is held again.
    /// </summary>
    /// <returns>A coroutine.</returns>
    /// <exception cref="InvalidOperationException">The lock is not held; or tasks of another loop have waited here. (Thrown by the await.)</exception>
    public async Coroutine Wait()
    {
        CheckLocked("wait on");
        _binding.Bind();
        var notified = new SignalCoroutine(_line, "AsyncCondition.Wait");
        Exception? failure = null;
        ScopeFrame? shield = null;
        _lock.Release();
        try
        {
            await notified;
        }
        catch (Exception e)
        {
            failure = e;
        }
        try
        {
            while (true)
            {
                try
                {
                    await _lock.Acquire();
                    break;
                }
                catch (CancelledException e)
                {
                    failure = e;
                    shield ??= CoroutineTask.Running.EnterShieldInScope(); // a cancelled scope around would interrupt this again and again
                }
            }
        }
        finally
        {
            if (shield is not null)
            {
                CoroutineTask.Running.Leave(shield);
            }
        }
        if (failure is not null)
        {
            if (notified.WasWoken)
            {
                _line.WakeNext();
            }
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>
    /// Waits until <paramref name="predicate"/>, which is called with the lock held, gives true; it is asked before the first wait and after each. Mirrors
    /// <c>Condition.wait_for()</c>. Cancellation as in <see cref="Wait"/>.
    /// </summary>
    /// <param name="predicate">What to wait for. What it throws, this throws.</param>
    /// <returns>A coroutine.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="predicate"/> is null.</exception>
    /// <exception cref="InvalidOperationException">It has to wait and the lock is not held. (Thrown by the await.)</exception>
    public Coroutine WaitFor(Func<bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Until(predicate);

        async Coroutine Until(Func<bool> predicate)
        {
            while (!predicate())
            {
                await Wait();
            }
        }
    }

    /// <summary>Wakes those that have waited longest; each goes on when it has the lock, which the caller must release. Mirrors <c>Condition.notify()</c>.</summary>
    /// <param name="count">How many; fewer if fewer wait.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The lock is not held; or the condition is bound to another loop.</exception>
    public void Notify(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        CheckLocked("notify on");
        _binding.CheckUse();
        while (count-- > 0 && _line.WakeNext())
        {
        }
    }

    /// <summary>Wakes all that wait. Mirrors <c>Condition.notify_all()</c>.</summary>
    /// <exception cref="InvalidOperationException">The lock is not held; or the condition is bound to another loop.</exception>
    public void NotifyAll() => Notify(_line.Count);

    /// <summary>For instance <c>&lt;AsyncCondition [locked, waiters:1]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"<AsyncCondition [{(IsLocked ? "locked" : "unlocked")}{_line.Text}]>";

    private void CheckLocked(string what)
    {
        if (!IsLocked)
        {
            throw new InvalidOperationException($"cannot {what} un-acquired lock: acquire the condition first, using (await condition.Acquire()).");
        }
    }
}
