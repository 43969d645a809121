// Coroutines, awaiting one: "hello" after a second, "world" two seconds later. Three seconds in all.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine SayAfter(double delay, string what)
{
    await Asyncio.Sleep(delay);
    Console.WriteLine(what);
}

async Coroutine Main()
{
    Console.WriteLine($"started at {DateTime.Now:HH:mm:ss}");

    await SayAfter(1, "hello");
    await SayAfter(2, "world");

    Console.WriteLine($"finished at {DateTime.Now:HH:mm:ss}");
}

Asyncio.Run(Main());
