using System.ComponentModel;
using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>
/// What an event loop can run: a handle's callback, a task's next step, a timer. It is the base of those classes so that an entry of the
/// ready queue is the thing itself: no delegate and no allocation stand between a wake-up and the one who is woken.
/// Not for use in programs; nothing outside this library can derive from it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[DebuggerDisplay("{ToString(),nq}")]
public abstract class Runnable
{
    private protected Runnable()
    {
    }

    /// <summary>Runs the entry on the loop's thread.</summary>
    /// <param name="source">What it must be told: which of several futures is done, an exception to deliver; mostly null.</param>
    internal abstract void Run(object? source);

    /// <summary>Called when <see cref="Run"/> has been left by an exception of code that it has called for somebody else.</summary>
    internal virtual void Recover()
    {
    }

    /// <summary>True for the task whose coroutine this is.</summary>
    internal virtual bool Runs(object coroutine) => false;

    /// <summary>Asked for each of the futures at which the entry waits, when it is done: how the entry is to be made ready for it.</summary>
    /// <param name="done">The future.</param>
    /// <param name="runsHere">Whether the loop runs on this thread; else nothing may be counted, for another thread may do so too.</param>
    internal virtual Wakeup WakeupFor(object done, bool runsHere) => Wakeup.Plain;

    /// <summary>Asked again on the loop's thread, in the turn of a future that was <see cref="Wakeup.Later"/>; the answer is another one.</summary>
    internal virtual Wakeup WakeupForLate(object done) => throw new InvalidOperationException($"{this} counts no ends.");

    /// <summary>
    /// Asked instead of <see cref="WakeupFor"/> when something has succeeded of which there is no object to be asked for. False if it wants to be asked in that way.
    /// </summary>
    internal virtual bool TryCountSuccess() => false;

    /// <summary>Runs the entry at once, unless <paramref name="wakeup"/> says that it wants no turn for the future. On the loop's thread.</summary>
    internal void RunFor(object done, Wakeup wakeup)
    {
        if (wakeup != Wakeup.None)
        {
            Run(wakeup == Wakeup.Named ? done : null);
        }
    }

    /// <summary>Makes the entry ready, from whichever thread; false, and nothing happens, once its loop is closed. Only of entries that code of .NET may wake.</summary>
    /// <param name="source">What made it ready.</param>
    internal virtual bool Wake(object? source) => throw new InvalidOperationException($"{this} is not woken from outside its loop.");

    /// <summary>True if the entry may run in the turn that is being taken here, by <see cref="WakeInTurn"/>.</summary>
    internal virtual bool MayWakeInTurn => false;

    /// <summary>The same as <see cref="Wake"/>, but to run as soon as the entry has ended that makes this one ready.</summary>
    internal virtual void WakeInTurn()
    {
    }

    /// <summary>While it is in the inbox of its loop: the entry that came before it. Only of entries that other threads send by the million.</summary>
    internal virtual ref Runnable? EarlierSent => throw new InvalidOperationException($"{this} is not sent without an envelope.");

    /// <summary>Called instead of <see cref="Run"/> for an entry that is still queued when its loop is closed.</summary>
    internal virtual void Abandon()
    {
    }

    /// <summary>What it is called in the text of a future that it waits for: what the user has called to wait.</summary>
    internal virtual string CallbackName => GetType().Name.Split('`')[0];

    /// <summary>True for those who may end by the cancellation of what they wait for without asking for its exception.</summary>
    internal virtual bool PassesCancellationOn => false;

    /// <summary>True if the entry was cancelled since it was queued; the timer queue drops such entries.</summary>
    internal virtual bool IsDropped => false;
}
