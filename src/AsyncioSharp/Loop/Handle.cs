using System.Diagnostics;

namespace AsyncioSharp;

/// <summary>A callback that a loop was asked to run; what <see cref="EventLoop.CallSoon(Action, Context?)"/> gives. Mirrors <c>asyncio.Handle</c>.</summary>
public abstract class Handle : Runnable
{
    private readonly Context? _context; // null: the empty context
    private Runnable? _earlierSent;

    private protected Handle(EventLoop loop, Context? context)
    {
        Loop = loop;
        _context = context;
        if (loop.Debug)
        {
            DebugTraces.Record(this);
        }
    }

    /// <summary>True once <see cref="Cancel"/> was called. Mirrors <c>Handle.cancelled()</c>.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Where the handle was made, if its loop was in debug mode.</summary>
    internal StackTrace? SourceTraceback => DebugTraces.Of(this);

    internal Context? Context => _context;

    internal override bool IsDropped => IsCancelled;

    internal override ref Runnable? EarlierSent => ref _earlierSent;

    private protected EventLoop Loop { get; }

    /// <summary>Keeps the callback from being run; without effect if it ran already or was cancelled before. Mirrors <c>Handle.cancel()</c>.</summary>
    public void Cancel()
    {
        if (!IsCancelled)
        {
            if (Loop.Debug)
            {
                DebugTraces.Freeze(this, CallbackText); // which Cancel drops
            }
            IsCancelled = true;
            Drop();
            OnCancelled();
        }
    }

    /// <summary>For instance <c>&lt;Handle Program.Tick()&gt;</c>, <c>&lt;Handle cancelled&gt;</c>.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string? callback = IsCancelled ? DebugTraces.FrozenTextOf(this) : CallbackText;
        return $"<{Kind}{(IsCancelled ? " cancelled" : "")}{Details}{(callback is null ? "" : " " + callback)}{DebugTraces.CreatedAt(this)}>";
    }

    private protected virtual string Kind => "Handle";

    private protected virtual string Details => "";

    private protected abstract string CallbackText { get; }

    private protected abstract void Invoke();

    private protected abstract void Drop();

    private protected virtual void OnCancelled()
    {
    }

    internal override void Run(object? source)
    {
        if (IsCancelled)
        {
            return;
        }
        try
        {
            if (_context is null)
            {
                Invoke();
                if (!Loop.IsAtRest)
                {
                    ContextSwitch.Rest();
                }
            }
            else
            {
                ContextSwitch.Run(_context, this, static handle => handle.Invoke());
            }
        }
        catch (Exception e) when (e is not KeyboardInterruptException)
        {
            var variables = _context ?? ContextSwitch.TakeAndRest();
            Loop.CallExceptionHandler(new ExceptionContext
            {
                RunIn = variables,
                Message = $"Exception in callback {(IsCancelled ? DebugTraces.FrozenTextOf(this) ?? "of a handle that it cancelled" : CallbackText)}",
                Exception = e,
                Handle = this,
                SourceTraceback = SourceTraceback,
            });
        }
    }
}

/// <summary>A callback to be run at a time; what <see cref="EventLoop.CallLater(double, Action, Context?)"/> gives. Mirrors <c>asyncio.TimerHandle</c>.</summary>
public abstract class TimerHandle : Handle
{
    private protected TimerHandle(EventLoop loop, double when, Context? context)
        : base(loop, context) => When = when;

    /// <summary>The deadline, in seconds of <see cref="EventLoop.Time"/>. Mirrors <c>TimerHandle.when()</c>.</summary>
    public double When { get; }

    internal bool IsQueued { get; set; } // in the timer queue, so that a cancellation must be counted there

    private protected override string Kind => "TimerHandle";

    private protected override string Details => string.Create(System.Globalization.CultureInfo.InvariantCulture, $" when={When}");

    private protected override void OnCancelled()
    {
        if (IsQueued)
        {
            IsQueued = false;
            Loop.NoteTimerCancelled();
        }
    }

    internal override void Run(object? source)
    {
        IsQueued = false;
        base.Run(source);
    }
}

internal sealed class ActionHandle(EventLoop loop, Action callback, Context? context) : Handle(loop, context)
{
    private Action? _callback = callback;

    private protected override string CallbackText => MethodNames.Of(_callback!) + "()";

    private protected override void Invoke() => _callback!();

    private protected override void Drop() => _callback = null;
}

internal sealed class ActionHandle<TState>(EventLoop loop, Action<TState> callback, TState state, Context? context) : Handle(loop, context)
{
    private Action<TState>? _callback = callback;
    private TState? _state = state;

    private protected override string CallbackText => $"{MethodNames.Of(_callback!)}({(Loop.Debug ? TextForm.Short(_state) : "")})";

    private protected override void Invoke() => _callback!(_state!);

    private protected override void Drop()
    {
        _callback = null;
        _state = default;
    }
}

internal sealed class ActionTimerHandle(EventLoop loop, double when, Action callback, Context? context) : TimerHandle(loop, when, context)
{
    private Action? _callback = callback;

    private protected override string CallbackText => MethodNames.Of(_callback!) + "()";

    private protected override void Invoke() => _callback!();

    private protected override void Drop() => _callback = null;
}

internal sealed class ActionTimerHandle<TState>(EventLoop loop, double when, Action<TState> callback, TState state, Context? context)
    : TimerHandle(loop, when, context)
{
    private Action<TState>? _callback = callback;
    private TState? _state = state;

    private protected override string CallbackText => $"{MethodNames.Of(_callback!)}({(Loop.Debug ? TextForm.Short(_state) : "")})";

    private protected override void Invoke() => _callback!(_state!);

    private protected override void Drop()
    {
        _callback = null;
        _state = default;
    }
}
