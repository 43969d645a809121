// Running tasks concurrently, Gather: three factorials take turns, and their results come back in the order of the calls.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Factorial(string name, int number)
{
    var f = 1;
    for (var i = 2; i <= number; i++)
    {
        Console.WriteLine($"Task {name}: Compute factorial({number}), currently i={i}...");
        await Asyncio.Sleep(1);
        f *= i;
    }
    Console.WriteLine($"Task {name}: factorial({number}) = {f}");
    return f;
}

async Coroutine Main()
{
    // Schedule three calls *concurrently*:
    int[] results = await Asyncio.Gather(
        Factorial("A", 2),
        Factorial("B", 3),
        Factorial("C", 4));
    Console.WriteLine($"[{string.Join(", ", results)}]");
}

Asyncio.Run(Main());
