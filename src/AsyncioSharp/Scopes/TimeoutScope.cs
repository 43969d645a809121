using System.Globalization;

namespace AsyncioSharp;

/// <summary>
/// A limit of time for a body of code, made by <see cref="Asyncio.Timeout(double?, CancellationToken)"/> or <see cref="Asyncio.TimeoutAt"/>. When the time is up the
/// body is cancelled; when it has ended by that, a <see cref="TimeoutException"/> is thrown. Mirrors <c>asyncio.Timeout</c>. (It is not called
/// <c>Timeout</c> because every C# file sees <see cref="System.Threading.Timeout"/>.)
/// </summary>
/// <remarks>
/// A cancellation from outside stays a <see cref="CancelledException"/>, also if the time is up in the same moment. Of nested limits that are
/// reached together, only the outermost throws a <see cref="TimeoutException"/>. A body that swallows the cancellation, or fails with
/// something else, decides the outcome itself; <see cref="IsExpired"/> tells. A token that was given to it ends the body in the same way, and the outcome is a
/// <see cref="CancelledException"/> that carries the token.
/// </remarks>
public sealed class TimeoutScope : IScope, IDeadlined, ITokenListener
{
    private readonly CancellationToken _token;
    private ScopeEntry _entry;
    private Alarm? _alarm;
    private TokenWatch? _watch;
    private State _state;

    internal TimeoutScope(double? when, CancellationToken token)
    {
        EventLoop.CheckSeconds(when ?? 0, nameof(when));
        When = when;
        _token = token;
    }

    private enum State
    {
        Created,
        Active,
        Expiring, // the body was cancelled and has not ended yet
        Expired,
        Cancelling, // by the token; the body has not ended yet
        Cancelled,
        Finished,
    }

    /// <summary>The deadline in seconds of <see cref="EventLoop.Time"/>; null for none. Mirrors <c>Timeout.when()</c>.</summary>
    public double? When { get; private set; }

    /// <summary>True from the moment when the time is up before the body has ended. Mirrors <c>Timeout.expired()</c>.</summary>
    public bool IsExpired => _state is State.Expiring or State.Expired;

    /// <summary>Moves the deadline. Mirrors <c>Timeout.reschedule</c>.</summary>
    /// <remarks>
    /// A deadline is a point in time, so there is no form with a <see cref="TimeSpan"/>, which would be a distance, and would not say from where. Five
    /// seconds from now is <c>loop.Time + 5</c>; five more than before, <c>timeout.When + 5</c>.
    /// </remarks>
    /// <param name="when">The new deadline in seconds of <see cref="EventLoop.Time"/>; null for none; one that has passed cancels the body in the next
    /// iteration.</param>
    /// <exception cref="ArgumentException"><paramref name="when"/> is not a number.</exception>
    /// <exception cref="InvalidOperationException">The timeout was not entered yet, was left, or has expired; or, in debug mode, another thread runs
    /// the loop. Nothing is changed.</exception>
    public void Reschedule(double? when)
    {
        EventLoop.CheckSeconds(when ?? 0, nameof(when));
        _entry.CheckThread(this);
        if (_state != State.Active)
        {
            throw new InvalidOperationException(_state == State.Created
                ? "Timeout has not been entered; reschedule it in the body given to Run."
                : $"Cannot change the deadline of {Name(_state)} Timeout; make a new one for what follows.");
        }
        When = when;
        Schedule();
    }

    /// <summary>Runs <paramref name="body"/>, at most until the deadline. Can be called once.</summary>
    /// <param name="body">What to run; it runs in the calling task.</param>
    /// <returns>A coroutine that ends when the body has ended.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the timeout was entered before.</exception>
    /// <exception cref="TimeoutException">When awaited: the time was up; the inner exception is the cancellation.</exception>
    /// <exception cref="CancelledException">When awaited: the task was cancelled from outside; or the token, and then the exception carries it.</exception>
    public Coroutine Run(Func<TimeoutScope, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<TimeoutScope, NoValue>(this, body);
    }

    /// <inheritdoc cref="Run(Func{TimeoutScope, Coroutine})"/>
    /// <typeparam name="T">The kind of value that the body gives.</typeparam>
    public Coroutine<T> Run<T>(Func<TimeoutScope, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<TimeoutScope, T>(this, body);
    }

