namespace AsyncioSharp;

/// <summary>
/// A flag that tasks can wait for: asyncio's <c>Event</c>. Setting it wakes all that wait at that moment, in the order in which they came, even if it is cleared
/// at once. Not thread-safe.
/// </summary>
/// <remarks>An event that some task had to wait for belongs to that task's loop from then on.</remarks>
public sealed class AsyncEvent
{
    private readonly LoopBinding _binding;
    private readonly WaitQueue<NoValue> _line;

    /// <summary>Creates an event that is not set.</summary>
    public AsyncEvent()
    {
        _binding = new LoopBinding(this);
        _line = new WaitQueue<NoValue>(_binding);
    }

    /// <summary>True while the flag is set. Mirrors <c>Event.is_set()</c>.</summary>
    public bool IsSet { get; private set; }

    /// <summary>Sets the flag and wakes all that wait; waiting for a set event does not suspend. Mirrors <c>Event.set()</c>.</summary>
    /// <exception cref="InvalidOperationException">The event is bound to another loop.</exception>
    public void Set()
    {
        _binding.CheckUse();
        IsSet = true;
        _line.WakeAll();
    }

    /// <summary>Clears the flag. Who was woken already goes on. Mirrors <c>Event.clear()</c>.</summary>
    /// <exception cref="InvalidOperationException">The event is bound to another loop.</exception>
    public void Clear()
    {
        _binding.CheckUse();
        IsSet = false;
    }

    /// <summary>Waits until the flag is set. Cancelling the caller ends the wait and disturbs nobody else. Mirrors <c>Event.wait()</c>, which returns <c>True</c>.</summary>
    /// <returns>A coroutine.</returns>
    /// <exception cref="InvalidOperationException">Tasks of another loop have waited for this event. (Thrown by the await.)</exception>
    public Coroutine Wait() => new WaitForEvent(this);

    /// <summary>For instance <c>&lt;AsyncEvent [unset, waiters:1]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"<AsyncEvent [{(IsSet ? "set" : "unset")}{_line.Text}]>";

    private sealed class WaitForEvent(AsyncEvent target) : WaitCoroutine<NoValue>
    {
        public override string QualifiedName => "AsyncEvent.Wait";

        private protected override WaitQueue<NoValue> Line => target._line;

        private protected override bool TryEnd(bool woken)
        {
            if (!woken && !target.IsSet)
            {
                return false;
            }
            Leave();
            Succeed(default);
            return true;
        }

        private protected override void Forgo(bool woken)
        {
            // A wake-up was for all; nobody else needs it.
        }
    }
}
