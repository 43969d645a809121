// What the library does by reflection, in a program of which everything unused was removed. Each line says what came of it.
using AsyncioSharp;

var never = new TaskCompletionSource<int>().Task;
Asyncio.Run(Main());

async Coroutine Main()
{
    await Cancelled("task", async () => { await (Task)never; });
    await Cancelled("task of a value", async () => { await never; });
    await Cancelled("configured task", async () => { await never.ConfigureAwait(false); });
    await Cancelled("value task", async () => { await new ValueTask(never); });
    await Cancelled("value task of a value", async () => { await new ValueTask<int>(never); });
    await Cancelled("configured value task", async () => { await new ValueTask<int>(never).ConfigureAwait(false); });
    await Cancelled("method that waits for this library", async () => { await Sleeping(); });
    await Cancelled("method that waits for .NET", async () => { await Outer(); });
    await Cancelled("methods side by side", async () => { await Task.WhenAll(Sleeping(), Sleeping()); });
    await Cancelled("iterator that waits for this library", async () => { await foreach (int n in Numbers(ours: true)) { Print(n); } });
    await Cancelled("iterator that waits for .NET", async () => { await foreach (int n in Numbers(ours: false)) { Print(n); } });

    var waiting = Asyncio.CreateTask(Waiting(), name: "waiting");
    await Asyncio.Sleep(0);
    var stack = new StringWriter();
    waiting.PrintStack(writer: stack);
    Print($"stack shows the coroutine: {stack.ToString().Contains("Waiting")}");
    waiting.Cancel();
    await Asyncio.Wait(waiting);

    var left = Numbers(ours: true).GetAsyncEnumerator();
    await left.MoveNextAsync(); // and is left there
    Print("end");
    GC.KeepAlive(left);
}

async Coroutine Cancelled(string what, Func<Coroutine> wait)
{
    bool cleanedUp = false;
    var task = Asyncio.CreateTask(Guarded());
    for (int turn = 0; turn < 20; turn++)
    {
        await Asyncio.Sleep(0); // until it waits
    }
    task.Cancel();
    var (done, _) = await Asyncio.Wait([task], timeout: 5);
    Print($"{what}: {(done.Count == 0 ? "still waiting" : task.IsCancelled && cleanedUp ? "cancelled" : "not cancelled")}");

    async Coroutine Guarded()
    {
        try
        {
            await wait();
        }
        finally
        {
            cleanedUp = true;
        }
    }
}

async Coroutine Waiting() => await Asyncio.Sleep(60);

async Task<int> Outer() => await Inner();

async Task<int> Inner()
{
    try
    {
        return await never;
    }
    finally
    {
        Print("method cleans up");
    }
}

async Task Sleeping()
{
    try
    {
        await Asyncio.Sleep(60);
    }
    finally
    {
        Print("method cleans up");
    }
}

async IAsyncEnumerable<int> Numbers(bool ours)
{
    try
    {
        await Asyncio.Sleep(0);
        yield return 1;
        if (ours)
        {
            await Asyncio.Sleep(60);
        }
        else
        {
            await never;
        }
    }
    finally
    {
        Print("iterator cleans up");
    }
}

static void Print(object text) => Console.WriteLine(text);
