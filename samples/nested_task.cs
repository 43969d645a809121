// Awaitables, tasks: a task is scheduled to run soon, at the side of Main. It can be cancelled, or awaited for its result.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Nested()
{
    return 42;
}

async Coroutine Main()
{
    // Schedule Nested() to run soon concurrently with Main().
    var task = Asyncio.CreateTask(Nested());

    // "task" can now be used to cancel Nested(), or can simply be awaited to wait until it is complete:
    Console.WriteLine(await task);
}

Asyncio.Run(Main());
