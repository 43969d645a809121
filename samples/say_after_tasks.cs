// Coroutines, CreateTask: the same two coroutines side by side. Two seconds in all, not three.

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
    var task1 = Asyncio.CreateTask(SayAfter(1, "hello"));
    var task2 = Asyncio.CreateTask(SayAfter(2, "world"));

    Console.WriteLine($"started at {DateTime.Now:HH:mm:ss}");

    // Wait until both tasks are completed (should take around 2 seconds).
    await task1;
    await task2;

    Console.WriteLine($"finished at {DateTime.Now:HH:mm:ss}");
}

Asyncio.Run(Main());
