using System.Globalization;
using System.Runtime.CompilerServices;

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
    /// <param name="delay">The time; zero and less mean exactly one turn of the others, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    public static Coroutine Sleep(TimeSpan delay) => Sleep(EventLoop.SecondsOf(delay));

    /// <summary>
    /// As <see cref="Sleep(double)"/>; cancelling <paramref name="cancellationToken"/>, in any thread, ends the sleep.
    /// Mirrors <c>asyncio.sleep</c>, which has no token.
    /// </summary>
    /// <param name="seconds">Seconds of loop time; zero and less mean exactly one turn of the others, positive infinity for ever.</param>
    /// <param name="cancellationToken">The token; the calling task itself is not cancelled.</param>
    /// <returns>A coroutine; the time begins when it is awaited or its task takes its first step.</returns>
    /// <exception cref="ArgumentException"><paramref name="seconds"/> is not a number.</exception>
    /// <exception cref="CancelledException">When awaited: the token was cancelled, which the exception carries. Before the sleep: at once.</exception>
    [OverloadResolutionPriority(1)] // a literal default means no token, not no loop
    public static Coroutine Sleep(double seconds, CancellationToken cancellationToken)
    {
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        return cancellationToken.CanBeCanceled ? Unless(seconds, cancellationToken) : Sleep(seconds);

        static async Coroutine Unless(double seconds, CancellationToken cancellationToken)
        {
            CancelledException.ThrowIfRequested(cancellationToken);
            if (seconds <= 0)
            {
                await TurnCoroutine.Shared;
                return;
            }
            var sleep = new SleepCoroutine(seconds);
            using var watch = TokenWatch.Start(GetRunningLoop(), sleep, cancellationToken);
            await sleep;
        }
    }

    /// <inheritdoc cref="Sleep(double, CancellationToken)"/>
    /// <param name="delay">The time; zero and less mean exactly one turn of the others, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="cancellationToken">The token; the calling task itself is not cancelled.</param>
    public static Coroutine Sleep(TimeSpan delay, CancellationToken cancellationToken) => Sleep(EventLoop.SecondsOf(delay), cancellationToken);

    /// <summary>As <see cref="Sleep(double)"/>, with a value to give at the end. Mirrors <c>asyncio.sleep</c>.</summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="seconds">Seconds of loop time; zero and less mean exactly one turn of the others.</param>
    /// <param name="result">What the coroutine gives.</param>
    /// <returns>A coroutine with the value.</returns>
    /// <exception cref="ArgumentException"><paramref name="seconds"/> is not a number.</exception>
    public static Coroutine<T> Sleep<T>(double seconds, T result)
    {
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        return Then(seconds, result);

        static async Coroutine<T> Then(double seconds, T result)
        {
            await Sleep(seconds);
            return result;
        }
    }

    /// <inheritdoc cref="Sleep{T}(double, T)"/>
    /// <param name="delay">The time; zero and less mean exactly one turn of the others, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="result">What the coroutine gives.</param>
    public static Coroutine<T> Sleep<T>(TimeSpan delay, T result) => Sleep(EventLoop.SecondsOf(delay), result);

    /// <inheritdoc cref="Sleep(double, CancellationToken)"/>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="seconds">Seconds of loop time; zero and less mean exactly one turn of the others, positive infinity for ever.</param>
    /// <param name="result">What the coroutine gives.</param>
    /// <param name="cancellationToken">The token; the calling task itself is not cancelled.</param>
    public static Coroutine<T> Sleep<T>(double seconds, T result, CancellationToken cancellationToken)
    {
        EventLoop.CheckSeconds(seconds, nameof(seconds));
        return Then(seconds, result, cancellationToken);

        static async Coroutine<T> Then(double seconds, T result, CancellationToken cancellationToken)
        {
            await Sleep(seconds, cancellationToken);
            return result;
        }
    }

    /// <inheritdoc cref="Sleep{T}(double, T, CancellationToken)"/>
    /// <param name="delay">The time; zero and less mean exactly one turn of the others, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="result">What the coroutine gives.</param>
    /// <param name="cancellationToken">The token; the calling task itself is not cancelled.</param>
    public static Coroutine<T> Sleep<T>(TimeSpan delay, T result, CancellationToken cancellationToken)
        => Sleep(EventLoop.SecondsOf(delay), result, cancellationToken);

    /// <summary>A turn as a coroutine of its own, for a task.</summary>
    internal static async Coroutine Sleep() => await TurnCoroutine.Shared;
}

