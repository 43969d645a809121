// Scheduling from other threads: this thread sends coroutines to a loop that runs in another one, and waits for what becomes of them.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Fail()
{
    await Asyncio.Sleep(0.1);
    throw new FormatException("not a number");
}

void Report(ConcurrentFuture<int> future, double timeout)
{
    try
    {
        var result = future.Result(timeout);
        Console.WriteLine($"The coroutine returned: {result}");
    }
    catch (TimeoutException)
    {
        Console.WriteLine("The coroutine took too long, cancelling the task...");
        future.Cancel();
    }
    catch (Exception exc)
    {
        Console.WriteLine($"The coroutine raised an exception: {exc.GetType().Name}: {exc.Message}");
    }
}

var loop = new EventLoop();
var thread = new Thread(loop.RunForever);
thread.Start();

// Create a coroutine
var coro = Asyncio.Sleep(1, result: 3);

// Submit the coroutine to a given loop
var future = Asyncio.RunCoroutineThreadsafe(coro, loop);

// Wait for the result with an optional timeout argument
Console.WriteLine(future.Result(timeout: 10));

// What can happen to a coroutine:
Report(Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(3600, result: 3), loop), timeout: 0.5);
Report(Asyncio.RunCoroutineThreadsafe(Fail(), loop), timeout: 10);
Report(Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(0.1, result: 3), loop), timeout: 10);

loop.CallSoonThreadsafe(loop.Stop);
thread.Join();
loop.Close();
