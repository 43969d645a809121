using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

// How callbacks get into the loop: from its own thread straight into the ready queue, from elsewhere through the inbox.
public sealed partial class EventLoop
{
    private readonly Inbox _inbox = new();
    private int _workElsewhere; // functions in executors that will report back

    /// <summary>Has <paramref name="callback"/> called in the next iteration, after everything queued before. Mirrors <c>loop.call_soon</c>.</summary>
    /// <param name="callback">What to call. If it throws, the exception handler is told and the loop goes on.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    /// <returns>A handle with which the call can be cancelled.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public Handle CallSoon(Action callback, Context? context = null)
    {
        CheckCallback(callback, nameof(CallSoon));
        return Soon(new ActionHandle(this, callback, context ?? CaptureContext()));
    }

    /// <summary>
    /// As <see cref="CallSoon(Action, Context?)"/>, with a value to pass to the callback, which then needs no closure.
    /// Mirrors <c>loop.call_soon</c>.
    /// </summary>
    /// <typeparam name="TState">The kind of value.</typeparam>
    /// <param name="callback">What to call.</param>
    /// <param name="state">What to pass to it.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    /// <returns>A handle with which the call can be cancelled.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public Handle CallSoon<TState>(Action<TState> callback, TState state, Context? context = null)
    {
        CheckCallback(callback, nameof(CallSoon));
        return Soon(new ActionHandle<TState>(this, callback, state, context ?? CaptureContext()));
    }

    /// <summary>As <see cref="CallSoon(Action, Context?)"/>, from any thread; wakes the loop if it sleeps. Mirrors <c>loop.call_soon_threadsafe</c>.</summary>
    /// <remarks>
    /// It does not wait for the loop, except that a thread which is 4,096 entries ahead of it (and again at each doubling) is held up until the loop takes them, for a
    /// millisecond at most: what piles up beyond that costs more than it is worth.
    /// </remarks>
    /// <param name="callback">What to call.</param>
    /// <param name="context">The context to call it in; null for a copy of the caller's.</param>
    /// <returns>A handle; it may be cancelled on the loop's thread only.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed.</exception>
    public Handle CallSoonThreadsafe(Action callback, Context? context = null)
    {
        ArgumentNullException.ThrowIfNull(callback);
        CheckClosed();
        CheckNotAsync(callback, nameof(CallSoonThreadsafe));
        return Send(new ActionHandle(this, callback, context ?? CaptureElsewhere()));
    }

    /// <summary>As <see cref="CallSoonThreadsafe(Action, Context?)"/>, with a value to pass to the callback. Mirrors <c>loop.call_soon_threadsafe</c>.</summary>
    /// <typeparam name="TState">The kind of value.</typeparam>
    /// <param name="callback">What to call.</param>
    /// <param name="state">What to pass to it.</param>
    /// <param name="context">The context to call it in; null for a copy of the caller's.</param>
    /// <returns>A handle; it may be cancelled on the loop's thread only.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed.</exception>
    public Handle CallSoonThreadsafe<TState>(Action<TState> callback, TState state, Context? context = null)
    {
        ArgumentNullException.ThrowIfNull(callback);
        CheckClosed();
        CheckNotAsync(callback, nameof(CallSoonThreadsafe));
        return Send(new ActionHandle<TState>(this, callback, state, context ?? CaptureElsewhere()));
    }

    /// <summary>Has <paramref name="callback"/> called after <paramref name="delay"/> seconds. Mirrors <c>loop.call_later</c>.</summary>
    /// <param name="delay">Seconds; zero and less mean the next iteration, positive infinity never.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    /// <returns>A handle with the deadline, and with which the call can be cancelled.</returns>
    /// <exception cref="ArgumentException"><paramref name="delay"/> is not a number.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public TimerHandle CallLater(double delay, Action callback, Context? context = null)
    {
        CheckSeconds(delay, nameof(delay));
        return CallAt(Time + delay, callback, context);
    }

    /// <inheritdoc cref="CallLater(double, Action, Context?)"/>
    /// <param name="delay">The time; zero and less mean the next iteration, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    public TimerHandle CallLater(TimeSpan delay, Action callback, Context? context = null) => CallAt(Time + SecondsOf(delay), callback, context);

    /// <inheritdoc cref="CallLater(double, Action, Context?)"/>
    /// <typeparam name="TState">The kind of value.</typeparam>
    /// <param name="delay">Seconds; zero and less mean the next iteration, positive infinity never.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="state">What to pass to it.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    public TimerHandle CallLater<TState>(double delay, Action<TState> callback, TState state, Context? context = null)
    {
        CheckSeconds(delay, nameof(delay));
        return CallAt(Time + delay, callback, state, context);
    }

