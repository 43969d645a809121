using System.Net;
using System.Net.Sockets;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Sockets;

/// <summary>
/// What a loop that waits for its sockets itself guarantees beyond .NET's operations: what is cancelled takes nothing, in whichever moment, and who waits for a socket that
/// is closed is told. On Linux.
/// </summary>
public class SocketWatchTests
{
    [Fact]
    public void A_cancelled_receiver_takes_no_byte_even_if_one_has_come_already()
        => Run(async loop =>
        {
            using var pair = new Pair();
            byte[] lost = new byte[4];
            for (byte i = 1; i <= 20; i++)
            {
                var cancelled = Asyncio.CreateTask(loop.SockRecvInto(pair.B, lost));
                await Asyncio.Sleep(0);
                if (i % 2 == 0)
                {
                    pair.Write(i);
                    await UntilWoken<int>(cancelled);
                }
                cancelled.Cancel();
                await OnLoop.Failure<CancelledException>(cancelled);
                if (i % 2 != 0)
                {
                    pair.Write(i);
                }
                byte[] buffer = new byte[4];
                (await loop.SockRecvInto(pair.B, buffer)).ShouldBe(1);
                buffer[0].ShouldBe(i);
            }
            lost.ShouldBe(new byte[4]);
        });

    [Fact]
    public void What_a_receiver_was_woken_for_and_cannot_take_goes_to_the_next()
        => Run(async loop =>
        {
            using var pair = new Pair();
            byte[] buffer = new byte[4];
            var first = Asyncio.CreateTask(loop.SockRecvInto(pair.B, new byte[4]));
            var second = Asyncio.CreateTask(loop.SockRecvInto(pair.B, buffer));
            await Asyncio.Sleep(0);
            pair.Write(9);
            await UntilWoken<int>(first);
            first.Cancel();
            (await Asyncio.WaitFor(second, 5)).ShouldBe(1);
            buffer[0].ShouldBe((byte)9);
            first.IsCancelled.ShouldBeTrue();
        });

    [Fact]
    public void Receivers_are_served_in_their_order_and_one_that_is_cancelled_holds_nobody_up()
        => Run(async loop =>
        {
            using var pair = new Pair();
            byte[][] buffers = [new byte[1], new byte[1], new byte[1]];
            var tasks = Array.ConvertAll(buffers, buffer => Asyncio.CreateTask(loop.SockRecvInto(pair.B, buffer)));
            await Asyncio.Sleep(0);
            tasks[1].Cancel();
            pair.Write(1, 2);
            (await Asyncio.GatherOutcomes(tasks).Limited()).Select(static outcome => outcome.IsCancelled).ShouldBe([false, true, false]);
            buffers.SelectMany(static buffer => buffer).ShouldBe(new byte[] { 1, 0, 2 });
        });

    [Fact]
    public void A_connection_that_a_cancelled_accepter_was_woken_for_goes_to_the_next()
        => Run(async loop =>
        {
            using var listener = Listen();
            var first = Asyncio.CreateTask(loop.SockAccept(listener));
            await Asyncio.Sleep(0);
            using var client = Connect(listener);
            await UntilWoken<Socket>(first);
            first.Cancel();
            await OnLoop.Failure<CancelledException>(first);
            using var accepted = await loop.SockAccept(listener).Limited();
            accepted.RemoteEndPoint.ShouldBe(client.LocalEndPoint);
        });

