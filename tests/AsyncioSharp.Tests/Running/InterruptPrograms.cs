using System.Runtime.CompilerServices;
using AsyncioSharp.Tests.Documentation;

namespace AsyncioSharp.Tests.Running;

/// <summary>
/// The programs that <see cref="KeyboardInterruptTests"/> interrupts, and the way to those of <see cref="SignalPrograms"/>. A signal is for a whole process,
/// so each runs in a child: this assembly, started again with the program's name in an environment variable, runs it before the test framework (and its
/// own Ctrl-C handling) begins.
/// </summary>
internal static class InterruptPrograms
{
    public const string Variable = "ASYNCIOSHARP_TESTS_INTERRUPT";

#pragma warning disable CA2255 // not a library's: this is the only way in before the test framework
    [ModuleInitializer]
    internal static void RunInstead()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } name)
        {
            return;
        }
        if (name.StartsWith("page: ", StringComparison.Ordinal))
        {
            Environment.Exit(SignalPrograms.Run(name["page: ".Length..]));
        }
        try
        {
            Console.WriteLine("returned " + (name.StartsWith("runner", StringComparison.Ordinal) ? RunnerPrograms(name) : Asyncio.Run(Program(name))));
        }
        catch (Exception e)
        {
            Console.WriteLine("threw " + e.GetType().Name);
        }
        Console.Out.Flush();
        Environment.Exit(0);
    }

    private static Coroutine<string> Program(string name) => name switch
    {
        "sleeps" => Sleeps(),
        "swallows" => Swallows(),
        "fails" => Fails(),
        "ignores" => Ignores(),
        "cancels itself too" => CancelsItselfToo(),
        "spins" => Spins(),
        "computes" => Computes(),
        "has a handler of its own" => HasAHandlerOfItsOwn(),
        "cleans up for long when interrupted" => CleansUpForLongWhenInterrupted(),
        "leaves a task that cleans up" => LeavesATaskThatCleansUp(),
        "leaves a thread that works" => LeavesAThreadThatWorks(),
        "leaves a thread that works and a task that cleans up" => LeavesAThreadThatWorksAndATaskThatCleansUp(),
        _ => throw new ArgumentException(name),
    };

    private static string RunnerPrograms(string name)
    {
        using var runner = new Runner();
        switch (name)
        {
            case "runner: waits":
                var future = runner.GetLoop().CreateFuture();
                try
                {
                    runner.Run(Waits(future));
                }
                catch (KeyboardInterruptException)
                {
                    Console.WriteLine($"interrupted, future cancelled: {future.IsCancelled}");
                }
                return runner.Run(Asyncio.Sleep(0, "after another run"));
            case "runner: three times":
                int presses = 0;
                using (System.Runtime.InteropServices.PosixSignalRegistration.Create(
                    System.Runtime.InteropServices.PosixSignal.SIGINT, _ => Interlocked.Increment(ref presses)))
                {
                    try
                    {
                        runner.Run(Sleeps(CleansUp));
                    }
                    catch (KeyboardInterruptException)
                    {
                        runner.Close();
                    }
                }
                return "";

                async Coroutine CleansUp()
                {
                    try
                    {
                        await Asyncio.Sleep(3600);
                    }
                    finally
                    {
                        Console.WriteLine("ready"); // for the second
                        while (Volatile.Read(ref presses) < 2)
                        {
                            await Asyncio.Sleep(0.01);
                        }
                        Console.WriteLine("ready"); // for the third
                        await Asyncio.Sleep(20);
                        Console.WriteLine("cleaned up");
                    }
                }
            case "runner: between runs":
                runner.Run(Asyncio.Sleep(0));
                Console.WriteLine("ready");
                Thread.Sleep(TimeSpan.FromSeconds(30));
                return "although it was interrupted";
            default:
                throw new ArgumentException(name);
        }
    }

    private static async Coroutine Waits(Future<object?> future)
    {
        Console.WriteLine("ready");
        await future;
    }

    private static async Coroutine<string> Spins()
    {
        Console.WriteLine("ready");
        while (true)
        {
            await Asyncio.Sleep(0);
        }
    }

    private static async Coroutine<string> Computes()
    {
        var interrupt = (KeyboardInterrupt)Asyncio.GetRunningLoop().Interrupt!;
        Console.WriteLine("ready");
#pragma warning disable ASYNCIO003 // a step that takes long
        SpinWait.SpinUntil(() => interrupt.Presses > 0);
        Thread.Sleep(200); // it is on its way to the loop
#pragma warning restore ASYNCIO003
        try
        {
            await Asyncio.Sleep(0);
            Console.WriteLine("went on");
        }
        finally
        {
            Console.WriteLine("main ended");
        }
        return "";
    }

    private static async Coroutine<string> HasAHandlerOfItsOwn()
    {
        using var own = System.Runtime.InteropServices.PosixSignalRegistration.Create(
            System.Runtime.InteropServices.PosixSignal.SIGINT, static _ => Console.WriteLine("own handler"));
        await Sleeper("main");
        return "";
    }

    private static async Coroutine<string> LeavesATaskThatCleansUp()
    {
        _ = Asyncio.CreateTask(CleansUp());
        await Asyncio.Sleep(0);
        return "";
    }

    private static async Coroutine<string> CleansUpForLongWhenInterrupted()
    {
        Asyncio.GetRunningLoop().ExceptionHandler = static (_, report) => Console.WriteLine("reported " + report.Message);
        _ = Asyncio.CreateTask(CleansUp());
        return await Sleeps();
    }

    private static async Coroutine CleansUp()
    {
        try
        {
            await Asyncio.Sleep(3600);
        }
        finally
        {
            bool pressed = false;
            using var own = System.Runtime.InteropServices.PosixSignalRegistration.Create(
                System.Runtime.InteropServices.PosixSignal.SIGINT, _ => Volatile.Write(ref pressed, true));
            Console.WriteLine("ready");
            while (!Volatile.Read(ref pressed)) // the signal takes its time where much else runs
            {
                await Asyncio.Sleep(0.01);
            }
            await Asyncio.Sleep(0.5); // the same thread calls the handler of the run, before or after this one
            Console.WriteLine("cleaned up");
        }
    }

    private static async Coroutine<string> LeavesAThreadThatWorksAndATaskThatCleansUp()
    {
        _ = Asyncio.CreateTask(CleansUp());
        var begun = new ManualResetEventSlim();
        _ = Asyncio.GetRunningLoop().RunInExecutor(null, () =>
        {
            begun.Set();
            Thread.Sleep(Timeout.Infinite);
        });
        await Asyncio.ToThread(() => begun.Wait());
        return "";
    }

    private static async Coroutine<string> LeavesAThreadThatWorks()
    {
        var begun = new ManualResetEventSlim();
        var ending = new ManualResetEventSlim();
        _ = Asyncio.CreateTask(Leftover());
        _ = Asyncio.GetRunningLoop().RunInExecutor(null, () =>
        {
            begun.Set();
            ending.Wait();
            Console.WriteLine("ready");
            Thread.Sleep(Timeout.Infinite);
        });
        await Asyncio.ToThread(() => begun.Wait());
        return "";

        async Coroutine Leftover()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                ending.Set(); // the end phase has begun, and will wait for the thread
            }
        }
    }

    private static Coroutine<string> Sleeps() => Sleeps(static () => Sleeper("leftover"));

    private static async Coroutine<string> Sleeps(Func<Coroutine> leftover)
    {
        _ = Asyncio.CreateTask(leftover());
        await Asyncio.Sleep(0);
        await Sleeper("main");
        return "";
    }

    private static async Coroutine<string> Swallows()
    {
        try
        {
            await Sleeper("main");
        }
        catch (CancelledException)
        {
            await Asyncio.Sleep(0.01); // the loop goes on
        }
        return "swallowed";
    }

    private static async Coroutine<string> Fails()
    {
        try
        {
            await Sleeper("main");
        }
        catch (CancelledException)
        {
            throw new FormatException();
        }
        return "";
    }

    private static async Coroutine<string> Ignores()
    {
        try
        {
            await Sleeper("main");
        }
        catch (CancelledException)
        {
            await Sleeper("main again"); // ready for the second Ctrl-C
        }
        return "";
    }

    private static async Coroutine<string> CancelsItselfToo()
    {
        var main = CoroutineTask.Current;
        try
        {
            await Sleeper("main");
        }
        catch (CancelledException)
        {
            main.Cancel();
            throw;
        }
        return "";
    }

    private static async Coroutine Sleeper(string name)
    {
        try
        {
            if (name.StartsWith("main", StringComparison.Ordinal))
            {
                Console.WriteLine("ready");
            }
            await Asyncio.Sleep(60);
        }
        catch (CancelledException)
        {
            Console.WriteLine(name + " cancelled");
            throw;
        }
    }
}
