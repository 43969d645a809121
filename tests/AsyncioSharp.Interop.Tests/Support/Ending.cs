namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>How the wait for an operation that is still running is ended.</summary>
public enum Ending
{
    /// <summary>Its task is cancelled.</summary>
    Cancel,

    /// <summary><c>WaitFor</c> around it has waited long enough.</summary>
    Timeout,
}
