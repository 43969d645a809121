// A task group: it ends when all its tasks have ended; the first failure cancels the others.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Work(string name, double seconds, bool fails = false)
{
    try
    {
        await Asyncio.Sleep(seconds);
        if (fails)
        {
            throw new InvalidOperationException($"{name} failed");
        }
        Console.WriteLine($"{name} is done");
    }
    catch (CancelledException)
    {
        Console.WriteLine($"{name} was cancelled");
        throw;
    }
}

async Coroutine Main()
{
    await new TaskGroup().Run(async group =>
    {
        _ = group.CreateTask(Work("one", 0.2));
        _ = group.CreateTask(Work("two", 0.1));
    });
    Console.WriteLine("both tasks have ended");

    try
    {
        await new TaskGroup().Run(async group =>
        {
            _ = group.CreateTask(Work("three", 0.1, fails: true));
            _ = group.CreateTask(Work("four", 10));
            await Work("the body", 10);
        });
    }
    catch (TaskGroupException e)
    {
        Console.WriteLine(string.Join(", ", e.InnerExceptions.Select(failure => failure.Message)));
    }
}

Asyncio.Run(Main());
