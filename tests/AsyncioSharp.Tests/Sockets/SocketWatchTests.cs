using System.Diagnostics;
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
    public void Who_comes_later_does_not_overtake_who_was_woken()
        => Run(async loop =>
        {
            using var pair = new Pair();
            byte[] first = new byte[1];
            var waiting = Asyncio.CreateTask(loop.SockRecvInto(pair.B, first));
            await Asyncio.Sleep(0);
            pair.Write(1, 2);
            await UntilWoken<int>(waiting);
            (await loop.SockRecv(pair.B, 1)).ShouldBe([2]);
            first.ShouldBe([1]);
        });

    [Fact]
    public void Who_sends_later_does_not_overtake_who_was_woken()
        => Run(async loop =>
        {
            using var pair = new Pair();
            pair.A.SendBufferSize = 65536;
            byte[] much = new byte[20_000_000];
            var first = Asyncio.CreateTask(loop.SockSendAll(pair.A, much));
            await Asyncio.Sleep(0);
            byte[] buffer = new byte[1_000_000];
            int zeros = pair.ReadWhatIsThere(buffer);
            await UntilWoken<NoValue>(first);
            var second = Asyncio.CreateTask(loop.SockSendAll(pair.A, new byte[] { 1 }), eagerStart: true);
            while (zeros < much.Length)
            {
                int count = await loop.SockRecvInto(pair.B, buffer.AsMemory(0, Math.Min(buffer.Length, much.Length - zeros)));
                buffer.AsSpan(0, count).IndexOf((byte)1).ShouldBe(-1);
                zeros += count;
            }
            (await loop.SockRecv(pair.B, 10)).ShouldBe([1]);
            await Asyncio.Gather(first, second);
        });

    [Fact]
    public void Sockets_are_looked_at_while_entries_take_long()
        => Run(async loop =>
        {
            using var pair = new Pair();
            var receiving = Asyncio.CreateTask(loop.SockRecv(pair.B, 1));
            await Asyncio.Sleep(0);
            pair.Write(1);
            int turns = 0;
            for (; !receiving.IsDone; turns++)
            {
                long start = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(20)) // some ticks of the coarse clock
                {
                }
                await Asyncio.Sleep(0);
            }
            turns.ShouldBeLessThan(5);
        });

    [Fact]
    public void A_loop_that_runs_one_iteration_at_a_time_looks_at_its_sockets()
    {
        SkipElsewhere();
        var loop = new EventLoop();
        using var pair = new Pair();
        CoroutineTask? receiving = null;
        loop.CallSoon(() => receiving = Asyncio.CreateTask(loop.SockRecv(pair.B, 1)));
        Pump(5);
        pair.Write(1);
        Pump(3);
        receiving!.IsDone.ShouldBeTrue();
        var selector = loop.Selector;
        loop.Close();
        Should.Throw<ObjectDisposedException>(() => selector.Sleep(0));
        selector.Wake(); // of a thread that comes too late

        void Pump(int times)
        {
            for (int i = 0; i < times; i++)
            {
                loop.Stop();
                loop.RunForever();
            }
        }
    }

    [Fact]
    public void What_a_sleep_has_found_is_told_although_another_one_follows()
        => Run(async loop =>
        {
            using var pair = new Pair();
            using var selector = new Selector();
            var selected = new Selected();
            selector.Add(pair.B.SafeHandle, selected);
            selector.Sleep(0);
            selector.Sleep(0);
            selected.Told.ShouldBe(0);
            selector.Dispatch(0);
            selected.Told.ShouldBe(1);
            await Asyncio.Sleep(0);
        });

    [Fact]
    public void A_loop_with_another_clock_waits_itself_too()
    {
        SkipElsewhere();
        Asyncio.Run(Main(), loopFactory: static () => new EventLoop(new OtherClock()));

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.HasSelector.ShouldBeTrue();
            using var pair = new Pair();
            var receiving = Asyncio.CreateTask(loop.SockRecv(pair.B, 1));
            await Asyncio.Sleep(0.02);
            pair.Write(1);
            (await receiving.Limited()).ShouldBe([1]);
        }
    }

    [Fact]
    public void Two_loops_may_accept_at_one_socket()
    {
        SkipElsewhere();
        const int Each = 300;
        using var listener = Listen();
        var threads = Enumerable.Range(0, 2).Select(_ => Task.Run(() => Asyncio.Run(Accept()))).ToArray();
        for (int i = 0; i < 2 * Each; i++)
        {
            Connect(listener).Dispose();
        }
        Task.WhenAll(threads).WaitAsync(TimeSpan.FromSeconds(20)).GetAwaiter().GetResult();

        async Coroutine Accept()
        {
            var loop = Asyncio.GetRunningLoop();
            for (int i = 0; i < Each; i++)
            {
                (await loop.SockAccept(listener)).Dispose();
            }
        }
    }

    [Fact]
    public void A_second_socket_of_a_descriptor_is_refused_until_the_first_is_closed()
        => Run(async loop =>
        {
            using var pair = new Pair();
            var first = new Socket(new SafeSocketHandle(pair.B.Handle, ownsHandle: false));
            pair.Write(1, 2, 3);
            (await loop.SockRecv(first, 1)).ShouldBe([1]);
            (await OnLoop.Failure<InvalidOperationException>(loop.SockRecv(pair.B, 1))).Message.ShouldContain("use the same Socket object");
            first.Dispose();
            (await loop.SockRecv(pair.B, 1)).ShouldBe([2]);
            pair.B.Blocking.ShouldBeFalse();
            using var second = new Socket(new SafeSocketHandle(pair.B.Handle, ownsHandle: false));
            await OnLoop.Failure<InvalidOperationException>(loop.SockRecv(second, 1));
            (await loop.SockRecv(pair.B, 1)).ShouldBe([3]);
        });

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
            task.ToString().ShouldContain($"wait_for=<Future pending EventLoop.SockRecvInto({pair.A.LocalEndPoint})>");
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
    public void A_socket_that_always_has_something_lets_others_run()
        => Run(async loop =>
        {
            using var pair = new Pair();
            pair.Write(new byte[20_000]);
            int received = 0;
            var reading = Asyncio.CreateTask(Read());
            while (received == 0)
            {
                await Asyncio.Sleep(0);
            }
            received.ShouldBeInRange(1, 64);
            for (int before = received; received < 20_000; before = received)
            {
                await Asyncio.Sleep(0);
                (received - before).ShouldBeInRange(0, 65); // what has waited for its turn is one more
            }
            await reading.Limited();

            async Coroutine Read()
            {
                while (received < 20_000)
                {
                    received += await loop.SockRecvInto(pair.B, new byte[1]);
                }
            }
        });

    [Fact]
    public void What_comes_behind_an_urgent_byte_is_received()
        => Run(async loop =>
        {
            using var pair = new Pair();
            for (int i = 0; i < 3; i++)
            {
                pair.Write(1, 2, 3);
                pair.WriteUrgent(99);
                pair.Write(4, 5);
                var received = new List<byte>();
                while (received.Count < 5)
                {
                    received.AddRange(await loop.SockRecv(pair.B, 16).Limited());
                }
                received.ShouldBe([1, 2, 3, 4, 5]);
                received.Count.ShouldBe(5);
            }
        });

    [Fact]
    public void A_socket_that_nobody_refers_to_is_closed_by_the_collector()
        => Run(async loop =>
        {
            using var listener = Listen();
            var client = await Drop();
            using (client)
            {
                for (int i = 0; i < 100; i++)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    if (client.Poll(10_000, SelectMode.SelectRead))
                    {
                        return; // the other end is closed
                    }
                }
                Assert.Fail("The socket is still open.");
            }

            async Coroutine<Socket> Drop()
            {
                var connected = Connect(listener);
                var dropped = await loop.SockAccept(listener);
                await loop.SockSendAll(dropped, new byte[] { 1 });
                await loop.SockRecv(connected, 1);
                return connected;
            }
        });

    [Fact]
    public void A_name_is_looked_up_for_a_socket_of_both_families()
        => Run(async loop =>
        {
            using var listener = Listen();
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await loop.SockConnect(socket, new DnsEndPoint("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port));
            socket.Connected.ShouldBeTrue();
        });

    [Fact]
    public void To_accept_where_nobody_listens_is_refused()
        => Run(async loop =>
        {
            using var pair = new Pair();
            (await OnLoop.Failure<InvalidOperationException>(loop.SockAccept(pair.A)).Limited()).Message.ShouldContain("Listen");
        });

    [Fact]
    public void A_socket_that_was_made_blocking_does_not_block_the_loop()
        => Run(async loop =>
        {
            using var pair = new Pair();
            pair.Write(1);
            await loop.SockRecv(pair.B, 1);
            pair.B.Blocking = true;
            var receiving = Asyncio.CreateTask(loop.SockRecv(pair.B, 100));
            var other = Asyncio.CreateTask(loop.SockRecv(pair.B, 100));
            await Asyncio.Sleep(0.01);
            receiving.IsDone.ShouldBeFalse();
            pair.Write(1);
            await receiving.Limited();
            other.Cancel();
        });

    [Fact]
    public void An_empty_datagram_is_sent_and_an_empty_buffer_waits()
        => Run(async loop =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            await loop.SockConnect(socket, socket.LocalEndPoint!);
            await loop.SockSendAll(socket, default);
            (await loop.SockRecv(socket, 10).Limited()).ShouldBeEmpty();

            using var pair = new Pair();
            var waiting = Asyncio.CreateTask(loop.SockRecvInto(pair.B, default));
            await Asyncio.Sleep(0.01);
            waiting.IsDone.ShouldBeFalse();
            pair.Write(7);
            (await waiting.Limited()).ShouldBe(0);
            (await loop.SockRecv(pair.B, 10)).ShouldBe([7]);
        });

    [Fact]
    public void Where_no_loop_runs_it_says_so()
    {
        SkipElsewhere();
        var loop = new EventLoop();
        using var pair = new Pair();
        Task.Run(async () => await loop.SockRecvInto(pair.A, new byte[1])).ContinueWith(static task => task.Exception!.InnerException!.Message, TaskScheduler.Default)
            .GetAwaiter().GetResult().ShouldStartWith("EventLoop.SockRecvInto is awaited where no event loop runs.");
        loop.Close();
    }

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

    private static void SkipElsewhere() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Loops wait for sockets themselves on Linux only.");

    private static void Run(Func<EventLoop, Coroutine> main)
    {
        SkipElsewhere();
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

    private sealed class OtherClock : TimeProvider;

    private sealed class Selected : ISelected
    {
        public bool IsGone => false;

        internal int Told { get; private set; }

        public void Tell(Epoll.Event events) => Told++;

        public void GoOn() => throw new InvalidOperationException("Nothing was postponed.");
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

        internal void WriteUrgent(byte value) => A.Send([value], SocketFlags.OutOfBand).ShouldBe(1);

        internal int ReadWhatIsThere(byte[] buffer)
        {
            int count = 0;
            while (B.Available > 0)
            {
                count += B.Receive(buffer);
            }
            return count;
        }

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
