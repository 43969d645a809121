using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Testing;

/// <summary>Exploring many schedules: what counts as a failure, how it is reported, reduced and replayed, and random cancels.</summary>
public class ScheduleExplorationTests
{
    [Fact]
    public void A_failure_is_reported_with_the_decisions_that_it_takes()
    {
        var failure = Should.Throw<ScheduleFailedException>(() => Schedules.Explore(LostUpdate));

        failure.InnerException.ShouldBeOfType<InvalidOperationException>().Message.ShouldBe("the balance is 1");
        failure.Message.ShouldContain("failed: InvalidOperationException: the balance is 1");
        failure.Message.ShouldContain("bob runs before alice");
        failure.Message.ShouldContain($"Schedules.Replay(\"{failure.Schedule}\", body)");
        failure.Schedule.Split(',').Length.ShouldBe(1);
    }

    [Fact]
    public void A_failure_is_replayed_by_its_schedule_and_by_its_seed_with_the_failure_as_it_is()
    {
        var failure = Should.Throw<ScheduleFailedException>(() => Schedules.Explore(LostUpdate));

        Should.Throw<InvalidOperationException>(() => Schedules.Replay(failure.Schedule, LostUpdate)).Message.ShouldBe("the balance is 1");
        Should.Throw<InvalidOperationException>(() => Schedules.Replay(failure.Seed, LostUpdate)).Message.ShouldBe("the balance is 1");
        Schedules.Replay($"{failure.Seed}@", LostUpdate); // no decision counts: the plain order, in which it does not fail
    }

    [Fact]
    public void The_same_seeds_give_the_same_schedules()
    {
        var first = new List<string>();
        var second = new List<string>();
        Schedules.Explore(random => Program(first, random), count: 50, seed: 1000, new ScheduleOptions { Cancels = 2 });
        Schedules.Explore(random => Program(second, random), count: 50, seed: 1000, new ScheduleOptions { Cancels = 2 });

        second.ShouldBe(first);

        static async Coroutine Program(List<string> log, Random random)
        {
            await Asyncio.GatherOutcomes(Enumerable.Range(0, 4).Select(i => Worker(i)));

            async Coroutine Worker(int number)
            {
                for (int i = random.Next(4); i >= 0; i--)
                {
                    log.Add($"{number}.{i}");
                    await Asyncio.Sleep(random.Next(2));
                }
            }
        }
    }

    [Fact]
    public void It_tells_how_many_schedules_differed()
    {
        Schedules.Explore(async () => await Asyncio.Sleep(1), count: 100).ShouldBe(1);
        Schedules.Explore(
            async () => await Asyncio.Gather(Asyncio.Sleep(0), Asyncio.Sleep(0), Asyncio.Sleep(0), Asyncio.Sleep(0)), count: 100)
            .ShouldBeGreaterThan(10);
    }

    [Fact]
    public void A_lost_wake_up_is_a_failure()
    {
        var failure = Should.Throw<ScheduleFailedException>(() => Schedules.Explore(
            async () => await Asyncio.GetRunningLoop().CreateFuture(), count: 1, options: new ScheduleOptions { IdleLimit = TimeSpan.Zero }));

        failure.Message.ShouldContain("Deadlock");
        failure.Message.ShouldContain("fails in the plain order too");
    }

    [Fact]
    public void A_schedule_without_an_end_is_a_failure()
        => Should.Throw<ScheduleFailedException>(() => Schedules.Explore(
            async () =>
            {
                while (true)
                {
                    await Asyncio.Sleep(0);
                }
            },
            count: 1,
            options: new ScheduleOptions { MaximumIterations = 100 })).Message.ShouldContain("not ended after 100 iterations");

    [Fact]
    public void What_reaches_the_exception_handler_is_a_failure()
        => Should.Throw<ScheduleFailedException>(() => Schedules.Explore(
            async () =>
            {
                Asyncio.GetRunningLoop().CallSoon(static () => throw new FormatException("unseen"));
                await Asyncio.Sleep(0);
            },
            count: 1)).InnerException!.InnerException.ShouldBeOfType<FormatException>();

    [Fact]
    public void The_message_names_a_failure_that_nobody_retrieved_and_what_it_came_from()
        => Should.Throw<ScheduleFailedException>(() => Schedules.Explore(
            async () =>
            {
                Drop();
                await Asyncio.Sleep(0);
            },
            count: 1)).Message.ShouldMatch(
                "^Schedule 1 of 1 failed: InvalidOperationException: The exception handler was told: "
                + "Task exception was never retrieved: FormatException: unseen \\(from <Task finished name='lost' .*>\\)");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop()
    {
        _ = Asyncio.CreateTask(Fail(), name: "lost");

        static async Coroutine Fail() => throw new FormatException("unseen");
    }

    [Fact]
    public void Cancels_come_at_random_and_no_more_often_than_asked()
    {
        var cancelled = new List<int>();
        Schedules.Explore(
            async () =>
            {
                var tasks = Enumerable.Range(0, 5).Select(_ => Asyncio.CreateTask(Worker())).ToList();
                await Asyncio.Wait(tasks);
                cancelled.Add(tasks.Count(task => task.IsCancelled));
            },
            count: 300,
            options: new ScheduleOptions { Cancels = 2 });

        cancelled.Distinct().ShouldBe([0, 1, 2], ignoreOrder: true);

        static async Coroutine Worker()
        {
            for (int i = 0; i < 5; i++)
            {
                await Asyncio.Sleep(0);
            }
        }
    }

