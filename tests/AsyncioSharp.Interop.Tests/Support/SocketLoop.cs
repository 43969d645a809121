using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>Which way a loop waits for its sockets.</summary>
public enum Way
{
    /// <summary>Itself, where it can; that is on Linux.</summary>
    OfLoop,

    /// <summary>By the operations of .NET, as elsewhere, and as on a loop with a parker of its own.</summary>
    OfDotnet,
}

/// <summary>Loops in real time for the tests of <c>SockRecvInto</c> and its kin, and connected sockets.</summary>
internal static class SocketLoop
{
    /// <summary>False where <see cref="Way.OfLoop"/> is no different from the other.</summary>
    internal static bool WaitsItself(Way way) => way == Way.OfLoop && OperatingSystem.IsLinux();

    /// <summary>Runs a test's coroutine. Whatever nobody awaits fails the test.</summary>
    internal static void Run(Way way, Func<EventLoop, Coroutine> main)
    {
        var reports = new List<string>();
        Asyncio.Run(Asyncio.WaitFor(Main(), Scenario.LimitSeconds), loopFactory: () => new EventLoop(parker: way == Way.OfDotnet ? new PlainParker() : null)
        {
            ExceptionHandler = (_, context) => reports.Add($"{context.Message} {context.Exception}"),
        });
        reports.ShouldBeEmpty();

        async Coroutine Main() => await main(Asyncio.GetRunningLoop());
    }

    /// <summary>A socket that listens on a free port of this machine.</summary>
    internal static Socket Listen()
    {
        var listener = New();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(200);
        return listener;
    }

    internal static Socket New() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Two sockets that are connected with each other, made by the loop.</summary>
    internal static async Coroutine<(Socket A, Socket B)> Pair(EventLoop loop)
    {
        using var listener = Listen();
        var a = New();
        var accepting = Asyncio.CreateTask(loop.SockAccept(listener));
        await loop.SockConnect(a, listener.LocalEndPoint!);
        return (a, await accepting);
    }

    /// <summary>Receives until a buffer is full.</summary>
    internal static async Coroutine<byte[]> ReceiveExactly(EventLoop loop, Socket socket, int count)
    {
        byte[] buffer = new byte[count];
        for (int received = 0; received < count;)
        {
            int n = await loop.SockRecvInto(socket, buffer.AsMemory(received));
            n.ShouldBeGreaterThan(0);
            received += n;
        }
        return buffer;
    }

    private sealed class PlainParker : Parker
    {
        private readonly object _gate = new();
        private bool _isWoken;

        public override void Park(double seconds, bool workElsewhere)
        {
            lock (_gate)
            {
                if (!_isWoken)
                {
                    Monitor.Wait(_gate, (int)Math.Min(Math.Ceiling(seconds * 1000), 100_000));
                }
                _isWoken = false;
            }
        }

        public override void Wake()
        {
            lock (_gate)
            {
                _isWoken = true;
                Monitor.Pulse(_gate);
            }
        }
    }
}
