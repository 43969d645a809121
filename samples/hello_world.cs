// Coroutines: a first program. It prints hello, waits for a second, and prints world.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Main()
{
    Console.WriteLine("hello");
    await Asyncio.Sleep(1);
    Console.WriteLine("world");
}

Asyncio.Run(Main());