    [Fact]
    public void Only_tasks_that_may_be_cancelled_are_and_never_the_body()
    {
        int hits = 0;
        Schedules.Explore(
            async () =>
            {
                var spared = Asyncio.CreateTask(Asyncio.Sleep(1), name: "spared");
                var other = Asyncio.CreateTask(Asyncio.Sleep(1), name: "other");
                for (int i = 0; i < 5; i++)
                {
                    await Asyncio.Sleep(0);
                }
                await spared;
                await Asyncio.Wait([other]);
                hits += other.IsCancelled ? 1 : 0;
            },
            count: 200,
            options: new ScheduleOptions { Cancels = 5, MayCancel = static task => task.Name != "spared" });

        hits.ShouldBeInRange(10, 200);
    }

    [Fact]
    public void When_the_body_is_done_nobody_is_cancelled_any_more()
    {
        int asked = 0;
        int askedLate = 0;
        bool isOver = false;
        Schedules.Explore(
            async () =>
            {
                isOver = false;
                _ = Asyncio.CreateTask(EndsSlowly());
                await Asyncio.Sleep(1);
                isOver = true;
            },
            count: 200,
            options: new ScheduleOptions { Cancels = 5, MayCancel = MayCancel });

        asked.ShouldBeGreaterThan(20);
        askedLate.ShouldBe(0);

        bool MayCancel(CoroutineTask task)
        {
            asked++;
            askedLate += isOver ? 1 : 0;
            return false;
        }

        static async Coroutine EndsSlowly()
        {
            try
            {
                await Asyncio.Sleep(50);
            }
            finally
            {
                for (int i = 0; i < 20; i++)
                {
                    await Asyncio.Sleep(0); // the program is put in order meanwhile
                }
            }
        }
    }

    [Fact]
    public void What_is_reduced_still_fails_in_the_same_way()
    {
        int compared = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            Exception? first = null;
            try
            {
                Schedules.Explore(FailsInTwoWays, count: 1, seed: seed);
            }
            catch (ScheduleFailedException e)
            {
                e.InnerException.ShouldBeOfType(first!.GetType());
                compared += first is FormatException ? 1 : 0;
            }

            async Coroutine FailsInTwoWays()
            {
                var order = new List<int>();
                await Asyncio.Gather(Visit(0), Visit(1), Visit(2), Visit(3));
                if (order[0] != 0)
                {
                    Exception failure = order[3] != 3 ? new FormatException() : new InvalidOperationException(); // the first takes more decisions
                    first ??= failure;
                    throw failure;
                }

                async Coroutine Visit(int number)
                {
                    await Asyncio.Sleep(0);
                    order.Add(number);
                }
            }
        }
        compared.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void A_cancel_that_matters_is_named_and_replayed()
    {
        var options = new ScheduleOptions { Cancels = 3 };
        var failure = Should.Throw<ScheduleFailedException>(() => Schedules.Explore(Leak, options: options));

        failure.Message.ShouldContain("holder is cancelled");
        Should.Throw<InvalidOperationException>(() => Schedules.Replay(failure.Schedule, Leak, options)).Message.ShouldBe("leaked");

        static async Coroutine Leak()
        {
            bool isHeld = false;
            var task = Asyncio.CreateTask(Hold(), name: "holder");
            await Asyncio.Wait([task]);
            if (isHeld)
            {
                throw new InvalidOperationException("leaked");
            }

            async Coroutine Hold()
            {
                isHeld = true;
                await Asyncio.Sleep(1); // no finally
                isHeld = false;
            }
        }
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Should.Throw<ArgumentNullException>(() => Schedules.Explore((Func<Coroutine>)null!));
        Should.Throw<ArgumentNullException>(() => Schedules.Explore((Func<Random, Coroutine>)null!));
        Should.Throw<ArgumentOutOfRangeException>(() => Schedules.Explore(LostUpdate, count: 0));
        Should.Throw<ArgumentOutOfRangeException>(() => Schedules.Explore(LostUpdate, options: new ScheduleOptions { Cancels = -1 }));
        Should.Throw<ArgumentOutOfRangeException>(() => Schedules.Explore(LostUpdate, options: new ScheduleOptions { MaximumIterations = 0 }));
        Should.Throw<ArgumentOutOfRangeException>(() => Schedules.Explore(LostUpdate, options: new ScheduleOptions { IdleLimit = TimeSpan.FromSeconds(-1) }));
        Should.Throw<ArgumentNullException>(() => Schedules.Replay((string)null!, LostUpdate));
        foreach (string text in new[] { "", "x", "1@2@3", "1@a", "1@-1", "1@2,2", "1.5" })
        {
            Should.Throw<ArgumentException>(() => Schedules.Replay(text, LostUpdate)).Message.ShouldContain("is not a schedule");
        }
    }

    [Fact]
    public void It_is_refused_inside_of_a_loop()
        => VirtualTimeLoop.Run(ExploreInside());

    private static async Coroutine ExploreInside()
    {
        await Asyncio.Sleep(0);
        Should.Throw<InvalidOperationException>(() => Schedules.Explore(LostUpdate)).Message.ShouldContain("outside of a loop");
    }

    // Both read before either writes only if bob's second turn overtakes alice's.
    private static async Coroutine LostUpdate()
    {
        var order = new List<string>();
        var alice = Asyncio.CreateTask(Visit("alice"), name: "alice");
        var bob = Asyncio.CreateTask(Visit("bob"), name: "bob");
        await alice;
        await bob;
        if (order[0] == "bob")
        {
            throw new InvalidOperationException("the balance is 1");
        }

        async Coroutine Visit(string name)
        {
            await Asyncio.Sleep(0);
            order.Add(name);
        }
    }
}
