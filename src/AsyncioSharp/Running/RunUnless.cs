namespace AsyncioSharp;

// Runs that a token ends.
public static partial class Asyncio
{
    /// <summary>
    /// As <see cref="Run{T}(IAwaitable{T}, bool?, Func{EventLoop}?)"/>; cancelling <paramref name="cancellationToken"/>, in any thread, cancels
    /// <paramref name="main"/>, which is awaited to its end, and everything is put in order as always. Mirrors <c>asyncio.run</c>, which has no token.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">The program's coroutine. If the token is cancelled already, it is not started.</param>
    /// <param name="cancellationToken">The token.</param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <param name="loopFactory">Makes the loop; null for <c>new EventLoop()</c>.</param>
    /// <returns>What <paramref name="main"/> returned; what it threw is thrown.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="main"/> is null.</exception>
    /// <exception cref="CancelledException">The token was cancelled; the exception carries it.</exception>
    /// <exception cref="InvalidOperationException">A loop is running on this thread; <paramref name="main"/> is left unstarted.</exception>
    /// <exception cref="KeyboardInterruptException">The user pressed Ctrl-C.</exception>
    public static T Run<T>(IAwaitable<T> main, CancellationToken cancellationToken, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        CheckRun(main); // before anything is made that nobody would await
        return Run(WaitFor(main, cancellationToken), debug, loopFactory);
    }

    /// <inheritdoc cref="Run{T}(IAwaitable{T}, CancellationToken, bool?, Func{EventLoop}?)"/>
    public static void Run(IAwaitable main, CancellationToken cancellationToken, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        CheckRun(main);
        Run(WaitFor(main, cancellationToken), debug, loopFactory);
    }
}

public sealed partial class EventLoop
{
    /// <summary>
    /// As <see cref="RunUntilComplete{T}(IAwaitable{T})"/>; cancelling <paramref name="cancellationToken"/>, in any thread, cancels <paramref name="awaitable"/>, which is
    /// awaited to its end. Mirrors <c>loop.run_until_complete</c>, which has no token.
    /// </summary>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="awaitable">A coroutine, which is made a task, a future or a task of this loop.</param>
    /// <param name="cancellationToken">The token.</param>
    /// <returns>The result; a failure is thrown.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="awaitable"/> is null.</exception>
    /// <exception cref="ArgumentException">It is a future of another loop.</exception>
    /// <exception cref="CancelledException">The token was cancelled; the exception carries it.</exception>
    /// <exception cref="InvalidOperationException">The loop is closed or running, another loop runs on this thread, or the loop was stopped before the end.</exception>
    public T RunUntilComplete<T>(IAwaitable<T> awaitable, CancellationToken cancellationToken)
        => RunUntilComplete(Asyncio.WaitFor(awaitable, cancellationToken));

    /// <inheritdoc cref="RunUntilComplete{T}(IAwaitable{T}, CancellationToken)"/>
    public void RunUntilComplete(IAwaitable awaitable, CancellationToken cancellationToken)
        => RunUntilComplete(Asyncio.WaitFor(awaitable, cancellationToken));
}
