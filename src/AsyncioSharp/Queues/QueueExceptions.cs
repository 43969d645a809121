namespace AsyncioSharp;

/// <summary>An item was to be got from a queue that has none, without waiting: asyncio's <c>QueueEmpty</c>.</summary>
public class QueueEmptyException : Exception
{
    /// <summary>Creates the exception with a general text.</summary>
    public QueueEmptyException()
        : base("The queue is empty; await Get() to wait for an item.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    public QueueEmptyException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The cause.</param>
    public QueueEmptyException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>An item was to be put into a queue that is full, without waiting: asyncio's <c>QueueFull</c>.</summary>
public class QueueFullException : Exception
{
    /// <summary>Creates the exception with a general text.</summary>
    public QueueFullException()
        : base("The queue is full; await Put() to wait for a free slot.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    public QueueFullException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The cause.</param>
    public QueueFullException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A queue was shut down: nothing can be put into it any more, nor, once it is empty, be got from it. asyncio's <c>QueueShutDown</c>.</summary>
public class QueueShutDownException : Exception
{
    /// <summary>Creates the exception with a general text.</summary>
    public QueueShutDownException()
        : base("The queue was shut down.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    public QueueShutDownException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the exception that caused it.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">The cause.</param>
    public QueueShutDownException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
