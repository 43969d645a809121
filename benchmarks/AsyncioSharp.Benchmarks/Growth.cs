using System.Diagnostics;
using System.Globalization;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// How the cost of one operation grows with the number of tasks, the depth of a chain and the number of timers; what cancelled timers leave behind; and
/// what an idle loop costs, and how soon it answers another thread.
/// The sizes of a row are measured in turn, several times, so that a machine that changes its speed meanwhile does not bend the curve.
/// </summary>
internal static class Growth
{
    private const int Passes = 5;
    private const int OperationsPerRun = 1_000_000;

    internal static void Run()
    {
        Console.WriteLine("Nanoseconds of processor time for each operation; in brackets, as a multiple of the row's cheapest.");
        Console.WriteLine();
        Row("plain objects of 128 bytes, kept", [1_000, 10_000, 100_000, 1_000_000], static size => KeepObjects(size));
        Row("tasks created and joined at once", [1_000, 10_000, 100_000, 1_000_000], static size => SpawnJoin(size));
        Row("frames of a chain, each awaited once", [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => Chains(size, 1));
        Row("yields at the bottom of a chain", [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => YieldsBelow(size));
        Row("timers set and cancelled", [10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => SetAndCancel(size));
        Row("timeouts that end in time, beside timers that stay", [10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => TimeoutsBeside(size));
        Row("plain objects of 128 bytes, sorted by random keys and visited", [10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => SortObjects(size));
        Row("timers set and fired, random deadlines", [10, 100, 1_000, 10_000, 100_000, 1_000_000], static size => SetAndFire(size));
        Console.WriteLine();
        MemoryOfCancelledTimers();
        Idle();
        RoundTrips();
    }

    private static void Row(string name, int[] sizes, Func<int, (double Nanoseconds, int Operations)> run)
    {
        double[][] figures = [.. sizes.Select(static _ => new double[Passes])];
        for (int i = 0; i < sizes.Length; i++)
        {
            run(sizes[i]);
        }
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < sizes.Length; i++)
            {
                double total = 0;
                long operations = 0;
                while (operations < OperationsPerRun)
                {
                    var (nanoseconds, done) = run(sizes[i]);
                    total += nanoseconds;
                    operations += done;
                }
                figures[i][pass] = total / operations;
            }
        }
        double[] medians = [.. figures.Select(static figure => figure.Order().ElementAt(Passes / 2))];
        double least = medians.Min();
        var costs = sizes.Zip(medians, (size, cost) => string.Create(CultureInfo.InvariantCulture, $"{size:N0}: {cost:F1} ({cost / least:F2})"));
        Console.WriteLine($"{name}: {string.Join(", ", costs)}");
    }

    // Small sizes are repeated inside one run, so that starting a loop does not count.
    private static (double Nanoseconds, int Operations) Timed(int size, Func<int, Coroutine> once)
    {
        int rounds = Math.Max(1, 100_000 / size);
        return Asyncio.Run(Main());

        async Coroutine<(double Nanoseconds, int Operations)> Main()
        {
            var before = Environment.CpuUsage.TotalTime;
            for (int i = 0; i < rounds; i++)
            {
                await once(size);
            }
            return ((Environment.CpuUsage.TotalTime - before).TotalNanoseconds, rounds * size);
        }
    }

    // What memory alone costs, with nothing of this library in it: a task and its coroutine have the same size.
    private static (double Nanoseconds, int Operations) KeepObjects(int size) => Timed(size, static async size =>
    {
        object[] objects = new object[size];
        for (int i = 0; i < size; i++)
        {
            objects[i] = new byte[104];
        }
        await Asyncio.Sleep(0);
        GC.KeepAlive(objects);
    });

    // The same for timers, which are visited in another order than that in which they were made.
    private static (double Nanoseconds, int Operations) SortObjects(int size) => Timed(size, static async size =>
    {
        byte[][] objects = new byte[size][];
        double[] keys = new double[size];
        var random = new Random(1);
        for (int i = 0; i < size; i++)
        {
            objects[i] = new byte[104];
            objects[i][0] = 1;
            keys[i] = random.NextDouble();
        }
        Array.Sort(keys, objects);
        await Asyncio.Sleep(0);
        int visited = 0;
        foreach (byte[] each in objects)
        {
            visited += each[0];
        }
        Measurement.Check(visited == size);
    });

    private static (double Nanoseconds, int Operations) SpawnJoin(int size) => Timed(size, static async size =>
    {
        var tasks = new CoroutineTask<int>[size];
        for (int i = 0; i < size; i++)
        {
            tasks[i] = Asyncio.CreateTask(Value(i));
        }
        long total = 0;
        foreach (var task in tasks)
        {
            total += await task;
        }
        Measurement.Check(total == Measurement.Sum(size));
    });

    private static (double Nanoseconds, int Operations) Chains(int size, int yields) => Timed(size, async size => Measurement.Check(await Chain(size, yields) == size));

    // The chain is built before the clock starts; only the resumes count.
    private static (double Nanoseconds, int Operations) YieldsBelow(int size)
    {
        const int Yields = 200_000;
        return Asyncio.Run(Main());

        async Coroutine<(double Nanoseconds, int Operations)> Main()
        {
            double nanoseconds = 0;
            await Down(size);
            return (nanoseconds, Yields);

            async Coroutine Down(int depth)
            {
                if (depth > 1)
                {
                    await Down(depth - 1);
                    return;
                }
                var before = Environment.CpuUsage.TotalTime;
                for (int i = 0; i < Yields; i++)
                {
                    await Asyncio.Sleep(0);
                }
                nanoseconds = (Environment.CpuUsage.TotalTime - before).TotalNanoseconds;
            }
        }
    }

    private static (double Nanoseconds, int Operations) SetAndCancel(int size) => Timed(size, static async size =>
    {
        var loop = Asyncio.GetRunningLoop();
        var timers = new TimerHandle[size];
        var random = new Random(1);
        for (int i = 0; i < size; i++)
        {
            timers[i] = loop.CallLater(1000 + (random.NextDouble() * 1000), static () => { });
        }
        foreach (var timer in timers)
        {
            timer.Cancel();
        }
        await Asyncio.Sleep(0);
    });

    // The timers that stay are set before the clock starts, some for before the limits and some for after them.
    private static (double Nanoseconds, int Operations) TimeoutsBeside(int size)
    {
        const int Timeouts = 200_000;
        return Asyncio.Run(Main());

        async Coroutine<(double Nanoseconds, int Operations)> Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var random = new Random(1);
            for (int i = 0; i < size; i++)
            {
                _ = loop.CallLater(1000 + (random.NextDouble() * 1000), static () => { });
            }
            var before = Environment.CpuUsage.TotalTime;
            long total = 0;
            for (int i = 0; i < Timeouts; i++)
            {
                total += await Asyncio.WaitFor(ValueLater(i), 1500.0);
            }
            Measurement.Check(total == Measurement.Sum(Timeouts));
            return ((Environment.CpuUsage.TotalTime - before).TotalNanoseconds, Timeouts);
        }
    }

    private static (double Nanoseconds, int Operations) SetAndFire(int size) => Timed(size, static async size =>
    {
        // In the past, so that nothing has to be waited for; they are sorted all the same.
        var loop = Asyncio.GetRunningLoop();
        double now = loop.Time;
        var random = new Random(1);
        int fired = 0;
        Action fire = () => fired++;
        for (int i = 0; i < size; i++)
        {
            loop.CallAt(now - (random.NextDouble() * 1000), fire);
        }
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(0);
        Measurement.Check(fired == size);
    });

    private static void MemoryOfCancelledTimers()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            const int Count = 1_000_000;
            var loop = Asyncio.GetRunningLoop();
            long before = GC.GetTotalMemory(forceFullCollection: true);
            long waiting = SetAndCancelAll(loop, Count) - before;
            await Asyncio.Sleep(0);
            long after = GC.GetTotalMemory(forceFullCollection: true) - before;
            Console.WriteLine($"A million timers: {waiting / Count} bytes each while they wait, {after / 1024} KiB in all once they are cancelled.");
        }

        static long SetAndCancelAll(EventLoop loop, int count)
        {
            var timers = new TimerHandle[count];
            for (int i = 0; i < count; i++)
            {
                timers[i] = loop.CallLater(1000 + i, static () => { });
            }
            long waiting = GC.GetTotalMemory(forceFullCollection: true);
            foreach (var timer in timers)
            {
                timer.Cancel();
            }
            return waiting;
        }
    }

