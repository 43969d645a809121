#pragma warning disable CA2022 // the reads that are to be inexact are those that are cancelled
using System.Net;
using System.Net.Sockets;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>Sockets whose value tasks are awaited as they are: .NET uses the objects behind those again and again.</summary>
public class SocketTests
{
    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_read_with_the_tasks_token_takes_no_byte_with_it(Ending ending)
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            for (byte i = 1; i < 4; i++)
            {
                await Scenario.EndWait(ending, async () => await pair.Client.ReadAsync(new byte[16], Scenario.Token(ofTask: true)));
                await pair.Server.WriteAsync(new byte[] { i, i, i });
                byte[] buffer = new byte[3];
                await pair.Client.ReadExactlyAsync(buffer);
                buffer.ShouldBe([i, i, i]);
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_read_that_is_left_behind_takes_the_next_bytes_into_its_own_buffer(Ending ending)
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            for (byte i = 1; i < 4; i++)
            {
                byte[] left = new byte[1];
                byte[] next = new byte[1];
                await Scenario.EndWait(ending, async () => await pair.Client.ReadAsync(left));
                var reading = pair.Client.ReadAsync(next); // behind it
                await pair.Server.WriteAsync(new[] { i, (byte)(i + 100) });
                (await reading).ShouldBe(1);
                next.ShouldBe([(byte)(i + 100)]);
                left.ShouldBe([i]);
            }
        });
    }

    [Theory]
    [InlineData(Ending.Cancel)]
    [InlineData(Ending.Timeout)]
    public void A_method_whose_read_is_ended_by_the_tasks_token_cleans_up_in_peace(Ending ending)
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            bool isClean = false;
            await Scenario.EndWait(ending, async () => await Read(Scenario.Token(ofTask: true)));
            await Scenario.Until(() => isClean);

            async Task Read(CancellationToken token)
            {
                try
                {
                    await pair.Client.ReadAsync(new byte[16], token);
                }
                finally
                {
                    await Asyncio.Sleep(0.01, CancellationToken.None);
                    await Task.Delay(10, CancellationToken.None);
                    isClean = true;
                }
            }
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bytes_that_come_in_the_moment_of_the_cancel_are_dropped_unless_the_read_is_wrapped(bool isWrapped)
    {
        Scenario.Run(async () =>
        {
            using var pair = await SocketPair.Connect();
            byte[] buffer = new byte[1];
            var task = Asyncio.CreateTask(Read());
            await Asyncio.Sleep(0);
            pair.Server.WriteByte(1);
            WaitWithoutTheLoop(buffer);
            task.Cancel();
            if (isWrapped)
            {
                (await task).ShouldBe(1);
            }
            else
            {
                await Scenario.FailureOf<CancelledException>(task);
            }
            pair.Server.WriteByte(2);
            await pair.Client.ReadExactlyAsync(buffer);
            buffer.ShouldBe([2]);

            async Coroutine<int> Read() => isWrapped
                ? await Asyncio.WrapFuture(token => pair.Client.ReadAsync(buffer, token).AsTask())
                : await pair.Client.ReadAsync(buffer, Scenario.Token(ofTask: true));
        });
    }

    [Theory]
    [InlineData(Ending.Cancel, true)]
    [InlineData(Ending.Cancel, false)]
    [InlineData(Ending.Timeout, true)]
    [InlineData(Ending.Timeout, false)]
    public void Of_a_write_a_part_is_sent_with_the_tasks_token_and_all_if_it_is_left_behind(Ending ending, bool withToken)
    {
        Scenario.Run(async () =>
        {
            const int Many = 1_000_000;
            using var pair = await SocketPair.Connect();
            byte[] ones = new byte[Many];
            Array.Fill(ones, (byte)1);
            await Scenario.EndWait(ending, async () => await pair.Client.WriteAsync(ones, Scenario.Token(withToken)));
            var writing = Asyncio.CreateTask(Write());

            var received = new MemoryStream();
            await pair.Server.CopyToAsync(received);
            await writing;
            int first = (int)received.Length - 3;
            received.ToArray().ShouldBe([.. Enumerable.Repeat((byte)1, first), 2, 2, 2]);
            if (withToken)
            {
                first.ShouldBeInRange(1, Many - 1);
            }
            else
            {
                first.ShouldBe(Many);
            }

            async Coroutine Write()
            {
                await pair.Client.WriteAsync(new byte[] { 2, 2, 2 });
                pair.Client.Socket.Shutdown(SocketShutdown.Send);
            }
        });
    }

    [Fact]
    public void Fifty_connections_to_a_server_in_the_same_loop_some_cancelled_in_the_middle()
    {
        const int Connections = 50;
        const int Rounds = 5;
        Scenario.Run(async () =>
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            int open = 0;
            int most = 0;
            var everybodyIsThere = new AsyncBarrier(Connections);
            var serving = Asyncio.CreateTask(Serve());
            (await Scenario.AtOnce(Connections, Talk)).ShouldBe(Enumerable.Range(0, Connections));
            await serving;
            most.ShouldBe(Connections);
            open.ShouldBe(0);

            async Coroutine Serve()
            {
                await new TaskGroup().Run(async group =>
                {
                    for (int i = 0; i < Connections; i++)
                    {
                        _ = group.CreateTask(Echo(await listener.AcceptTcpClientAsync()));
                    }
                });
            }

            async Coroutine Echo(TcpClient connection)
            {
                using (connection)
                {
                    most = Math.Max(most, ++open);
                    var stream = connection.GetStream();
                    byte[] buffer = new byte[16];
                    for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
                    {
                        await stream.WriteAsync(buffer.AsMemory(0, count));
                    }
                    open--;
                }
            }

            async Coroutine<int> Talk(int i)
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
                var stream = connection.GetStream();
                await everybodyIsThere.Wait();
                for (int round = 0; round < Rounds; round++)
                {
                    if (i % 3 == 0)
                    {
                        await Scenario.EndWait(i % 2 == 0 ? Ending.Cancel : Ending.Timeout, async () => await stream.ReadAsync(new byte[16], Scenario.Token(ofTask: true)));
                    }
                    await stream.WriteAsync(new[] { (byte)i, (byte)round });
                    byte[] answer = new byte[2];
                    await stream.ReadExactlyAsync(answer);
                    answer.ShouldBe([(byte)i, (byte)round]);
                }
                if (i % 5 == 0)
                {
                    await Scenario.EndWait(Ending.Cancel, async () => await stream.ReadAsync(new byte[16])); // left behind: closing the connection ends it
                }
                return i;
            }
        });
    }

    private static void WaitWithoutTheLoop(byte[] buffer) => SpinWait.SpinUntil(() => Volatile.Read(ref buffer[0]) != 0);
}
