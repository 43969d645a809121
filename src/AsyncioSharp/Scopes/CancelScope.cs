using System.Globalization;

namespace AsyncioSharp;

/// <summary>
/// A body of code that can be cut short, by a deadline or from anywhere, without an exception; and that can be shielded from cancellation from
/// outside. asyncio has no such thing: it is trio's cancel scope, in terms of asyncio's cancellation.
/// </summary>
/// <remarks>
/// <para>The cancellation of a scope stays on until the scope is left: each further await in it that suspends throws again, so that a body that
/// catches too much, or awaits in a <c>finally</c>, still ends. Awaits that do not suspend go through, and one that completes in spite of
/// the cancellation gives its result. Code that must await while it cleans up does so in a shielded scope of its own.</para>
/// <para><c>Run</c> then ends without an exception, and <see cref="WasCaught"/> is true. A cancellation from outside passes through: it stays a
/// <see cref="CancelledException"/>, also if it comes together with the scope's own. Of nested scopes that are cancelled, the outermost ends
/// all of it. The scope's request counts in <see cref="CoroutineTask.Cancelling"/> while it is on, and is taken back at the end.</para>
/// <para>A shielded scope holds back every cancellation from outside of it: of the task, of timeouts, groups and scopes around it. It is
/// delivered when the scope has been left, at the next await that suspends. What is cancelled inside is not held back.</para>
/// <para>A scope belongs to the task that runs its body. Tasks that the body makes are not in it; in a <see cref="TaskGroup"/> inside the scope
/// they are cancelled with the body.</para>
/// </remarks>
public sealed class CancelScope : IScope, IDeadlined, ITokenListener
{
    private readonly ScopeFrame _frame;
    private readonly double? _timeout;  // seconds from the beginning
    private readonly CancellationToken _token;
    private ScopeEntry _entry;
    private TokenWatch? _watch;
    private Alarm? _alarm;
    private bool _deadlineWasSet;
    private bool _over;

    /// <summary>Creates a scope without a deadline.</summary>
    /// <param name="shield">True to hold back cancellation from outside until the scope is left.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it cancels the scope.</param>
    public CancelScope(bool shield = false, CancellationToken cancellationToken = default)
    {
        _frame = new ScopeFrame(shield);
        _token = cancellationToken;
    }

    /// <summary>Creates a scope that is cancelled after a time.</summary>
    /// <param name="timeout">Seconds from the moment when it is entered; zero and less cancel it at once, positive infinity never.</param>
    /// <param name="shield">True to hold back cancellation from outside until the scope is left.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it cancels the scope.</param>
    /// <exception cref="ArgumentException"><paramref name="timeout"/> is not a number.</exception>
    public CancelScope(double timeout, bool shield = false, CancellationToken cancellationToken = default)
        : this(shield, cancellationToken)
    {
        EventLoop.CheckSeconds(timeout, nameof(timeout));
        _timeout = timeout;
    }

    /// <summary>Creates a scope that is cancelled after a time.</summary>
    /// <param name="timeout">The time from the moment when it is entered; zero and less cancel it at once, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="shield">True to hold back cancellation from outside until the scope is left.</param>
    /// <param name="cancellationToken">Cancelled in any thread, it cancels the scope.</param>
    public CancelScope(TimeSpan timeout, bool shield = false, CancellationToken cancellationToken = default)
        : this(EventLoop.SecondsOf(timeout), shield, cancellationToken)
    {
    }

    /// <summary>
    /// The time, in seconds of <see cref="EventLoop.Time"/>, at which the scope is cancelled; null for never. Known from the beginning if it is set,
    /// and from entering if a timeout was given. Can be set until the scope is left; a time that has passed cancels it at once.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not a number.</exception>
    /// <exception cref="InvalidOperationException">The scope was left; or, in debug mode, another thread runs the loop. Nothing is changed.</exception>
    public double? Deadline
    {
        get;
        set
        {
            EventLoop.CheckSeconds(value ?? 0, nameof(value));
            _entry.CheckThread(this);
            if (_over)
            {
                throw new InvalidOperationException($"{this} was left; its deadline can no longer be set.");
            }
            field = value;
            _deadlineWasSet = true;
            if (_entry.Task is not null)
            {
                Schedule();
            }
        }
    }

    /// <summary>True if cancellation from outside is held back while the body runs.</summary>
    public bool IsShielded => _frame.IsShield;

    /// <summary>True once the scope was cancelled, by <see cref="Cancel"/>, its deadline or its token, whatever the body made of it.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>True if the scope was left by its own cancellation: the body did not reach its end, and <c>Run</c> ended without an exception.</summary>
    public bool WasCaught { get; private set; }

