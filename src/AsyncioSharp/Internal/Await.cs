using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The await protocol. A coroutine that cannot go on says what it waits for; the task that drives it reads that and arranges the wake-up,
/// as Python's task reads what its generator yields. So a coroutine needs to know neither its task nor its loop.
/// </summary>
internal enum AwaitKind : byte
{
    /// <summary>Nothing: not suspended.</summary>
    None,

    /// <summary>A fresh coroutine, which the same task runs next.</summary>
    Coroutine,

    /// <summary>Nothing but its next turn: <c>sleep(0)</c>.</summary>
    Turn,

    /// <summary>An awaitable of .NET, an <see cref="IWaitable"/> as all of the following, but one that may be unable to take an exception.</summary>
    Foreign,

    /// <summary>The coroutine itself: a <see cref="Wait"/> that is a frame of its own.</summary>
    Itself,

    /// <summary>A <see cref="AsyncioSharp.Future"/>, which a task is too: told apart so that waiting for it and waking up need no test of types.</summary>
    Future,

    /// <summary>
    /// A coroutine that only waits: a sleep, a place in a queue. Its task begins and ends the wait in front of the frame that awaits it, which spares a frame the way
    /// in and out: a tenth of what an item costs that is handed over by a queue. It is made a frame if an exception is to pass through it (<see cref="Trampoline.Enter"/>).
    /// </summary>
    Wait,
}

/// <summary>Implemented by this library's awaiters, which are structs, so that the builder's test for it costs nothing once compiled.</summary>
internal interface IAwaitRequest
{
    /// <summary>What sort of thing is awaited.</summary>
    AwaitKind Kind { get; }

    /// <summary>The thing itself; null for <see cref="AwaitKind.Turn"/>.</summary>
    object? Target { get; }
}

/// <summary>What coroutines, futures and tasks are to an awaiter that knows them only as <see cref="IAwaitable"/>.</summary>
internal interface IAwaitTarget
{
    /// <summary>How a task has to wait for it.</summary>
    AwaitKind Kind { get; }

    /// <summary>True if there is nothing to wait for. Throws if it must not be awaited (again).</summary>
    bool IsReady { get; }

    /// <summary>The outcome as an object, null where there is no value; throws the failure.</summary>
    object? AwaitedObject();

    /// <summary>For awaits outside of coroutines: has <paramref name="continuation"/> called upon completion, on the loop.</summary>
    void OnCompleted(Action continuation);
}

/// <summary>An <see cref="IAwaitTarget"/> with a value.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
internal interface IAwaitTarget<out T> : IAwaitTarget
{
    /// <summary>The value; throws the failure.</summary>
    T AwaitedResult();
}

/// <summary>What a task can wait for. How it is woken is told each kind in its own way, since a call by way of an interface is dearer.</summary>
internal interface IWaitable
{
    /// <summary>Asks for cancellation on behalf of the one who waits. False if it is too late: then the wake-up is already queued.</summary>
    bool CancelWait(string? message);

    /// <summary>True if it has ended with something that is lost unless the one who waits takes it: a request that comes behind the end waits for the next await.</summary>
    bool MustBeTaken => false;

    /// <summary>The task that runs <paramref name="coroutine"/> waits here no more: it is made ready, if it was not already.</summary>
    void Dismiss(object coroutine)
    {
    }

    /// <summary>A request to <paramref name="waiter"/>, which waits here, was passed on.</summary>
    void NoteAsked(Runnable waiter, string? message)
    {
    }

    /// <summary>The exception with which the wait ended if it was cancelled; null otherwise.</summary>
    CancelledException? CancelledWith { get; }

    /// <summary>True if it was cancelled and nobody has asked for the exception. Only of coroutines that are waited for; a future knows whom it tells.</summary>
    bool IsCancelledUnseen => false;
}

/// <summary>
/// An exception on its way into a suspended coroutine: the awaiter on which the coroutine is resumed throws it.
/// Awaiters look at one static counter, which is zero almost always; the thread's own slot is read only when some thread is throwing.
/// </summary>
internal static class Injection
{
    private static int s_throwing; // threads that are resuming a coroutine with an exception right now

    [ThreadStatic]
    private static Exception? t_exception;

    /// <summary>Called first by every awaiter's <c>GetResult</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ThrowIfAny()
    {
        if (s_throwing != 0)
        {
            Rethrow.Raise(Take());
        }
    }

    /// <summary>What this thread's next awaiter is to throw (see <see cref="Rethrow.Raise"/>), for once; null for nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static object? Take()
    {
        var exception = t_exception;
        if (exception is null)
        {
            return null;
        }
        t_exception = null;
        return Rethrow.Prepare(exception);
    }

    /// <summary>The next awaiter that is resumed on this thread throws <paramref name="exception"/>. Ended by <see cref="End"/>.</summary>
    internal static void Begin(Exception exception)
    {
        Interlocked.Increment(ref s_throwing);
        t_exception = exception;
    }

    /// <summary>Called by an awaiter that throws by itself: it is the one that was resumed, and nobody further on must throw what came this way too.</summary>
    internal static void Forget()
    {
        if (s_throwing != 0)
        {
            t_exception = null;
        }
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    internal static void End()
    {
        t_exception = null;
        Interlocked.Decrement(ref s_throwing);
    }

    /// <summary>Has <paramref name="exception"/> come out of the await that <paramref name="continuation"/> goes on from.</summary>
    internal static void Resume(Action continuation, Exception exception)
    {
        Begin(exception);
        try
        {
            continuation();
        }
        finally
        {
            End();
        }
    }
}