    /// <inheritdoc cref="CallLater(double, Action, Context?)"/>
    /// <typeparam name="TState">The kind of value.</typeparam>
    /// <param name="delay">The time; zero and less mean the next iteration, but <see cref="Timeout.InfiniteTimeSpan"/> (-1 ms) is for ever.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="state">What to pass to it.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    public TimerHandle CallLater<TState>(TimeSpan delay, Action<TState> callback, TState state, Context? context = null)
        => CallAt(Time + SecondsOf(delay), callback, state, context);

    /// <summary>
    /// Has <paramref name="callback"/> called when <see cref="Time"/> reaches <paramref name="when"/>; equal times in order of registration. Mirrors
    /// <c>loop.call_at</c>.
    /// </summary>
    /// <param name="when">The deadline in seconds of <see cref="Time"/>.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    /// <returns>A handle with the deadline, and with which the call can be cancelled.</returns>
    /// <exception cref="ArgumentException"><paramref name="when"/> is not a number.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed; or, in debug mode, another thread runs it.</exception>
    public TimerHandle CallAt(double when, Action callback, Context? context = null)
    {
        CheckSeconds(when, nameof(when));
        CheckCallback(callback, nameof(CallAt));
        return At(new ActionTimerHandle(this, when, callback, context ?? CaptureContext()));
    }

    /// <inheritdoc cref="CallAt(double, Action, Context?)"/>
    /// <typeparam name="TState">The kind of value.</typeparam>
    /// <param name="when">The deadline in seconds of <see cref="Time"/>.</param>
    /// <param name="callback">What to call.</param>
    /// <param name="state">What to pass to it.</param>
    /// <param name="context">The context to call it in; null for a copy of the current one.</param>
    public TimerHandle CallAt<TState>(double when, Action<TState> callback, TState state, Context? context = null)
    {
        CheckSeconds(when, nameof(when));
        CheckCallback(callback, nameof(CallAt));
        return At(new ActionTimerHandle<TState>(this, when, callback, state, context ?? CaptureContext()));
    }

