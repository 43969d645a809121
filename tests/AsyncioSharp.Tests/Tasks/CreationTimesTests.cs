using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>What a loop notes of when its tasks were created; that ages are right is in the tests of dumps.</summary>
public class CreationTimesTests
{
    [Fact]
    public void Of_many_that_come_and_go_those_that_stay_are_known_exactly_and_few_notes_are_kept()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var times = new CreationTimes();
            var stay = new List<(CoroutineTask Task, double Created)>();
            for (int step = 0; step < 20_000; step++)
            {
                if (step % 1000 == 0)
                {
                    stay.Add((Asyncio.CreateTask(Asyncio.Sleep(1e6)), step));
                }
                await Asyncio.CreateTask(Asyncio.Sleep(0));
                times.Note(step, loop);
                times.Count.ShouldBeLessThanOrEqualTo(1024);
            }
            stay.ForEach(entry => times.Of(entry.Task.Order).ShouldBe(entry.Created));
            stay.ForEach(static entry => entry.Task.Cancel());
        }
    }

    [Fact]
    public void Of_very_many_that_stay_fewer_notes_than_tasks_are_kept()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var times = new CreationTimes();
            var tasks = new List<(CoroutineTask Task, double Created)>();
            for (int step = 0; step < 20_000; step++)
            {
                if (step % 5 == 0)
                {
                    await Asyncio.CreateTask(Asyncio.Sleep(0));
                }
                else
                {
                    tasks.Add((Asyncio.CreateTask(Asyncio.Sleep(1e6)), step));
                }
                times.Note(step, loop);
                times.Count.ShouldBeLessThanOrEqualTo(2048);
            }
            foreach (var (task, created) in tasks)
            {
                (20_000 - times.Of(task.Order)!.Value).ShouldBeInRange((20_000 - created) * 31 / 32, 20_000 - created);
                task.Cancel();
            }
            await Asyncio.Wait(tasks.Select(static entry => entry.Task));
            for (int step = 20_000; step < 25_000; step++)
            {
                _ = Asyncio.CreateTask(Asyncio.Sleep(0));
                times.Note(step, loop);
            }
            times.Count.ShouldBeLessThanOrEqualTo(1024);
        }
    }

    [Fact]
    public void Looks_at_the_clock_within_half_a_millisecond_count_as_the_first_of_them()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var times = new CreationTimes();
            var tasks = new List<CoroutineTask>();
            for (int i = 0; i < 1000; i++)
            {
                tasks.Add(Asyncio.CreateTask(Asyncio.Sleep(1e6), i % 3 == 0 ? "named" : null));
                times.Note(i * 1e-4, loop);
            }
            for (int i = 0; i < tasks.Count; i++)
            {
                times.Of(tasks[i].Order)!.Value.ShouldBeInRange((i * 1e-4) - 0.5e-3, i * 1e-4);
            }
            times.Count.ShouldBeLessThanOrEqualTo(250);
            times.Of(Asyncio.CreateTask(Asyncio.Sleep(0)).Order).ShouldBeNull();
            times.Of(Asyncio.CreateTask(Asyncio.Sleep(0), "named").Order).ShouldBeNull();
            tasks.ForEach(static task => task.Cancel());
            await Asyncio.Sleep(0);
        }
    }
}
