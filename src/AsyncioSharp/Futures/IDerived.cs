namespace AsyncioSharp;

/// <summary>
/// What ends only when something of its sources ends, unless it is cancelled. If all of those wait for it, none of them will: that is how a loop knows
/// that it will never go on.
/// </summary>
internal interface IDerived
{
    /// <summary>What it still waits for at this moment. None: somebody unknown may end it.</summary>
    IEnumerable<Future> Sources { get; }
}
