using System.Runtime.InteropServices;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/running.md that handle signals: programs, which <see cref="Running.SignalTests"/> starts in processes of their own.</summary>
internal static class SignalPrograms
{
    /// <summary>Runs a program to its end and gives its exit code.</summary>
    internal static int Run(string name) => name switch
    {
        "Ctrl-C" => Interrupted(),
        "SIGTERM" => Terminated(CleansUp),
        "SIGTERM while cleaning up" => Terminated(CleansUpForLong),
        "event" => Told(),
        _ => throw new ArgumentException(name),
    };

    private static int Interrupted()
    {
        try
        {
            Asyncio.Run(Main());
            return 0;
        }
        catch (KeyboardInterruptException)
        {
            return 130;
        }

        static Coroutine Main() => Sleeps(CleansUp);
    }

    private static int Terminated(Func<string, Coroutine> cleanup)
    {
        var terminated = new CancellationTokenSource();
        using var sigterm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = !terminated.IsCancellationRequested; // the first does not end the process
            terminated.Cancel();
        });
        try
        {
            Asyncio.Run(Main(), terminated.Token);
            return 0;
        }
        catch (CancelledException) when (terminated.IsCancellationRequested)
        {
            return 0; // it was told to end, and has ended
        }
        catch (KeyboardInterruptException)
        {
            return 130;
        }

        Coroutine Main() => Sleeps(cleanup);
    }

    private static int Told()
    {
        Asyncio.Run(Main());
        return 0;

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var stop = new AsyncEvent();
            using var sigterm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                loop.CallSoonThreadsafe(stop.Set);
            });
            await Serve(stop);
        }

        static async Coroutine Serve(AsyncEvent stop)
        {
            Console.WriteLine("ready");
            await stop.Wait();
            Console.WriteLine("shutting down");
        }
    }

    private static async Coroutine Sleeps(Func<string, Coroutine> cleanup)
    {
        _ = Asyncio.CreateTask(Leftover());
        await Asyncio.Sleep(0);
        try
        {
            Console.WriteLine("ready");
            await Asyncio.Sleep(60);
        }
        finally
        {
            await cleanup("main");
        }

        static async Coroutine Leftover()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                await CleansUp("leftover");
            }
        }
    }

    private static async Coroutine CleansUp(string name)
    {
        await Asyncio.Sleep(0.01);
        Console.WriteLine($"{name} cleaned up");
    }

    private static async Coroutine CleansUpForLong(string name)
    {
        Console.WriteLine("ready"); // for the second
        await Asyncio.Sleep(60);
        Console.WriteLine($"{name} cleaned up");
    }
}
