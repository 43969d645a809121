// What tests of concurrent code need: a fixed order, the moment when nothing can happen by itself any more, and whether an await let others run.

#:project ../src/AsyncioSharp/AsyncioSharp.csproj
#:project ../src/AsyncioSharp.Testing/AsyncioSharp.Testing.csproj
#:property PublishAot=false

using AsyncioSharp;
using AsyncioSharp.Testing;

VirtualTimeLoop.Run(Order());
VirtualTimeLoop.Run(Idle());
VirtualTimeLoop.Run(Suspension());

// The blocks run in the order of their numbers, whichever task comes first.
async Coroutine Order()
{
    var sequencer = new Sequencer();
    await Asyncio.Gather(Writer(), Reader());

    async Coroutine Reader()
    {
        using (await sequencer.Turn(1))
            Console.WriteLine("the reader reads in between");
    }

    async Coroutine Writer()
    {
        using (await sequencer.Turn(0))
            Console.WriteLine("the writer writes the first half");
        using (await sequencer.Turn(2))
            Console.WriteLine("the writer writes the second half");
    }
}

// Neither a number of turns nor a time to sleep has to be guessed.
async Coroutine Idle()
{
    var queue = new AsyncQueue<int>();
    var consumer = Asyncio.CreateTask(Consumer());
    await VirtualTimeLoop.WaitUntilIdle();
    Console.WriteLine($"the consumer waits: {queue}");
    queue.PutNowait(7);
    await VirtualTimeLoop.WaitUntilIdle();
    Console.WriteLine($"it has got the item: {queue.IsEmpty}, and sleeps: {!consumer.IsDone}");
    await VirtualTimeLoop.WaitUntilIdle(cushion: 60); // as long as timers come due within a minute, the loop is not idle
    Console.WriteLine($"it is done: {consumer.IsDone}, at {Asyncio.GetRunningLoop().Time} s");

    async Coroutine Consumer()
    {
        await queue.Get();
        await Asyncio.Sleep(30);
    }
}

async Coroutine Suspension()
{
    var mutex = new AsyncLock();
    using (await SuspensionAssert.DoesNotSuspend(mutex.Acquire()))
    {
        await SuspensionAssert.Suspends(Asyncio.Sleep(0));
        try
        {
            await SuspensionAssert.DoesNotSuspend(Asyncio.WaitFor(mutex.Acquire(), 1));
        }
        catch (TimeoutException)
        {
            Console.WriteLine("a lock that is held is waited for");
        }
    }
    try
    {
        await SuspensionAssert.Suspends(mutex.Acquire());
    }
    catch (SuspensionException e)
    {
        Console.WriteLine(e.Message);
    }
}
