using System.Threading.Tasks.Sources;

namespace AsyncioSharp;

/// <summary>
/// What an operation on a <see cref="SocketStream"/> gives to who awaits it: the outcome of the task that does it. Who awaits it without a synchronization context, as the code
/// of .NET does that is built on streams, goes on in the loop's thread, in no task; a .NET task would send it to the thread pool, and with it all operations that follow.
/// </summary>
internal sealed class StreamOperation : KnownWaiter, IValueTaskSource<int>, IValueTaskSource, ITokenListener
{
    private readonly TokenWatch? _watch;
    private ManualResetValueTaskSourceCore<int> _outcome;
    private CancellationToken _token; // that has ended it

    /// <summary>Waits for <paramref name="task"/>, and cancels it with <paramref name="token"/>. On the loop's thread.</summary>
    internal StreamOperation(CoroutineTask<int> task, CancellationToken token)
        : base(task)
    {
        if (task.IsDone)
        {
            Complete();
            return;
        }
        Register();
        _watch = TokenWatch.Start(task.Loop, this, token);
    }

    internal override string CallbackName => "SocketStream";

    public int GetResult(short token) => _outcome.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _outcome.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _outcome.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _outcome.OnCompleted(continuation, state, token, flags);

    void ITokenListener.TokenCancelled(CancellationToken token)
    {
        _token = token;
        Future.Cancel();
    }

    private protected override void Complete()
    {
        _watch?.Dispose();
        if (TakeFailure() is { } failure)
        {
            _outcome.SetException(failure is CancelledException && _token.IsCancellationRequested ? CancelledException.Unthrown(null, failure, _token) : failure);
        }
        else
        {
            _outcome.SetResult(((CoroutineTask<int>)Future).Result());
        }
    }
}
