using System.Runtime.ExceptionServices;

namespace AsyncioSharp;

public static partial class Asyncio
{
    private const double ExecutorShutdownSeconds = 300; // as CPython's

    /// <summary>
    /// Runs a program: a new loop, <paramref name="main"/> to its end, and everything put in order afterwards. Mirrors <c>asyncio.run</c>.
    /// </summary>
    /// <remarks>
    /// At the end, also after a failure: tasks that are left are cancelled and awaited, their failures reported; async iterators that were left
    /// half-consumed are disposed; the executor's threads are waited for, 300 s at most; failures that nobody retrieved are reported; the loop is closed. Ctrl-C cancels
    /// <paramref name="main"/>; if it ends so, <see cref="KeyboardInterruptException"/> is thrown. A second Ctrl-C leaves the loop at once, a third one ends
    /// the process.
    /// </remarks>
    /// <typeparam name="T">The kind of result.</typeparam>
    /// <param name="main">The program's coroutine.</param>
    /// <param name="debug">Debug mode on or off; null for what <c>ASYNCIOSHARP_DEBUG</c> says.</param>
    /// <param name="loopFactory">Makes the loop; null for <c>new EventLoop()</c>.</param>
    /// <returns>What <paramref name="main"/> returned; what it threw is thrown.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="main"/> is null.</exception>
    /// <exception cref="InvalidOperationException">A loop is running on this thread; <paramref name="main"/> is left unstarted.</exception>
    /// <exception cref="KeyboardInterruptException">The user pressed Ctrl-C.</exception>
    public static T Run<T>(Coroutine<T> main, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        return RunMain(main, debug, loopFactory, static (loop, task) => loop.RunUntilComplete((CoroutineTask<T>)task));
    }

    /// <inheritdoc cref="Run{T}(Coroutine{T}, bool?, Func{EventLoop}?)"/>
    public static void Run(Coroutine main, bool? debug = null, Func<EventLoop>? loopFactory = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        RunMain(main, debug, loopFactory, static (loop, task) =>
        {
            loop.RunUntilComplete(task);
            return true;
        });
    }

    private static T RunMain<T>(Coroutine main, bool? debug, Func<EventLoop>? loopFactory, Func<EventLoop, CoroutineTask, T> complete)
    {
        if (EventLoop.Running is not null)
        {
            throw new InvalidOperationException("Asyncio.Run() cannot be called from a running event loop; await the coroutine instead.");
        }
        var loop = loopFactory is null ? new EventLoop() : loopFactory()
            ?? throw new ArgumentException("The loop factory returned null.", nameof(loopFactory));
        loop.CheckClosed();
        loop.CheckNotRunning();
        try
        {
            loop.Debug = debug ?? loop.Debug;
            var task = loop.CreateTask(main);
            task.IsImplicit = true;
            using var interrupt = new KeyboardInterrupt(loop, task);
            try
            {
                return complete(loop, task);
            }
            catch (CancelledException) when (interrupt.Caused(task))
            {
                throw new KeyboardInterruptException();
            }
        }
        finally
        {
            PutInOrder(loop);
        }
    }

    // Every phase is gone through, whatever becomes of the others; the first failure is thrown at the end.
    private static void PutInOrder(EventLoop loop)
    {
        ExceptionDispatchInfo? failure = null;
        Action<EventLoop>[] phases =
        [
            CancelLeftovers,
            static loop => loop.RunUntilComplete(loop.ShutdownAsyncGenerators()),
            static loop => loop.RunUntilComplete(loop.ShutdownDefaultExecutor(ExecutorShutdownSeconds)),
            static loop => loop.ReportLost(),
            static loop => loop.Close(),
        ];
        foreach (var phase in phases)
        {
            try
            {
                phase(loop);
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
        failure?.Throw();
    }

    private static void CancelLeftovers(EventLoop loop)
    {
        var leftovers = loop.LiveTasks();
        if (leftovers.Count == 0)
        {
            return;
        }
        foreach (var task in leftovers)
        {
            task.Cancel();
        }
        loop.RunUntilComplete(Gathering.Start<CoroutineTask, bool>([.. leftovers], loop, outcomes: true, static _ => true));
        foreach (var task in leftovers)
        {
            // (What runs on behalf of another task hands its failure to that one.)
            if (!task.IsCancelled && task.Identity == task && task.PeekException is { } failure)
            {
                task.MarkRetrieved();
                loop.CallExceptionHandler(new ExceptionContext
                {
                    Message = "unhandled exception during Asyncio.Run() shutdown",
                    Exception = failure,
                    Task = task,
                    RunIn = task.Context,
                });
            }
        }
    }
}
