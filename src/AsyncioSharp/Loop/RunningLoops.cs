namespace AsyncioSharp;

/// <summary>
/// The loops of this process that run. Most programs have one, and then a lock or a queue that belongs to it need not ask its thread which loop runs there, at every
/// use: there is no other. Asking a thread is a call; a third of what a queue's operation cost was such questions.
/// </summary>
/// <remarks>
/// Exact where it matters. On a thread that runs a loop, <see cref="IsOnly"/> is false of every other: that loop is among those that run until it leaves the thread,
/// so that whatever is written meanwhile, in whichever thread, names it or nobody.
/// </remarks>
internal static class RunningLoops
{
    private static readonly Lock s_lock = new();
    private static readonly List<EventLoop> s_all = [];
    private static EventLoop? s_only; // null if several run, or none, or one in debug mode, which wants to be asked for its thread

    /// <summary>
    /// True if <paramref name="loop"/> runs and no other does: code anywhere in the process runs in it or in none. False in debug mode, and may be for the moment in
    /// which another begins or ends.
    /// </summary>
    internal static bool IsOnly(EventLoop loop) => ReferenceEquals(s_only, loop);

    /// <summary>Called by the thread that is about to run <paramref name="loop"/>.</summary>
    internal static void Add(EventLoop loop)
    {
        lock (s_lock)
        {
            s_all.Add(loop);
            Choose();
        }
    }

    /// <summary>Called by that thread when it has run it.</summary>
    internal static void Remove(EventLoop loop)
    {
        lock (s_lock)
        {
            s_all.Remove(loop);
            Choose();
        }
    }

    /// <summary>Called when a loop's debug mode was switched on or off.</summary>
    internal static void NoteDebug()
    {
        lock (s_lock)
        {
            Choose();
        }
    }

    private static void Choose() => s_only = s_all is [{ Debug: false } only] ? only : null;
}
