using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AsyncioSharp.Interop.Tests.Support;

/// <summary>A Kestrel server on a free port of the loopback interface.</summary>
public sealed class WebServer : IAsyncLifetime
{
    private readonly WebApplication _app;
    private int _begun;
    private int _aborted;

    public WebServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/hello/{name}", (string name) => $"hello {name}");
        _app.MapGet("/broken", () => Results.StatusCode(500));
        _app.MapGet("/never", async (HttpContext context) =>
        {
            Interlocked.Increment(ref _begun);
            try
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
            finally
            {
                Interlocked.Increment(ref _aborted);
            }
        });
        // The first bytes come, the rest never does.
        _app.MapGet("/half", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("half", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        // What a handler does that has a loop in its process: the handler itself has no synchronization context.
        _app.MapGet("/loop/{seconds}", async (double seconds, HttpContext context) =>
        {
            SynchronizationContext.Current.ShouldBeNull();
            double slept = await Work(seconds).AsTask(Loop!, context.RequestAborted);
            SynchronizationContext.Current.ShouldBeNull();
            return slept;
        });
    }

    /// <summary>The loop for the requests below /loop.</summary>
    public EventLoop? Loop { get; set; }

    /// <summary>How many requests for /never have arrived.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>How many requests for /never the clients have given up.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    /// <summary>How many coroutines of /loop were cancelled.</summary>
    public int CancelledWork { get; private set; }

    /// <summary>The address, with a slash at the end.</summary>
    public Uri Address => new(_app.Urls.Single() + "/");

    public async ValueTask InitializeAsync() => await _app.StartAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Coroutine<double> Work(double seconds)
    {
        Asyncio.GetRunningLoop().ShouldBeSameAs(Loop);
        try
        {
            await Asyncio.Sleep(seconds);
        }
        catch (CancelledException)
        {
            CancelledWork++;
            throw;
        }
        return seconds;
    }
}
