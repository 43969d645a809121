namespace AsyncioSharp;

/// <summary>
/// The end of a future that another thread has completed, or this one while the loop does not run, on its way to a waiter that counts such ends: there may be several
/// of them, and only the loop's thread counts. Takes the turn that the waiter would have taken.
/// </summary>
internal sealed class LateEnd(Future future, Runnable waiter) : Runnable
{
    internal override void Run(object? source) => waiter.RunFor(future);

    /// <summary>For the report of a schedule.</summary>
    public override string ToString() => waiter.ToString()!;
}
