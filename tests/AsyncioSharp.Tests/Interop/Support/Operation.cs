using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace AsyncioSharp.Tests.Interop.Support;

/// <summary>How an operation of .NET ends.</summary>
public enum Ending
{
    Result,
    Failure,
    Cancellation,
}

/// <summary>
/// An operation of .NET that a test completes when it wants, and that can be awaited in every form. It counts how often its outcome was taken.
/// </summary>
internal sealed class Operation : IValueTaskSource, IValueTaskSource<int>
{
    private readonly TaskCompletionSource<int> _task = new();
    private ManualResetValueTaskSourceCore<int> _source;
    private Action? _continuation;
    private Ending? _ending;

    /// <summary>What the operation gives.</summary>
    internal const int Value = 42;

    /// <summary>The failure of one that fails, and the cancellation of one that is cancelled.</summary>
    internal FormatException Failure { get; } = new("the operation failed");

    internal TaskCanceledException Cancellation { get; } = new("the operation was cancelled");

    /// <summary>How often <c>GetResult</c> of the value task's source, or of the awaiter of one's own, was called.</summary>
    internal int Taken { get; private set; }

    internal Task<int> Task => _task.Task;

    internal ValueTask ValueTask => new(this, _source.Version);

    internal ValueTask<int> ValueTaskOfT => new(this, _source.Version);

    internal ClassAwaitable OfClass => new(this);

    internal StructAwaitable OfStruct => new(this);

    internal void End(Ending ending)
    {
        _ending = ending;
        switch (ending)
        {
            case Ending.Result:
                _task.SetResult(Value);
                _source.SetResult(Value);
                break;
            case Ending.Failure:
                _task.SetException(Failure);
                _source.SetException(Failure);
                break;
            default:
                _task.SetCanceled();
                _source.SetException(Cancellation);
                break;
        }
        _continuation?.Invoke();
    }

    void IValueTaskSource.GetResult(short token) => ((IValueTaskSource<int>)this).GetResult(token);

    int IValueTaskSource<int>.GetResult(short token)
    {
        Taken++;
        return _source.GetResult(token);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _source.OnCompleted(continuation, state, token, flags);

    private int Take()
    {
        Taken++;
        return _ending switch
        {
            Ending.Result => Value,
            Ending.Failure => throw Failure,
            Ending.Cancellation => throw Cancellation,
            _ => throw new InvalidOperationException("The operation is not complete."),
        };
    }

    /// <summary>An awaiter that is a class, with <c>OnCompleted</c> and nothing more.</summary>
    internal sealed class ClassAwaitable(Operation operation) : INotifyCompletion
    {
        public bool IsCompleted => operation._ending is not null;

        public ClassAwaitable GetAwaiter() => this;

        public int GetResult() => operation.Take();

        public void OnCompleted(Action continuation) => operation._continuation = continuation;
    }

    /// <summary>An awaiter that is a struct, with <c>UnsafeOnCompleted</c>.</summary>
    internal readonly struct StructAwaitable(Operation operation) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => operation._ending is not null;

        public StructAwaitable GetAwaiter() => this;

        public int GetResult() => operation.Take();

        public void OnCompleted(Action continuation) => operation._continuation = continuation;

        public void UnsafeOnCompleted(Action continuation) => operation._continuation = continuation;
    }
}
