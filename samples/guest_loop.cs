// The loop as a guest: it runs on the message loop of a host, here a small one that stands for that of a user interface.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Collections.Concurrent;
using AsyncioSharp;

var messages = new BlockingCollection<Action>();
SynchronizationContext.SetSynchronizationContext(new HostContext(messages));

messages.Add(() => _ = OnLoad());
foreach (var message in messages.GetConsumingEnumerable())
{
    message();
}

// What a window does when it is shown. Everything here happens in the thread of the messages.
async Task OnLoad()
{
    var loop = new EventLoop();
    Task running = loop.RunAsGuest(SynchronizationContext.Current!);

    CoroutineTask download = loop.CreateTask(Download());
    for (int second = 1; second <= 3; second++)
    {
        await Task.Delay(100);
        Console.WriteLine($"the window is painted: {second}");
    }
    download.Cancel(); // the user pressed a button
    try
    {
        await download.AsTask();
    }
    catch (OperationCanceledException)
    {
        Console.WriteLine("the download is cancelled");
    }

    loop.Stop();
    await running;
    loop.Close();
    messages.CompleteAdding();
}

async Coroutine Download()
{
    Console.WriteLine("the download begins");
    try
    {
        await Asyncio.Sleep(60);
    }
    finally
    {
        Console.WriteLine("the download cleans up");
    }
}

internal sealed class HostContext(BlockingCollection<Action> messages) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => messages.Add(() => d(state));
}
