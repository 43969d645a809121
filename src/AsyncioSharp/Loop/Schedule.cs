namespace AsyncioSharp;

/// <summary>
/// Decides, where asyncio leaves it open, which of several ready entries a loop runs next. For tests: programs whose outcome depends on such a
/// decision are found by trying many. A loop without one runs strictly first in, first out, and pays nothing for this.
/// </summary>
/// <remarks>
/// <para>Open is the order among entries of one iteration that were made ready by different causes: by different steps of tasks, callbacks,
/// timers. A promise is kept, whatever is decided: what is made ready during an iteration runs in the next one; what one step or callback
/// made ready (the callbacks of one future, the tasks it created) runs in that order; <c>CallSoon</c> callbacks run in the order of their
/// calls, whoever made them; timers run in the order of their deadlines, of which only equal ones are open; what other threads send runs in the
/// order in which it arrived; and what a task set going before it was suspended runs before that task goes on.</para>
/// <para>A decision costs time in proportion to the entries that are ready.</para>
/// </remarks>
public abstract class Schedule
{
    /// <summary>Creates a schedule; it serves one loop.</summary>
    protected Schedule()
    {
    }

    /// <summary>Decides which entry runs next.</summary>
    /// <param name="choices">Two or more entries, of which each may run next, in the order in which they became ready. Tasks are entries as they are; others
    /// are good for their text only.</param>
    /// <returns>An index into <paramref name="choices"/>; 0 is what a loop without a schedule would run.</returns>
    public abstract int Choose(ReadOnlySpan<Runnable> choices);

    /// <summary>Called at the end of each iteration, as if by a callback that ran last: what it cancels or schedules takes effect in the next one.</summary>
    /// <param name="loop">The loop.</param>
    public virtual void EndIteration(EventLoop loop)
    {
    }
}
