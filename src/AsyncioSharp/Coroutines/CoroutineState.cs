namespace AsyncioSharp;

/// <summary>Where a coroutine stands. Mirrors <c>inspect.getcoroutinestate</c>.</summary>
public enum CoroutineState
{
    /// <summary>Made, but nothing of its body has run.</summary>
    Created,

    /// <summary>Its body is running at this moment.</summary>
    Running,

    /// <summary>It waits at an <c>await</c>.</summary>
    Suspended,

    /// <summary>It returned, failed, or was closed.</summary>
    Closed,
}
