namespace AsyncioSharp;

/// <summary>
/// The thread that looks at loops from outside and tells of one that does not get on. It is started with the first loop that asks for it, serves all of
/// them, and ends when none is left. A thread of its own, as the pool's may be what the loop waits for.
/// </summary>
internal static class Watchdog
{
    private static readonly object s_gate = new();
    private static readonly List<WatchedLoop> s_loops = [];
    private static bool s_isStarted;

    internal static WatchedLoop Add(EventLoop loop)
    {
        var watched = new WatchedLoop(loop);
        lock (s_gate)
        {
            s_loops.Add(watched);
            if (!s_isStarted)
            {
                s_isStarted = true;
                new Thread(Watch) { IsBackground = true, Name = "AsyncioSharp watchdog" }.Start();
            }
            else
            {
                Monitor.Pulse(s_gate); // it may have to look more often now
            }
        }
        return watched;
    }

    internal static void Remove(WatchedLoop loop)
    {
        lock (s_gate)
        {
            s_loops.Remove(loop);
        }
    }

    private static void Watch()
    {
        while (true)
        {
            WatchedLoop[] loops;
            lock (s_gate)
            {
                if (s_loops.Count == 0)
                {
                    s_isStarted = false;
                    return;
                }
                // Four looks in the shortest time: a report is late by a quarter of it at most.
                double shortest = s_loops.Min(static watched => watched.Limit.TotalMilliseconds);
                Monitor.Wait(s_gate, (int)Math.Clamp(shortest / 4, 1, 60_000));
                loops = [.. s_loops];
            }
            foreach (var watched in loops)
            {
                watched.Look(TimeProvider.System.GetTimestamp());
            }
        }
    }
}

/// <summary>What the watchdog remembers of a loop: which entry it saw running, since when, and what it has told of it.</summary>
internal sealed class WatchedLoop(EventLoop loop)
{
    private RunningEntry? _seen;
    private long _since;        // when it was seen first
    private TimeSpan _told;     // for how long it was blocked at the last report; zero: none

    internal TimeSpan Limit => loop.Watchdog ?? TimeSpan.MaxValue;

    /// <summary>Called now and then. Reports an entry that has been seen for as long as the limit, and again whenever that time has doubled.</summary>
    internal void Look(long now)
    {
        var running = loop.RunningEntry;
        if (running is null || running != _seen)
        {
            (_seen, _since, _told) = (running, now, TimeSpan.Zero);
            return;
        }
        var elapsed = TimeProvider.System.GetElapsedTime(_since, now);
        if (elapsed >= Limit && elapsed >= _told * 2)
        {
            _told = elapsed;
            loop.ReportBlocked(running, elapsed);
        }
    }
}
