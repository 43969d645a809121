using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Running;

/// <summary>Tasks that wait for each other in a ring when their program has ended: the ring is broken, as by any other cancellation, and all clean up.</summary>
public class LeftRingTests
{
    [Theory]
    [InlineData("await", 2)]
    [InlineData("await", 3)]
    [InlineData("gather", 2)]
    [InlineData("wait_for", 3)]
    [InlineData("shield", 2)]
    [InlineData("wait", 2)]
    [InlineData("method", 3)]
    [InlineData("group", 2)]
    [InlineData("group", 3)]
    [Rule("ARUN-05")]
    public void A_run_ends_whose_leftover_tasks_wait_for_each_other(string kind, int count)
    {
        var cleanedUp = new HashSet<int>();
        var reports = new List<string?>();
        VirtualTimeLoop.Run(Main());
        cleanedUp.Count.ShouldBe(count);
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Message);
            var tasks = new CoroutineTask[count];
            for (int i = 0; i < count; i++)
            {
                tasks[i] = Asyncio.CreateTask(OneOf(tasks, i));
            }
            await Asyncio.Sleep(1);
        }

        async Coroutine OneOf(CoroutineTask[] tasks, int i)
        {
            await Asyncio.Sleep(0);
            var next = tasks[(i + 1) % count];
            try
            {
                await WaitFor(next);
            }
            finally
            {
                cleanedUp.Add(i);
            }
        }

        async Coroutine WaitFor(CoroutineTask next)
        {
            switch (kind)
            {
                case "gather":
                    await Asyncio.Gather(next);
                    break;
                case "wait_for":
                    await Asyncio.WaitFor(next, 100);
                    break;
                case "shield":
                    await Asyncio.Shield(next);
                    break;
                case "wait":
                    await Asyncio.Wait([next]);
                    break;
                case "method":
                    await Method(next);
                    break;
                case "group":
                    await new TaskGroup().Run(async _ => await next);
                    break;
                default:
                    await next;
                    break;
            }
        }

        static async Task Method(CoroutineTask next) => await next;
    }
}
