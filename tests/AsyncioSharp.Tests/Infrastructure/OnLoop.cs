using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>Runs a test's body on a loop with virtual time.</summary>
internal static class OnLoop
{
    internal static void Run(Func<Coroutine> body) => VirtualTimeLoop.Run(body());

    /// <summary>Gives the others a number of turns.</summary>
    internal static async Coroutine Turns(int count)
    {
        for (; count > 0; count--)
        {
            await Asyncio.Sleep(0);
        }
    }

    /// <summary>The dump of the running loop's tasks.</summary>
    internal static string Dump()
    {
        using var writer = new StringWriter();
        Asyncio.DumpTasks(writer);
        return writer.ToString();
    }

    /// <summary>Awaits something that fails, and gives the exception.</summary>
    internal static async Coroutine<TException> Failure<TException>(IAwaitable awaitable)
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
        throw new ShouldAssertException($"{awaitable} did not fail with {typeof(TException).Name}");
    }
}
