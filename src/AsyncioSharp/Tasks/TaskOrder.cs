namespace AsyncioSharp;

/// <summary>
/// When a task was created, among the others of its loop. The numbers are those of the default names, which tasks have anyway. CPython gives them only to tasks
/// without a name of their own; a task that is named at birth stands behind the last number that was handed out before, and behind those that were named before it.
/// </summary>
/// <remarks>
/// The numbers are those of the process and have 40 bits: with a million tasks a second they begin again after twelve days. So they are compared by their difference.
/// </remarks>
/// <param name="Number">Of the default name; of one that was named at birth, the last that had been handed out.</param>
/// <param name="Named">Of one that was named at birth, how many tasks its loop had made, with it; 0 for others.</param>
internal readonly record struct TaskOrder(long Number, long Named) : IComparable<TaskOrder>
{
    private const int Bits = 40;

    private static long s_number;

    /// <summary>The last number that was handed out.</summary>
    internal static long LastNumber => Volatile.Read(ref s_number) & ((1L << Bits) - 1);

    /// <summary>The number of a new task without a name.</summary>
    internal static long NextNumber() => Interlocked.Increment(ref s_number);

    /// <summary>Behind all tasks that <paramref name="loop"/> has made so far, and before those that it will make.</summary>
    internal static TaskOrder LastOf(EventLoop loop) => new(LastNumber, loop.TaskCounts.Created);

    public int CompareTo(TaskOrder other)
    {
        long ahead = (Number - other.Number) << (64 - Bits);
        return ahead != 0 ? Math.Sign(ahead) : Named.CompareTo(other.Named);
    }
}
