namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private LoopTimeProvider? _timeProviderOfThis;

    /// <summary>
    /// The loop's time for .NET code: shows what the <see cref="Clock"/> shows, and its timers are the loop's, so that their callbacks run on the loop's
    /// thread, in the order of their deadlines. With it, <c>Task.Delay</c>, <c>PeriodicTimer</c> and <c>CancellationTokenSource</c> follow virtual time in tests.
    /// </summary>
    /// <remarks>
    /// Timers may be made, changed and disposed of in any thread. They fire while the loop runs; once it is closed, never. What a callback throws goes
    /// to the exception handler. A pending timer does not keep <c>Asyncio.Run</c> from ending.
    /// </remarks>
    public TimeProvider TimeProvider
        => _timeProviderOfThis ?? Interlocked.CompareExchange(ref _timeProviderOfThis, new LoopTimeProvider(this), null) ?? _timeProviderOfThis;
}

/// <summary>A loop's clock, with timers that are the loop's.</summary>
internal sealed class LoopTimeProvider(EventLoop loop) : TimeProvider
{
    public override long TimestampFrequency => loop.Clock.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => loop.Clock.LocalTimeZone;

    public override long GetTimestamp() => loop.Clock.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => loop.Clock.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new LoopTimer(loop, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>
/// A timer of .NET that is one of a loop's. Any thread may change it: what is set is one object, replaced as a whole, and only the loop's thread
/// has to do with the loop's timers.
/// </summary>
/// <remarks>
/// Callbacks run on the loop's thread alone, so there none comes behind a <see cref="Dispose"/> or <see cref="Change"/>. On another thread one may run at that moment, as
/// with .NET's timers; <see cref="DisposeAsync"/> waits for it.
/// </remarks>
internal sealed class LoopTimer(EventLoop loop, TimerCallback callback, object? state) : ITimer
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1); // as .NET's own timers

    private readonly ExecutionContext? _values = ExecutionContext.Capture(); // null if the one who made the timer suppressed the flow
    private readonly Lock _gate = new(); // guards the rest
    private Setting? _setting; // null while not set
    private TaskCompletionSource? _call; // the last, which may run still; null if there was none
    private bool _isDisposed;

    private EventLoop Loop => loop;

    private string CallbackText => MethodNames.Of(callback) + "()";

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        return Replace(dueTime == Timeout.InfiniteTimeSpan ? null : new Setting(this, loop.Time + dueTime.TotalSeconds, period.TotalSeconds), isLast: false);
    }

    public void Dispose() => Replace(null, isLast: true);

    public ValueTask DisposeAsync()
    {
        Dispose();
        lock (_gate)
        {
            return _call is null ? default : new ValueTask(_call.Task);
        }
    }

    private static void Check(TimeSpan time, string argument)
    {
        if (time != Timeout.InfiniteTimeSpan && (time < TimeSpan.Zero || time > s_longest))
        {
            throw new ArgumentOutOfRangeException(argument, time, $"The time must be from zero to {s_longest}, or Timeout.InfiniteTimeSpan for never.");
        }
    }

    private bool Replace(Setting? next, bool isLast)
    {
        Setting? before;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return false;
            }
            _isDisposed = isLast;
            before = _setting;
            _setting = next; // from here on, the one before does not fire
        }
        before?.Update();
        next?.Update();
        return true;
    }

    private bool IsOver(Setting setting)
    {
        lock (_gate)
        {
            return _setting != setting;
        }
    }

    // False if the setting was replaced, perhaps by another thread, which could not cancel the loop's handle itself.
    private bool TryBegin(Setting setting)
    {
        lock (_gate)
        {
            if (_setting != setting)
            {
                return false;
            }
            _call = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    private void Call()
    {
        try
        {
            callback(state);
        }
        finally
        {
            _call!.SetResult();
        }
    }

    // What the timer was set to, until it is set to something else.
    private sealed class Setting(LoopTimer timer, double due, double period) : Runnable
    {
        private TimerHandle? _handle; // the loop's thread alone has to do with it
        private double _due = due;

        internal string CallbackText => timer.CallbackText;

        /// <summary>The timer was set to this, or to something else.</summary>
        internal void Update()
        {
            if (timer.Loop.IsOnOwnThread)
            {
                Run(null);
            }
            else
            {
                timer.Loop.TryPush(this, null);
            }
        }

        internal override void Run(object? source)
        {
            if (timer.IsOver(this))
            {
                _handle?.Cancel();
            }
            else
            {
                Arm();
            }
        }

        // In a context of its own each time: what a callback changes in it is not for the next one.
        private void Arm() => _handle = timer.Loop.At(new SettingHandle(timer.Loop, this, _due, new Context(timer._values ?? Context.Empty)));

        internal void Fire()
        {
            _handle = null; // what the callback does to the timer is nothing to the handle that it runs in
            if (!timer.TryBegin(this))
            {
                return;
            }
            if (period > 0)
            {
                _due = Math.Max(_due + period, timer.Loop.Time); // one that fell behind does not catch up
                Arm();
            }
            timer.Call();
        }
    }

    // Its text names what the user has given.
    private sealed class SettingHandle(EventLoop loop, Setting setting, double due, Context context) : TimerHandle(loop, due, context)
    {
        private Setting? _setting = setting;

        private protected override string CallbackText => _setting!.CallbackText;

        private protected override void Invoke() => _setting!.Fire();

        private protected override void Drop() => _setting = null;
    }
}
