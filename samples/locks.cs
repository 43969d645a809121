// Locks, semaphores and conditions: a shared account, a limit on what runs at the same time, and a table that waiters watch.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:property PublishAot=false

using AsyncioSharp;

Asyncio.Run(Account());
Asyncio.Run(Downloads());
Asyncio.Run(Kitchen());

// A lock is for sections that await: without an await nothing can come in between.
async Coroutine Account()
{
    var mutex = new AsyncLock();
    int balance = 100;
    await Asyncio.Gather(Withdraw(70), Withdraw(50));
    Console.WriteLine($"balance {balance}");

    async Coroutine Withdraw(int amount)
    {
        using (await mutex.Acquire())
        {
            if (balance < amount)
            {
                Console.WriteLine($"no {amount}");
                return;
            }
            await Asyncio.Sleep(0.01); // asks the bank
            balance -= amount;
            Console.WriteLine($"took {amount}");
        }
    }
}

// At most two at a time. The third is cancelled while it waits; its permit is not lost.
async Coroutine Downloads()
{
    var limit = new AsyncSemaphore(2);
    var downloads = Enumerable.Range(1, 5).Select(i => Asyncio.CreateTask(Download(i))).ToList();
    await Asyncio.Sleep(0.005);
    downloads[2].Cancel();
    await Asyncio.GatherOutcomes(downloads);
    Console.WriteLine(limit);

    async Coroutine Download(int number)
    {
        using (await limit.Acquire())
        {
            Console.WriteLine($"download {number}");
            await Asyncio.Sleep(0.01);
        }
    }
}

// Waiters wait for a dish; the cook notifies one for each.
async Coroutine Kitchen()
{
    var table = new AsyncCondition();
    int dishes = 0;
    var waiters = new[] { Asyncio.CreateTask(Waiter("Ann")), Asyncio.CreateTask(Waiter("Bob")) };
    for (int i = 0; i < 2; i++)
    {
        await Asyncio.Sleep(0.01);
        using (await table.Acquire())
        {
            dishes++;
            table.Notify();
        }
    }
    await Asyncio.Gather(waiters);

    async Coroutine Waiter(string name)
    {
        using (await table.Acquire())
        {
            await table.WaitFor(() => dishes > 0);
            dishes--;
            Console.WriteLine($"{name} serves");
        }
    }
}
