// Timeouts: WaitFor cancels what takes longer than a second, and throws a TimeoutException.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Eternity()
{
    // Sleep for one hour
    await Asyncio.Sleep(3600);
    Console.WriteLine("yay!");
}

async Coroutine Main()
{
    // Wait for at most 1 second
    try
    {
        await Asyncio.WaitFor(Eternity(), timeout: 1.0);
    }
    catch (TimeoutException)
    {
        Console.WriteLine("timeout!");
    }
}

Asyncio.Run(Main());
