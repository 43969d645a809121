using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

/// <summary>
/// The exception of a failed future, together with the duty to report it if nobody ever retrieves it. The finalizer that does so exists
/// only for failures, and only until they are retrieved: a future that succeeds pays nothing for it.
/// </summary>
internal sealed class Failure
{
    private readonly Future _future;
    private bool _retrieved;

    internal Failure(Future future, Exception exception)
    {
        _future = future;
        Captured = Rethrow.Capture(exception);
        future.Loop.NoteUnretrieved(+1);
    }

    ~Failure()
    {
        _future.Loop.NoteUnretrieved(-1);
        // The future is as unreachable as this object, so nobody can retrieve the exception any more. Reported on the loop, if it still lives.
        if (!_future.Loop.TryPush(new Report(this), null))
        {
            Tell();
        }
    }

    internal Exception Exception => Captured.SourceException;

    /// <summary>True if those whom it was meant for could not throw it, and have told the exception handler of it.</summary>
    internal bool IsReported { get; set; }

    internal void MarkRetrieved()
    {
        if (!_retrieved && !Interlocked.Exchange(ref _retrieved, true)) // by several threads at once, if they await it
        {
            _future.Loop.NoteUnretrieved(-1);
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>What throws it, with the trace that it had when the future failed, however often.</summary>
    internal ExceptionDispatchInfo Captured { get; }

    private void Tell() => _future.Loop.CallExceptionHandler(new ExceptionContext
    {
        Message = $"{_future.Kind} exception was never retrieved",
        Exception = Exception,
        Future = _future,
        SourceTraceback = _future.SourceTraceback,
    });

    private sealed class Report(Failure failure) : Runnable
    {
        internal override void Run(object? source) => failure.Tell();

        internal override void Abandon() => failure.Tell();
    }
}
