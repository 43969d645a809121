using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>The loop as a <see cref="TaskScheduler"/> and as a <see cref="SynchronizationContext"/> for code that runs elsewhere.</summary>
public class LoopTaskSchedulerTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Signal.LimitSeconds);

    [Fact]
    public void Tasks_run_on_the_loops_thread_one_after_the_other_in_turn_with_its_callbacks()
    {
        var order = new List<string>();
        VirtualTimeLoop.Run(Main());
        order.ShouldBe(["first task", "callback", "second task"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.TaskScheduler.MaximumConcurrencyLevel.ShouldBe(1);
            loop.TaskScheduler.ShouldBeSameAs(loop.TaskScheduler);
            int thread = Environment.CurrentManagedThreadId;
            var first = Start("first task");
            loop.CallSoon(() => order.Add("callback"));
            var second = Start("second task");
            order.ShouldBeEmpty();
            (await second + await first).ShouldBe(2 * thread);

            Task<int> Start(string name) => Task.Factory.StartNew(
                () =>
                {
                    order.Add(name);
                    Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
                    TaskScheduler.Current.ShouldBeSameAs(loop.TaskScheduler);
                    return Environment.CurrentManagedThreadId;
                },
                CancellationToken.None,
                TaskCreationOptions.None,
                loop.TaskScheduler);
        }
    }

    [Fact]
    public void Tasks_started_in_other_threads_come_to_the_loop()
    {
        using var loop = new LoopThread();
        var threads = Enumerable.Range(0, 100)
            .Select(_ => Task.Factory.StartNew(() => Environment.CurrentManagedThreadId, CancellationToken.None, TaskCreationOptions.None, loop.Loop.TaskScheduler))
            .ToArray();
        Task.WhenAll(threads).WaitAsync(s_limit).GetAwaiter().GetResult().ShouldAllBe(thread => thread == loop.ThreadId);
    }

    [Fact]
    public void A_task_is_run_at_once_only_for_code_on_the_loops_thread()
    {
        using var loop = new LoopThread();
        var factory = new TaskFactory(loop.Loop.TaskScheduler);
        var inside = factory.StartNew(() =>
        {
            bool ran = false;
            factory.StartNew(() => ran = true).Wait(); // would block for ever if it were not run here
            return ran;
        });
        inside.WaitAsync(s_limit).GetAwaiter().GetResult().ShouldBeTrue();
        var outside = new Task<int>(() => Environment.CurrentManagedThreadId);
        outside.RunSynchronously(loop.Loop.TaskScheduler);
        outside.Result.ShouldBe(loop.ThreadId);
    }

    [Fact]
    public void A_failure_is_the_tasks_and_changes_of_the_context_do_not_stay()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var variable = new ContextVar<int>("variable", 0);
            var task = Task.Factory.StartNew(
                () =>
                {
                    variable.Set(1);
                    throw new FormatException();
                },
                CancellationToken.None,
                TaskCreationOptions.None,
                loop.TaskScheduler);
            await Assert.ThrowsAsync<FormatException>(() => task);
            var seen = loop.CreateFuture<int>();
            loop.CallSoon(() => seen.SetResult(variable.Get()));
            (await seen).ShouldBe(0);
        }
    }

    [Theory]
    [InlineData("task")]
    [InlineData("post")]
    [InlineData("post that fails")]
    public void What_code_without_a_context_of_its_own_changes_does_not_stay(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = static (_, _) => { };
            var variable = new ContextVar<int>("variable", 0);
            var seen = loop.CreateFuture<int>();
            using (ExecutionContext.SuppressFlow())
            {
                if (kind == "task")
                {
                    _ = Task.Factory.StartNew(() => variable.Set(1), CancellationToken.None, TaskCreationOptions.None, loop.TaskScheduler);
                }
                else
                {
                    loop.SynchronizationContext.Post(_ => Change(), null);
                }
            }
            loop.SynchronizationContext.Post(_ => seen.SetResult(variable.Get()), null);
            (await seen).ShouldBe(0);

            void Change()
            {
                variable.Set(1);
                if (kind == "post that fails")
                {
                    throw new FormatException();
                }
            }
        }
    }

    [Fact]
    public void A_closed_loop_refuses_tasks_and_tells_of_those_that_never_ran()
    {
        var reports = new List<ExceptionContext>();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, context) => reports.Add(context);
        var factory = new TaskFactory(loop.TaskScheduler);
        var never = factory.StartNew(() => { });
        loop.Close();
        reports.ShouldHaveSingleItem().Message!.ShouldContain($"never runs: the loop was closed (task id {never.Id})");
        Should.Throw<TaskSchedulerException>(() => factory.StartNew(() => { })).InnerException!.Message.ShouldStartWith("Event loop is closed");
    }

    [Fact]
    public void What_is_posted_and_sent_to_the_context_from_elsewhere_runs_on_the_loop()
    {
        using var loop = new LoopThread();
        int thread = 0;
        loop.Loop.SynchronizationContext.Send(_ => thread = Environment.CurrentManagedThreadId, null);
        thread.ShouldBe(loop.ThreadId);
        Should.Throw<FormatException>(() => loop.Loop.SynchronizationContext.Send(_ => throw new FormatException(), null));
        var posted = new Signal();
        loop.Loop.SynchronizationContext.Post(_ => posted.Set(), null);
        posted.Wait();
    }

    [Fact]
    public void A_task_that_ran_inline_before_its_turn_is_not_reported_at_the_end_of_the_loop()
    {
        var loop = new EventLoop();
        List<ExceptionContext> reports = [];
        loop.ExceptionHandler = (_, context) => reports.Add(context);
        loop.CallSoon(() =>
        {
            var task = Task.Factory.StartNew(static () => { }, CancellationToken.None, TaskCreationOptions.None, loop.TaskScheduler);
#pragma warning disable ASYNCIO003 // it runs here: that is the subject
            task.Wait();
#pragma warning restore ASYNCIO003
            loop.Stop();
        });
        loop.RunForever();
        loop.Close();
        reports.ShouldBeEmpty();
    }
}
