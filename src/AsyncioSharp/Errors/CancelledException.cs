namespace AsyncioSharp;

/// <summary>
/// The operation was cancelled: asyncio's <c>CancelledError</c>. Thrown out of the <c>await</c> at which a cancelled task is suspended,
/// and by every way of asking a cancelled future for its result.
/// </summary>
/// <remarks>
/// It derives from <see cref="OperationCanceledException"/>, so filters that .NET code already has keep working. In Python it stands outside
/// <c>Exception</c>; in C# <c>catch (Exception)</c> catches it: write <c>catch (Exception e) when (e is not CancelledException)</c>.
/// A frame without <c>try</c>, <c>using</c> or <c>lock</c> cannot notice a cancellation, so it is left without a throw;
/// <see cref="StackTrace"/> names such frames all the same.
/// </remarks>
public class CancelledException : OperationCanceledException
{
    private const string Text = "The operation was cancelled.";

    // Where the cancellation arrived in each task on its way, if frames of it were left without a throw. Rendered only when somebody reads StackTrace.
    private (object Task, ITraceSource Frame)? _interrupted;
    private List<(object Task, ITraceSource Frame)>? _passedOn;

    /// <summary>Creates the exception.</summary>
    /// <param name="cancelMessage">The text given to <c>Cancel</c>, or null.</param>
    public CancelledException(string? cancelMessage = null)
        : base(cancelMessage ?? Text) => CancelMessage = cancelMessage;

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="cancelMessage">The text given to <c>Cancel</c>, or null.</param>
    /// <param name="innerException">The cause, or null.</param>
    public CancelledException(string? cancelMessage, Exception? innerException)
        : base(cancelMessage ?? Text, innerException) => CancelMessage = cancelMessage;

    /// <summary>Creates the exception of a cancellation that a token asked for: <see cref="OperationCanceledException.CancellationToken"/> is that token.</summary>
    /// <param name="cancelMessage">The text given to <c>Cancel</c>, or null.</param>
    /// <param name="innerException">The cause, or null.</param>
    /// <param name="cancellationToken">The token.</param>
    public CancelledException(string? cancelMessage, Exception? innerException, CancellationToken cancellationToken)
        : base(cancelMessage ?? Text, innerException, cancellationToken) => CancelMessage = cancelMessage;

    /// <summary>The text given to <c>Cancel</c>; null if none was given.</summary>
    public string? CancelMessage { get; }

    /// <summary>How often it was thrown again; see <see cref="Rethrow"/>.</summary>
    internal int Throws { get; set; }

    /// <summary>True until the first throw of one that the library has made; see <see cref="Rethrow"/>.</summary>
    internal bool IsUnthrown { get; set; }

    /// <summary>One that is not thrown where it is made, but delivered to somebody.</summary>
    internal static CancelledException Unthrown(string? message, Exception? cause = null, CancellationToken token = default) => new(message, cause, token) { IsUnthrown = true };

    /// <summary>The trace of the throw, with the coroutine frames that the cancellation left without one in front: of very many, the innermost and the last.</summary>
    public override string? StackTrace
    {
        get
        {
            if (_interrupted is not { } first)
            {
                return base.StackTrace;
            }
            var lines = new List<string>();
            ITraceSource? last = null;
            int omitted = -1; // the last is named
            foreach (var (_, innermost) in (_passedOn ?? []).Prepend(first))
            {
                for (ITraceSource? frame = innermost; frame is not null; frame = frame.Outer)
                {
                    if (lines.Count < Rethrow.MostThrows)
                    {
                        lines.Add(frame.RenderFrame());
                    }
                    else
                    {
                        last = frame;
                        omitted++;
                    }
                }
            }
            if (omitted > 0)
            {
                lines.Add($"   ... {omitted} frames that were left on the way are not named ...");
            }
            if (last is not null)
            {
                lines.Add(last.RenderFrame());
            }
            if (base.StackTrace is { } thrown)
            {
                lines.Add(thrown);
            }
            return string.Join(Environment.NewLine, lines);
        }
    }

    /// <summary>Throws if <paramref name="cancellationToken"/> is cancelled already.</summary>
    internal static void ThrowIfRequested(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw new CancelledException(null, null, cancellationToken);
        }
    }

    /// <summary>
    /// Remembers the innermost frame of a task that the cancellation reaches; the others are found from it. What several tasks are told by the same one
    /// is kept for the last of them only, so that a trace is one path and does not grow with those who await.
    /// </summary>
    /// <param name="frame">The frame at which the task waits.</param>
    /// <param name="task">The task.</param>
    /// <param name="from">What the task waited for, and is told by.</param>
    internal void InterruptedAt(ITraceSource frame, object task, object? from)
    {
        if (_interrupted is not { } first)
        {
            _interrupted = (task, frame);
            return;
        }
        _passedOn ??= [];
        int kept = _passedOn.Count;
        while (kept > 0 && !ReferenceEquals(_passedOn[kept - 1].Task, from))
        {
            kept--;
        }
        _passedOn.RemoveRange(kept, _passedOn.Count - kept);
        if (!ReferenceEquals(first.Task, task))
        {
            _passedOn.Add((task, frame));
        }
    }
}

/// <summary>A frame that can say, when asked, where it was interrupted.</summary>
internal interface ITraceSource
{
    /// <summary>The frame that awaited it; null for the outermost.</summary>
    ITraceSource? Outer { get; }

    /// <summary>Its line of a stack trace.</summary>
    string RenderFrame();
}
