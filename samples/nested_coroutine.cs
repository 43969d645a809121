// Awaitables, coroutines: one that is only called never runs; the one that is awaited gives 42.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Nested()
{
    return 42;
}

async Coroutine Main()
{
    // Nothing happens if we just call Nested(). A coroutine object is created but not awaited, so it *won't run at all*.
    // The editor warns of that (ASYNCIO001); the pragma tells it that this is on purpose.
#pragma warning disable ASYNCIO001
    _ = Nested();
#pragma warning restore ASYNCIO001

    // Let's do it differently now and await it:
    Console.WriteLine(await Nested()); // will print "42".
}

Asyncio.Run(Main());
