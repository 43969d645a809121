// A timeout around a body of code, whose deadline is moved while it runs.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Main()
{
    var timeout = Asyncio.Timeout(0.5);
    try
    {
        await timeout.Run(async active =>
        {
            active.Reschedule(active.When + 2);
            await Asyncio.Sleep(1);
            Console.WriteLine("still in time, for the deadline was moved");
            await Asyncio.Sleep(10);
        });
    }
    catch (TimeoutException)
    {
        Console.WriteLine($"timeout! expired: {timeout.IsExpired}");
    }
}

Asyncio.Run(Main());
