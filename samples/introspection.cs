// Introspection and task names: a task can ask who it is, and which other tasks the loop has.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

async Coroutine Worker(double delay)
{
    await Asyncio.Sleep(delay);
    Console.WriteLine($"{CoroutineTask.Current.Name} runs");
}

void PrintTasks()
{
    foreach (var task in Asyncio.AllTasks().OrderBy(task => task.Name))
        Console.WriteLine($"  {task.Name}{(task == Asyncio.CurrentTask() ? " (the current task)" : "")}");
}

async Coroutine Main()
{
    CoroutineTask.Current.Name = "main";
    var first = Asyncio.CreateTask(Worker(1), name: "worker one");
    var second = Asyncio.CreateTask(Worker(2));
    second.Name = "worker two";

    Console.WriteLine("tasks of the loop:");
    PrintTasks();

    await first;
    Console.WriteLine($"one is done: {first.IsDone}, two is done: {second.IsDone}; left:");
    PrintTasks();

    await second;
}

Asyncio.Run(Main());
