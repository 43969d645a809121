// Running an asyncio program: Run makes a loop, runs the coroutine to its end, puts everything in order, and gives the result.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Main()
{
    await Asyncio.Sleep(1);
    Console.WriteLine("hello");
}

Asyncio.Run(Main());
