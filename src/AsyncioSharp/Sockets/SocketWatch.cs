using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>
/// A socket for which tasks of a loop wait. It is tried first and waited for only when it had nothing to give; who waits is served first come, first served, and
/// what is sent is sent whole before the next. What is received is received in the step of the task that gets it: a cancelled one takes no byte away.
/// </summary>
/// <remarks>
/// The kernel tells of changes only, so what it has told is remembered until a try shows that it does not hold any more. A stream that gave less than there was room
/// for is empty; not to try it once more saves a system call for each message.
/// </remarks>
internal sealed class SocketWatch : ISelected
{
    private readonly Socket _socket;
    private readonly LoopBinding _binding;
    private readonly bool _isStream;
    private bool _isReadable = true; // as far as is known, as the next
    private bool _isWritable = true;
    private bool _isEnded;           // what is readable may be the end, of which nothing is told twice
    private WaitQueue<int>? _receivers;
    private WaitQueue<Socket>? _accepters;
    private WaitQueue<NoValue>? _senders;

    private SocketWatch(EventLoop loop, Socket socket)
    {
        _socket = socket;
        _isStream = socket.SocketType == SocketType.Stream;
        _binding = new LoopBinding(socket, loop);
    }

    public bool IsGone => _socket.SafeHandle.IsClosed;

    internal WaitQueue<int> Receivers => _receivers ??= new(_binding);

    internal WaitQueue<Socket> Accepters => _accepters ??= new(_binding);

    /// <summary>Those who send, or connect.</summary>
    internal WaitQueue<NoValue> Senders => _senders ??= new(_binding);

    /// <summary>That of <paramref name="socket"/>, which is made non-blocking. On the loop's thread.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    internal static SocketWatch Of(EventLoop loop, Socket socket)
    {
        var handle = socket.SafeHandle;
        ObjectDisposedException.ThrowIf(handle.IsClosed, socket);
        int descriptor = (int)handle.DangerousGetHandle();
        if (loop.Selector.Find(descriptor) is SocketWatch known && ReferenceEquals(known._socket.SafeHandle, handle))
        {
            return known;
        }
        var watch = new SocketWatch(loop, socket);
        socket.Blocking = false;
        loop.Selector.Add(descriptor, watch);
        return watch;
    }

    public void Tell(Epoll.Event events)
    {
        const Epoll.Event Ends = Epoll.Event.Failed | Epoll.Event.Ended;
        _isEnded |= (events & (Ends | Epoll.Event.EndedByOther)) != 0;
        if ((events & (Epoll.Event.Readable | Epoll.Event.EndedByOther | Ends)) != 0)
        {
            _isReadable = true;
            PassReading();
        }
        if ((events & (Epoll.Event.Writable | Ends)) != 0)
        {
            _isWritable = true;
            PassWriting();
        }
    }

    /// <summary>Lets the next of those who receive, or accept, try if there may be something.</summary>
    internal void PassReading()
    {
        if (_isReadable)
        {
            _receivers?.WakeFirst();
            _accepters?.WakeFirst();
        }
    }

    /// <summary>The same of those who send, or connect.</summary>
    internal void PassWriting()
    {
        if (_isWritable)
        {
            _senders?.WakeFirst();
        }
    }

    /// <summary>Receives what is there. False if there is nothing yet.</summary>
    internal bool TryReceive(Span<byte> buffer, out int count)
    {
        count = 0;
        if (!_isReadable)
        {
            return false;
        }
        count = _socket.Receive(buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return _isReadable = _isEnded = false;
        }
        Check(error);
        _isReadable = !_isStream || _isEnded || count == buffer.Length;
        return true;
    }

    /// <summary>Sends as much as there is room for. False if that is nothing.</summary>
    internal bool TrySend(ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (!_isWritable)
        {
            return false;
        }
        count = _socket.Send(data, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return _isWritable = false;
        }
        Check(error);
        return true;
    }

    /// <summary>Accepts a connection; null if there is none yet.</summary>
    internal Socket? TryAccept()
    {
        // Accept throws if there is none, which costs more than to ask.
        _isReadable = _isReadable && _socket.Poll(0, SelectMode.SelectRead);
        try
        {
            return _isReadable ? _socket.Accept() : null;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            _isReadable = false; // somebody else has accepted it
            return null;
        }
    }

    /// <summary>Connects. False if that is on its way; to try again then gives its outcome.</summary>
    internal bool TryConnect(EndPoint remote)
    {
        if (!_isWritable)
        {
            return false;
        }
        try
        {
            _socket.Connect(remote);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress or SocketError.AlreadyInProgress)
        {
            return _isWritable = false;
        }
    }

    private static void Check(SocketError error)
    {
        if (error != SocketError.Success)
        {
            throw new SocketException((int)error);
        }
    }
}
