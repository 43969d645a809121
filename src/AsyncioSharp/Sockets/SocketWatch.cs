using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>
/// A socket for which tasks of a loop wait. It is tried first and waited for only when it had nothing to give; who waits is served first come, first served, and
/// what is sent is sent whole before the next. What is received is received in the step of the task that gets it: a cancelled one takes no byte away.
/// </summary>
/// <remarks>
/// <para>The kernel tells of changes only, so what it has told is remembered until a try shows that it does not hold any more. A TCP connection that gave less than there was
/// room for is empty; not to try it once more saves a system call for each message.</para>
/// <para>The loop knows it as long as the descriptor is open. It keeps the handle, and not the socket: one that nobody refers to is closed by the collector, as elsewhere.</para>
/// </remarks>
internal sealed class SocketWatch : ISelected
{
    private const int MostAtOnce = 64; // tries of one socket in an iteration: one that always has something must not keep the loop from others

    private readonly Selector _selector;
    private readonly SafeSocketHandle _handle;
    private readonly LoopBinding _binding;
    private readonly bool _isTcp; // local streams may stop short for other reasons
    private bool _isReadable = true; // as far as is known, as the next
    private bool _isWritable = true;
    private bool _mayHaveMore;       // although it gave less than there was room for: the end, of which nothing is told twice, or what comes after an urgent byte
    private int _iteration;          // of the last try
    private int _tries;              // in that
    private WaitQueue<int>? _receivers;
    private WaitQueue<Socket>? _accepters;
    private WaitQueue<NoValue>? _senders;

    private SocketWatch(EventLoop loop, Socket socket)
    {
        _selector = loop.Selector;
        _handle = socket.SafeHandle;
        _isTcp = socket is { SocketType: SocketType.Stream, ProtocolType: ProtocolType.Tcp };
        _binding = new LoopBinding(this, loop);
    }

    public bool IsGone => _handle.IsClosed;

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
        if (socket.Blocking)
        {
            socket.Blocking = false; // else the first wait would be one of the whole loop
        }
        if (Known(loop.Selector, handle) is { } known)
        {
            return known;
        }
        var watch = new SocketWatch(loop, socket);
        loop.Selector.Add(handle, watch);
        return watch;
    }

    /// <summary>Tells those who wait for a socket that it is closed. In the loop's thread.</summary>
    /// <param name="selector">The loop's.</param>
    /// <param name="handle">Of the socket.</param>
    internal static void TellClosed(Selector selector, SafeSocketHandle handle)
    {
        if (Known(selector, handle) is { IsGone: true } watch)
        {
            selector.Remove(Descriptor(handle), watch);
        }
    }

    public override string ToString() => IsGone ? "a socket that is closed" : $"the socket of descriptor {Descriptor(_handle)}";

    public void Tell(Epoll.Event events)
    {
        const Epoll.Event Ends = Epoll.Event.Failed | Epoll.Event.Ended;
        const Epoll.Event Reading = Epoll.Event.Readable | Epoll.Event.Urgent | Epoll.Event.EndedByOther | Ends;
        _mayHaveMore |= (events & (Reading & ~Epoll.Event.Readable)) != 0;
        _isReadable |= (events & Reading) != 0;
        _isWritable |= (events & (Epoll.Event.Writable | Ends)) != 0;
        GoOn();
    }

    public void GoOn()
    {
        PassReading();
        PassWriting();
    }

    /// <summary>False if it was tried so often in this iteration that others must have their turn; it goes on in the next one.</summary>
    internal bool MayTry()
    {
        if (_iteration != _selector.Iteration)
        {
            _iteration = _selector.Iteration;
            _tries = 0;
        }
        if (++_tries <= MostAtOnce)
        {
            return true;
        }
        _selector.Postpone(this);
        return false;
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

    /// <summary>False if it is known that there is nothing to receive.</summary>
    internal bool MayReceive => _isReadable;

    /// <summary>Receives what is there. False if there is nothing yet.</summary>
    internal bool TryReceive(Socket socket, Span<byte> buffer, out int count)
    {
        count = 0;
        if (!_isReadable)
        {
            return false;
        }
        CheckOpen();
        count = socket.Receive(buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return _isReadable = _mayHaveMore = false;
        }
        Check(error);
        _isReadable = !_isTcp || _mayHaveMore || count == buffer.Length;
        return true;
    }

    /// <summary>Sends as much as there is room for. False if that is nothing.</summary>
    internal bool TrySend(Socket socket, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        if (!_isWritable)
        {
            return false;
        }
        CheckOpen();
        count = socket.Send(data, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return _isWritable = false;
        }
        Check(error);
        return true;
    }

    /// <summary>Accepts a connection; null if there is none yet.</summary>
    internal Socket? TryAccept(Socket socket)
    {
        if (!_isReadable)
        {
            return null;
        }
        CheckOpen();
        try
        {
            // Accept throws if there is none, which costs more than to ask; and if nobody will ever connect, since it does not listen.
            if (socket.Poll(0, SelectMode.SelectRead) || (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)! == 0)
            {
                return socket.Accept();
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            // Somebody else has accepted it.
        }
        _isReadable = false;
        return null;
    }

    /// <summary>Connects. False if that is on its way; to try again then gives its outcome.</summary>
    internal bool TryConnect(Socket socket, EndPoint remote)
    {
        if (!_isWritable)
        {
            return false;
        }
        CheckOpen();
        try
        {
            socket.Connect(remote);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress or SocketError.AlreadyInProgress)
        {
            return _isWritable = false;
        }
    }

    private static SocketWatch? Known(Selector selector, SafeSocketHandle handle)
        => selector.Find(Descriptor(handle)) is SocketWatch known && ReferenceEquals(known._handle, handle) ? known : null;

    private static int Descriptor(SafeSocketHandle handle) => (int)handle.DangerousGetHandle();

    private void CheckOpen()
    {
        if (IsGone)
        {
            throw new ObjectDisposedException(nameof(System.Net.Sockets.Socket), "The socket was closed while it was waited for.");
        }
    }

    private void Check(SocketError error)
    {
        if (error != SocketError.Success)
        {
            CheckOpen(); // another thread may have closed it just now
            throw new SocketException((int)error);
        }
    }
}
