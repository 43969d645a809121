namespace AsyncioSharp;

/// <summary>
/// What acquiring a lock or a semaphore gives: <c>using (await mutex.Acquire()) { ... }</c> releases it at the end of the block. Disposing more
/// than once releases once. Whoever releases by hand ignores it.
/// </summary>
public readonly struct AsyncReleaser : IDisposable
{
    private readonly AcquireCoroutine? _acquired;

    internal AsyncReleaser(AcquireCoroutine acquired) => _acquired = acquired;

    /// <summary>The lock, as long as it was not released through this.</summary>
    internal AsyncLock? Lock => _acquired is { IsReleased: false } acquired ? acquired.Lock : null;

    /// <summary>Releases what was acquired.</summary>
    /// <exception cref="InvalidOperationException">It was released by other means, and nobody holds it.</exception>
    public void Dispose() => _acquired?.ReleaseOnce();
}

/// <summary>The waits that end with something to be released.</summary>
internal abstract class AcquireCoroutine : WaitCoroutine<AsyncReleaser>
{
    internal bool IsReleased { get; private set; }

    /// <summary>What it waits for, if that is a lock.</summary>
    internal virtual AsyncLock? Lock => null;

    internal void ReleaseOnce()
    {
        if (!IsReleased)
        {
            Release();
            IsReleased = true;
        }
    }

    private protected abstract void Release();
}
