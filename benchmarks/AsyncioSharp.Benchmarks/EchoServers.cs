using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// The servers of the echo workloads, which send back what they get, with a task for each connection: in coroutines on the loop's own sockets and on those of .NET, and with
/// plain tasks. <see cref="EchoLoad"/> asks them from another process.
/// </summary>
internal static class EchoServers
{
    /// <summary>What a server prints in front of its port, once it can be asked.</summary>
    internal const string Listening = "LISTENING ";

    private const int BufferLength = 4096;

    internal static IEnumerable<Workload> All()
    {
        yield return Of("asyncio", "echo", static listener => Asyncio.Run(Serve(listener)));
        yield return Of("asyncio", "echo_dotnet", static listener => Asyncio.Run(ServeByDotnet(listener)));
        foreach (string name in new[] { "echo", "echo_inline" })
        {
            yield return Of("pump", name, static listener => new Pump().Run(() => ServeByTasks(listener)));
            yield return Of("pool", name, static listener => Task.Run(() => ServeByTasks(listener)).GetAwaiter().GetResult());
        }
    }

    /// <summary>A socket that listens at a free port of this machine.</summary>
    internal static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(128);
        return listener;
    }

    /// <summary>The port of <paramref name="listener"/>.</summary>
    internal static int Port(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    internal static async Coroutine<int> Serve(Socket listener)
    {
        var loop = Asyncio.GetRunningLoop();
        while (true)
        {
            _ = Asyncio.CreateTask(Echo(await loop.SockAccept(listener)));
        }

        async Coroutine Echo(Socket connection)
        {
            using var _ = connection;
            connection.NoDelay = true;
            byte[] buffer = new byte[BufferLength];
            try
            {
                while (await loop.SockRecvInto(connection, buffer) is > 0 and var count)
                {
                    await loop.SockSendAll(connection, buffer.AsMemory(0, count));
                }
            }
            catch (SocketException)
            {
                // The client has gone away.
            }
        }
    }

    internal static async Coroutine<int> ServeByDotnet(Socket listener)
    {
        while (true)
        {
            _ = Asyncio.CreateTask(Echo(await listener.AcceptAsync()));
        }

        static async Coroutine Echo(Socket connection)
        {
            using var _ = connection;
            connection.NoDelay = true;
            byte[] buffer = new byte[BufferLength];
            try
            {
                while (await connection.ReceiveAsync(buffer.AsMemory()) is > 0 and var count)
                {
                    await connection.SendAsync(buffer.AsMemory(0, count));
                }
            }
            catch (SocketException)
            {
                // The client has gone away.
            }
        }
    }

    internal static async Task<int> ServeByTasks(Socket listener)
    {
        while (true)
        {
            _ = Echo(await listener.AcceptAsync());
        }

        static async Task Echo(Socket connection)
        {
            using var _ = connection;
            connection.NoDelay = true;
            byte[] buffer = new byte[BufferLength];
            try
            {
                while (await connection.ReceiveAsync(buffer.AsMemory()) is > 0 and var count)
                {
                    await connection.SendAsync(buffer.AsMemory(0, count));
                }
            }
            catch (SocketException)
            {
                // The client has gone away.
            }
        }
    }

    private static Workload Of(string peer, string name, Func<Socket, int> serve)
    {
        return new Workload(peer, name, 0, Run, IsServer: true);

        int Run(int operations)
        {
            if (name == "echo_inline")
            {
                // What awaits a socket goes on in the thread that was told of it. It is read when the first socket is waited for.
                Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
            }
            using var listener = Listen();
            Console.WriteLine($"{Listening}{Port(listener)}");
            return serve(listener);
        }
    }
}
