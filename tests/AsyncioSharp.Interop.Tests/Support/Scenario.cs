using System.Runtime.CompilerServices;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>
/// What every real part is put through. An operation that never ends by itself is cancelled, given too little time, and its failure seen; the
/// cases differ between parts only in what is awaited.
/// </summary>
internal static class Scenario
{
    /// <summary>Far longer than anything here takes: only a hang reaches it.</summary>
    public const double LimitSeconds = 30;

    /// <summary>Runs a test's coroutine on a loop in real time. Whatever nobody awaits fails the test.</summary>
    public static void Run(Func<Coroutine> main)
    {
        var reports = new List<string>();
        Asyncio.Run(Asyncio.WaitFor(main(), LimitSeconds), loopFactory: () => new EventLoop
        {
            ExceptionHandler = (_, context) => reports.Add($"{context.Message} {context.Exception}"),
        });
        reports.ShouldBeEmpty();
    }

    /// <summary>Cancels a task that waits for <paramref name="operation"/> in the middle: the exception comes at once, and <c>finally</c> blocks run.</summary>
    /// <param name="operation">What is cancelled.</param>
    /// <param name="isInTheMiddle">True once it has come as far as it has to; null if it is there after a moment in any case.</param>
    public static Coroutine CancelInTheMiddle(Func<Task> operation, Func<bool>? isInTheMiddle = null)
    {
        return CancelInTheMiddle(Awaiting, isInTheMiddle);

        async Coroutine Awaiting() => await operation();
    }

    /// <inheritdoc cref="CancelInTheMiddle(Func{Task}, Func{bool}?)"/>
    [OverloadResolutionPriority(1)] // a lambda is taken for a coroutine
    public static async Coroutine CancelInTheMiddle(Func<Coroutine> operation, Func<bool>? isInTheMiddle = null)
    {
        bool cleanedUp = false;
        var task = Asyncio.CreateTask(Waiting());
        await Asyncio.Sleep(0.05);
        await Until(isInTheMiddle ?? (static () => true));
        task.IsDone.ShouldBeFalse();
        task.Cancel("enough");
        (await FailureOf<CancelledException>(task)).CancelMessage.ShouldBe("enough");
        cleanedUp.ShouldBeTrue();

        async Coroutine Waiting()
        {
            try
            {
                await operation();
            }
            finally
            {
                cleanedUp = true;
            }
        }
    }

    /// <summary>Gives <paramref name="operation"/> less time than it would take.</summary>
    public static Coroutine TimeOut(Func<Task> operation)
    {
        return TimeOut(Awaiting);

        async Coroutine Awaiting() => await operation();
    }

    /// <inheritdoc cref="TimeOut(Func{Task})"/>
    [OverloadResolutionPriority(1)]
    public static async Coroutine TimeOut(Func<Coroutine> operation)
    {
        var loop = Asyncio.GetRunningLoop();
        double start = loop.Time;
        await FailureOf<TimeoutException>(Asyncio.WaitFor(operation(), 0.05));
        (loop.Time - start).ShouldBeInRange(0.04, LimitSeconds / 2);
    }

    /// <summary>Ends a coroutine's wait for <paramref name="operation"/>, which does not end by itself. The await in it may be one of a bare value task.</summary>
    public static Coroutine EndWait(Ending ending, Func<Coroutine> operation) => ending is Ending.Cancel ? CancelInTheMiddle(operation) : TimeOut(operation);

    /// <summary>The token to hand to an operation: that of the task that calls this, or none.</summary>
    public static CancellationToken Token(bool ofTask) => ofTask ? CoroutineTask.Current.CancellationToken : default;

    /// <summary>Waits for something that another thread, or the system, is about to do.</summary>
    public static async Coroutine Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Asyncio.Sleep(0.005);
        }
    }

    /// <summary>Awaits something that is to fail with <typeparamref name="TException"/>, and gives the exception.</summary>
    public static async Coroutine<TException> FailureOf<TException>(IAwaitable awaitable)
        where TException : Exception
    {
        try
        {
            await awaitable;
        }
        catch (TException e)
        {
            return e;
        }
        throw new ShouldAssertException($"{awaitable} was to fail with {typeof(TException).Name} but succeeded.");
    }

    /// <summary>The same for an operation of .NET.</summary>
    public static Coroutine<TException> FailureOf<TException>(Func<Task> operation)
        where TException : Exception
    {
        return FailureOf<TException>(Awaiting());

        async Coroutine Awaiting() => await operation();
    }

    /// <summary>Runs <paramref name="count"/> of them at once and gives the results in order.</summary>
    public static async Coroutine<T[]> AtOnce<T>(int count, Func<int, Coroutine<T>> one)
        => await Asyncio.Gather(Enumerable.Range(0, count).Select(one));
}
