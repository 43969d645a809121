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
            // Down to where it began. Not by recursion: a chain of tasks may be long.
            Future? next = null; // the one above
            object from = asked;
            while (from is Future { SeenCancellation: null, InterruptedBy: { } source } interrupted)
            {
                next = interrupted;
                from = source;
            }
            Future? told = null;
            CancelledException exception;
            if (from is not Future first)
            {
                exception = ((IWaitable)from).CancelledWith!;
            }
            else if (first.SeenCancellation is { } seen)
            {
                exception = seen; // another thread has asked before the task was told
            }
            else
            {
                exception = first.NewCancellation();
                told = first.KeepCancellation(exception);
            }
            // And up again, past the one who was asked: each knows whom it has told.
            next ??= ToldBy(from, told);
            while (next is not null)
            {
                next.NoteInterrupted(exception, from);
                told = next.KeepCancellation(exception);
                from = next;
                next = ToldBy(from, told);
            }
            return exception;
        }
    }

    // None, if the one who waited has not run yet, or could notice.
    private static Future? ToldBy(object from, Future? told) => told is not null && ReferenceEquals(told.InterruptedBy, from) ? told : null;
}
