// Task objects, GetStack and PrintStack: where a task is suspended, down to the innermost await, and where one has failed.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Deeper(double delay)
{
    await Asyncio.Sleep(delay);
    throw new InvalidOperationException("too deep");
}

async Coroutine Job()
{
    await Deeper(1);
}

async Coroutine Main()
{
    var task = Asyncio.CreateTask(Job(), name: "job");
    await Asyncio.Sleep(0.5);

    task.PrintStack(writer: Console.Out);
    Console.WriteLine($"only the newest: {task.GetStack(limit: 1)[0].Method}");

    await Asyncio.Wait(task);
    task.PrintStack(writer: Console.Out);
}

Asyncio.Run(Main());
