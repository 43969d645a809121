namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>
/// What code allocates on this thread. The runtime allocates some kilobytes too now and then, on whichever thread asks it for something new while others do as well:
/// so the least of several measurements counts, and the first, for which room is made that is used again, does not.
/// </summary>
internal sealed class Allocation
{
    internal const int Rounds = 6;

    private long _before;
    private int _rounds;

    /// <summary>The least that a round but the first has allocated.</summary>
    internal long Least { get; private set; } = long.MaxValue;

    /// <summary>The least that <paramref name="action"/> allocates.</summary>
    internal static long LeastOf(Action action)
    {
        var allocation = new Allocation();
        for (int round = 0; round < Rounds; round++)
        {
            allocation.Begin();
            action();
            allocation.End();
        }
        return allocation.Least;
    }

    internal void Begin() => _before = GC.GetAllocatedBytesForCurrentThread();

    internal void End()
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
        if (_rounds++ > 0)
        {
            Least = Math.Min(Least, allocated);
        }
    }
}
