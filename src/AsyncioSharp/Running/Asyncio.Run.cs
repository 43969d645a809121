namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Runs a program: a new loop, <paramref name="main"/> to its end, and everything put in order afterwards. Mirrors <c>asyncio.run</c>.
    /// For several runs on one loop there is <see cref="Runner"/>.
    /// </summary>
    /// <remarks>
    /// At the end, also after a failure: tasks that are left are cancelled and awaited, their failures reported; async iterators that were left
    /// half-consumed are disposed; the executor's threads are waited for, 300 s at most; failures that nobody retrieved are reported; the loop is closed. Ctrl-C cancels
    /// <paramref name="main"/>; if it ends so, <see cref="KeyboardInterruptException"/> is thrown. A second Ctrl-C leaves the loop at once, a third one ends
    /// the process.
    /// </remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">
    /// The program's coroutine. Anything else that can be awaited is taken too, as since Python 3.14: but a future belongs to a loop, and this one is new; there
    /// is <see cref="Runner"/> for those.
    /// </param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <param name="loopFactory">Makes the loop; null for <c>new EventLoop()</c>.</param>
    /// <returns>What <paramref name="main"/> returned; what it threw is thrown.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="main"/> is null.</exception>
    /// <exception cref="InvalidOperationException">A loop is running on this thread; <paramref name="main"/> is left unstarted. Or it is a pending future, which belongs to
    /// another loop.</exception>
    /// <exception cref="KeyboardInterruptException">The user pressed Ctrl-C.</exception>
    public static T Run<T>(IAwaitable<T> main, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        CheckRun(main);
        using var runner = new Runner(debug, loopFactory);
        return runner.Run(main);
    }

    /// <inheritdoc cref="Run{T}(IAwaitable{T}, bool?, Func{EventLoop}?)"/>
    public static void Run(IAwaitable main, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        CheckRun(main);
        using var runner = new Runner(debug, loopFactory);
        runner.Run(main);
    }

    private static void CheckRun(IAwaitable main)
    {
        ArgumentNullException.ThrowIfNull(main);
        if (EventLoop.Running is not null)
        {
            throw new InvalidOperationException("Asyncio.Run() cannot be called from a running event loop; await it instead.");
        }
    }
}
