using System.Threading.Channels;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary><c>System.Threading.Channels</c> in coroutines.</summary>
public class ChannelTests
{
    [Fact]
    public void Values_cross_between_coroutines_and_threads_in_order()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateBounded<int>(4);
            var writing = Task.Run(async () =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    await channel.Writer.WriteAsync(i);
                }
                channel.Writer.Complete();
            });
            int thread = Environment.CurrentManagedThreadId;
            int expected = 0;
            await foreach (int value in channel.Reader.ReadAllAsync())
            {
                value.ShouldBe(expected++);
                Environment.CurrentManagedThreadId.ShouldBe(thread);
            }
            expected.ShouldBe(1000);
            await writing;
        });
    }

    [Fact]
    public void The_failure_with_which_a_channel_is_completed_comes_out_of_the_await()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            channel.Writer.Complete(new FormatException("broken"));
            (await Scenario.FailureOf<ChannelClosedException>(() => channel.Reader.ReadAsync().AsTask())).InnerException!.Message.ShouldBe("broken");
        });
    }

    [Fact]
    public void A_reader_that_waits_can_be_cancelled_and_timed_out_and_takes_no_value_with_it_if_it_was_given_the_token()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateUnbounded<int>();
            await Scenario.CancelInTheMiddle(() => channel.Reader.ReadAsync(CoroutineTask.Current.CancellationToken).AsTask());
            await Scenario.TimeOut(() => channel.Reader.ReadAsync(CoroutineTask.Current.CancellationToken).AsTask());
            channel.Writer.TryWrite(1).ShouldBeTrue();
            (await channel.Reader.ReadAsync()).ShouldBe(1);
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_bare_read_with_the_tasks_token_takes_no_value_with_it(Ending ending)
    {
        Scenario.Run(async () =>
        {
            foreach (var channel in Channels())
            {
                for (int i = 0; i < 3; i++)
                {
                    await Scenario.EndWait(ending, async () => await channel.Reader.ReadAsync(Scenario.Token(ofTask: true)));
                    await Scenario.EndWait(ending, async () => await channel.Reader.WaitToReadAsync(Scenario.Token(ofTask: true)));
                    channel.Writer.TryWrite(i).ShouldBeTrue();
                    (await channel.Reader.ReadAsync()).ShouldBe(i);
                }
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_bare_read_that_is_left_behind_takes_the_next_value_and_no_other(Ending ending)
    {
        Scenario.Run(async () =>
        {
            foreach (var channel in Channels())
            {
                for (int i = 0; i < 3; i++)
                {
                    await Scenario.EndWait(ending, async () => await channel.Reader.ReadAsync());
                    channel.Writer.TryWrite(-1).ShouldBeTrue();
                    channel.Writer.TryWrite(i).ShouldBeTrue();
                    (await channel.Reader.ReadAsync()).ShouldBe(i);
                }
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_wait_for_a_value_that_is_left_behind_takes_none(Ending ending)
    {
        Scenario.Run(async () =>
        {
            foreach (var channel in Channels())
            {
                for (int i = 0; i < 3; i++)
                {
                    await Scenario.EndWait(ending, async () => await channel.Reader.WaitToReadAsync());
                    channel.Writer.TryWrite(i).ShouldBeTrue();
                    (await channel.Reader.WaitToReadAsync()).ShouldBeTrue();
                    channel.Reader.TryRead(out int value).ShouldBeTrue();
                    value.ShouldBe(i);
                }
            }
        });
    }

    [Fact]
    public void A_value_that_comes_in_the_moment_of_the_cancel_is_dropped_by_a_read_and_kept_by_a_wait()
    {
        Scenario.Run(async () =>
        {
            foreach (var channel in Channels())
            {
                await CancelWhenWritten(async () => await channel.Reader.ReadAsync(Scenario.Token(ofTask: true)));
                channel.Reader.TryRead(out _).ShouldBeFalse();

                await CancelWhenWritten(async () => await channel.Reader.WaitToReadAsync(Scenario.Token(ofTask: true)));
                channel.Reader.TryRead(out _).ShouldBeTrue();

                async Coroutine CancelWhenWritten(Func<Coroutine> read)
                {
                    var task = Asyncio.CreateTask(read());
                    await Asyncio.Sleep(0);
                    channel.Writer.TryWrite(1).ShouldBeTrue();
                    task.Cancel();
                    await Scenario.FailureOf<CancelledException>(task);
                }
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void A_bare_write_to_a_full_channel_writes_later_if_it_is_left_behind_and_never_with_the_token(Ending ending, bool withToken)
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateBounded<int>(1);
            for (int i = 0; i < 3; i++)
            {
                await channel.Writer.WriteAsync(0);
                await Scenario.EndWait(ending, async () => await channel.Writer.WriteAsync(1, Scenario.Token(withToken)));
                var writing = Asyncio.CreateTask(Write());
                List<int> values = [];
                while (values.LastOrDefault() != 2)
                {
                    values.Add(await channel.Reader.ReadAsync());
                }
                values.ShouldBe(withToken ? [0, 2] : [0, 1, 2]);
                await writing;
            }

            async Coroutine Write() => await channel.Writer.WriteAsync(2);
        });
    }

    [Fact]
    public void Many_readers_and_writers_at_once_lose_nothing()
    {
        Scenario.Run(async () =>
        {
            var channel = Channel.CreateBounded<int>(8);
            var received = Asyncio.CreateTask(Scenario.AtOnce(50, Read));
            await Scenario.AtOnce(50, Write);
            (await received).Order().ShouldBe(Enumerable.Range(0, 50));

            async Coroutine<int> Read(int i) => await channel.Reader.ReadAsync();

            async Coroutine<int> Write(int i)
            {
                await channel.Writer.WriteAsync(i);
                return i;
            }
        });
    }

    private static Channel<int>[] Channels() => [Channel.CreateUnbounded<int>(), Channel.CreateBounded<int>(4), Channel.CreateUnboundedPrioritized<int>()];
}
