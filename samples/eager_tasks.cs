// Eager tasks: their first step runs where they are created, so one that need not wait is done at once.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

var cache = new Dictionary<string, string> { ["a"] = "from the cache" };

async Coroutine<string> Lookup(string key)
{
    if (cache.TryGetValue(key, out string? value))
    {
        return value;
    }
    await Asyncio.Sleep(0.01);
    return cache[key] = "fetched";
}

async Coroutine Main()
{
    var lazy = Asyncio.CreateTask(Lookup("a"));
    Console.WriteLine($"lazy: {lazy.IsDone}");

    Asyncio.GetRunningLoop().TaskFactory = Asyncio.EagerTaskFactory;
    var hit = Asyncio.CreateTask(Lookup("a"));
    var miss = Asyncio.CreateTask(Lookup("b"));
    Console.WriteLine($"eager: {hit.IsDone}, {miss.IsDone}");
    Console.WriteLine(string.Join(", ", await Asyncio.Gather(lazy, hit, miss)));
}

Asyncio.Run(Main());
