// Queues with another order than first in, first out; and the end of a queue.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Worker<T>(string name, AsyncQueue<T> queue)
{
    // The loop ends when the queue is shut down and empty.
    await foreach (T item in queue)
    {
        Console.WriteLine($"{name}: {item}");
        queue.TaskDone();
    }
}

async Coroutine Main()
{
    // The smallest first; of equal ones the one that was put first.
    var patients = new AsyncPriorityQueue<(int Urgency, string Name)>(comparer: Comparer<(int Urgency, string Name)>.Create((a, b) => a.Urgency - b.Urgency));
    patients.PutNowait((3, "a cold"));
    patients.PutNowait((1, "a heart attack"));
    patients.PutNowait((3, "a cough"));
    patients.PutNowait((2, "a broken arm"));
    patients.Shutdown();
    await Worker("doctor", patients);

    // The one that was put last first.
    var plates = new AsyncLifoQueue<string>(capacity: 2);
    plates.PutNowait("blue plate");
    plates.PutNowait("red plate");
    var put = Asyncio.CreateTask(plates.Put("green plate")); // waits for a free place
    await Asyncio.Sleep(0);
    Console.WriteLine($"full: {plates.IsFull}, put: {put.IsDone}");

    var waiter = Asyncio.CreateTask(Worker("waiter", plates));
    await plates.Join(); // every plate that was put is done
    plates.Shutdown();
    await waiter;

    try
    {
        await plates.Put("another plate");
    }
    catch (QueueShutDownException e)
    {
        Console.WriteLine(e.Message);
    }
}

Asyncio.Run(Main());
