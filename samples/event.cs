// An event: a task waits until another sets it.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Waiter(AsyncEvent happened)
{
    Console.WriteLine("waiting for it ...");
    await happened.Wait();
    Console.WriteLine("... got it!");
}

async Coroutine Main()
{
    // Create an event object.
    var happened = new AsyncEvent();

    // Spawn a task to wait until it is set.
    var waiter = Asyncio.CreateTask(Waiter(happened));

    // Sleep for 1 second and set the event.
    await Asyncio.Sleep(1);
    happened.Set();

    // Wait until the waiter task is finished.
    await waiter;
}

Asyncio.Run(Main());
