namespace AsyncioSharp;

/// <summary>
/// The end of a future on its way to a waiter that counts such ends: of one that another thread has completed, or this one while the loop does not run, since there
/// may be several of them, and only the loop's thread counts. Takes the turn in which asyncio would count it.
/// </summary>
internal sealed class LateEnd(Future future, Runnable waiter) : Runnable
{
    internal override void Run(object? source) => waiter.RunLate(future);

    /// <summary>For the report of a schedule.</summary>
    public override string ToString() => waiter.ToString()!;

    /// <summary>Those that are on their way to one waiter. While there are any, what ends on the loop's thread has to stay behind them, or it would be counted first.</summary>
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

        /// <summary>Says that the turn of one has come.</summary>
        internal void Leave() => Interlocked.Decrement(ref _count);
    }
}
