using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp;

/// <content>
/// Sockets. On Linux the loop waits for them itself: no other thread comes in between, and what is cancelled takes no byte away. Elsewhere, and on a loop with another
/// parker than the system's, .NET's own operations do the same at their own price.
/// </content>
public sealed partial class EventLoop
{
    /// <summary>
    /// Receives into a buffer what has come, at least one byte, and waits for it if nothing has; 0 is the end of the stream (unless the buffer is empty). Cancelling the
    /// caller takes nothing out of the socket. Mirrors <c>loop.sock_recv_into</c>.
    /// </summary>
    /// <remarks>Several tasks may wait for one socket; they are served first come, first served. The socket is made non-blocking.</remarks>
    /// <param name="socket">A connected socket. Close it in the loop's thread.</param>
    /// <param name="buffer">Where the bytes go. Leave it alone until the coroutine has ended. An empty one waits until there is something, and takes nothing.</param>
    /// <returns>A coroutine of the number of bytes.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="SocketException">When awaited: the connection is broken, for instance.</exception>
    /// <exception cref="ObjectDisposedException">When awaited: the socket is closed, or was closed meanwhile (which is seen within a second).</exception>
    /// <exception cref="IOException">When awaited: the system does not let the loop wait for the socket.</exception>
    public Coroutine<int> SockRecvInto(Socket socket, Memory<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return HasSelector ? new ReceiveCoroutine(this, socket, buffer) : Receive(socket, buffer);

        static async Coroutine<int> Receive(Socket socket, Memory<byte> buffer) => await socket.ReceiveAsync(buffer);
    }

    /// <summary>As <see cref="SockRecvInto"/>, with an array for what has come. Mirrors <c>loop.sock_recv</c>.</summary>
    /// <param name="socket">A connected socket. Close it in the loop's thread.</param>
    /// <param name="count">The most bytes to receive.</param>
    /// <returns>A coroutine of the bytes; none is the end of the stream.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    /// <exception cref="SocketException">When awaited: the connection is broken, for instance.</exception>
    /// <exception cref="ObjectDisposedException">When awaited: the socket is closed, or was closed meanwhile (which is seen within a second).</exception>
    /// <exception cref="IOException">When awaited: the system does not let the loop wait for the socket.</exception>
    public Coroutine<byte[]> SockRecv(Socket socket, int count)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Receive(socket, count);

        async Coroutine<byte[]> Receive(Socket socket, int count)
        {
            if (count == 0)
            {
                return [];
            }
            byte[] array;
            int received;
            if (HasSelector)
            {
                var operation = new ReceiveArrayCoroutine(this, socket, count);
                received = await operation;
                array = operation.Array;
            }
            else
            {
                array = new byte[count];
                received = await socket.ReceiveAsync(array);
            }
            return received == count ? array : array[..received];
        }
    }

    /// <summary>
    /// Sends all of some bytes, and waits while there is no room for them. What several tasks send is not mixed. Cancelling the caller leaves an unknown part sent: close the
    /// socket then. Mirrors <c>loop.sock_sendall</c>.
    /// </summary>
    /// <param name="socket">A connected socket; it is made non-blocking. Close it in the loop's thread.</param>
    /// <param name="data">The bytes. Leave them alone until the coroutine has ended.</param>
    /// <returns>A coroutine.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="SocketException">When awaited: the connection is broken, for instance.</exception>
    /// <exception cref="ObjectDisposedException">When awaited: the socket is closed, or was closed meanwhile (which is seen within a second).</exception>
    /// <exception cref="IOException">When awaited: the system does not let the loop wait for the socket.</exception>
    public Coroutine SockSendAll(Socket socket, ReadOnlyMemory<byte> data)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return HasSelector ? new SendCoroutine(this, socket, data) : Send(socket, data);

        static async Coroutine Send(Socket socket, ReadOnlyMemory<byte> data)
        {
            do
            {
                data = data[await socket.SendAsync(data)..];
            }
            while (data.Length > 0); // an empty datagram is sent too
        }
    }

    /// <summary>
    /// Accepts a connection, and waits for one if there is none. Cancelling the caller leaves connections to the next. Mirrors <c>loop.sock_accept</c>, which gives the
    /// address too; here it is the socket's <see cref="Socket.RemoteEndPoint"/>.
    /// </summary>
    /// <param name="socket">A socket that listens; it is made non-blocking. Close it in the loop's thread.</param>
    /// <returns>A coroutine of the socket of the connection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="SocketException">When awaited: there are too many open sockets, for instance.</exception>
    /// <exception cref="InvalidOperationException">When awaited: the socket does not listen.</exception>
    /// <exception cref="ObjectDisposedException">When awaited: the socket is closed, or was closed meanwhile (which is seen within a second).</exception>
    /// <exception cref="IOException">When awaited: the system does not let the loop wait for the socket.</exception>
    public Coroutine<Socket> SockAccept(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return HasSelector ? new AcceptCoroutine(this, socket) : Accept(socket);

        static async Coroutine<Socket> Accept(Socket socket) => await socket.AcceptAsync();
    }

    /// <summary>
    /// Connects a socket. Of a <see cref="DnsEndPoint"/> the first address is taken, as in asyncio. Cancelling the caller leaves it connecting: close it then. Mirrors
    /// <c>loop.sock_connect</c>.
    /// </summary>
    /// <param name="socket">A socket that is not connected; it is made non-blocking. Close it in the loop's thread. After a failure take another one, as .NET wants it.</param>
    /// <param name="remote">Where to.</param>
    /// <returns>A coroutine.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> or <paramref name="remote"/> is null.</exception>
    /// <exception cref="SocketException">When awaited: nobody listens there, for instance.</exception>
    /// <exception cref="ObjectDisposedException">When awaited: the socket is closed, or was closed meanwhile (which is seen within a second).</exception>
    /// <exception cref="IOException">When awaited: the system does not let the loop wait for the socket.</exception>
    public Coroutine SockConnect(Socket socket, EndPoint remote)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(remote);
        return Connect(socket, remote);

        async Coroutine Connect(Socket socket, EndPoint remote)
        {
            if (remote is DnsEndPoint name)
            {
                bool takesAny = socket.AddressFamily == AddressFamily.InterNetworkV6 && socket.DualMode;
                var family = name.AddressFamily != AddressFamily.Unspecified ? name.AddressFamily : takesAny ? AddressFamily.Unspecified : socket.AddressFamily;
                var addresses = await Dns.GetHostAddressesAsync(name.Host, family);
                remote = new IPEndPoint(addresses is [var first, ..] ? first : throw new SocketException((int)SocketError.HostNotFound), name.Port);
            }
            if (HasSelector && remote is IPEndPoint)
            {
                await new ConnectCoroutine(this, socket, remote);
            }
            else
            {
                await socket.ConnectAsync(remote); // of a local one the kernel does not tell when it is less busy
            }
        }
    }

    /// <summary>Closes a socket and tells at once those who wait for it here. For any thread.</summary>
    internal void CloseSocket(Socket socket)
    {
        var handle = socket.SafeHandle;
        socket.Dispose();
        if (_selector is not { } selector)
        {
            return;
        }
        if (RunsHere)
        {
            SocketWatch.TellClosed(selector, handle);
            return;
        }
        try
        {
            CallSoonThreadsafe(() => SocketWatch.TellClosed(selector, handle));
        }
        catch (InvalidOperationException)
        {
            // The loop is closed: nobody waits there.
        }
    }
}
