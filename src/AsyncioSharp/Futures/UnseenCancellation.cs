namespace AsyncioSharp;

/// <summary>
/// Makes the exceptions of cancellations that nobody has looked at. Where no frame can notice it, a cancellation passes from a future to the task
/// that waits for it, from that one to the next, and so on, without an exception: each keeps whom it has told, and its frames keep what they waited
/// for. The first who asks any of them for the exception has one made for all, with the trace that it would have had if it had existed from the start.
/// </summary>
/// <remarks>
/// Where several wait for the same, or a message was given, the exception is made when the first of them is told. Costs no time until somebody asks; then some
/// tens of nanoseconds, a lock included, and so much again for each task on the way. As an exception with its trace would, a cancelled future that is kept
/// keeps the task that waited for it, and that one its frames.
/// </remarks>
internal static class UnseenCancellation
{
    private static readonly Lock s_lock = new(); // any thread may ask; a wait never crosses loops, but one lock does for all

    /// <summary>The exception with which <paramref name="asked"/> was cancelled: the same for all who ask.</summary>
    internal static CancelledException See(Future asked)
    {
        lock (s_lock)
        {
            object origin = Descend(asked, out var told);
            var exception = ExceptionOf(origin, ref told);
            Ascend(origin, told, exception);
            return exception;
        }
    }

    // Down to where it began, and to whom that told it; null if that one was not passed on the way. Not by recursion: a chain of tasks may be long.
    private static object Descend(Future asked, out Future? told)
    {
        told = null;
        object from = asked;
        while (from is Future { SeenCancellation: null, InterruptedBy: { } source } interrupted)
        {
            told = interrupted;
            from = source;
        }
        return from;
    }

    private static CancelledException ExceptionOf(object origin, ref Future? told)
    {
        if (origin is not Future future)
        {
            return ((IWaitable)origin).CancelledWith!;
        }
        if (future.SeenCancellation is { } seen)
        {
            return seen; // another thread has asked before the task was told
        }
        var made = future.NewCancellation();
        var kept = future.KeepCancellation(made);
        told ??= ToldBy(origin, kept);
        return made;
    }

    // Up again, past the one who was asked: each knows whom it has told.
    private static void Ascend(object from, Future? told, CancelledException exception)
    {
        while (told is not null)
        {
            told.NoteInterrupted(exception, from);
            var next = told.KeepCancellation(exception);
            from = told;
            told = ToldBy(from, next);
        }
    }

    // None, if the one who waited has not run yet, or could notice.
    private static Future? ToldBy(object from, Future? told) => told is not null && ReferenceEquals(told.InterruptedBy, from) ? told : null;
}
