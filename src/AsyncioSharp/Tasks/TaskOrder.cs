namespace AsyncioSharp;

/// <summary>
/// Where a task stands among all that were created in the process: behind all with a smaller number; and of those with the same, behind the one whose default
/// name has it and behind those that were named before. The numbers are those of the default names, which CPython gives only to tasks without a name
/// of their own: so a task needs no other number, unless it is named at birth, and is something larger then anyway.
/// </summary>
/// <param name="Number">
/// Of the default name, or the last that was handed out before a task was named at birth. Of 40 bits: with a million tasks a second they begin again after twelve days.
/// </param>
/// <param name="Named">The place among the tasks that were named at birth, from 1; 0 for others.</param>
internal readonly record struct TaskOrder(long Number, long Named) : IComparable<TaskOrder>
{
    private const long Mask = (1L << 40) - 1;

    private static long s_number;
    private static long s_named;

    /// <summary>Behind all tasks that were created so far, on this thread, and before those that will be.</summary>
    internal static TaskOrder Last => new(Volatile.Read(ref s_number) & Mask, Volatile.Read(ref s_named));

    /// <summary>The number of a new task without a name.</summary>
    internal static long Next() => Interlocked.Increment(ref s_number);

    /// <summary>The place of a new task among those that are named at birth, and its number.</summary>
    internal static long NextNamed(out long number)
    {
        number = Volatile.Read(ref s_number);
        return Interlocked.Increment(ref s_named);
    }

    public int CompareTo(TaskOrder other) => Number != other.Number ? Number.CompareTo(other.Number) : Named.CompareTo(other.Named);
}
