using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>Both ends of a connection over loopback.</summary>
internal sealed class SocketPair(Socket client, Socket server) : IDisposable
{
    public NetworkStream Client { get; } = new(client, ownsSocket: true);

    public NetworkStream Server { get; } = new(server, ownsSocket: true);

    /// <summary>Makes a connection that takes only little that is not read, so that a long write has to wait.</summary>
    public static async Coroutine<SocketPair> Connect()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Server.ReceiveBufferSize = 8192; // what it accepts inherits it
        listener.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 8192 };
        var accepting = listener.AcceptSocketAsync();
        await client.ConnectAsync(listener.LocalEndpoint);
        return new SocketPair(client, await accepting);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
