namespace AsyncioSharp.Testing;

/// <summary>
/// Event loops on virtual time: <c>Sleep(3600)</c> takes no time, and everything happens in the same order at the same loop time in every run.
/// </summary>
public static class VirtualTimeLoop
{
    /// <summary>A loop on a new <see cref="VirtualClock"/>, which is its <see cref="EventLoop.Clock"/>.</summary>
    /// <returns>The loop; close it after use.</returns>
    public static EventLoop Create() => Create(new VirtualClock());

    /// <summary>A loop on a given clock.</summary>
    /// <param name="clock">The clock.</param>
    /// <returns>The loop; close it after use.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="clock"/> is null.</exception>
    public static EventLoop Create(VirtualClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return new EventLoop(clock, clock.Parker) { OnDeadlock = DeadlockAction.Throw };
    }

    /// <summary>Runs a program as <see cref="Asyncio.Run{T}(IAwaitable{T}, bool?, Func{EventLoop}?)"/> does, on virtual time, the end phase included.</summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">The program's coroutine.</param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <returns>What <paramref name="main"/> returned; what it threw is thrown.</returns>
    /// <exception cref="InvalidOperationException">A loop runs on this thread.</exception>
    /// <exception cref="DeadlockException"><paramref name="main"/> waits for something that cannot happen.</exception>
    public static T Run<T>(IAwaitable<T> main, bool? debug = null) => Asyncio.Run(main, debug, Create);

    /// <inheritdoc cref="Run{T}(IAwaitable{T}, bool?)"/>
    public static void Run(IAwaitable main, bool? debug = null) => Asyncio.Run(main, debug, Create);

    /// <summary>
    /// Suspends the calling task until no task can go on by itself: until nothing is ready and the loop would let time pass. Like trio's
    /// <c>wait_all_tasks_blocked</c>. If several wait, the one with the smallest cushion is woken first, and alone, since it may set others going.
    /// </summary>
    /// <param name="cushion">
    /// For how many seconds of virtual time the loop must stay idle before that: timers that come due within them are waited for. 0 for not at all.
    /// </param>
    /// <returns>A coroutine. Cancelling the caller ends the wait.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="cushion"/> is negative, infinite or not a number.</exception>
    /// <exception cref="InvalidOperationException">No loop runs here, or it is not on a <see cref="VirtualClock"/>.</exception>
    public static Coroutine WaitUntilIdle(double cushion = 0)
    {
        if (!(cushion >= 0 && double.IsFinite(cushion)))
        {
            throw new ArgumentOutOfRangeException(nameof(cushion), cushion, "The cushion must be a number of seconds, zero or more.");
        }
        return Asyncio.GetRunningLoop().Clock is VirtualClock clock
            ? clock.WaitUntilIdle(cushion)
            : throw new InvalidOperationException("WaitUntilIdle needs a loop on virtual time; run the program with VirtualTimeLoop.Run or Schedules.Explore.");
    }
}
