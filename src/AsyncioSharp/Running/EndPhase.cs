namespace AsyncioSharp;

/// <summary>What is done with a loop when its program has ended.</summary>
internal static class EndPhase
{
    private const double ExecutorShutdownSeconds = 300; // as CPython's

    private static readonly Action<EventLoop>[] s_parts =
    [
        static loop => loop.RunUntilComplete(loop.ShutdownAsyncGenerators()),
        static loop => loop.RunUntilComplete(loop.ShutdownDefaultExecutor(ExecutorShutdownSeconds)),
        static loop => loop.ReportLost(),
        static loop => loop.Close(),
    ];

    /// <summary>Goes through every part, whatever becomes of the others. Gives what they threw, in order.</summary>
    internal static List<Exception> PutInOrder(EventLoop loop)
    {
        var failures = new List<Exception>();
        CancelLeftovers(loop, failures);
        foreach (var part in s_parts)
        {
            Try(() => part(loop), failures);
        }
        return failures;
    }

    private static void CancelLeftovers(EventLoop loop, List<Exception> failures)
    {
        var leftovers = loop.LiveTasks();
        if (leftovers.Count == 0)
        {
            return;
        }
        foreach (var task in leftovers)
        {
            Try(() => task.Cancel(), failures);
        }
        Future? ended = null;
        Try(() => ended = (Future)Gathering.Start<CoroutineTask, bool>([.. leftovers], loop, outcomes: true, static _ => true), failures);
        // A task that ends with a fatal exception leaves the loop; the others are still waited for.
        while (ended is { IsDone: false } && Try(() => loop.RunUntilComplete(ended), failures) is KeyboardInterruptException)
        {
        }
        foreach (var task in leftovers)
        {
            // (What runs on behalf of another task hands its failure to that one.)
            if (task is { IsDone: true, IsCancelled: false, PeekException: { } failure and not KeyboardInterruptException } && task.Identity == task)
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

    private static Exception? Try(Action part, List<Exception> failures)
    {
        try
        {
            part();
            return null;
        }
        catch (Exception e)
        {
            failures.Add(e);
            return e;
        }
    }
}