/// <summary>
/// A sleep: the coroutine, the timer and what the sleeper waits for in one object, so that a sleep costs one allocation, of 48 bytes.
/// When the timer is due the object runs as the loop's entry and makes the sleeping task ready, as a future's completion would.
/// </summary>
/// <remarks>
/// <see cref="Coroutine.Link"/> is the task while it sleeps; if it was cancelled, the <see cref="CancelledException"/> from then on, or the sleep itself until
/// somebody asks for that.
/// </remarks>
internal sealed class SleepCoroutine : Coroutine, IWaitable, ITokenListener
{
    private double _time;   // of the sleep; its deadline once it has begun
    private bool _isAsleep; // told here, since a look at the task is dear when there are so many that none is in the processor's cache

    internal SleepCoroutine(double seconds)
    {
        Status = Progress.Waiting;
        _time = seconds;
    }

    public override string QualifiedName => "Asyncio.Sleep";

    CancelledException? IWaitable.CancelledWith
    {
        get
        {
            if (IsCancelledUnseen)
            {
                Link = CancelledException.Unthrown(null);
            }
            return Link as CancelledException;
        }
    }

    public bool IsCancelledUnseen => ReferenceEquals(Link, this);

    internal override bool IsTransparent => true;

    // Woken, cancelled or closed: the timer has nothing left to do.
    internal override bool IsDropped => !_isAsleep;

    private CoroutineTask? Sleeper => _isAsleep ? Unsafe.As<CoroutineTask>(Link) : null;

    public bool CancelWait(string? message) => Sleeper is not null && EndEarly(message is null ? this : CancelledException.Unthrown(message));

    void ITokenListener.TokenCancelled(CancellationToken token)
    {
        if (Sleeper is not null)
        {
            EndEarly(CancelledException.Unthrown(null, null, token));
        }
    }

    /// <summary>For the text of the task that sleeps.</summary>
    public override string ToString() => State != CoroutineState.Suspended ? base.ToString()
        : IsCancelledUnseen || Link is CancelledException ? "<Future cancelled>"
        : string.Create(CultureInfo.InvariantCulture, $"<Future pending sleep until={_time}>");

    internal override void BeginWait(Runnable waiter)
    {
        base.BeginWait(waiter);
        var loop = Unsafe.As<CoroutineTask>(waiter).Loop;
        _time += loop.Time;
        _isAsleep = true;
        loop.AddTimer(_time, this);
    }

    internal override bool EndWait()
    {
        if (!_isAsleep)
        {
            Succeed();
        }
        return !_isAsleep;
    }

    // As a frame.
    internal override void Resume()
    {
        if (Awaiting == AwaitKind.None)
        {
            Suspend(AwaitKind.Itself, null);
        }
        else
        {
            Succeed();
        }
    }

    internal override void Throw(Exception exception)
    {
        if (Sleeper is { } sleeper)
        {
            End(null);
            sleeper.Loop.TryPush(sleeper, ReuseError()); // closed: the sleeping task has to learn that its coroutine is gone, unless its loop is closed too
            sleeper.Loop.ForgetTimer(_time, this);
        }
        Fail(exception);
    }

    internal override bool IsTimer => true;

    // The timer is due.
    internal override void Run(object? source)
    {
        if (Sleeper is { } sleeper)
        {
            End(null);
            EventLoop.Running!.Push(sleeper, null);
        }
    }

    private bool EndEarly(object end)
    {
        var sleeper = Sleeper!;
        End(end);
        sleeper.WakeCancelled();
        sleeper.Loop.ForgetTimer(_time, this);
        return true;
    }

    private void End(object? end)
    {
        Link = end;
        _isAsleep = false;
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

    internal override Coroutine ForTask() => Asyncio.Sleep();

    internal override void Resume() => throw new InvalidOperationException("A turn is taken by the task itself.");

    internal override void Throw(Exception exception) => throw new InvalidOperationException("A turn is taken by the task itself.");
}
