namespace AsyncioSharp;

/// <summary>
/// What acquiring a lock or a semaphore gives: <c>using (await mutex.Acquire()) { ... }</c> releases it at the end of the block. Disposing more
/// than once releases once. Whoever releases by hand ignores it.
/// </summary>
public readonly struct AsyncReleaser : IDisposable
{
    private readonly AcquireCoroutine? _acquired;

    internal AsyncReleaser(AcquireCoroutine acquired) => _acquired = acquired;

    /// <summary>Releases what was acquired.</summary>
    /// <exception cref="InvalidOperationException">It was released by other means, and nobody holds it.</exception>
    public void Dispose() => _acquired?.ReleaseOnce();
}

/// <summary>The waits that end with something to be released.</summary>
internal abstract class AcquireCoroutine : WaitCoroutine<AsyncReleaser>
{
    private bool _released;

    internal void ReleaseOnce()
    {
        if (!_released)
        {
            Release();
            _released = true;
        }
    }

    private protected abstract void Release();
}
