namespace AsyncioSharp;

/// <summary>How a task begins to wait for an awaitable of .NET.</summary>
internal static class ForeignWaits
{
    /// <summary>
    /// Hands the wake-up of <paramref name="task"/> to the awaiter. Returns what it threw instead of taking it, if that can come out of the await. If not,
    /// it is reported, or leaves the loop if it is an interrupt, and the coroutine goes on: it has from the awaiter what that has to give.
    /// </summary>
    internal static Exception? Begin(CoroutineTask task, Coroutine leaf, ForeignAwait awaitable)
    {
        task.Loop.NoteAsyncIterator(awaitable.AsyncIterator);
        try
        {
            awaitable.AddWaiter((Runnable?)task.Tokens ?? task);
            return null;
        }
        catch (Exception e)
        {
            if (leaf.CanThrow)
            {
                return e;
            }
            if (e is KeyboardInterruptException interrupt)
            {
                task.Loop.ThrowSoon(interrupt);
            }
            else
            {
                task.Loop.CallExceptionHandler(new ExceptionContext
                {
                    Message = $"The awaiter in '{leaf.QualifiedName}' failed to register a continuation",
                    Exception = e,
                    Task = task,
                });
            }
            task.Wake(null);
            return null;
        }
    }
}
