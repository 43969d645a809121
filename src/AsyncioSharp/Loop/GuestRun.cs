using System.Diagnostics.CodeAnalysis;

namespace AsyncioSharp;

/// <summary>
/// Runs a loop on a host's message loop: every iteration is one message of the host, and what the loop waits for when nothing is ready is waited for
/// in a thread of its own, which then posts the next iteration. So the host is never blocked for longer than one iteration, and between
/// two of them it gets to its other messages, however busy the loop is.
/// </summary>
/// <remarks>
/// Exactly one of these holds at any time: an iteration runs, or is posted; the thread waits; the run has ended. So nothing here needs a lock.
/// An idle loop costs the host nothing; one that goes idle and wakes pays for a message and two changes of threads.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "The thread that waits disposes of what it waits with, when the run has ended.")]
internal sealed class GuestRun
{
    private readonly EventLoop _loop;
    private readonly SynchronizationContext _host;
    private readonly Action<Exception?> _ended;
    private readonly SemaphoreSlim _toPark = new(0);
    private double _seconds; // to park for; negative: the run has ended

    /// <param name="loop">The loop.</param>
    /// <param name="host">Runs what is posted to it one after the other.</param>
    /// <param name="ended">Told when the loop was stopped, or by which exception it was left; as the host's message, if that takes messages.</param>
    internal GuestRun(EventLoop loop, SynchronizationContext host, Action<Exception?> ended)
    {
        _loop = loop;
        _host = host;
        _ended = ended;
    }

    /// <summary>The thread in which the iterations run; 0 before the first. Code that it runs between them has the loop for itself.</summary>
    internal int HostThread { get; private set; }

    internal void Start()
    {
        new Thread(ParkWhenAsked) { IsBackground = true, Name = "asyncio_guest" }.UnsafeStart();
        Post();
    }

    private void Post()
    {
        try
        {
            _host.Post(static run => ((GuestRun)run!).Iterate(), this);
        }
        catch (Exception e)
        {
            End(new HostLostException(e));
        }
    }

    private void Iterate()
    {
        HostThread = Environment.CurrentManagedThreadId;
        bool goesOn;
        try
        {
            goesOn = _loop.RunGuestIteration();
        }
        catch (Exception e)
        {
            End(e);
            return;
        }
        if (!goesOn)
        {
            End(null);
        }
        else if (_loop.TryPreparePark(out _seconds))
        {
            _toPark.Release();
        }
        else
        {
            Post();
        }
    }

    // The thread that waits.
    private void ParkWhenAsked()
    {
        while (true)
        {
            _toPark.Wait();
            if (_seconds < 0)
            {
                _toPark.Dispose();
                return;
            }
            try
            {
                _loop.Park(_seconds);
            }
            catch (Exception e)
            {
                Fail(e); // as a virtual clock that sees a deadlock
                continue;
            }
            Post();
        }
    }

    // On the host, as an exception that leaves an iteration.
    private void Fail(Exception exception)
    {
        try
        {
            _host.Post(_ => End(exception), null);
        }
        catch (Exception)
        {
            End(exception);
        }
    }

    private void End(Exception? exception)
    {
        _seconds = -1;
        _toPark.Release();
        _loop.EndGuest();
        _ended(exception);
    }
}

/// <summary>What ends a guest whose host is gone. Nothing can be run on its loop any more.</summary>
internal sealed class HostLostException(Exception cause)
    : InvalidOperationException("The host of the event loop takes no more messages; end the loop before its host.", cause);
