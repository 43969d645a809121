using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>
/// What Ctrl-C does during <c>Asyncio.Run</c>. The first cancels the main task; the second throws <see cref="KeyboardInterruptException"/> out of
/// the loop; from the third on the process ends as it would without this library, which also helps against code that blocks the loop's thread.
/// </summary>
internal sealed class KeyboardInterrupt : Runnable, IDisposable
{
    private readonly EventLoop _loop;
    private readonly CoroutineTask _main;
    private readonly PosixSignalRegistration? _registration;
    private int _presses;  // counted by the signal's thread
    private int _handled;  // by the loop's
    private bool _cancelledMain;

    internal KeyboardInterrupt(EventLoop loop, CoroutineTask main)
    {
        _loop = loop;
        _main = main;
        try
        {
            _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        }
        catch (PlatformNotSupportedException)
        {
            // No signals here, so no Ctrl-C.
        }
    }

    public void Dispose() => _registration?.Dispose();

    /// <summary>True if the main task was cancelled by Ctrl-C, and by nobody else.</summary>
    internal bool Caused(CoroutineTask main) => _cancelledMain && main.Uncancel() == 0;

    internal override void Run(object? source)
    {
        if (++_handled == 1 && !_main.IsDone)
        {
            _cancelledMain = true;
            _main.Cancel();
        }
        else
        {
            throw new KeyboardInterruptException();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _presses) <= 2)
        {
            context.Cancel = _loop.TryPush(this, null);
        }
    }
}
