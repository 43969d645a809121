// A bounded semaphore: as a semaphore, and it tells of a release too many.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Main()
{
    var connections = new AsyncBoundedSemaphore(2);
    int open = 0;
    await Asyncio.Gather(Query(1), Query(2), Query(3));
    Console.WriteLine(connections);

    // A mistake that a plain semaphore would not notice: from then on it would let in three.
    try
    {
        connections.Release();
    }
    catch (InvalidOperationException e)
    {
        Console.WriteLine(e.Message);
    }

    async Coroutine Query(int number)
    {
        using (await connections.Acquire())
        {
            open++;
            await Asyncio.Sleep(0); // gives the others their turn, as a query would
            Console.WriteLine($"query {number}, connections open: {open}");
            open--;
        }
    }
}

Asyncio.Run(Main());
