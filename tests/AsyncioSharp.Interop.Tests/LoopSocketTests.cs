using System.Net;
using System.Net.Sockets;
using AsyncioSharp.Interop.Tests.Support;

namespace AsyncioSharp.Interop.Tests;

/// <summary>Sockets by the loop's own operations, both ways in which a loop can wait for them: what holds of one holds of the other.</summary>
public class LoopSocketTests
{
    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void What_is_sent_is_received_and_the_end_is_told_again_and_again(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using (a)
            {
                await loop.SockSendAll(a, new byte[] { 1, 2, 3 });
                byte[] buffer = new byte[16];
                (await loop.SockRecvInto(b, buffer)).ShouldBe(3);
                buffer[..4].ShouldBe([1, 2, 3, 0]);

                await loop.SockSendAll(b, new byte[] { 4 });
                (await SocketLoop.ReceiveExactly(loop, a, 1)).ShouldBe([4]);
                await loop.SockSendAll(a, new byte[] { 5 });
            }
            (await SocketLoop.ReceiveExactly(loop, b, 1)).ShouldBe([5]);
            for (int i = 0; i < 3; i++)
            {
                (await loop.SockRecvInto(b, new byte[16])).ShouldBe(0);
            }
            (await loop.SockRecv(b, 100)).ShouldBeEmpty();
            b.Dispose();
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Half_a_connection_can_be_ended_while_the_other_half_goes_on(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            var receiving = Asyncio.CreateTask(loop.SockRecvInto(b, new byte[16]));
            await Asyncio.Sleep(0.02);
            a.Shutdown(SocketShutdown.Send);
            (await receiving).ShouldBe(0);
            (await loop.SockRecvInto(b, new byte[16])).ShouldBe(0);
            await loop.SockSendAll(b, new byte[] { 1, 2 });
            (await SocketLoop.ReceiveExactly(loop, a, 2)).ShouldBe([1, 2]);
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_hundred_connections_are_served_side_by_side(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            using var listener = SocketLoop.Listen();
            var server = Asyncio.CreateTask(Serve());
            await Asyncio.Gather(Enumerable.Range(0, 100).Select(Talk));
            server.Cancel();
            (await Asyncio.GatherOutcomes(server)).ShouldHaveSingleItem().IsCancelled.ShouldBeTrue();

            async Coroutine Serve()
            {
                await new TaskGroup().Run(async group =>
                {
                    while (true)
                    {
                        var connection = await loop.SockAccept(listener);
                        _ = group.CreateTask(Echo(connection));
                    }
                });
            }

            async Coroutine Echo(Socket socket)
            {
                using var _ = socket;
                byte[] buffer = new byte[64];
                for (int n; (n = await loop.SockRecvInto(socket, buffer)) > 0;)
                {
                    await loop.SockSendAll(socket, buffer.AsMemory(0, n));
                }
            }

            async Coroutine Talk(int number)
            {
                using var socket = SocketLoop.New();
                await loop.SockConnect(socket, listener.LocalEndPoint!);
                for (int i = 0; i < 20; i++)
                {
                    byte[] message = [(byte)number, (byte)i];
                    await loop.SockSendAll(socket, message);
                    (await SocketLoop.ReceiveExactly(loop, socket, 2)).ShouldBe(message);
                }
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void What_several_send_at_once_is_sent_whole_and_in_their_order(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            const int Length = 10_000_000; // far more than the kernel takes at once
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            a.SendBufferSize = 65536;
            var senders = Enumerable.Range(1, 3).Select(i => Asyncio.CreateTask(loop.SockSendAll(a, Enumerable.Repeat((byte)i, Length).ToArray()))).ToArray();
            await Asyncio.Sleep(0.02);
            senders.ShouldAllBe(static sender => !sender.IsDone);
            for (byte i = 1; i <= 3; i++)
            {
                (await SocketLoop.ReceiveExactly(loop, b, Length)).AsSpan().IndexOfAnyExcept(i).ShouldBe(-1);
            }
            await Asyncio.Gather(senders);
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Who_waits_longest_receives_first(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            var log = new List<(int Who, byte What)>();
            var receivers = Enumerable.Range(1, 3).Select(who => Asyncio.CreateTask(Receive(who))).ToArray();
            await Asyncio.Sleep(0.02);
            await loop.SockSendAll(a, new byte[] { 10, 20, 30 });
            await Asyncio.Gather(receivers);
            log.ShouldBe([(1, 10), (2, 20), (3, 30)]);

            async Coroutine Receive(int who)
            {
                byte[] buffer = new byte[1];
                (await loop.SockRecvInto(b, buffer)).ShouldBe(1);
                log.Add((who, buffer[0]));
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Nobody_listens_where_it_is_to_connect_to(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            EndPoint nowhere;
            using (var listener = SocketLoop.Listen())
            {
                nowhere = listener.LocalEndPoint!;
            }
            using var socket = SocketLoop.New();
            var failure = await Should.ThrowAsync<SocketException>(() => Asyncio.CreateTask(loop.SockConnect(socket, nowhere)).AsTask());
            failure.SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_name_is_looked_up(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            using var listener = SocketLoop.Listen();
            using var socket = SocketLoop.New();
            await loop.SockConnect(socket, new DnsEndPoint("localhost", ((IPEndPoint)listener.LocalEndPoint!).Port));
            socket.Connected.ShouldBeTrue();
            using var accepted = await loop.SockAccept(listener);
            accepted.RemoteEndPoint.ShouldBe(socket.LocalEndPoint);
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_local_socket_works_as_one_of_the_network(Way way)
    {
        string folder = Directory.CreateTempSubdirectory("asynciosharp-").FullName;
        SocketLoop.Run(way, async loop =>
        {
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "s")));
            listener.Listen();
            using var a = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await loop.SockConnect(a, listener.LocalEndPoint!);
            using var b = await loop.SockAccept(listener);
            await loop.SockSendAll(b, new byte[] { 1 });
            (await SocketLoop.ReceiveExactly(loop, a, 1)).ShouldBe([1]);
        });
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Datagrams_are_received_one_by_one(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            using var a = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            using var b = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            a.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            b.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            await loop.SockConnect(a, b.LocalEndPoint!);
            await loop.SockSendAll(a, new byte[] { 1 });
            await loop.SockSendAll(a, new byte[] { 2, 2 });
            await loop.SockSendAll(a, new byte[] { 3, 3, 3 });
            byte[] buffer = new byte[16];
            for (int n = 1; n <= 3; n++)
            {
                (await loop.SockRecvInto(b, buffer)).ShouldBe(n);
                buffer[..n].ShouldAllBe(value => value == n);
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_loop_that_is_never_idle_serves_its_sockets_all_the_same(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            var busy = Asyncio.CreateTask(Busy());
            for (byte i = 0; i < 20; i++)
            {
                var receiving = Asyncio.CreateTask(SocketLoop.ReceiveExactly(loop, b, 1));
                await Asyncio.Sleep(0);
                await loop.SockSendAll(a, new[] { i });
                (await receiving).ShouldBe([i]);
            }
            busy.Cancel();

            static async Coroutine Busy()
            {
                while (true)
                {
                    await Asyncio.Sleep(0);
                }
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_connection_that_is_reset_fails(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            var receiving = Asyncio.CreateTask(loop.SockRecvInto(b, new byte[16]));
            await Asyncio.Sleep(0.02);
            a.LingerState = new LingerOption(true, 0);
            a.Dispose();
            (await Should.ThrowAsync<SocketException>(() => receiving.AsTask())).SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
            b.Dispose();
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Timers_and_other_threads_are_heard_while_it_waits_for_a_socket(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            var receiving = Asyncio.CreateTask(SocketLoop.ReceiveExactly(loop, b, 1));
            await Asyncio.Sleep(0.03);
            int answers = 0;
            var asker = Task.Run(() =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    answers += Asyncio.RunCoroutineThreadsafe(Answer(), loop).Result(TimeSpan.FromSeconds(Scenario.LimitSeconds));
                }
            });
            await asker;
            answers.ShouldBe(2000);
            receiving.IsDone.ShouldBeFalse();
            await loop.SockSendAll(a, new byte[] { 7 });
            (await receiving).ShouldBe([7]);

            static async Coroutine<int> Answer()
            {
                await Asyncio.Sleep(0);
                return 1;
            }
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void A_loop_in_debug_mode_serves_sockets_too(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            loop.Debug = true;
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            var receiving = Asyncio.CreateTask(SocketLoop.ReceiveExactly(loop, b, 1));
            await Asyncio.Sleep(0.01);
            await loop.SockSendAll(a, new byte[] { 7 });
            (await receiving).ShouldBe([7]);
        });

    [Theory]
    [InlineData(Way.OfLoop)]
    [InlineData(Way.OfDotnet)]
    public void Who_has_waited_for_too_long_can_receive_later(Way way)
        => SocketLoop.Run(way, async loop =>
        {
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            byte[] buffer = new byte[1];
            await Should.ThrowAsync<TimeoutException>(() => Asyncio.CreateTask(Asyncio.WaitFor(loop.SockRecvInto(b, buffer), 0.03)).AsTask());
            if (!SocketLoop.WaitsItself(way))
            {
                return; // the read of .NET is left behind
            }
            await loop.SockSendAll(a, new byte[] { 7 });
            (await SocketLoop.ReceiveExactly(loop, b, 1)).ShouldBe([7]);
        });

    [Fact]
    public void Bad_arguments_are_refused_at_the_call()
    {
        using var loop = new LoopToClose();
        using var socket = SocketLoop.New();
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockRecvInto(null!, new byte[1])).ParamName.ShouldBe("socket");
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockRecv(null!, 1)).ParamName.ShouldBe("socket");
        Should.Throw<ArgumentOutOfRangeException>(() => loop.Loop.SockRecv(socket, -1)).ParamName.ShouldBe("count");
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockSendAll(null!, new byte[1])).ParamName.ShouldBe("socket");
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockAccept(null!)).ParamName.ShouldBe("socket");
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockConnect(null!, new DnsEndPoint("localhost", 1))).ParamName.ShouldBe("socket");
        Should.Throw<ArgumentNullException>(() => loop.Loop.SockConnect(socket, null!)).ParamName.ShouldBe("remote");
    }

    [Fact]
    public void An_operation_of_another_loop_is_refused_where_that_waits_itself()
    {
        Assert.SkipUnless(SocketLoop.WaitsItself(Way.OfLoop), "Loops wait for sockets themselves on Linux only.");
        using var other = new LoopToClose();
        SocketLoop.Run(Way.OfLoop, async _ =>
        {
            using var socket = SocketLoop.New();
            var failure = await Should.ThrowAsync<InvalidOperationException>(() => Asyncio.CreateTask(other.Loop.SockRecvInto(socket, new byte[1])).AsTask());
            failure.Message.ShouldStartWith("EventLoop.SockRecvInto of <EventLoop");
        });
    }

    [Fact]
    public void A_guest_of_another_message_loop_waits_for_sockets()
    {
        Asyncio.Run(Host());

        static async Coroutine Host() => await Asyncio.RunAsGuest(Talk(), SynchronizationContext.Current!);

        static async Coroutine Talk()
        {
            var loop = Asyncio.GetRunningLoop();
            var (a, b) = await SocketLoop.Pair(loop);
            using var both = new Both(a, b);
            for (byte i = 0; i < 50; i++)
            {
                var receiving = Asyncio.CreateTask(SocketLoop.ReceiveExactly(loop, b, 1));
                await Asyncio.Sleep(i % 5 * 0.001);
                await loop.SockSendAll(a, new[] { i });
                (await receiving).ShouldBe([i]);
            }
        }
    }

    private sealed class Both(Socket a, Socket b) : IDisposable
    {
        public void Dispose()
        {
            a.Dispose();
            b.Dispose();
        }
    }

    private sealed class LoopToClose : IDisposable
    {
        internal EventLoop Loop { get; } = new();

        public void Dispose() => Loop.Close();
    }
}
