using System.Globalization;

namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Suspends the calling task for a time; always suspends, also for zero, so it lets others run. Cancelling the sleeper ends the sleep at once.
    /// Mirrors <c>asyncio.sleep</c>.
    /// </summary>
    /// <param name="seconds">Seconds of loop time; zero and less mean exactly one turn of the others, positive infinity for ever.</param>
    /// <returns>A coroutine; the time begins when it is awaited or its task takes its first step.</returns>
    /// <exception cref="ArgumentException"><paramref name="seconds"/> is not a number.</exception>
    public static Coroutine Sleep(double seconds)
    {
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        if (seconds <= 0)
        {
            return TurnCoroutine.Shared;
        }
        var sleep = new SleepCoroutine(seconds);
        NeverAwaited.Watch(sleep);
        return sleep;
    }

    /// <inheritdoc cref="Sleep(double)"/>
    /// <param name="delay">The time; zero and less mean exactly one turn of the others.</param>
    public static Coroutine Sleep(TimeSpan delay) => Sleep(delay.TotalSeconds);

    /// <summary>As <see cref="Sleep(double)"/>, with a value to give at the end.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="seconds">Seconds of loop time; zero and less mean exactly one turn of the others.</param>
    /// <param name="result">What the coroutine gives.</param>
    /// <returns>A coroutine with the value.</returns>
    /// <exception cref="ArgumentException"><paramref name="seconds"/> is not a number.</exception>
    public static Coroutine<T> Sleep<T>(double seconds, T result)
    {
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        return SleepThen(seconds, result);
    }

    /// <inheritdoc cref="Sleep{T}(double, T)"/>
    /// <param name="delay">The time; zero and less mean exactly one turn of the others.</param>
    /// <param name="result">What the coroutine gives.</param>
    public static Coroutine<T> Sleep<T>(TimeSpan delay, T result) => SleepThen(delay.TotalSeconds, result);

    private static async Coroutine<T> SleepThen<T>(double seconds, T result)
    {
        await Sleep(seconds);
        return result;
    }
}

/// <summary>
/// A sleep: the coroutine, the timer and what the sleeper waits for in one object, so that a sleep costs one allocation.
/// When the timer is due the object runs as the loop's entry and makes the sleeping task ready, as a future's completion would.
/// </summary>
internal sealed class SleepCoroutine(double seconds) : Coroutine, IWaitable
{
    private EventLoop? _loop;    // set when the sleep begins
    private Runnable? _sleeper;  // the task that waits; null before and after
    private CancelledException? _cancelledWith;
    private double _deadline;

    public override string QualifiedName => "Asyncio.Sleep";

    CancelledException? IWaitable.CancelledWith => _cancelledWith;

    internal override bool IsTransparent => true;

    // Woken, cancelled or closed: the timer has nothing left to do.
    internal override bool IsDropped => _sleeper is null;

    public void AddWaiter(Runnable waiter) => _sleeper = waiter;

    public bool CancelWait(string? message)
    {
        if (_sleeper is null)
        {
            return false;
        }
        _cancelledWith = new CancelledException(message);
        Wake();
        _loop!.NoteTimerCancelled();
        return true;
    }

    /// <summary>For the text of the task that sleeps.</summary>
    public override string ToString() => State == CoroutineState.Suspended
        ? string.Create(CultureInfo.InvariantCulture, $"<Future pending sleep until={_deadline}>")
        : base.ToString();

    internal override void Resume()
    {
        if (_loop is null)
        {
            _loop = EventLoop.Running!;
            _deadline = _loop.Time + seconds;
            Suspend(AwaitKind.Waitable, this);
            _loop.AddTimer(_deadline, this);
        }
        else
        {
            Succeed();
        }
    }

    internal override void Throw(Exception exception)
    {
        if (_sleeper is not null)
        {
            Wake(); // closed: the sleeping task has to learn that its coroutine is gone
            _loop!.NoteTimerCancelled();
        }
        Fail(exception);
    }

    // The timer is due.
    internal override void Run(object? source)
    {
        if (_sleeper is not null)
        {
            Wake();
        }
    }

    private void Wake()
    {
        var sleeper = _sleeper!;
        _sleeper = null;
        _loop!.Push(sleeper, _cancelledWith is null ? null : this);
    }
}

/// <summary>
/// <c>Sleep(0)</c>: gives the others one turn. It has no state, so that one object serves all; unlike other coroutines it may be awaited again.
/// </summary>
internal sealed class TurnCoroutine : Coroutine
{
    internal static readonly TurnCoroutine Shared = new();

    private TurnCoroutine() => Status = Progress.Turn;

    public override string QualifiedName => "Asyncio.Sleep";

    internal override Coroutine ForTask()
    {
        return Turn();

        static async Coroutine Turn() => await Shared;
    }

    internal override void Resume() => throw new InvalidOperationException("A turn is taken by the task itself.");

    internal override void Throw(Exception exception) => throw new InvalidOperationException("A turn is taken by the task itself.");
}
