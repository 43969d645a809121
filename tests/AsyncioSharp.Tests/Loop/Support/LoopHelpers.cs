using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Loop.Support;

/// <summary>What tests of the loop do again and again: run a single iteration, collect reports, and force a garbage collection.</summary>
internal static class LoopHelpers
{
    /// <summary>One iteration with a zero wait, as RUN-02 says: a stop request before the run.</summary>
    internal static void RunIteration(this EventLoop loop)
    {
        loop.Stop();
        loop.RunForever();
    }

    /// <summary>Has every report of the loop added to a list, which is returned.</summary>
    internal static List<ExceptionContext> CollectReports(this EventLoop loop)
    {
        var reports = new List<ExceptionContext>();
        loop.ExceptionHandler = (_, context) =>
        {
            lock (reports)
            {
                reports.Add(context);
            }
        };
        return reports;
    }

    /// <summary>Has the loop's log written to a writer, which is returned.</summary>
    internal static StringWriter CollectLog(this EventLoop loop)
    {
        var log = new StringWriter();
        loop.LogWriter = TextWriter.Synchronized(log);
        return log;
    }

    /// <summary>Finalizes what is unreachable, and what becomes unreachable thereby.</summary>
    internal static void CollectGarbage()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>Runs something on a thread of its own and waits for it; what it throws is returned.</summary>
    internal static Exception? OnOtherThread(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action));
        thread.Start();
        thread.Join(TimeSpan.FromSeconds(30)).ShouldBeTrue("the other thread hangs");
        return failure;
    }
}

/// <summary>A parker that notes how long it was asked to wait and lets the test say what happens meanwhile; then the virtual time has passed.</summary>
internal sealed class ScriptedParker(VirtualClock clock) : Parker
{
    internal List<double> Waits { get; } = [];

    internal int Wakes { get; private set; }

    internal Action<double>? WhileParked { get; set; }

    public override void Park(double seconds, bool workElsewhere)
    {
        Waits.Add(seconds);
        Waits.Count.ShouldBeLessThan(1000, "the loop parks again and again");
        int wakes = Wakes;
        WhileParked?.Invoke(seconds);
        if (wakes == Wakes)
        {
            double.IsPositiveInfinity(seconds).ShouldBeFalse("nothing would ever wake the loop");
            clock.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    public override void Wake() => Wakes++;
}
