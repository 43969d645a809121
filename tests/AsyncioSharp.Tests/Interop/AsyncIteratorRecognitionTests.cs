using System.Threading.Tasks.Sources;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What is asynchronously disposable is not taken for an async iterator for that alone.</summary>
public class AsyncIteratorRecognitionTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void A_method_with_a_disposable_result_that_nobody_awaits_is_left_alone()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller at 1", "background at 5"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            await Asyncio.Sleep(10);
        }

        async Coroutine Caller()
        {
            var background = Background();
            try
            {
                await new TaskCompletionSource().Task;
            }
            finally
            {
                Log("caller");
            }
            await background;
        }

        async Task<Stream> Background()
        {
            await Asyncio.Sleep(5);
            Log("background");
            return Stream.Null;
        }
    }

    [Fact]
    public void The_disposable_source_of_a_value_task_is_not_disposed_at_the_end_of_the_run()
    {
        var source = new DisposableSource();
        VirtualTimeLoop.Run(Main());
        source.IsDisposed.ShouldBeFalse();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().CallLater(1, source.Complete);
            await source.Operation;
        }
    }

    [Fact]
    public void The_await_of_a_disposable_source_is_ended_by_a_cancellation()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller at 1"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Caller()
        {
            try
            {
                await new DisposableSource().Operation;
            }
            finally
            {
                Log("caller");
            }
        }
    }

    private void Log(string who) => _log.Add(FormattableString.Invariant($"{who} at {Asyncio.GetRunningLoop().Time}"));

    private sealed class DisposableSource : IValueTaskSource, IAsyncDisposable
    {
        private ManualResetValueTaskSourceCore<bool> _core;

        public bool IsDisposed { get; private set; }

        public ValueTask Operation => new(this, _core.Version);

        public void Complete() => _core.SetResult(true);

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return default;
        }

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
            => _core.OnCompleted(continuation, state, token, flags);
    }
}
