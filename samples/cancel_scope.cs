// A cancel scope: what is in it can be cut short without an exception, and cleans up in a shield.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Download()
{
    try
    {
        Console.WriteLine("downloading");
        await Asyncio.Sleep(3600);
    }
    finally
    {
        // In the cancelled scope this await would be cancelled too; the shield lets it go on, for a second at most.
        await new CancelScope(timeout: 1, shield: true).Run(async _ =>
        {
            await Asyncio.Sleep(0.01);
            Console.WriteLine("removed the half of the file");
        });
    }
}

async Coroutine Main()
{
    var scope = new CancelScope();

    async Coroutine Press()
    {
        await Asyncio.Sleep(0.05);
        scope.Cancel("the user pressed Stop");
    }

    _ = Asyncio.CreateTask(Press(), name: "button");
    await scope.Run(async _ => await Download());
    Console.WriteLine($"caught: {scope.WasCaught}, by {scope.CancelledBy}: {scope.Reason}");

    string? answer = await new CancelScope(timeout: 0.05).Run(async _ => await Asyncio.Sleep(3600, "an answer"));
    Console.WriteLine(answer ?? "no answer in time");
}

Asyncio.Run(Main());
