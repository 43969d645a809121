// Sleeping: the current date, every second for 5 seconds.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine DisplayDate()
{
    var loop = Asyncio.GetRunningLoop();
    var endTime = loop.Time + 5.0;
    while (true)
    {
        Console.WriteLine($"{DateTime.Now:yyyy-MM-dd HH:mm:ss.ffffff}");
        if (loop.Time + 1.0 >= endTime)
            break;
        await Asyncio.Sleep(1);
    }
}

Asyncio.Run(DisplayDate());
