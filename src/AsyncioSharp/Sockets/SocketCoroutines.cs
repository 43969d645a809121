using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>An operation on a socket: tried when it is awaited, and again each time when its turn has come and the socket may have changed.</summary>
internal abstract class SocketCoroutine<T>(EventLoop loop, Socket socket) : WaitCoroutine<T>
{
    internal override bool EndsOutside => true;

    private protected SocketWatch Watch => field ??= loop.RunsHere ? SocketWatch.Of(loop, socket) : throw new InvalidOperationException(
        $"{QualifiedName} of {loop} is awaited in another loop; call it of the loop that runs there.");

    /// <summary>Tries it, whatever others wait for. False if it cannot be done yet.</summary>
    private protected abstract bool TryOnce(out T result);

    /// <summary>Has the next in line try.</summary>
    private protected abstract void PassOn();

    private protected sealed override bool TryEnd(bool woken)
    {
        if ((!woken && Line.Count > 0) || !TryOnce(out var result))
        {
            return false;
        }
        Leave();
        PassOn();
        Succeed(result);
        return true;
    }

    private protected sealed override void Forgo(bool woken) => PassOn();
}

internal sealed class ReceiveCoroutine(EventLoop loop, Socket socket, Memory<byte> buffer) : SocketCoroutine<int>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockRecvInto";

    private protected override WaitQueue<int> Line => Watch.Receivers;

    private protected override bool TryOnce(out int result) => Watch.TryReceive(buffer.Span, out result);

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
        while (_rest.Length > 0)
        {
            if (!Watch.TrySend(_rest.Span, out int count))
            {
                return false;
            }
            _rest = _rest[count..];
        }
        return true;
    }

    private protected override void PassOn() => Watch.PassWriting();
}

internal sealed class AcceptCoroutine(EventLoop loop, Socket socket) : SocketCoroutine<Socket>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockAccept";

    private protected override WaitQueue<Socket> Line => Watch.Accepters;

    private protected override bool TryOnce(out Socket result) => (result = Watch.TryAccept()!) is not null;

    private protected override void PassOn() => Watch.PassReading();
}

internal sealed class ConnectCoroutine(EventLoop loop, Socket socket, EndPoint remote) : SocketCoroutine<NoValue>(loop, socket)
{
    public override string QualifiedName => "EventLoop.SockConnect";

    private protected override WaitQueue<NoValue> Line => Watch.Senders;

    private protected override bool TryOnce(out NoValue result)
    {
        result = default;
        return Watch.TryConnect(remote);
    }

    private protected override void PassOn() => Watch.PassWriting();
}
