using System.Buffers;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>
/// A buffer that tells when an operation begins to use it. A file's read waits for a thread of the pool, for long if the machine is busy, and its token
/// ends it as long as it waits: only one that has reached the buffer is surely in the middle. (A file that has a buffer of its own reaches this one afterwards.)
/// </summary>
internal sealed class BegunBuffer(int size) : MemoryManager<byte>
{
    private readonly byte[] _bytes = new byte[size];
    private readonly ManualResetEventSlim _isReached = new();

    public override Memory<byte> Memory => CreateMemory(size); // that of the base asks for the span

    /// <summary>What has been read.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Blocks until an operation in another thread has reached the buffer.</summary>
    public void WaitUntilReached() => _isReached.Wait(TimeSpan.FromSeconds(Scenario.LimitSeconds)).ShouldBeTrue();

    public override Span<byte> GetSpan()
    {
        _isReached.Set();
        return _bytes;
    }

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin() => throw new NotSupportedException();

    protected override void Dispose(bool disposing) => _isReached.Dispose();
}
