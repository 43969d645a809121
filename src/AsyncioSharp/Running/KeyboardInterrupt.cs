using System.Runtime.InteropServices;

namespace AsyncioSharp;

/// <summary>
/// What Ctrl-C does during <c>Asyncio.Run</c>. The first cancels the main task, if that still runs; another, or one in the end phase, throws
/// <see cref="KeyboardInterruptException"/> out of the loop; from the third on the process ends as it would without this library, which also helps against code that
/// blocks the loop's thread.
/// </summary>
internal sealed class KeyboardInterrupt : Runnable, IDisposable
{
    private readonly EventLoop _loop;
    private readonly CoroutineTask? _main; // null: in the end phase
    private readonly PosixSignalRegistration? _registration;
    private int _presses;  // counted by the signal's thread
    private int _due;      // of these, those that the loop has not heard of
    private bool _cancelledMain;

    /// <param name="loop">The loop.</param>
    /// <param name="main">The task that a first Ctrl-C cancels; null in the end phase.</param>
    /// <param name="presses">How often it was pressed before.</param>
    internal KeyboardInterrupt(EventLoop loop, CoroutineTask? main, int presses = 0)
    {
        _loop = loop;
        _main = main;
        _presses = presses;
        loop.Interrupt = this;
        try
        {
            _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        }
        catch (PlatformNotSupportedException)
        {
            // No signals here, so no Ctrl-C.
        }
    }

    public void Dispose()
    {
        _registration?.Dispose();
        _loop.Interrupt = null;
    }

    /// <summary>How often it was pressed so far.</summary>
    internal int Presses => Volatile.Read(ref _presses);

    /// <summary>True if the main task was cancelled by Ctrl-C, and by nobody else.</summary>
    internal bool Caused(CoroutineTask main) => _cancelledMain && main.Uncancel() == 0;

    internal override void Run(object? source)
    {
        while (Volatile.Read(ref _due) > 0)
        {
            Interlocked.Decrement(ref _due);
            Press();
        }
    }

    private void Press()
    {
        if (!_cancelledMain && _main is { IsDone: false })
        {
            _cancelledMain = true;
            _main.Cancel();
        }
        else
        {
            throw new KeyboardInterruptException { IsSignal = true };
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _presses) <= 2)
        {
            Interlocked.Increment(ref _due);
            context.Cancel = _loop.TryPush(this, null);
        }
    }
}
