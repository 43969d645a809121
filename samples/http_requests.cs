// Beside .NET: HttpClient in coroutines, with a timeout, a cancellation and many requests at once, against a server in the same program.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Net;
using AsyncioSharp;

const string Address = "http://127.0.0.1:18427/";

using var client = new HttpClient { BaseAddress = new Uri(Address) };

async Coroutine<string> Get(string path) => await client.GetStringAsync(path, CoroutineTask.Current.CancellationToken);

async Coroutine Serve(HttpListener listener)
{
    while (true)
    {
        var context = await listener.GetContextAsync();
        _ = Asyncio.CreateTask(Answer(context), name: context.Request.RawUrl);
    }
}

async Coroutine Answer(HttpListenerContext context)
{
    if (context.Request.RawUrl == "/slow")
    {
        await Asyncio.Sleep(60);
    }
    byte[] body = System.Text.Encoding.UTF8.GetBytes($"you asked for {context.Request.RawUrl}");
    await context.Response.OutputStream.WriteAsync(body);
    context.Response.Close();
}

async Coroutine Main()
{
    using var listener = new HttpListener { Prefixes = { Address } };
    listener.Start();
    var server = Asyncio.CreateTask(Serve(listener));

    // Many at once
    foreach (string answer in await Asyncio.Gather(Enumerable.Range(1, 3).Select(i => Get($"page{i}"))))
    {
        Console.WriteLine(answer);
    }

    // Too slow
    try
    {
        await Asyncio.WaitFor(Get("slow"), timeout: 0.2);
    }
    catch (TimeoutException)
    {
        Console.WriteLine("timeout!");
    }

    // No longer wanted: the exception comes out of the await at once, and the task's token ends the request
    var request = Asyncio.CreateTask(Get("slow"));
    await Asyncio.Sleep(0.1);
    request.Cancel();
    await Asyncio.Wait(request);
    Console.WriteLine($"cancelled: {request.IsCancelled}");

    // A token of somebody else's
    using var source = new CancellationTokenSource(TimeSpan.FromSeconds(0.1));
    try
    {
        await Asyncio.WaitFor(Get("slow"), source.Token);
    }
    catch (OperationCanceledException e) when (e.CancellationToken == source.Token)
    {
        Console.WriteLine("cancelled by the token");
    }

    server.Cancel();
}

Asyncio.Run(Main());
