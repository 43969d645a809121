// Running in threads: a blocking function runs in a thread of its own while the loop goes on. One second in all, not two.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

void BlockingIO()
{
    Console.WriteLine($"start blocking_io at {DateTime.Now:HH:mm:ss}");
    // Note that Thread.Sleep() can be replaced with any blocking IO-bound operation, such as file operations.
    Thread.Sleep(1000);
    Console.WriteLine($"blocking_io complete at {DateTime.Now:HH:mm:ss}");
}

async Coroutine Main()
{
    Console.WriteLine($"started main at {DateTime.Now:HH:mm:ss}");

    await Asyncio.Gather(
        Asyncio.ToThread(BlockingIO),
        Asyncio.Sleep(1));

    Console.WriteLine($"finished main at {DateTime.Now:HH:mm:ss}");
}

Asyncio.Run(Main());
