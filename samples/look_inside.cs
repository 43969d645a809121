// Looking into a running program: where a task waits, which tasks there are, who waits for whom, and a deadlock that says what it is.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:project ../src/AsyncioSharp.Testing/AsyncioSharp.Testing.csproj
#:property PublishAot=false

using AsyncioSharp;
using AsyncioSharp.Testing;

async Coroutine<string> Fetch(string name)
{
    await Asyncio.Sleep(30);
    return name;
}

async Coroutine<int> Report(CoroutineTask<string> orders, CoroutineTask<string> stock)
{
    var texts = await Asyncio.Gather(orders, stock);
    return texts.Length;
}

async Coroutine Main()
{
    CoroutineTask.Current.Name = "main";
    var orders = Asyncio.CreateTask(Fetch("orders"), name: "orders");
    var stock = Asyncio.CreateTask(Fetch("stock"), name: "stock");
    await Asyncio.Sleep(5);
    var report = Asyncio.CreateTask(Report(orders, stock), name: "report");
    await Asyncio.Sleep(5);

    report.PrintStack(writer: Console.Out);
    Console.WriteLine();

    Asyncio.DumpTasks(Console.Out);
    Console.WriteLine();

    Asyncio.PrintCallGraph(orders);
    Console.WriteLine();

    await report;
}

async Coroutine Polite(string name, Dictionary<string, CoroutineTask> guests)
{
    await Asyncio.Sleep(1);
    await guests[name];
}

async Coroutine Party()
{
    CoroutineTask.Current.Name = "party";
    var guests = new Dictionary<string, CoroutineTask>();
    guests["Ann"] = Asyncio.CreateTask(Polite("Bob", guests), name: "Ann");
    guests["Bob"] = Asyncio.CreateTask(Polite("Ann", guests), name: "Bob");
    await guests["Ann"];
}

VirtualTimeLoop.Run(Main());

try
{
    VirtualTimeLoop.Run(Party());
}
catch (DeadlockException e)
{
    Console.WriteLine(e.Message);
}
