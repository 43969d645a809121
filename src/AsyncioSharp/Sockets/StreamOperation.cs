using System.Threading.Tasks.Sources;

namespace AsyncioSharp;

/// <summary>
/// What an operation on a <see cref="SocketStream"/> gives to who awaits it: the outcome of the task that does it. Who awaits it without a synchronization context, as the code
/// of .NET does that is built on streams, goes on in the loop's thread, in no task; a .NET task would send it to the thread pool, and with it all operations that follow.
/// </summary>
internal sealed class StreamOperation : KnownWaiter, IValueTaskSource<int>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<int> _outcome;

    /// <summary>Waits for <paramref name="task"/>. On the loop's thread.</summary>
    internal StreamOperation(CoroutineTask<int> task)
        : base(task)
    {
        if (task.IsDone)
        {
            Complete();
        }
        else
        {
            Register();
        }
    }

    internal override string CallbackName => "SocketStream";

    public int GetResult(short token) => _outcome.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _outcome.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _outcome.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _outcome.OnCompleted(continuation, state, token, flags);

    private protected override void Complete()
    {
        if (Future.IsCancelled)
        {
            _outcome.SetException(Future.Cancellation());
        }
        else if (Future.PeekException is { } failure)
        {
            Future.MarkRetrieved();
            _outcome.SetException(failure);
        }
        else
        {
            _outcome.SetResult(((CoroutineTask<int>)Future).Result());
        }
    }

    private protected override void CompleteElsewhere()
    {
        if (Future.IsDone)
        {
            Complete();
        }
        else
        {
            _outcome.SetException(Future.NeverDone());
        }
    }
}
