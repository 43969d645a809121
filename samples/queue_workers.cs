// Queues: a workload that several workers share.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using System.Globalization;
using AsyncioSharp;

async Coroutine Worker(string name, AsyncQueue<double> queue)
{
    while (true)
    {
        // Get a "work item" out of the queue.
        double sleepFor = await queue.Get();

        // Sleep for the "sleepFor" seconds.
        await Asyncio.Sleep(sleepFor);

        // Notify the queue that the "work item" has been processed.
        queue.TaskDone();

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} has slept for {sleepFor:F2} seconds"));
    }
}

async Coroutine Main()
{
    // Create a queue that we will use to store our "workload".
    var queue = new AsyncQueue<double>();

    // Generate random timings and put them into the queue.
    double totalSleepTime = 0;
    for (int i = 0; i < 20; i++)
    {
        double sleepFor = 0.05 + (Random.Shared.NextDouble() * 0.2);
        totalSleepTime += sleepFor;
        queue.PutNowait(sleepFor);
    }

    // Create three worker tasks to process the queue concurrently.
    var tasks = new List<CoroutineTask>();
    for (int i = 0; i < 3; i++)
    {
        tasks.Add(Asyncio.CreateTask(Worker($"worker-{i}", queue)));
    }

    // Wait until the queue is fully processed.
    double startedAt = Asyncio.GetRunningLoop().Time;
    await queue.Join();
    double totalSleptFor = Asyncio.GetRunningLoop().Time - startedAt;

    // Cancel our worker tasks.
    foreach (var task in tasks)
    {
        task.Cancel();
    }

    // Wait until all worker tasks are cancelled.
    await Asyncio.GatherOutcomes(tasks);

    Console.WriteLine("====");
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"3 workers slept in parallel for {totalSleptFor:F2} seconds"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"total expected sleep time: {totalSleepTime:F2} seconds"));
}

Asyncio.Run(Main());
