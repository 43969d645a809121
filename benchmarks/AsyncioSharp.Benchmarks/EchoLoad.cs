using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AsyncioSharp.Benchmarks;

/// <summary>
/// What asks an echo server: connections that each send a message, wait until all of it has come back, check it, and send the next. Some time is not counted, then requests,
/// how long each took, and the processor time of the server are. It is written on this library's own sockets, and runs in a process of its own.
/// </summary>
/// <param name="port">Where the server listens on this machine.</param>
internal sealed class EchoLoad(int port)
{
    private const int Connections = 50;
    private const int Length = 64;
    private const int UncountedSteps = 1;
    private const int CountedSteps = 5;

    private readonly List<double> _latencies = new(1 << 21); // microseconds; so large that it does not grow while it is counted
    private readonly bool[] _areAnswered = new bool[Connections]; // in this step

    /// <summary>How many seconds a step takes; in each the server must answer everybody.</summary>
    internal double Step { get; init; } = 1;

    /// <summary>Asks a server and prints the line of its figures. False if it has failed, which is told as an error.</summary>
    internal static bool Print(int port, int server)
    {
        using var process = Process.GetProcessById(server);
        try
        {
            Console.WriteLine(Asyncio.Run(new EchoLoad(port).Run(ProcessorTime)));
            return true;
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException or TimeoutException)
        {
            Console.Error.WriteLine(e.Message);
            return false;
        }

        TimeSpan ProcessorTime()
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The line that tells what came of it.</summary>
    /// <param name="latencies">How long each request took, in microseconds.</param>
    /// <param name="wall">How long all of them took.</param>
    /// <param name="processor">The processor time of the server meanwhile.</param>
    internal static string Line(IReadOnlyCollection<double> latencies, TimeSpan wall, TimeSpan processor)
    {
        int n = latencies.Count;
        double[] ordered = [.. latencies.Order()];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"n={n} ns={wall.TotalNanoseconds / n:F1} cpu_ns={processor.TotalNanoseconds / n:F1} requests_s={n / wall.TotalSeconds:F0} "
                + $"median_us={ordered[n / 2]:F1} late_us={ordered[n * 99 / 100]:F1}");
    }

    /// <summary>Asks for as long as it is measured.</summary>
    /// <param name="processorTime">That of the server until now.</param>
    /// <returns>The line that tells what came of it.</returns>
    internal async Coroutine<string> Run(Func<TimeSpan> processorTime)
    {
        // CPython's buffers of 256 KiB come from the system, each time, until one was given back whole: when a connection ends.
        (await Connect()).Dispose();
        var asking = new CoroutineTask[Connections];
        for (int i = 0; i < Connections; i++)
        {
            asking[i] = Asyncio.CreateTask(Ask(i, await Connect(), int.MaxValue));
        }
        await Watch(asking, UncountedSteps);
        _latencies.Clear();
        var before = processorTime();
        long start = Stopwatch.GetTimestamp();
        await Watch(asking, CountedSteps);
        var wall = Stopwatch.GetElapsedTime(start);
        return Line(_latencies, wall, processorTime() - before);
    }

    /// <summary>Connects to the server.</summary>
    internal async Coroutine<Socket> Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await Asyncio.GetRunningLoop().SockConnect(socket, new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    /// <summary>Asks one thing after the other, and closes the connection.</summary>
    /// <param name="number">Which of the connections it is.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="times">How often it asks.</param>
    /// <exception cref="InvalidOperationException">The answer is wrong, or the server has closed the connection.</exception>
    internal async Coroutine Ask(int number, Socket connection, int times)
    {
        using var _ = connection;
        var loop = Asyncio.GetRunningLoop();
        byte[] question = new byte[Length];
        byte[] answer = new byte[Length];
        for (int i = 0; i < times; i++)
        {
            question.AsSpan().Fill((byte)i);
            BitConverter.TryWriteBytes(question, i);
            long start = Stopwatch.GetTimestamp();
            await loop.SockSendAll(connection, question);
            for (int count = 0; count < Length;)
            {
                int more = await loop.SockRecvInto(connection, answer.AsMemory(count));
                count += more > 0 ? more : throw new InvalidOperationException("The server has closed a connection.");
            }
            if (!answer.AsSpan().SequenceEqual(question))
            {
                throw new InvalidOperationException("The server has answered wrongly.");
            }
            _latencies.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            _areAnswered[number] = true;
        }
    }

    /// <summary>Lets them ask for some time, as long as all is well.</summary>
    /// <exception cref="TimeoutException">The server is silent.</exception>
    private async Coroutine Watch(CoroutineTask[] asking, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Array.Clear(_areAnswered);
            var (ended, _) = await Asyncio.Wait(asking, timeout: Step, returnWhen: ReturnWhen.FirstCompleted);
            foreach (var failed in ended)
            {
                await failed;
            }
            if (_areAnswered.Contains(false))
            {
                throw new TimeoutException("The server does not answer.");
            }
        }
    }
}
