using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/testing.md.</summary>
public class TestingPage
{
    [Fact]
    public void Virtual_time()
    {
        VirtualTimeLoop.Run(Patience());

        static async Coroutine Patience()
        {
            await Asyncio.Sleep(3600);
            Asyncio.GetRunningLoop().Time.ShouldBe(3600);
        }
    }

    [Fact]
    public void A_server_that_does_not_answer_is_given_up_after_ten_seconds()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var silent = Asyncio.GetRunningLoop().CreateFuture<string>();
            await Should.ThrowAsync<TimeoutException>(async () => await Asyncio.WaitFor(silent, timeout: 10));
            Asyncio.GetRunningLoop().Time.ShouldBe(10);
        }
    }

    [Fact]
    public void Exploring()
    {
        var failure = Should.Throw<ScheduleFailedException>(Explore);
        failure.Message.ShouldContain("withdrawal runs before deposit");
        failure.Message.ShouldContain("Schedules.Replay(");

        static void Explore()
        {
            Schedules.Explore(Payment, count: 1000);
        }

        static async Coroutine Payment()
        {
            int balance = 0;
            var deposit = Asyncio.CreateTask(Deposit(), name: "deposit");
            var withdrawal = Asyncio.CreateTask(Withdraw(), name: "withdrawal");
            await deposit;
            await withdrawal;

            async Coroutine Deposit()
            {
                await Asyncio.Sleep(1); // for the bank
                balance += 50;
            }

            async Coroutine Withdraw()
            {
                await Asyncio.Sleep(1);
                balance.ShouldBeGreaterThanOrEqualTo(50);
                balance -= 50;
            }
        }
    }

    [Fact]
    public void Cancelling()
    {
        var options = new ScheduleOptions { Cancels = 3, MayCancel = task => task.Name != "main" };
        Schedules.Explore(Program, count: 10_000, options: options);

        static async Coroutine Program()
        {
            var workers = Enumerable.Range(0, 3).Select(i => Asyncio.CreateTask(Asyncio.Sleep(i), name: $"worker-{i}")).ToList();
            await Asyncio.CreateTask(Asyncio.Sleep(5), name: "main");
            workers.ShouldAllBe(worker => worker.IsDone);
        }
    }

    [Fact]
    public void Waiting_until_idle()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<string>();
            var consumer = Asyncio.CreateTask(Consume(future));
            await VirtualTimeLoop.WaitUntilIdle();
            consumer.IsDone.ShouldBeFalse(); // it waits
            future.SetResult("item");
            await VirtualTimeLoop.WaitUntilIdle();
            consumer.IsDone.ShouldBeTrue();
        }

        static async Coroutine Consume(Future<string> future) => await future;
    }

    [Fact]
    public void Sequencing()
    {
        var log = new List<string>();
        VirtualTimeLoop.Run(Main());
        log.ShouldBe(["first", "second"]);

        async Coroutine Main()
        {
            var sequencer = new Sequencer();
            await Asyncio.Gather(Second(), First());

            async Coroutine First()
            {
                using (await sequencer.Turn(0))
                {
                    log.Add("first");
                }
            }

            async Coroutine Second()
            {
                using (await sequencer.Turn(1))
                {
                    log.Add("second");
                }
            }
        }
    }

    [Fact]
    public void Suspending()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var done = Asyncio.GetRunningLoop().CreateFuture();
            done.SetResult(null);
            await SuspensionAssert.Suspends(Asyncio.Sleep(0));
            await SuspensionAssert.DoesNotSuspend(done);
        }
    }
}
