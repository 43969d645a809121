// Generator-based coroutines: an iterator method that yields what it waits for. Obsolete, as in Python: write async methods instead.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

#pragma warning disable CS0618 // The subject is obsolete.

IEnumerable<IAwaitable> OldStyle()
{
    Console.WriteLine("old style: before sleep");
    yield return Asyncio.Sleep(1);
    Console.WriteLine("old style: after sleep");
}

// Makes a coroutine function of the iterator method, as Python's decorator does.
var oldStyleCoroutine = Asyncio.Coroutine(OldStyle);

async Coroutine Main()
{
    var coro = oldStyleCoroutine();
    Console.WriteLine($"a coroutine function: {Asyncio.IsCoroutineFunction(oldStyleCoroutine)}, a coroutine: {Asyncio.IsCoroutine(coro)}");
    await coro;
}

Asyncio.Run(Main());
