// Seeded schedules: a program that is right in the usual order and wrong in another one, found, explained and replayed.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:project ../src/AsyncioSharp.Testing/AsyncioSharp.Testing.csproj
#:property PublishAot=false

using AsyncioSharp;
using AsyncioSharp.Testing;

async Coroutine Payment()
{
    int balance = 0;
    var deposit = Asyncio.CreateTask(Deposit(), name: "deposit");
    var withdrawal = Asyncio.CreateTask(Withdraw(), name: "withdrawal");
    await deposit;
    await withdrawal;

    async Coroutine Deposit()
    {
        await Asyncio.Sleep(1);
        balance += 50;
    }

    // Both wake after a second. Nothing says that the deposit comes first; it only does so in the usual order.
    async Coroutine Withdraw()
    {
        await Asyncio.Sleep(1);
        balance -= 50;
        if (balance < 0)
        {
            throw new InvalidOperationException("overdrawn");
        }
    }
}

VirtualTimeLoop.Run(Payment());
Console.WriteLine("right in the usual order");

try
{
    Schedules.Explore(Payment, count: 1000);
}
catch (ScheduleFailedException e)
{
    Console.WriteLine(e.Message);
    try
    {
        Schedules.Replay(e.Schedule, Payment);
    }
    catch (InvalidOperationException failure)
    {
        Console.WriteLine($"replayed: {failure.Message}");
    }
}
