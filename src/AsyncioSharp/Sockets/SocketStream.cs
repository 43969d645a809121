using System.Net.Sockets;

namespace AsyncioSharp;

/// <summary>
/// A connection as a stream whose reads and writes are those of the loop (<see cref="EventLoop.SockRecvInto"/>, <see cref="EventLoop.SockSendAll"/>): for all that takes a
/// stream, such as .NET's <c>StreamReader</c>, <c>SslStream</c> and <c>PipeReader</c>. Where <see cref="NetworkStream"/> has a thread of .NET wait for the socket, this
/// one waits in the loop.
/// </summary>
/// <remarks>
/// It may be read by one and written by another task at the same time. Used from other threads, it has its loop do the work. It does not block: only its
/// asynchronous members can be called. Disposing of it closes the socket if it owns that; do so in the loop's thread.
/// </remarks>
public sealed class SocketStream : Stream
{
    private const string Blocks = "A SocketStream does not block its loop: await ReadAsync or WriteAsync.";
    private const string NoLength = "A connection has no length and no position.";

    private readonly EventLoop _loop;
    private readonly Socket _socket;
    private readonly bool _ownsSocket;

    /// <summary>Makes a stream of a connected socket, for the running loop.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="ownsSocket">Whether to close it with the stream.</param>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="InvalidOperationException">No loop is running.</exception>
    public SocketStream(Socket socket, bool ownsSocket = true)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _loop = Asyncio.GetRunningLoop();
        _socket = socket;
        _ownsSocket = ownsSocket;
    }

    /// <summary>True.</summary>
    public override bool CanRead => true;

    /// <summary>True.</summary>
    public override bool CanWrite => true;

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

    /// <summary>Reads what has come, at least one byte, and waits for it if nothing has; 0 is the end. A cancelled read takes nothing out of the connection.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The number of bytes.</returns>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var operation = _loop.SockRecvInto(_socket, buffer);
        return !_loop.RunsHere ? new(operation.AsTask(_loop, cancellationToken))
            : Here(cancellationToken.CanBeCanceled ? Asyncio.WaitFor(operation, cancellationToken) : operation);

        static async ValueTask<int> Here(Coroutine<int> operation) => await operation;
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Writes all of some bytes, and waits while there is no room for them. A cancelled write leaves an unknown part written: close the connection then.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that is done when all are written.</returns>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var operation = _loop.SockSendAll(_socket, buffer);
        return !_loop.RunsHere ? new(operation.AsTask(_loop, cancellationToken))
            : Here(cancellationToken.CanBeCanceled ? Asyncio.WaitFor(operation, cancellationToken) : operation);

        static async ValueTask Here(Coroutine operation) => await operation;
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

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsSocket)
        {
            _socket.Dispose();
        }
        base.Dispose(disposing);
    }
}
