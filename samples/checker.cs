// A larger program: checks URLs and files side by side, a few at a time, each with a timeout and retries.
//
//     dotnet run samples/checker.cs -- https://example.org README.md
//
// Without arguments it starts a small server on this machine and checks that, so that it runs anywhere. The summary goes to the standard
// output, progress to the terminal (standard error). Ctrl-C ends it with the summary of what was done so far and exit code 130.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Net;
using System.Net.Sockets;
using AsyncioSharp;

const int concurrency = 3; // how many are checked at the same time
const int attempts = 3;
const double timeout = 3; // seconds, for one attempt

try
{
    return Asyncio.Run(args is [] ? Demo() : Check([.. args.Distinct()], new HttpClient()));
}
catch (KeyboardInterruptException)
{
    return 130;
}

async Coroutine<int> Check(string[] targets, HttpClient client)
{
    var checker = new Checker(client, timeout, attempts);
    var waiting = new Queue<string>(targets);
    var results = new Dictionary<string, Result>();

    // All of this runs on one thread, so the workers share the queue and the results without a lock.
    async Coroutine Worker()
    {
        while (waiting.TryDequeue(out var target))
        {
            var result = await checker.Check(target);
            results[target] = result;
            Console.Error.WriteLine($"[{results.Count}/{targets.Length}] {(result.IsOk ? "ok" : "failed")} {target}");
        }
    }

    try
    {
        await Asyncio.Gather(Enumerable.Range(0, concurrency).Select(_ => Worker()));
    }
    finally
    {
        // Also after Ctrl-C: a cancellation is an exception at the await.
        foreach (var target in targets)
            Console.WriteLine($"{target}: {(results.TryGetValue(target, out var result) ? result : "not checked")}");
        var ok = results.Values.Count(result => result.IsOk);
        Console.WriteLine($"{ok} ok, {results.Count - ok} failed, {targets.Length - results.Count} not checked");
    }
    return results.Values.All(result => result.IsOk) ? 0 : 1;
}

async Coroutine<int> Demo()
{
    using var server = new DemoServer();
    var file = Path.GetTempFileName();
    await File.WriteAllTextAsync(file, "hello world");
    try
    {
        string[] pages = ["ready", "busy", "missing", "stuck"];
        string[] targets = [.. pages.Select(page => server.Address + page), file, file + ".missing"];
        await Check(targets, new HttpClient(new SocketsHttpHandler { UseProxy = false }));
        return 0; // some are meant to fail
    }
    finally
    {
        File.Delete(file);
    }
}

/// <summary>What became of one target.</summary>
record Result(bool IsOk, string Text, int Attempts)
{
    public override string ToString() => $"{(IsOk ? "ok" : "failed")}, {Text}{(Attempts == 1 ? "" : $", {Attempts} attempts")}";
}

/// <summary>Checks a target, again and again with growing pauses if there is hope.</summary>
class Checker(HttpClient client, double timeout, int attempts)
{
    public async Coroutine<Result> Check(string target)
    {
        var pause = 0.1;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var size = await Asyncio.WaitFor(SizeOf(target), timeout);
                return new Result(true, $"{size} bytes", attempt);
            }
            catch (Exception e) when (e is not CancelledException)
            {
                // Whatever is wrong with a target is its result. Only a cancellation passes, as it must.
                if (attempt == attempts || !IsPassing(e))
                    return new Result(false, Describe(e), attempt);
            }
            await Asyncio.Sleep(pause);
            pause *= 2;
        }
    }

    private Coroutine<long> SizeOf(string target)
        => target.StartsWith("http://") || target.StartsWith("https://") ? SizeOfPage(target) : Asyncio.ToThread(SizeOfFile, target);

    // The task's token, so that a timeout or Ctrl-C ends the request too, not only the waiting.
    private async Coroutine<long> SizeOfPage(string url)
        => (await client.GetByteArrayAsync(url, CoroutineTask.Current.CancellationToken)).Length;

    private static long SizeOfFile(string path) => File.ReadAllBytes(path).LongLength;

    private static bool IsPassing(Exception e) => e switch
    {
        TimeoutException => true,
        HttpRequestException { StatusCode: { } status } => status >= HttpStatusCode.InternalServerError,
        HttpRequestException => true,
        _ => false,
    };

    private static string Describe(Exception e) => e switch
    {
        TimeoutException => "timeout",
        HttpRequestException { StatusCode: { } status } => $"{(int)status} {status}",
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        _ => e.Message,
    };
}

/// <summary>A server with a good page, one that is busy at first, one that never answers, and nothing else.</summary>
class DemoServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private int _busy = 2;

    public DemoServer()
    {
        // Any port that is free.
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Address = $"http://localhost:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        probe.Stop();
        _listener.Prefixes.Add(Address);
        _listener.Start();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public string Address { get; }

    public void Dispose() => _listener.Close();

    private void Serve()
    {
        try
        {
            while (true)
                Answer(_listener.GetContext());
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private void Answer(HttpListenerContext context)
    {
        switch (context.Request.Url?.AbsolutePath)
        {
            case "/stuck":
                break;
            case "/ready":
            case "/busy" when _busy-- <= 0:
                context.Response.Close("hello"u8.ToArray(), willBlock: true);
                break;
            case "/busy":
                Refuse(context, HttpStatusCode.ServiceUnavailable);
                break;
            default:
                Refuse(context, HttpStatusCode.NotFound);
                break;
        }
    }

    private static void Refuse(HttpListenerContext context, HttpStatusCode status)
    {
        context.Response.StatusCode = (int)status;
        context.Response.Close();
    }
}