    /// <summary>A time in seconds. <see cref="Timeout.InfiniteTimeSpan"/> is for ever, as everywhere in .NET, although it is written as a negative time.</summary>
    internal static double SecondsOf(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? double.PositiveInfinity : time.TotalSeconds;

    /// <summary>Refuses NaN, which no comparison of deadlines would survive.</summary>
    internal static void CheckSeconds(double seconds, string argument)
    {
        if (double.IsNaN(seconds))
        {
            throw new ArgumentException("Invalid delay: NaN (not a number)", argument);
        }
    }

    /// <summary>Makes an entry ready. On the loop's thread at once; otherwise through the inbox, waking the loop if it sleeps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Push(Runnable target, object? source)
    {
        if (RunsHere)
        {
            _ready.Push(target, source);
        }
        else
        {
            PushElsewhere(target, source);
        }
    }

    /// <summary>The same, for callers that know themselves to be on the loop's thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void PushOwn(Runnable target, object? source) => _ready.Push(target, source);

    /// <summary>Throws if nothing may be made ready here: the loop is closed or, in debug mode, another thread runs it.</summary>
    internal void CheckPush()
    {
        if (IsClosed)
        {
            throw TooLate();
        }
        CheckThread();
    }

    /// <summary>As <see cref="Push"/>, from threads that may outlive the loop: false, and nothing happens, if it is closed.</summary>
    internal bool TryPush(Runnable target, object? source)
    {
        if (IsOnOwnThread)
        {
            _ready.Push(target, source);
            return true;
        }
        return TrySend(target, source);
    }

    /// <summary>As <see cref="Context.CaptureForNew"/>; cheaper on the loop's own thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Context? CaptureContext() => CaptureContext(RunsHere);

    /// <summary>The same for a caller that has asked already whether the loop runs on its thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Context? CaptureContext(bool runsHere) => runsHere && IsAtRest ? null : Context.CaptureForNew();

    /// <summary>Has <paramref name="target"/> run at a time; for the loop's own thread.</summary>
    internal void AddTimer(double when, Runnable target) => _timers.Add(when, target);

    /// <summary>The same from any thread. The timers belong to the loop's thread; outside debug mode such a call is not refused, but it must not corrupt anything.</summary>
    internal void SetTimer(double when, Runnable target)
    {
        if (!IsOnOwnThread && IsRunning)
        {
            Push(new ActionHandle<(EventLoop Loop, double When, Runnable Target)>(this, static s => s.Loop.AddTimer(s.When, s.Target), (this, when, target), null), null);
        }
        else
        {
            AddTimer(when, target);
        }
    }

    /// <summary>
    /// Says that a timer was cancelled. The timers belong to the loop's thread: to cancel one elsewhere is wrong, but corrupts nothing; it is dropped
    /// when it is due.
    /// </summary>
    internal void NoteTimerCancelled()
    {
        if (MayChangeQueue)
        {
            _timers.NoteCancelled();
        }
    }

    /// <summary>The same for a timer whose target leads to what awaits it: the timer lets go of it.</summary>
    internal void ForgetTimer(double when, Runnable target)
    {
        if (MayChangeQueue)
        {
            _timers.Forget(when, target);
        }
    }

    // No other thread can be at the timers and the entries.
    private bool MayChangeQueue => !IsRunning || IsOnOwnThread || IsOnHostThread;

    internal void CheckUse()
    {
        CheckClosed();
        CheckThread();
    }

    /// <summary>
    /// In debug mode, refuses what another thread than the one that runs the loop must not do with <paramref name="subject"/>, or the loop itself if that is null.
    /// Called before anything is changed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CheckThread(object? subject = null)
    {
        if (Debug)
        {
            CheckOwnThread(subject);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CheckOwnThread(object? subject)
    {
        if (IsRunning && !IsOnOwnThread && !(_guest?.HostThread == 0 || IsOnHostThread))
        {
            string which = subject is null ? "" : $": {TextForm.Whole(subject)} belongs to that of another thread";
            throw new InvalidOperationException(
                $"Non-thread-safe operation invoked on an event loop other than the current one{which}. "
                + "From another thread, use CallSoonThreadsafe or Asyncio.RunCoroutineThreadsafe.");
        }
    }

    /// <summary>Says that a function was handed (+1) to an executor, or came back (-1): a virtual clock stands still meanwhile.</summary>
    internal void NoteWorkElsewhere(int change) => Interlocked.Add(ref _workElsewhere, change);

    /// <summary>As <see cref="Push"/>, for callers that know that the loop does not run here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void PushElsewhere(Runnable target, object? source)
    {
        if (!TryPush(target, source))
        {
            throw TooLate();
        }
    }

    private static InvalidOperationException TooLate() => new(
        "Event loop is closed, so what waits for this can no longer be told. Complete or cancel futures and tasks, and add callbacks, before you close their loop.");

    private bool TrySend(Runnable target, object? source)
    {
        bool isSent = _inbox.TryAdd(target, source, out bool wake);
        if (wake)
        {
            _parker.Wake();
        }
        return isSent;
    }

    /// <summary>
    /// Makes an entry ready that is a link of the inbox itself, probably from another thread; refused if the loop is closed. Who sends thousands ahead of the loop
    /// lets it catch up.
    /// </summary>
    internal TRunnable Send<TRunnable>(TRunnable link)
        where TRunnable : Runnable
    {
        if (IsOnOwnThread)
        {
            _ready.Push(link, null);
            return link;
        }
        if (!_inbox.TryAdd(link, out bool wake))
        {
            throw TooLate();
        }
        if (wake)
        {
            _parker.Wake();
        }
        else if (_thread is not null && _inbox.IsOverfull()) // else it does not run, or is the guest of the very thread that sends
        {
            _inbox.AwaitLoop();
        }
        return link;
    }

    /// <summary>As <see cref="CaptureContext()"/>, for callers that are probably on another thread.</summary>
    internal static Context? CaptureElsewhere() => ThreadValues.AreEmpty(Thread.CurrentThread) ? null : Context.CaptureForNew();

    private Handle Soon(Handle handle)
    {
        Push(handle, null);
        return handle;
    }

    /// <summary>Has a handle run at its time.</summary>
    internal TimerHandle At(TimerHandle handle)
    {
        handle.IsQueued = true;
        SetTimer(handle.When, handle);
        return handle;
    }

    private void CheckCallback(Delegate callback, string method)
    {
        ArgumentNullException.ThrowIfNull(callback);
        CheckUse();
        CheckNotAsync(callback, method);
    }

    /// <summary>In debug mode, refuses an <c>async</c> method where a plain one is to be called.</summary>
    internal void CheckNotAsync(Delegate callback, string method, string argument = "callback")
    {
        if (Debug && callback.Method.GetCustomAttribute<AsyncStateMachineAttribute>() is not null)
        {
            string advice = argument == "callback" ? "Use CreateTask" : "Await it in the loop; or await Task.Run, if it is to begin in another thread";
            throw new ArgumentException($"coroutines cannot be used with {method}(): '{MethodNames.Of(callback)}' is an async method. {advice}.", argument);
        }
    }
}