    /// <summary>The name of the task that called <see cref="Cancel"/>; null if it was the deadline, the token, or a callback.</summary>
    public string? CancelledBy { get; private set; }

    /// <summary>Why the scope was cancelled: what was given to <see cref="Cancel"/>, or that the deadline has passed, or the token was cancelled.</summary>
    public string? Reason { get; private set; }

    /// <summary>
    /// Cancels the scope: the body is interrupted at the await at which it is suspended, or at its next one, and so on until it has ended.
    /// Before the scope is entered: it is cancelled from the beginning. The first call counts; afterwards, and when the scope was left, it does nothing.
    /// </summary>
    /// <param name="reason">For <see cref="Reason"/>, and for <see cref="CancelledException.CancelMessage"/> in the body.</param>
    /// <exception cref="InvalidOperationException">In debug mode: another thread runs the loop. Nothing is changed.</exception>
    public void Cancel(string? reason = null) => CancelNow(reason, EventLoop.Running?.CurrentTask?.Name);

    /// <summary>Runs <paramref name="body"/> in the scope. Can be called once.</summary>
    /// <param name="body">What to run; it runs in the calling task.</param>
    /// <returns>A coroutine that ends when the body has ended.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the scope was entered before.</exception>
    /// <exception cref="CancelledException">When awaited: the task was cancelled from outside.</exception>
    public Coroutine Run(Func<CancelScope, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<CancelScope, NoValue>(this, body);
    }

    /// <summary>
    /// As <see cref="Run(Func{CancelScope, Coroutine})"/>, with a value: the body's, or the default value if the scope's cancellation ended the body.
    /// </summary>
    /// <typeparam name="T">The kind of value.</typeparam>
    /// <param name="body">What to run; it runs in the calling task.</param>
    /// <returns>A coroutine of the value; <see cref="WasCaught"/> tells whether it is the body's.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the scope was entered before.</exception>
    /// <exception cref="CancelledException">When awaited: the task was cancelled from outside.</exception>
    public Coroutine<T?> Run<T>(Func<CancelScope, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return new ScopeRun<CancelScope, T>(this, body)!;
    }

    /// <summary>For instance <c>&lt;CancelScope [active] shielded deadline=12.5 cancelled by 'Task-3': 'no longer needed'&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string state = _over ? "left" : _entry.Task is null ? "created" : "active";
        string deadline = Deadline is { } time ? $" deadline={Math.Round(time, 3).ToString(CultureInfo.InvariantCulture)}" : "";
        string cancelled = IsCancelled ? $" cancelled{(CancelledBy is null ? "" : $" by '{CancelledBy}'")}{(Reason is null ? "" : $": '{Reason}'")}" : "";
        return $"<CancelScope [{state}]{(IsShielded ? " shielded" : "")}{deadline}{cancelled}>";
    }

    void IScope.Enter(CoroutineTask task)
    {
        _entry.Begin(this, task, _frame);
        if (IsCancelled)
        {
            task.CancelIn(_frame, Reason);
        }
        _watch = TokenWatch.Start(task.Loop, this, _token);
        if (_timeout is { } seconds && !_deadlineWasSet)
        {
            Deadline = task.Loop.Time + seconds;
        }
        else
        {
            Schedule();
        }
    }

    Exception? IScope.Leave(Exception? failure)
    {
        if (failure is OperationCanceledException)
        {
            _watch?.TellIfCancelled(); // the body had a token that is linked with it, and was told first
        }
        _over = true;
        _alarm?.Cancel();
        _watch?.Dispose();
        bool isOurs = IsCancelled && _entry.TakeBack();
        _entry.Task!.Leave(_frame);
        WasCaught = isOurs && failure is OperationCanceledException; // also one of .NET: code may have been given a token that is linked with the task's
        return WasCaught ? null : failure;
    }

    void ITokenListener.TokenCancelled(CancellationToken token)
    {
        if (!_over && !IsCancelled)
        {
            _entry.TakeOver(token);
            CancelNow("the token was cancelled", null);
        }
    }

    private void CancelNow(string? reason, string? by)
    {
        _entry.CheckThread(this);
        if (_over || IsCancelled)
        {
            return;
        }
        Reason = reason;
        CancelledBy = by;
        IsCancelled = true;
        _entry.Task?.CancelIn(_frame, reason);
    }

    private void Schedule()
    {
        _alarm?.Cancel();
        _alarm = null;
        if (Deadline is not { } when || IsCancelled)
        {
            return;
        }
        var loop = _entry.Task!.Loop;
        if (loop.HasCome(when))
        {
            PassDeadline();
        }
        else
        {
            _alarm = Alarm.At(loop, when, this);
        }
    }

    void IDeadlined.PassDeadline() => PassDeadline();

    private void PassDeadline() => CancelNow("the deadline has passed", null);
}
