using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>What tests of tasks that are made when they are needed have in common: coroutines that await nothing but their turn, and the context to run in.</summary>
public abstract class UnmadeTaskFixture
{
    protected static async Coroutine<T> Turns<T>(int turns, T value)
    {
        for (int i = 0; i < turns; i++)
        {
            await Asyncio.Sleep(0);
        }
        return value;
    }

    protected static Coroutine<int> Fails(int turns, string message) => Fails<int>(turns, message);

    protected static async Coroutine<T> Fails<T>(int turns, string message)
    {
        for (int i = 0; i < turns; i++)
        {
            await Asyncio.Sleep(0);
        }
        throw new FormatException(message);
    }

    /// <summary>Runs a test in the context that is to be.</summary>
    protected abstract void InContext(Action test);

    protected void Run(Func<EventLoop, Coroutine> body)
    {
        InContext(() => VirtualTimeLoop.Run(Main()));

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.Debug = false;
            await body(loop);
        }
    }
}
