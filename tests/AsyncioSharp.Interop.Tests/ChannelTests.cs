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
}
