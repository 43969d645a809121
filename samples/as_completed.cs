// Waiting primitives, AsCompleted: results in the order in which they are ready, not in that of the calls.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<string> After(double delay)
{
    await Asyncio.Sleep(delay);
    return $"after {delay} s";
}

async Coroutine Main()
{
    foreach (var coro in Asyncio.AsCompleted([After(3), After(1), After(2)]))
    {
        var earliestResult = await coro;
        Console.WriteLine(earliestResult);
    }
}

Asyncio.Run(Main());
