// A server that ends cleanly upon SIGTERM: it accepts no more connections, those that are open have some time to end, and the exit code is 0.
//
//     dotnet run samples/graceful_shutdown.cs -- 5000
//
// listens on that port until it is sent the signal: kill PID. Without arguments it is its own client, and sends the signal to itself. A second
// SIGTERM ends the process at once (143), Ctrl-C cancels everything (130).

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using AsyncioSharp;

const double grace = 3; // seconds that open connections have to end

try
{
    Asyncio.Run(Main(args is [var port] ? int.Parse(port, CultureInfo.InvariantCulture) : null));
    return 0;
}
catch (KeyboardInterruptException)
{
    return 130;
}

async Coroutine Main(int? port)
{
    var stop = new AsyncEvent();
    using var sigterm = AddSignalHandler(PosixSignal.SIGTERM, stop.Set);
    using var listener = new TcpListener(IPAddress.Loopback, port ?? 0);
    listener.Start();
    var address = (IPEndPoint)listener.LocalEndpoint;
    Console.WriteLine($"process {Environment.ProcessId} listens on {address}");
    if (port is null)
    {
        _ = Asyncio.CreateTask(Demo(address, stop));
    }

    await new TaskGroup().Run(async connections =>
    {
        var accepting = connections.CreateTask(Accept(listener, connections));
        await stop.Wait();
        Console.WriteLine("SIGTERM: no more connections");
        accepting.Cancel();
        Asyncio.GetRunningLoop().CallLater(grace, () => connections.Cancel());
    });
    Console.WriteLine("every connection is closed");
}

// Python's loop.add_signal_handler. The handler is called in a thread of .NET's, so it sends the callback to the loop.
PosixSignalRegistration AddSignalHandler(PosixSignal signal, Action callback)
{
    var loop = Asyncio.GetRunningLoop();
    bool wasCalled = false;
    return PosixSignalRegistration.Create(signal, context =>
    {
        if (!Interlocked.Exchange(ref wasCalled, true))
        {
            context.Cancel = true; // the signal does not end the process; the second one does
            loop.CallSoonThreadsafe(callback);
        }
    });
}

async Coroutine Accept(TcpListener listener, TaskGroup connections)
{
    while (true)
    {
        Socket socket = await listener.AcceptSocketAsync(CoroutineTask.Current.CancellationToken);
        _ = connections.CreateTask(Serve(socket));
    }
}

// A request is a number of seconds.
async Coroutine Serve(Socket socket)
{
    using (socket)
    {
        string request = "a connection without a request";
        try
        {
            var buffer = new byte[100];
            int length = await socket.ReceiveAsync(buffer, CoroutineTask.Current.CancellationToken);
            request = Encoding.UTF8.GetString(buffer, 0, length).Trim();
            Console.WriteLine($"{request}: begun");
            await Asyncio.Sleep(double.Parse(request, CultureInfo.InvariantCulture));
            await socket.SendAsync("done\n"u8.ToArray(), CoroutineTask.Current.CancellationToken);
            Console.WriteLine($"{request}: done");
        }
        catch (CancelledException)
        {
            Console.WriteLine($"{request}: cut short");
            throw;
        }
        catch (Exception e) when (e is FormatException or SocketException)
        {
            Console.WriteLine($"{request}: {e.Message}"); // it concerns this connection only
        }
    }
}

async Coroutine Demo(IPEndPoint address, AsyncEvent stop)
{
    using var quick = new TcpClient();
    using var slow = new TcpClient();
    await Send(quick, "1.5");
    await Send(slow, "60");
    if (OperatingSystem.IsWindows())
    {
        stop.Set(); // it has no such signal to send
    }
    else
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {Environment.ProcessId}"]);
        await kill.WaitForExitAsync();
    }
    await Asyncio.Sleep(60); // cancelled when Main has ended

    async Coroutine Send(TcpClient client, string request)
    {
        await client.ConnectAsync(address);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(request));
        await Asyncio.Sleep(0.3); // it is being served
    }
}