    private static void Idle()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            await Asyncio.Sleep(0.5);
            var before = Environment.CpuUsage.TotalTime;
            await Asyncio.Sleep(5);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"A loop that idles for 5 s: {(Environment.CpuUsage.TotalTime - before).TotalMilliseconds:F1} ms of processor time."));
        }
    }

    private static void RoundTrips()
    {
        Asyncio.Run(Main());

        static async Coroutine Main()
        {
            double asleep = await MedianRoundTrip(static () => Thread.Sleep(1)); // after which the loop sleeps too
            var turns = Asyncio.CreateTask(TakeTurns());
            double busy = await MedianRoundTrip(static () => { });
            turns.Cancel();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"A coroutine from another thread, until that has the result (median): {asleep:F1} us of a loop that sleeps, {busy:F1} us of a busy one."));
        }

        static async Coroutine TakeTurns()
        {
            while (true)
            {
                await Asyncio.Sleep(0);
            }
        }

        static async Coroutine<double> MedianRoundTrip(Action pause)
        {
            var loop = Asyncio.GetRunningLoop();
            var median = loop.CreateFuture<double>();
            var thread = Threads.Start(() =>
            {
                double[] trips = new double[3000];
                for (int i = 0; i < trips.Length; i++)
                {
                    pause();
                    long start = Stopwatch.GetTimestamp();
                    Asyncio.RunCoroutineThreadsafe(Value(i), loop).Result();
                    trips[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                }
                Array.Sort(trips);
                loop.CallSoonThreadsafe(() => median.SetResult(trips[trips.Length / 2]));
            });
            double result = await median;
            Threads.Join(thread);
            return result;
        }
    }

    private static async Coroutine<int> Value(int i) => i;

    private static async Coroutine<int> ValueLater(int i)
    {
        await Asyncio.Sleep(0);
        return i;
    }

    private static async Coroutine<int> Chain(int depth, int yields)
    {
        if (depth > 1)
        {
            return 1 + await Chain(depth - 1, yields);
        }
        for (int i = 0; i < yields; i++)
        {
            await Asyncio.Sleep(0);
        }
        return 1;
    }
}
