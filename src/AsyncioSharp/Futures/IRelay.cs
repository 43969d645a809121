namespace AsyncioSharp;

/// <summary>A waiter that passes on to others what it waits for; the await graph shows those in its place.</summary>
internal interface IRelay
{
    /// <summary>Who waits through it at this moment.</summary>
    IEnumerable<Future> Recipients { get; }
}
