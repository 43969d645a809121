namespace AsyncioSharp;

/// <summary>A barrier is broken, or was reset under those who waited: asyncio's <c>BrokenBarrierError</c>.</summary>
public class BrokenBarrierException : InvalidOperationException
{
    /// <summary>Creates the exception with a general text.</summary>
    public BrokenBarrierException()
        : base("The barrier is broken.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    public BrokenBarrierException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The cause.</param>
    public BrokenBarrierException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