    [Fact]
    public void A_sender_that_waits_behind_a_cancelled_one_gets_its_turn()
        => Run(async loop =>
        {
            using var pair = new Pair();
            pair.A.SendBufferSize = 65536;
            var first = Asyncio.CreateTask(loop.SockSendAll(pair.A, new byte[20_000_000]));
            var second = Asyncio.CreateTask(loop.SockSendAll(pair.A, new byte[] { 1 }));
            await Asyncio.Sleep(0.02);
            first.IsDone.ShouldBeFalse();
            second.IsDone.ShouldBeFalse();
            first.Cancel();
            await OnLoop.Failure<CancelledException>(first);
            byte[] buffer = new byte[100_000];
            while (!second.IsDone || pair.B.Available > 0)
            {
                await loop.SockRecvInto(pair.B, buffer).Limited();
            }
            await second;
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_waits_for_a_socket_that_is_closed_is_told_within_a_second_or_so(bool isBusy)
        => Run(async loop =>
        {
            var busy = Asyncio.CreateTask(OnLoop.Turns(isBusy ? int.MaxValue : 0));
            var pair = new Pair();
            pair.A.SendBufferSize = 65536;
            var listener = Listen();
            CoroutineTask[] waiting =
            [
                Asyncio.CreateTask(loop.SockRecvInto(pair.A, new byte[1])),
                Asyncio.CreateTask(loop.SockRecvInto(pair.A, new byte[1])),
                Asyncio.CreateTask(loop.SockSendAll(pair.A, new byte[20_000_000])),
                Asyncio.CreateTask(loop.SockAccept(listener)),
            ];
            await Asyncio.Sleep(0.02);
            pair.A.Dispose();
            listener.Dispose();
            foreach (var task in waiting)
            {
                await OnLoop.Failure<ObjectDisposedException>(task).Limited();
            }
            busy.Cancel();
            pair.Dispose();
        });

    [Fact]
    public void Who_waits_for_a_closed_socket_is_told_at_once_when_its_descriptor_is_watched_again()
        => Run(async loop =>
        {
            using var old = new Pair();
            nint descriptor = old.A.Handle;
            var waiting = Asyncio.CreateTask(loop.SockRecvInto(old.A, new byte[1]));
            await Asyncio.Sleep(0);
            old.A.Dispose();
            var others = new List<Socket>();
            do
            {
                var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                await loop.SockConnect(other, other.LocalEndPoint!); // to itself
                others.Add(other);
            }
            while (others[^1].Handle != descriptor && others.Count < 100); // another thread may have got it
            var receivers = others.ConvertAll(socket => Asyncio.CreateTask(loop.SockRecvInto(socket, new byte[1])));
            await OnLoop.Failure<ObjectDisposedException>(waiting).Limited();
            foreach (var other in others)
            {
                await loop.SockSendAll(other, new byte[] { 1 });
            }
            await Asyncio.Gather(receivers).Limited();
            others.ForEach(static socket => socket.Dispose());
        });

    [Fact]
    public void A_closed_socket_is_let_go_of()
        => Run(async loop =>
        {
            using var pair = new Pair();
            int descriptor = (int)pair.A.Handle;
            pair.Back(1);
            await loop.SockRecvInto(pair.A, new byte[1]);
            loop.Selector.Find(descriptor).ShouldNotBeNull();
            pair.A.Dispose();
            await Asyncio.Sleep(1.1);
            await Asyncio.Sleep(0.01);
            loop.Selector.Find(descriptor).ShouldBeNull();
        });

    [Fact]
    public void A_closed_socket_is_refused()
        => Run(async loop =>
        {
            var pair = new Pair();
            pair.Dispose();
            await OnLoop.Failure<ObjectDisposedException>(loop.SockRecvInto(pair.A, new byte[1]));
            await OnLoop.Failure<ObjectDisposedException>(loop.SockSendAll(pair.A, new byte[1]));
            await OnLoop.Failure<ObjectDisposedException>(loop.SockAccept(pair.A));
            await OnLoop.Failure<ObjectDisposedException>(loop.SockConnect(pair.A, new IPEndPoint(IPAddress.Loopback, 1)));
        });

    [Fact]
    public void A_loop_that_waits_for_a_socket_is_not_taken_for_deadlocked()
        => Run(async loop =>
        {
            loop.OnDeadlock = DeadlockAction.Throw;
            loop.IdleSeconds = 0.05;
            using var pair = new Pair();
            var sending = Task.Run(() =>
            {
                Thread.Sleep(300);
                pair.Write(1);
            });
            (await loop.SockRecvInto(pair.B, new byte[1])).ShouldBe(1);
            await sending;
        });

    [Fact]
    public void Texts_say_what_is_waited_for()
        => Run(async loop =>
        {
            using var pair = new Pair();
            var task = Asyncio.CreateTask(loop.SockRecvInto(pair.B, new byte[1]));
            await Asyncio.Sleep(0);
            task.ToString().ShouldContain("wait_for=<Future pending EventLoop.SockRecvInto()>");
            OnLoop.Dump().ShouldContain("EventLoop.SockRecvInto");
            pair.Write(1);
            await task;
        });

    [Fact]
    public void Nothing_is_lost_however_receivers_are_cancelled()
        => Run(async loop =>
        {
            const int Count = 3000;
            using var pair = new Pair();
            var random = new Random(5);
            var received = new List<byte>();
            var sender = Asyncio.CreateTask(Send());
            while (received.Count < Count)
            {
                var task = Asyncio.CreateTask(loop.SockRecvInto(pair.B, new byte[1 + random.Next(3)] is var buffer ? buffer : []));
                await OnLoop.Turns(random.Next(4));
                task.Cancel();
                if ((await Asyncio.GatherOutcomes(task))[0] is { IsCancelled: false } outcome)
                {
                    received.AddRange(buffer[..outcome.Value]);
                }
            }
            await sender;
            received.ShouldBe(Enumerable.Range(0, Count).Select(static i => (byte)i));

            async Coroutine Send()
            {
                for (int i = 0; i < Count; i++)
                {
                    await loop.SockSendAll(pair.A, new[] { (byte)i });
                    await OnLoop.Turns(random.Next(2));
                }
            }
        });

    [Fact]
    public void Only_a_loop_that_rests_in_the_systems_way_waits_itself()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.HasSelector.ShouldBeFalse();
            using var pair = new Pair();
            pair.Write(1);
            (await loop.SockRecvInto(pair.B, new byte[1])).ShouldBe(1);
            pair.B.Blocking.ShouldBeTrue();
        }
    }

