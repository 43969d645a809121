namespace AsyncioSharp.Testing;

/// <summary>
/// Event loops on virtual time: <c>Sleep(3600)</c> takes no time, and everything happens in the same order at the same loop time in every run.
/// </summary>
public static class VirtualTimeLoop
{
    /// <summary>A loop on a new <see cref="VirtualClock"/>, which is its <see cref="EventLoop.TimeProvider"/>.</summary>
    /// <returns>The loop; close it after use.</returns>
    public static EventLoop Create() => Create(new VirtualClock());

    /// <summary>A loop on a given clock.</summary>
    /// <param name="clock">The clock.</param>
    /// <returns>The loop; close it after use.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="clock"/> is null.</exception>
    public static EventLoop Create(VirtualClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return new EventLoop(clock, clock.Parker);
    }

    /// <summary>Runs a coroutine as <see cref="Asyncio.Run{T}(Coroutine{T}, bool?, Func{EventLoop}?)"/> does, on virtual time, the end phase included.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">The coroutine.</param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <returns>What <paramref name="main"/> returned; what it threw is thrown.</returns>
    /// <exception cref="InvalidOperationException">A loop runs on this thread; or <paramref name="main"/> waits for something that cannot happen.</exception>
    public static T Run<T>(Coroutine<T> main, bool? debug = null) => Asyncio.Run(main, debug, Create);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, bool?)"/>
    public static void Run(Coroutine main, bool? debug = null) => Asyncio.Run(main, debug, Create);
}
