// Waiting primitives, Wait: it says which tasks are done and which are not. A timeout neither throws nor cancels.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine<int> Square(int number)
{
    await Asyncio.Sleep(number);
    return number * number;
}

async Coroutine Main()
{
    CoroutineTask<int>[] tasks = [.. Enumerable.Range(1, 3).Select(number => Asyncio.CreateTask(Square(number)))];

    var (done, pending) = await Asyncio.Wait(tasks, returnWhen: ReturnWhen.FirstCompleted);
    Console.WriteLine($"first: {done.Count} done, {pending.Count} pending");

    (done, pending) = await Asyncio.Wait(tasks, timeout: 0.1);
    Console.WriteLine($"a little later: {done.Count} done, {pending.Count} pending");

    (done, pending) = await Asyncio.Wait(tasks);
    Console.WriteLine($"at last: {done.Count} done, {pending.Count} pending, sum {done.Sum(task => task.Result())}");
}

Asyncio.Run(Main());
