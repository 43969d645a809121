namespace AsyncioSharp;

/// <summary>A future was asked for something that its state does not allow: asyncio's <c>InvalidStateError</c>.</summary>
public class InvalidStateException : InvalidOperationException
{
    /// <summary>Creates the exception with a general text.</summary>
    public InvalidStateException()
        : base("The operation is not allowed in this state.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, and of what.</param>
    public InvalidStateException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What was asked, and of what.</param>
    /// <param name="innerException">The cause.</param>
    public InvalidStateException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
