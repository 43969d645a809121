using System.Threading.Tasks.Sources;

namespace AsyncioSharp.Tests.Interop.Support;

/// <summary>
/// The source of a value task that a test completes when it wants. It posts the continuation itself to the context of the one who awaits, as it is, so that the
/// loop sees to what method that belongs.
/// </summary>
internal sealed class PostingSource : IValueTaskSource, IValueTaskSource<int>
{
    private ValueTaskSourceStatus _status = ValueTaskSourceStatus.Pending;
    private Action<object?>? _continuation;
    private object? _state;
    private SynchronizationContext? _context;

    /// <summary>Complete as soon as it is awaited, so that the one who awaits it is about to go on.</summary>
    internal bool EndsWhenAwaited { get; init; }

    internal ValueTask ValueTask => new(this, 0);

    internal ValueTask<int> ValueTaskOfT => new(this, 0);

    internal void Complete()
    {
        _status = ValueTaskSourceStatus.Succeeded;
        _context?.Post(new SendOrPostCallback(_continuation!), _state);
    }

    /// <summary>The one who awaits it goes on in this call.</summary>
    internal void CompleteHere()
    {
        _status = ValueTaskSourceStatus.Succeeded;
        _continuation!(_state);
    }

    public void GetResult(short token)
    {
    }

    int IValueTaskSource<int>.GetResult(short token) => 0;

    public ValueTaskSourceStatus GetStatus(short token) => _status;

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        (_continuation, _state, _context) = (continuation, state, SynchronizationContext.Current);
        if (EndsWhenAwaited)
        {
            Complete();
        }
    }
}
