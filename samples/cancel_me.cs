// Task objects, Cancel: the coroutine sees the cancellation as an exception at its await, cleans up, and passes it on.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine CancelMe()
{
    Console.WriteLine("cancel_me(): before sleep");

    try
    {
        // Wait for 1 hour
        await Asyncio.Sleep(3600);
    }
    catch (CancelledException)
    {
        Console.WriteLine("cancel_me(): cancel sleep");
        throw;
    }
    finally
    {
        Console.WriteLine("cancel_me(): after sleep");
    }
}

async Coroutine Main()
{
    // Create a "CancelMe" task
    var task = Asyncio.CreateTask(CancelMe());

    // Wait for 1 second
    await Asyncio.Sleep(1);

    task.Cancel();
    try
    {
        await task;
    }
    catch (CancelledException)
    {
        Console.WriteLine("main(): cancel_me is cancelled now");
    }
}

Asyncio.Run(Main());
