using System.Runtime.CompilerServices;

namespace AsyncioSharp.Tests.Running;

/// <summary>At the end of a program, a task that a cancellation cannot reach where it waits is waited for, and the log says so.</summary>
public class UnreachableTaskTests
{
    private readonly List<LogEntry> _log = [];
    private readonly TaskCompletionSource _operation = new();

    [Theory]
    [InlineData("array")]
    [InlineData("tuple")]
    [InlineData("captured")]
    [InlineData("unknown awaiter")]
    public void The_log_names_it_and_what_it_waits_for(string kept)
    {
        CoroutineTask? task = null;
        Asyncio.Run(Main(), loopFactory: MakeLoop);
        task!.IsCancelled.ShouldBeTrue();
        var entry = _log.ShouldHaveSingleItem();
        entry.Severity.ShouldBe(LogSeverity.Warning);
        entry.Message.ShouldStartWith("Asyncio.Run() waits for a task that was cancelled but cannot be reached before <awaited ");
        entry.Message.ShouldContain("name='unreachable'");

        async Coroutine Main()
        {
            task = Asyncio.CreateTask(Unreachable(), name: "unreachable");
            await Asyncio.Sleep(0.001);
        }

        async Coroutine Unreachable()
        {
            switch (kept)
            {
                case "array":
                    IAsyncEnumerator<int>[] several = [Numbers().GetAsyncEnumerator()];
                    await several[0].MoveNextAsync();
                    break;
                case "tuple":
                    var pair = (Iterator: Numbers().GetAsyncEnumerator(), 1);
                    await pair.Iterator.MoveNextAsync();
                    break;
                case "captured":
                    var iterator = Numbers().GetAsyncEnumerator();
                    Func<ValueTask<bool>> next = () => iterator.MoveNextAsync();
                    await next();
                    break;
                default:
                    try
                    {
                        await new Unknown(_operation.Task);
                    }
                    finally
                    {
                        _operation.Task.IsCompleted.ShouldBeTrue();
                    }
                    break;
            }
            await Asyncio.Sleep(1);
        }

        async IAsyncEnumerable<int> Numbers()
        {
            await _operation.Task.ConfigureAwait(false);
            yield return 1;
        }
    }

    [Fact]
    public void One_that_cleans_up_for_long_is_not_told()
    {
        Asyncio.Run(Main(), loopFactory: MakeLoop);
        _log.ShouldBeEmpty();

        static async Coroutine Main()
        {
            _ = Asyncio.CreateTask(CleanUp());
            await Asyncio.Sleep(0.001);
        }

        static async Coroutine CleanUp()
        {
            try
            {
                await Asyncio.Sleep(100);
            }
            finally
            {
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    private EventLoop MakeLoop() => new()
    {
        IdleSeconds = 0.01,
        LogSink = entry =>
        {
            _log.Add(entry);
            _operation.TrySetResult(); // the program goes on when it has been told
        },
    };

    private readonly struct Unknown(Task task) : INotifyCompletion
    {
        public bool IsCompleted => task.IsCompleted;

        public Unknown GetAwaiter() => this;

        public void GetResult() => task.GetAwaiter().GetResult();

        public void OnCompleted(Action continuation) => task.GetAwaiter().OnCompleted(continuation);
    }
}
