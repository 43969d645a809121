// A barrier: nobody goes on before three have come.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine ExampleBarrier()
{
    // a barrier with 3 parties
    var barrier = new AsyncBarrier(3);

    // create 2 new waiting tasks
    var first = Asyncio.CreateTask(barrier.Wait());
    var second = Asyncio.CreateTask(barrier.Wait());

    await Asyncio.Sleep(0);
    Console.WriteLine(barrier);

    // The third Wait() passes the barrier
    await barrier.Wait();
    Console.WriteLine(barrier);
    Console.WriteLine("barrier passed");

    await Asyncio.Sleep(0);
    Console.WriteLine(barrier);
    await Asyncio.Gather(first, second);
}

Asyncio.Run(ExampleBarrier());
