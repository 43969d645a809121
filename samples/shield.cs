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

async Coroutine Plain(CoroutineTask<string> something)
{
    var res = await Asyncio.Shield(something);
    Console.WriteLine($"plain: {res}"); // not reached: the caller is cancelled all the same
}

async Coroutine Ignoring(CoroutineTask<string> something)
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
    Console.WriteLine($"ignoring: {res ?? "null"}");
}

async Coroutine Main()
{
    var something = Asyncio.CreateTask(Something());
    var plain = Asyncio.CreateTask(Plain(something));
    var ignoring = Asyncio.CreateTask(Ignoring(something));

    await Asyncio.Sleep(1);
    plain.Cancel();
    ignoring.Cancel();
    await Asyncio.Wait(plain, ignoring);
    Console.WriteLine($"cancelled: plain {plain.IsCancelled}, ignoring {ignoring.IsCancelled}, something {something.IsCancelled}");

    Console.WriteLine(await something);
}

Asyncio.Run(Main());
