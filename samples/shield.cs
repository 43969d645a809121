// Shielding from cancellation: whoever waits for a shield can be cancelled, what is behind it goes on to its end.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<string> Something()
{
    await Asyncio.Sleep(2);
    Console.WriteLine("something() is complete");
    return "a result";
}

async Coroutine Ask(CoroutineTask<string> something)
{
    string? res;
    try
    {
        res = await Asyncio.Shield(something);
    }
    catch (CancelledException)
    {
        res = null; // ignores the cancellation completely, which is not recommended
    }
    Console.WriteLine($"res = {res ?? "null"}");
}

async Coroutine Main()
{
    var something = Asyncio.CreateTask(Something());
    var ask = Asyncio.CreateTask(Ask(something));

    await Asyncio.Sleep(1);
    ask.Cancel();
    await ask;

    Console.WriteLine(await something);
}

Asyncio.Run(Main());
