namespace AsyncioSharp;

/// <summary>What is done with a loop when its program has ended, whoever drives the loop.</summary>
internal static class EndPhase
{
    private const double ExecutorShutdownSeconds = 300; // as CPython's

    /// <summary>Goes through every part, whatever becomes of the others. Gives what they threw, in order.</summary>
    internal static List<Exception> PutInOrder(EventLoop loop)
    {
        var failures = new List<Exception>();
        foreach (var part in Parts(loop, failures))
        {
            Try(() => loop.RunUntilComplete(part), failures);
        }
        return failures;
    }

    /// <summary>
    /// The parts, each to be run to its end by the one who asks; what leaves the loop meanwhile is to be added to <paramref name="failures"/>, and the next part asked for
    /// all the same. Behind the last one the loop is closed.
    /// </summary>
    internal static IEnumerable<IAwaitable> Parts(EventLoop loop, List<Exception> failures)
    {
        var leftovers = loop.LiveTasks();
        leftovers.RemoveAll(loop.IsDisposal); // waited for with the other iterators
        if (leftovers.Count > 0)
        {
            loop.AskedOnce = [];
            foreach (var task in leftovers)
            {
                Try(() => task.Cancel(), failures);
            }
            loop.AskedOnce = null;
            // In real time: what they wait for is outside of the loop.
            using var late = new Timer(_ => loop.TryPush(new LateReport(loop, leftovers), null), null, TimeSpan.FromSeconds(loop.IdleSeconds), Timeout.InfiniteTimeSpan);
            Future? ended = null;
            Try(() => ended = (Future)Gathering.Start<CoroutineTask, NoValue, bool>([.. leftovers], loop, outcomes: true, static _ => true), failures);
            bool goesOn = true;
            while (ended is { IsDone: false } && goesOn)
            {
                int known = failures.Count;
                yield return ended;
                goesOn = failures.Count > known && failures[^1] is KeyboardInterruptException; // of one task; the others are still waited for
            }
            foreach (var task in leftovers)
            {
                Report(task, loop);
            }
        }
        yield return TaskOf(loop.ShutdownAsyncGenerators());
        if (!failures.Exists(static failure => failure is KeyboardInterruptException { IsSignal: true })) // who has pressed Ctrl-C need not press it again for the threads
        {
            yield return TaskOf(loop.ShutdownDefaultExecutor(ExecutorShutdownSeconds));
        }
        if (loop.CollectLost())
        {
            yield return TaskOf(Asyncio.Sleep(0)); // the reports are callbacks of the loop
        }
        Try(loop.Close, failures);

        // Not through the program's task factory: if that fails, this must be done all the same.
        CoroutineTask TaskOf(Coroutine coroutine) => new(coroutine, loop) { IsImplicit = true };
    }

    // Tells of the tasks that a cancellation cannot reach where they are: without this, a program that does not end would say nothing.
    private sealed class LateReport(EventLoop loop, List<CoroutineTask> leftovers) : Runnable
    {
        internal override void Run(object? source)
        {
            foreach (var task in leftovers)
            {
                if (task is { IsDone: false, IsPending: true, WaitsFor: ForeignAwait awaited })
                {
                    loop.Warn($"Asyncio.Run() waits for a task that was cancelled but cannot be reached before {awaited} has completed: {TextForm.Whole(task)}");
                }
            }
        }
    }

    // (What runs on behalf of another task hands its failure to that one; and a group that could not throw that of a task has reported it.)
    private static void Report(CoroutineTask task, EventLoop loop)
    {
        if (task is { PeekFailure: { IsReported: false, Exception: var failure and not KeyboardInterruptException } } && task.Identity == task)
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

    internal static void Try(Action part, List<Exception> failures)
    {
        try
        {
            part();
        }
        catch (Exception e)
        {
            failures.Add(e);
        }
    }
}
