// A server that sends back what it receives, and three clients, on sockets of the loop: on Linux it waits for them itself, without a thread of .NET in between.
//
//     dotnet run samples/sockets.cs

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Net;
using System.Net.Sockets;
using System.Text;
using AsyncioSharp;

Asyncio.Run(Main());

static async Coroutine Main()
{
    var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    listener.Listen();
    var server = Asyncio.CreateTask(Serve(listener));

    string[] answers = await Asyncio.Gather(Ask("one", listener.LocalEndPoint!), Ask("two", listener.LocalEndPoint!), Ask("three", listener.LocalEndPoint!));
    Console.WriteLine(string.Join(", ", answers));
    server.Cancel(); // and with it, as they are in its group, what is left of its connections
    await Asyncio.Wait(server);
}

static async Coroutine Serve(Socket listener)
{
    using (listener)
    {
        var loop = Asyncio.GetRunningLoop();
        await new TaskGroup().Run(async group =>
        {
            while (true)
            {
                _ = group.CreateTask(Echo(await loop.SockAccept(listener)));
            }
        });
    }
}

static async Coroutine Echo(Socket connection)
{
    using (connection)
    {
        var loop = Asyncio.GetRunningLoop();
        byte[] buffer = new byte[4096];
        try
        {
            for (int count; (count = await loop.SockRecvInto(connection, buffer)) > 0;)
            {
                await loop.SockSendAll(connection, buffer.AsMemory(0, count));
            }
        }
        catch (SocketException e)
        {
            Console.WriteLine($"lost a connection: {e.Message}"); // one client that goes away must not end the group, and with it the others
        }
    }
}

static async Coroutine<string> Ask(string question, EndPoint server)
{
    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    var loop = Asyncio.GetRunningLoop();
    await loop.SockConnect(socket, server);
    await loop.SockSendAll(socket, Encoding.UTF8.GetBytes(question));
    byte[] answer = await loop.SockRecv(socket, 4096);
    return Encoding.UTF8.GetString(answer);
}
