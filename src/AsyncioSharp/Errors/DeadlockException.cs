namespace AsyncioSharp;

/// <summary>
/// A loop has nothing left to do, but what it runs for is not done: no task is ready, no timer is set, and nobody else has woken it. The message
/// names the tasks, what they wait for and where. Without a counterpart in asyncio, where such a program hangs.
/// </summary>
/// <remarks>Thrown out of the loop's run: by loops on virtual time, and by others if <see cref="EventLoop.OnDeadlock"/> says so.</remarks>
public class DeadlockException : InvalidOperationException
{
    /// <summary>Creates the exception with a general text.</summary>
    public DeadlockException()
        : base("Deadlock: nothing is ready, no timer is set, and nobody else has woken the loop.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What waits for what.</param>
    public DeadlockException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What waits for what.</param>
    /// <param name="innerException">The cause.</param>
    public DeadlockException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The part of the message that tells which tasks wait for each other; empty if none do.</summary>
    internal string Rings { get; init; } = "";
}
