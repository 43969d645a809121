using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>
/// What the tests of the combinators share: running a loop by single iterations, seeing for how long a loop waits, and catching the
/// failure of an awaitable.
/// </summary>
internal static class LoopSteps
{
    /// <summary>Runs exactly one iteration: the loop is stopped before it begins.</summary>
    public static void RunOnce(this EventLoop loop)
    {
        loop.Stop();
        loop.RunForever();
    }

    /// <summary>The number of iterations after which <paramref name="condition"/> holds.</summary>
    public static int IterationsUntil(this EventLoop loop, Func<bool> condition)
    {
        for (int i = 0; i < 20; i++)
        {
            if (condition())
            {
                return i;
            }
            loop.RunOnce();
        }
        throw new InvalidOperationException("It does not hold after 20 iterations.");
    }

    /// <summary>Runs a coroutine on virtual time and gives the times for which the loop waited, one for each wait.</summary>
    public static List<double> WaitsOf(Func<Coroutine> main)
    {
        var clock = new VirtualClock();
        var parker = new RecordingParker(clock.Parker);
        Asyncio.Run(main(), loopFactory: () => new EventLoop(clock, parker));
        return parker.Waits;
    }

    private sealed class RecordingParker(Parker inner) : Parker
    {
        public List<double> Waits { get; } = [];

        public override void Park(double seconds, bool workElsewhere)
        {
            Waits.Add(Math.Round(seconds, 6));
            inner.Park(seconds, workElsewhere);
        }

        public override void Wake() => inner.Wake();
    }
}
