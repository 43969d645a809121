namespace AsyncioSharp;

/// <summary>
/// The user pressed Ctrl-C: Python's <c>KeyboardInterrupt</c>. It is fatal: no callback's failure report swallows it; a task that raises it
/// is done with it as its exception, and it leaves the event loop at once.
/// </summary>
public class KeyboardInterruptException : Exception
{
    /// <summary>Creates the exception.</summary>
    public KeyboardInterruptException()
        : base("Interrupted from the keyboard.")
    {
    }

    /// <summary>Creates the exception with a text.</summary>
    /// <param name="message">The text.</param>
    public KeyboardInterruptException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">The text.</param>
    /// <param name="innerException">The cause.</param>
    public KeyboardInterruptException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Thrown for a Ctrl-C out of the loop, not by code of a task.</summary>
    internal bool IsSignal { get; init; }
}
