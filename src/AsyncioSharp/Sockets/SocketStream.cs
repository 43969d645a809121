using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>
/// A connection as a stream whose reads and writes are those of the loop (<see cref="EventLoop.SockRecvInto"/>, <see cref="EventLoop.SockSendAll"/>): for all that takes a
/// stream, such as .NET's <c>StreamReader</c>, <c>SslStream</c> and <c>PipeReader</c>. Where <see cref="NetworkStream"/> has a thread of .NET wait for the socket, this
/// one waits in the loop, and who awaits it goes on there.
/// </summary>
/// <remarks>
/// <para>It behaves as <see cref="NetworkStream"/> does. A read or write whose token is cancelled has ended when its await does, and a read has taken nothing. One that is
/// awaited without a token by a task that is cancelled is left behind, as all operations of .NET are: a read takes the next bytes.</para>
/// <para>It may be read by one and written by another task at the same time. Used from other threads, it has its loop do the work. It does not block: only its
/// asynchronous members can be called. Each operation that has to wait is a task of the loop.</para>
/// </remarks>
public sealed class SocketStream : Stream
{
    private const string Blocks = "A SocketStream does not block its loop: await ReadAsync, WriteAsync or FlushAsync, and dispose of a writer on it by 'await using'.";
    private const string NoLength = "A connection has no length and no position.";

    private readonly EventLoop _loop;
    private readonly bool _ownsSocket;
    private bool _isDisposed;

    /// <summary>Makes a stream of a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="ownsSocket">Whether to close it with the stream.</param>
    /// <param name="loop">The loop that waits for it; null for the running one.</param>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="loop"/> is null and no loop is running.</exception>
    public SocketStream(Socket socket, bool ownsSocket = true, EventLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _loop = loop ?? Asyncio.GetRunningLoop();
        Socket = socket;
        _ownsSocket = ownsSocket;
    }

    /// <summary>The socket: for its options and addresses, and to end one direction by <see cref="Socket.Shutdown"/>.</summary>
    public Socket Socket { get; }

    /// <summary>True until it is disposed of.</summary>
    public override bool CanRead => !_isDisposed;

    /// <summary>True until it is disposed of.</summary>
    public override bool CanWrite => !_isDisposed;

    /// <summary>False.</summary>
    public override bool CanSeek => false;

    /// <summary>A connection has none.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw new NotSupportedException(NoLength);

    /// <summary>A connection has none.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw new NotSupportedException(NoLength);
        set => throw new NotSupportedException(NoLength);
    }

    /// <summary>Reads what has come, at least one byte, and waits for it if nothing has; 0 is the end.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="cancellationToken">Ends the wait; nothing has been taken out of the connection then.</param>
    /// <returns>The number of bytes. It fails with an <see cref="IOException"/> if the connection is broken.</returns>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var reading = Receive(buffer, cancellationToken);
        return !_loop.RunsHere ? new(reading.AsTask(_loop, cancellationToken)) : Begin(reading, cancellationToken, out int count) is { } pending ? new(pending, 0) : new(count);

        async Coroutine<int> Receive(Memory<byte> buffer, CancellationToken token)
        {
            CancelledException.ThrowIfRequested(token);
            try
            {
                return await _loop.SockRecvInto(Socket, buffer);
            }
            catch (SocketException e)
            {
                throw Broken(e);
            }
        }
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Writes all of some bytes, and waits while there is no room for them.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="cancellationToken">Ends the wait; an unknown part has been written then: close the connection.</param>
    /// <returns>A task that is done when all are written. It fails with an <see cref="IOException"/> if the connection is broken.</returns>
    /// <exception cref="ObjectDisposedException">The stream was disposed of.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var writing = Send(buffer, cancellationToken);
        return !_loop.RunsHere ? new(writing.AsTask(_loop, cancellationToken)) : Begin(writing, cancellationToken, out _) is { } pending ? new(pending, 0) : default;

        async Coroutine<int> Send(ReadOnlyMemory<byte> data, CancellationToken token)
        {
            CancelledException.ThrowIfRequested(token);
            try
            {
                await _loop.SockSendAll(Socket, data);
                return 0;
            }
            catch (SocketException e)
            {
                throw Broken(e);
            }
        }
    }

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Nothing is held back, so there is nothing to do.</summary>
    public override void Flush()
    {
    }

    /// <summary>Nothing is held back, so there is nothing to do.</summary>
    /// <param name="cancellationToken">Not needed.</param>
    /// <returns>A task that is done.</returns>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Would block the loop.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        throw new NotSupportedException(Blocks);
    }

    /// <summary>Would block the loop.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        throw new NotSupportedException(Blocks);
    }

    /// <summary>A connection has no positions.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException(NoLength);

    /// <summary>A connection has no length.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetLength(long value) => throw new NotSupportedException(NoLength);

    /// <summary>Closes the socket, if the stream owns it; who waits for it is told at once. For any thread.</summary>
    /// <param name="disposing">False if the collector does it.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed && _ownsSocket)
        {
            _loop.CloseSocket(Socket);
        }
        _isDisposed = true;
        base.Dispose(disposing);
    }

    private static IOException Broken(SocketException cause) => new($"The connection is broken: {cause.Message}", cause);

    // Begins in place, so that what is sent next comes behind it. Null if it has succeeded already.
    private static StreamOperation? Begin(Coroutine<int> operation, CancellationToken token, out int result)
    {
        var task = Asyncio.CreateTask(operation, eagerStart: true);
        bool hasSucceeded = task.HasSucceeded;
        result = hasSucceeded ? task.Result() : 0;
        return hasSucceeded ? null : new StreamOperation(task, token);
    }
}
