// Awaitables, futures: a future turns code with callbacks into something to await, alone or together with coroutines.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

Future<string> FunctionThatReturnsAFutureObject()
{
    var loop = Asyncio.GetRunningLoop();
    var future = loop.CreateFuture<string>();
    loop.CallLater(1, () => future.SetResult("from a callback"));
    return future;
}

async Coroutine<int> SomeCoroutine()
{
    await Asyncio.Sleep(0.5);
    return 42;
}

async Coroutine Main()
{
    Console.WriteLine(await FunctionThatReturnsAFutureObject());

    // This is also valid; results of different types come as a tuple:
    var (text, number) = await Asyncio.Gather(
        FunctionThatReturnsAFutureObject(),
        SomeCoroutine());
    Console.WriteLine($"{text}, {number}");

    // A good example of a low-level function that returns a future:
    var loop = Asyncio.GetRunningLoop();
    Console.WriteLine(await loop.RunInExecutor(null, () => "from a thread"));
}

Asyncio.Run(Main());