    private static void Run(Func<EventLoop, Coroutine> main)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Loops wait for sockets themselves on Linux only.");
        Asyncio.Run(Main());

        async Coroutine Main() => await main(Asyncio.GetRunningLoop()).Limited();
    }

    // Until the loop has found that the first in line may receive, and before that one's task has run.
    private static async Coroutine UntilWoken<T>(CoroutineTask task)
    {
        while (((WaitCoroutine<T>)task.Coroutine).Phase != WaitPhase.Woken)
        {
            await Asyncio.Sleep(0);
        }
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static Socket Connect(Socket listener)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(listener.LocalEndPoint!);
        return socket;
    }

    private sealed class Pair : IDisposable
    {
        internal Pair()
        {
            using var listener = Listen();
            A = Connect(listener);
            B = listener.Accept();
            B.NoDelay = true;
        }

        internal Socket A { get; }

        internal Socket B { get; }

        /// <summary>From A to B.</summary>
        internal void Write(params byte[] data) => A.Send(data).ShouldBe(data.Length);

        /// <summary>From B to A.</summary>
        internal void Back(params byte[] data) => B.Send(data).ShouldBe(data.Length);

        public void Dispose()
        {
            A.Dispose();
            B.Dispose();
        }
    }
}

/// <summary>A limit that only a hang reaches.</summary>
file static class Limits
{
    internal static Coroutine Limited(this IAwaitable awaitable) => Asyncio.WaitFor(awaitable, 20);

    internal static Coroutine<T> Limited<T>(this IAwaitable<T> awaitable) => Asyncio.WaitFor(awaitable, 20);
}
