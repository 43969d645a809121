// Creating tasks: CreateTask takes a coroutine, and a name if you like. EnsureFuture takes whatever can be awaited.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<string> Coro()
{
    await Asyncio.Sleep(1);
    return $"{CoroutineTask.Current.Name} is done";
}

async Coroutine Main()
{
    var task = Asyncio.CreateTask(Coro(), name: "first");

    // A coroutine becomes a task here too, but this is less readable. A task or future would be returned as it is.
    var future = Asyncio.EnsureFuture(Coro());

    Console.WriteLine(await task);
    Console.WriteLine(await future);
}

Asyncio.Run(Main());
