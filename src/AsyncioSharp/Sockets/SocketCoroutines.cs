using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>An operation on a socket: tried when it is awaited, and again each time when its turn has come and the socket may have changed.</summary>
internal abstract class SocketCoroutine<T>(EventLoop loop, Socket socket) : WaitCoroutine<T>
{
    internal override bool EndsOutside => true;

    private protected Socket Socket => socket;

    private protected SocketWatch Watch => field ??= loop.RunsHere ? SocketWatch.Of(loop, socket) : throw new InvalidOperationException(
        EventLoop.Running is { } other
            ? $"{QualifiedName} of {loop} is awaited in {other}; call it of the loop that runs there."
            : $"{QualifiedName} is awaited where no event loop runs. Await it in a coroutine, or send one to a running loop with Asyncio.RunCoroutineThreadsafe.");

    private protected sealed override string Subject
    {
        get
        {
            try
            {
                return $"{socket.RemoteEndPoint ?? socket.LocalEndPoint}";
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return ""; // it is not connected, or closed
            }
        }
    }

    /// <summary>Tries it, whatever others wait for. False if it cannot be done yet.</summary>
    private protected abstract bool TryOnce(out T result);

    /// <summary>Has the next in line try.</summary>
    private protected abstract void PassOn();

    /// <summary>It is over: lets go of the bytes.</summary>
    private protected virtual void LetGo()
    {
    }

    private protected sealed override bool TryEnd(bool woken)
    {
        if (!(woken || (Line.Count == 0 && Watch.MayTry())) || !TryOnce(out var result))
        {
            return false;
        }
        Leave();
        PassOn();
        LetGo();
        Succeed(result);
        return true;
    }

    private protected sealed override void Forgo(bool woken)
    {
        PassOn();
        LetGo();
    }
}

internal sealed class ReceiveCoroutine(EventLoop loop, Socket socket, Memory<byte> buffer) : SocketCoroutine<int>(loop, socket)
{
    private Memory<byte> _buffer = buffer;

    public override string QualifiedName => "EventLoop.SockRecvInto";

    private protected override WaitQueue<int> Line => Watch.Receivers;

    private protected override bool TryOnce(out int result) => Watch.TryReceive(Socket, _buffer.Span, out result);

    private protected override void PassOn() => Watch.PassReading();

    private protected override void LetGo() => _buffer = default;
}

/// <summary>A receive with an array of its own, which is there only when there may be something for it: thousands that wait need none.</summary>
internal sealed class ReceiveArrayCoroutine(EventLoop loop, Socket socket, int count) : SocketCoroutine<int>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockRecv";

    /// <summary>What was received, and room behind it.</summary>
    internal byte[] Array { get; private set; } = [];

    private protected override WaitQueue<int> Line => Watch.Receivers;

    private protected override bool TryOnce(out int result)
    {
        result = 0;
        if (!Watch.MayReceive)
        {
            return false;
        }
        byte[] array = new byte[count];
        bool hasReceived = Watch.TryReceive(Socket, array, out result);
        Array = hasReceived ? array : [];
        return hasReceived;
    }

    private protected override void PassOn() => Watch.PassReading();
}

internal sealed class SendCoroutine(EventLoop loop, Socket socket, ReadOnlyMemory<byte> data) : SocketCoroutine<NoValue>(loop, socket)
{
    private ReadOnlyMemory<byte> _rest = data;

    public override string QualifiedName => "EventLoop.SockSendAll";

    private protected override WaitQueue<NoValue> Line => Watch.Senders;

    private protected override bool TryOnce(out NoValue result)
    {
        result = default;
        do
        {
            if (!Watch.TrySend(Socket, _rest.Span, out int count))
            {
                return false;
            }
            _rest = _rest[count..];
        }
        while (_rest.Length > 0); // an empty datagram is sent too
        return true;
    }

    private protected override void PassOn() => Watch.PassWriting();

    private protected override void LetGo() => _rest = default;
}

internal sealed class AcceptCoroutine(EventLoop loop, Socket socket) : SocketCoroutine<Socket>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockAccept";

    private protected override WaitQueue<Socket> Line => Watch.Accepters;

    private protected override bool TryOnce(out Socket result) => (result = Watch.TryAccept(Socket)!) is not null;

    private protected override void PassOn() => Watch.PassReading();
}

internal sealed class ConnectCoroutine(EventLoop loop, Socket socket, EndPoint remote) : SocketCoroutine<NoValue>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockConnect";

    private protected override WaitQueue<NoValue> Line => Watch.Senders;

    private protected override bool TryOnce(out NoValue result)
    {
        result = default;
        return Watch.TryConnect(Socket, remote);
    }

    private protected override void PassOn() => Watch.PassWriting();
}
