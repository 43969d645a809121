using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>
/// Entries of the loop that are no callbacks of the user call code of his all the same: a <c>Cancel</c> that he has overridden. What that throws is reported, as that of a
/// callback, and the program goes on.
/// </summary>
public class FailingEntryTests
{
    private static readonly string[] s_order = ["first unset", "pushed by the step", "second"];

    [Fact]
    public void What_the_Cancel_of_a_future_throws_when_its_time_is_over_is_reported()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            var future = new UncancellableFuture(loop);
            loop.CallLater(2, () => future.SetResult(7));
            (await Asyncio.WaitFor(future, 1)).ShouldBe(7);
            Report(reports).ShouldBe("Exception in callback Asyncio.WaitFor()");
        }
    }

    [Fact]
    public void What_the_Cancel_of_a_groups_task_throws_is_reported()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            loop.TaskFactory = new UncancellableFactory();
            var failed = await Should.ThrowAsync<TaskGroupException>(Asyncio.CreateTask(Group()).AsTask());
            failed.InnerExceptions.ShouldHaveSingleItem().Message.ShouldBe("failed");
            loop.TaskFactory = null;
            Report(reports).ShouldBe("Exception in callback TaskGroup.CreateTask()");
        }

        static Coroutine Group() => new TaskGroup().Run(async group =>
        {
            _ = group.CreateTask(Asyncio.Sleep(5));
            _ = group.CreateTask(Fail());
            await Asyncio.Sleep(9);
        });

        static async Coroutine Fail()
        {
            await Asyncio.Sleep(1);
            throw new FormatException("failed");
        }
    }

    [Fact]
    public void What_the_Cancel_of_a_task_from_another_thread_throws_is_reported()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            loop.TaskFactory = new UncancellableFactory();
            var sent = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(5), loop);
            await Asyncio.Sleep(1);
            loop.TaskFactory = null;
            sent.Cancel();
            await Asyncio.Sleep(1);
            Report(reports).ShouldBe("Exception in callback Asyncio.RunCoroutineThreadsafe()");
            await Asyncio.Sleep(9); // the task comes to its end
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void What_comes_behind_runs_in_its_order_and_the_task_can_still_be_stepped(bool isScheduled, bool hasContext)
    {
        if (isScheduled)
        {
            Schedules.Explore(Main, count: 20);
        }
        else
        {
            VirtualTimeLoop.Run(Main());
        }

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = new List<ExceptionContext>();
            var log = new List<string>();
            var variable = new ContextVar<string>("variable");
            var future = new UncancellableFuture(loop);
            CoroutineTask? current = null;
            loop.ExceptionHandler = (_, context) =>
            {
                reports.Add(context);
                current = Asyncio.CurrentTask();
            };
            var waiting = Asyncio.CreateTask(Wait(), context: hasContext ? Context.Copy() : null);
            loop.CallSoon(() => log.Add($"first {variable.Get("unset")}"));
            loop.CallSoon(() => log.Add("second"));
            await Asyncio.Sleep(1);
            Report(reports).ShouldBe("Exception in callback CoroutineTask.Wakeup()");
            log.Order().ShouldBe(s_order);
            Asyncio.AllTasks().ShouldContain(waiting);
            current.ShouldBeNull();
            future.SetResult(7);
            await Asyncio.Wait(waiting);
            waiting.IsCancelled.ShouldBeTrue(); // (else the variable was lost); the request is still to be delivered, as in CPython
            reports.Count.ShouldBe(1);

            async Coroutine<int> Wait()
            {
                variable.Set("set");
                loop.CallSoon(() => log.Add("pushed by the step"));
                CoroutineTask.Current.Cancel(); // waits for the first await that suspends, and is passed on in that step
                try
                {
                    return await future;
                }
                finally
                {
                    variable.Get("unset").ShouldBe("set");
                }
            }
        }
    }

    private static string Report(List<ExceptionContext> reports)
    {
        var report = reports.ShouldHaveSingleItem();
        report.Exception.ShouldBeOfType<NotSupportedException>();
        return report.Message!;
    }

    private sealed class UncancellableTask(Coroutine coroutine, EventLoop loop, Context? context) : CoroutineTask(coroutine, loop, context: context)
    {
        public override bool Cancel(string? message = null) => throw new NotSupportedException("This cannot be cancelled.");
    }

    private sealed class UncancellableFactory : ITaskFactory
    {
        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => new UncancellableTask(coroutine, loop, context);

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => new(coroutine, loop, context: context);
    }
}