    /// <summary>For instance <c>&lt;Timeout [active] when=12.5&gt;</c>, <c>&lt;Timeout [expired]&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string when = When is { } time ? Math.Round(time, 3).ToString(CultureInfo.InvariantCulture) : "None";
        return $"<Timeout [{Name(_state)}]{(_state == State.Active ? $" when={when}" : "")}>";
    }

    void IScope.Enter(CoroutineTask task)
    {
        CancelledException.ThrowIfRequested(_token);
        _entry.Begin(this, task);
        _state = State.Active;
        Schedule();
        _watch = TokenWatch.Start(task.Loop, this, _token);
    }

    Exception? IScope.Leave(Exception? failure)
    {
        _alarm?.Cancel();
        _alarm = null;
        _watch?.Dispose();
        bool isOurs = _state == State.Active
            ? _token.IsCancellationRequested && !_entry.IsAsked // the body had a token that is linked with it, and was told first
            : _entry.TakeBack();
        _state = _state switch
        {
            State.Expiring => State.Expired,
            State.Cancelling => State.Cancelled,
            _ => State.Finished,
        };
        return !isOurs || failure is not OperationCanceledException ? failure
            : _state == State.Expired ? new TimeoutException("The time was up before the body of the timeout had ended.", failure)
            : CancelledException.Unthrown((failure as CancelledException)?.CancelMessage, failure, _token);
    }

    void IDeadlined.PassDeadline()
    {
        _alarm = null;
        _state = State.Expiring;
        _entry.Cancel(null);
    }

    void ITokenListener.TokenCancelled(CancellationToken token)
    {
        if (_state == State.Active)
        {
            _alarm?.Cancel();
            _state = State.Cancelling;
            _entry.TakeOver(token);
            _entry.Cancel(null);
        }
    }

    private static string Name(State state) => state.ToString().ToLowerInvariant();

    private void Schedule()
    {
        _alarm?.Cancel();
        var loop = _entry.Task!.Loop;
        _alarm = When is not { } when ? null
            : loop.HasCome(when) ? Alarm.Soon(loop, this) // before the next turn of a body that only yields
            : Alarm.At(loop, when, this);
    }
}

public static partial class Asyncio
{
    /// <summary>
    /// A limit of time for a body of code, which is then given to <see cref="TimeoutScope.Run(Func{TimeoutScope, Coroutine})"/>:
    /// <c>await Asyncio.Timeout(5).Run(async timeout => ...)</c>. Mirrors <c>asyncio.timeout</c>.
    /// </summary>
    /// <param name="timeout">Seconds from now; null for no limit; zero and less end the body at its first await that suspends.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it ends the body too; if it is cancelled already, the body does not begin.</param>
    /// <returns>The timeout; its deadline can be moved while the body runs.</returns>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is not a number.</exception>
    /// <exception cref="InvalidOperationException">No loop is running.</exception>
    public static TimeoutScope Timeout(double? timeout, CancellationToken cancellationToken = default)
    {
        EventLoop.CheckSeconds(timeout ?? 0, nameof(timeout));
        return new TimeoutScope(GetRunningLoop().Time + timeout, cancellationToken);
    }

    /// <inheritdoc cref="Timeout(double?, CancellationToken)"/>
    /// <param name="timeout">The time from now; zero and less end the body at its first await that suspends; <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) never.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it ends the body too; if it is cancelled already, the body does not begin.</param>
    public static TimeoutScope Timeout(TimeSpan timeout, CancellationToken cancellationToken = default)
        => Timeout(EventLoop.SecondsOf(timeout), cancellationToken);

    /// <summary>As <see cref="Timeout(double?, CancellationToken)"/>, with the time at which the limit is reached. Mirrors <c>asyncio.timeout_at</c>.</summary>
    /// <param name="when">The deadline in seconds of <see cref="EventLoop.Time"/>; null for none.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it ends the body too; if it is cancelled already, the body does not begin.</param>
    /// <returns>The timeout.</returns>
    /// <exception cref="ArgumentException"><paramref name="when"/> is not a number.</exception>
    public static TimeoutScope TimeoutAt(double? when, CancellationToken cancellationToken = default) => new(when, cancellationToken);
}
