using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>Threads for the workloads that submit work from elsewhere.</summary>
internal static class Threads
{
    internal static Thread Start(Action body)
    {
        var thread = new Thread(() => body()) { IsBackground = true };
        thread.Start();
        return thread;
    }

    /// <summary>Waits, even in a coroutine, for a thread that has nothing left to do but end.</summary>
    internal static void Join(Thread thread) => thread.Join();
}

/// <summary>How much memory something took: the heap as the collector counts it, and the process as the system does.</summary>
internal sealed class MemoryProbe
{
    private readonly string _peer;
    private readonly string _name;
    private readonly int _count;
    private readonly long _residentBefore;
    private readonly long _heapBefore;

    private MemoryProbe(string peer, string name, int count)
    {
        (_peer, _name, _count) = (peer, name, count);
        Collect();
        _heapBefore = GC.GetTotalMemory(false);
        _residentBefore = Environment.WorkingSet;
    }

    internal static MemoryProbe Start(string peer, string name, int count) => new(peer, name, count);

    internal void Print()
    {
        long resident = Environment.WorkingSet;
        Collect();
        long heap = GC.GetTotalMemory(false);
        long collected = Environment.WorkingSet;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"workload={_name} peer={_peer} n={_count} heap={Each(heap - _heapBefore):F0} "
                + $"rss={Each(resident - _residentBefore):F0} rss_after_gc={Each(collected - _residentBefore):F0}"));
    }

    /// <summary>Collects what has become garbage. What has a finalizer, and what only that leads to, is gone at the third time.</summary>
    internal static void Collect()
    {
        for (int i = 0; i < 4; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private double Each(long bytes) => (double)bytes / _count;
}
