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
    // Where the cancellation arrived, if the frames from there on were left without a throw. Rendered only when somebody reads StackTrace.
    private ITraceSource? _interruptedAt;

    /// <summary>Creates the exception.</summary>
    /// <param name="cancelMessage">The text given to <c>Cancel</c>, or null.</param>
    public CancelledException(string? cancelMessage = null)
        : base(cancelMessage ?? "The operation was cancelled.") => CancelMessage = cancelMessage;

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="cancelMessage">The text given to <c>Cancel</c>, or null.</param>
    /// <param name="innerException">The cause, or null.</param>
    public CancelledException(string? cancelMessage, Exception? innerException)
        : base(cancelMessage ?? "The operation was cancelled.", innerException) => CancelMessage = cancelMessage;

    /// <summary>The text given to <c>Cancel</c>; null if none was given.</summary>
    public string? CancelMessage { get; }

    /// <summary>The trace of the throw, with the coroutine frames that the cancellation left without one in front.</summary>
    public override string? StackTrace
    {
        get
        {
            string? thrown = base.StackTrace;
            return _interruptedAt is null ? thrown : thrown is null ? _interruptedAt.RenderTrace() : _interruptedAt.RenderTrace() + Environment.NewLine + thrown;
        }
    }

    /// <summary>Remembers the innermost frame that was left without a throw; later ones are reached from it.</summary>
    internal void InterruptedAt(ITraceSource frame) => _interruptedAt ??= frame;
}

/// <summary>Something that can say, when asked, where it was interrupted.</summary>
internal interface ITraceSource
{
    /// <summary>The lines of a stack trace, innermost frame first.</summary>
    string RenderTrace();
}
