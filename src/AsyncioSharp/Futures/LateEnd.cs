namespace AsyncioSharp;

/// <summary>
/// The end of a future on its way to a waiter that counts such ends, which only the loop's thread does: of a future that another thread has completed, or the loop's
/// own while it does not run; and of those that are done after it and before its turn, which must not be counted first. Takes the turn in which asyncio would count it.
/// </summary>
internal sealed class LateEnd(Future future, Runnable waiter) : Runnable
{
    internal override void Run(object? source) => waiter.RunFor(future, waiter.WakeupForLate(future));

    /// <summary>For the report of a schedule.</summary>
    public override string ToString() => waiter.ToString()!;

    /// <summary>How many are on their way to one waiter.</summary>
    internal struct UnderWay
    {
        private int _count;

        /// <summary>Whether an end of this moment has to be one of them, which it is from now on.</summary>
        internal bool Join(bool runsHere)
        {
            if (runsHere && Volatile.Read(ref _count) == 0)
            {
                return false;
            }
            Interlocked.Increment(ref _count);
            return true;
        }

        /// <summary>True if there are none.</summary>
        internal readonly bool IsEmpty => Volatile.Read(in _count) == 0;

        /// <summary>Says that the turn of one has come.</summary>
        internal void Leave() => Interlocked.Decrement(ref _count);
    }
}
