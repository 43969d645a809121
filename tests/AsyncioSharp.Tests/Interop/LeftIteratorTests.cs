using System.Threading.Channels;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A cancelled task leaves an async iterator behind whose wait cannot be ended, and that refuses to be disposed while it waits; it is disposed later.</summary>
public class LeftIteratorTests
{
    private readonly List<string> _log = [];

    public enum Consumer
    {
        Foreach,
        Configured,
        WithToken,
        ByHand,
        OfAnIterator,
        OfAMethod,
    }

    public static TheoryData<Consumer> Consumers => [.. Enum.GetValues<Consumer>()];

    [Theory]
    [MemberData(nameof(Consumers))]
    public void A_cancellation_ends_a_loop_over_a_channel_without_a_token_at_once(Consumer consumer)
    {
        var channel = Channel.CreateUnbounded<int>();
        VirtualTimeLoop.Run(Main());
        string[] inside = consumer is Consumer.OfAnIterator or Consumer.OfAMethod ? [] : ["cleaned up"]; // those are left behind as well
        _log.ShouldBe(["1", .. inside, "cancelled: stop at 1"]);

        async Coroutine Main()
        {
            channel.Writer.TryWrite(1);
            var task = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            await Asyncio.Wait([task], timeout: 10);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Consume()
        {
            try
            {
                switch (consumer)
                {
                    case Consumer.OfAnIterator:
                        await foreach (int n in Iterate())
                        {
                            _log.Add($"{n}");
                        }
                        break;
                    case Consumer.OfAMethod:
                        await Method();
                        break;
                    default:
                        await Read();
                        break;
                }
            }
            catch (CancelledException e)
            {
                _log.Add(FormattableString.Invariant($"cancelled: {e.CancelMessage} at {Asyncio.GetRunningLoop().Time}"));
                throw;
            }
        }

        async Coroutine Read()
        {
            try
            {
                switch (consumer)
                {
                    case Consumer.Foreach:
                        await foreach (int n in channel.Reader.ReadAllAsync())
                        {
                            _log.Add($"{n}");
                        }
                        break;
                    case Consumer.Configured:
                        await foreach (int n in channel.Reader.ReadAllAsync().ConfigureAwait(false))
                        {
                            _log.Add($"{n}");
                        }
                        break;
                    case Consumer.WithToken:
                        await foreach (int n in channel.Reader.ReadAllAsync().WithCancellation(CancellationToken.None))
                        {
                            _log.Add($"{n}");
                        }
                        break;
                    default:
                        await using (var items = channel.Reader.ReadAllAsync().GetAsyncEnumerator())
                        {
                            while (await items.MoveNextAsync())
                            {
                                _log.Add($"{items.Current}");
                            }
                        }
                        break;
                }
            }
            finally
            {
                _log.Add("cleaned up");
            }
        }

        async IAsyncEnumerable<int> Iterate()
        {
            await foreach (int n in channel.Reader.ReadAllAsync())
            {
                yield return n;
            }
        }

        async Task Method()
        {
            await foreach (int n in channel.Reader.ReadAllAsync())
            {
                _log.Add($"{n}");
            }
        }
    }

    [Fact]
    public void It_is_disposed_on_the_loop_when_it_has_come_to_its_next_item()
    {
        var channel = Channel.CreateUnbounded<int>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "disposed, in a loop: True", "end"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait([task], timeout: 10);
            _log.Add("cancelled");
            channel.Writer.TryWrite(1);
            await Asyncio.Sleep(1);
            _log.Add("end");
        }

        async Coroutine Consume()
        {
            await foreach (int n in Iterate())
            {
                _log.Add($"{n}");
            }
        }

        async IAsyncEnumerable<int> Iterate()
        {
            try
            {
                yield return await channel.Reader.ReadAsync();
            }
            finally
            {
                _log.Add($"disposed, in a loop: {Asyncio.GetRunningLoop().IsRunning}");
            }
        }
    }

    [Fact]
    public void If_it_goes_on_waiting_the_exception_comes_out_of_its_next_wait()
    {
        var channel = Channel.CreateUnbounded<int>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "item 1", "interrupted: stop", "end"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            await Asyncio.Wait([task], timeout: 10);
            _log.Add("cancelled");
            channel.Writer.TryWrite(1);
            await Asyncio.Sleep(1);
            _log.Add("end");
        }

        async Coroutine Consume()
        {
            await foreach (int n in Iterate())
            {
                _log.Add($"{n}");
            }
        }

        async IAsyncEnumerable<int> Iterate()
        {
            int item = await channel.Reader.ReadAsync();
            _log.Add($"item {item}");
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException e)
            {
                _log.Add($"interrupted: {e.CancelMessage}");
                throw;
            }
            yield return item;
        }
    }

    [Fact]
    public void A_program_whose_background_task_reads_a_channel_without_a_token_ends()
    {
        var channel = Channel.CreateUnbounded<int>();
        var messages = new List<string?>();
        var thread = new TestThread(() => Asyncio.Run(Main()));
        thread.Join();
        messages.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => messages.Add(context.Message);
            _ = Asyncio.CreateTask(Background());
            await Asyncio.Sleep(0.01);
        }

        async Coroutine Background()
        {
            await foreach (int n in channel.Reader.ReadAllAsync())
            {
                _log.Add($"{n}");
            }
        }
    }

    [Fact]
    public void Who_moves_it_on_by_hand_before_its_operation_has_ended_is_told_and_may_do_so_afterwards()
    {
        var channel = Channel.CreateUnbounded<int>();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cancelled", "refused", "2"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Consume());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeFalse();
        }

        async Coroutine Consume()
        {
            var items = channel.Reader.ReadAllAsync().GetAsyncEnumerator();
            try
            {
                await items.MoveNextAsync();
            }
            catch (CancelledException)
            {
                _log.Add("cancelled");
            }
            try
            {
                await items.MoveNextAsync();
            }
            catch (InvalidOperationException e) when (e.Message.Contains("left behind"))
            {
                _log.Add("refused");
            }
            channel.Writer.TryWrite(1); // which the wait that was left behind takes
            channel.Writer.TryWrite(2);
            while (true)
            {
                try
                {
                    (await items.MoveNextAsync()).ShouldBeTrue();
                    break;
                }
                catch (InvalidOperationException)
                {
                    await Asyncio.Sleep(0); // another thread brings it there
                }
            }
            _log.Add($"{items.Current}");
            await items.DisposeAsync();
        }
    }
}
