namespace AsyncioSharp;

// The loop as a guest of another message loop; GuestRun says how.
public sealed partial class EventLoop
{
    private GuestRun? _guest; // while the loop is one

    /// <summary>
    /// Runs iterations as messages of a host's message loop, until <see cref="Stop"/> is called; returns at once. As <see cref="RunForever"/>, for a thread that
    /// has a loop already, such as that of a user interface. The host is never blocked for longer than one iteration. asyncio has no counterpart.
    /// </summary>
    /// <remarks>
    /// <para>Between the iterations the loop is running, but not on this thread: <c>Asyncio.GetRunningLoop</c> fails there. Code of the host, in its own
    /// thread, may use the loop as it may between two runs (create tasks and timers, complete futures): that wakes the loop.</para>
    /// <para>A host that prefers posted messages to others, as some user interfaces prefer them to input, is starved by a loop that is always ready, as by any
    /// other code that posts without end; give such a host's context for messages of low priority.</para>
    /// </remarks>
    /// <param name="host">The host's context. It must run what is posted to it one after the other; best in one thread.</param>
    /// <returns>A task that ends when the loop is stopped. It fails with what leaves the loop, a <see cref="KeyboardInterruptException"/> for
    /// instance, and if the host takes no more messages.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="host"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed or runs already.</exception>
    public Task RunAsGuest(SynchronizationContext host)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        StartGuest(host, exception =>
        {
            if (exception is null)
            {
                ended.SetResult();
            }
            else
            {
                ended.SetException(exception);
            }
        });
        return ended.Task;
    }

    /// <summary>True between two iterations of a guest, in the host's thread: it would wait for itself if it waited for the loop.</summary>
    internal bool IsOnHostThread => _guest?.HostThread == Environment.CurrentManagedThreadId;

    internal void StartGuest(SynchronizationContext host, Action<Exception?> ended)
    {
        ArgumentNullException.ThrowIfNull(host);
        CheckClosed();
        CheckNotStarted();
        _guest = new GuestRun(this, host, ended);
        _guest.Start();
    }

    /// <summary>One iteration, which does not wait. False if it was the last.</summary>
    internal bool RunGuestIteration()
    {
        var outer = Enter();
        try
        {
            _inbox.MoveTo(_ready);
            RunGuarded();
        }
        finally
        {
            Leave(outer);
        }
        return !_stopping;
    }

    internal void EndGuest()
    {
        StopWatching();
        _stopping = false;
        _guest = null;
    }
}
