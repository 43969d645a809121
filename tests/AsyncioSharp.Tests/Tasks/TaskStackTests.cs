using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>GetStack and PrintStack (INS-08 to INS-10) of suspended, running, finished and failed tasks, with and without a limit.</summary>
public class TaskStackTests
{
    [Fact]
    [Rule("INS-08")]
    public void A_suspended_task_has_its_whole_chain_from_the_outermost_coroutine_inwards()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Outer(Asyncio.GetRunningLoop().CreateFuture<int>()));
            Names(task).ShouldBe(["Outer"]);
            await Asyncio.Sleep(0);
            Names(task).ShouldBe(["Outer", "Middle", "Inner"]);
            Names(task, 3).ShouldBe(["Outer", "Middle", "Inner"]);
        }
    }

    [Fact]
    public void A_frame_is_told_without_a_look_at_those_below_it()
    {
        // A coroutine that awaits itself: to walk inwards from it has no end, as from each of n frames it would be n steps.
        var coroutine = Outer(null!);
        coroutine.Begin(null);
        coroutine.Suspend(AwaitKind.Coroutine, coroutine);
        var asker = new Thread(() => TaskStacks.FrameOf(coroutine)) { IsBackground = true };
        asker.Start();
        bool isTold = asker.Join(TimeSpan.FromSeconds(10));
        coroutine.Suspend(AwaitKind.None, null);
        coroutine.Discard();
        asker.Join();

        isTold.ShouldBeTrue();
    }

    [Fact]
    public void An_exception_whose_message_fails_spoils_no_text()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            async Coroutine Fail() => throw new SilentException();
            var task = Asyncio.CreateTask(Fail());
            await Asyncio.Wait([task]);

            var text = new StringWriter();
            task.PrintStack(writer: text);
            text.ToString().ShouldEndWith($"SilentException: <Message failed with NotSupportedException>{Environment.NewLine}");
            task.ToString().ShouldContain("exception=SilentException('<Message failed with NotSupportedException>')");
            new ExceptionContext { Exception = task.Exception() }.ToString().ShouldContain("SilentException('<Message failed");
        }
    }

    [Fact]
    [Rule("INS-09")]
    public void A_limit_keeps_the_newest_frames_of_a_stack()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Outer(Asyncio.GetRunningLoop().CreateFuture<int>()));
            await Asyncio.Sleep(0);
            Names(task, 2).ShouldBe(["Middle", "Inner"]);
            Names(task, 1).ShouldBe(["Inner"]);
            Names(task, 0).ShouldBeEmpty();
            Names(task, -1).ShouldBeEmpty();
            Names(task, null).Count.ShouldBe(3);
        }
    }

    [Fact]
    [Rule("INS-08", "INS-09")]
    public void A_failed_task_has_the_frames_of_the_trace_and_a_limit_keeps_the_oldest()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Outer(future));
            await Asyncio.Sleep(0);
            future.SetException(new FormatException("bad"));
            await Asyncio.Wait([task]);

            var names = Names(task);
            names[0].ShouldBe("Outer");
            names.IndexOf("Middle").ShouldBeGreaterThan(0);
            names.IndexOf("Inner").ShouldBeGreaterThan(names.IndexOf("Middle"));
            Names(task, 1).ShouldBe(["Outer"]);
            Names(task, 0).ShouldBeEmpty();
            task.Exception();
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void Awaiting_a_failed_task_adds_nothing_to_its_stack()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Outer(future));
            await Asyncio.Sleep(0);
            future.SetException(new FormatException("bad"));
            await Caught.By(task);
            Names(task)[0].ShouldBe("Outer");
            Names(task, 1).ShouldBe(["Outer"]);
        }
    }

    [Fact]
    [Rule("INS-08")]
    [CPython("test_tasks.py::BaseTaskTests.test_get_stack", Deviation = "the whole chain, of which a limit keeps the newest")]
    public void A_running_task_has_the_frames_that_run()
    {
        VirtualTimeLoop.Run(Outer());

        static async Coroutine Outer()
        {
            await Asyncio.Sleep(0);
            await Inner();
        }

        static async Coroutine Inner()
        {
            await Asyncio.Sleep(0);
            var names = Names(CoroutineTask.Current);
            names[0].ShouldBe("Outer");
            names.ShouldContain("Inner");
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_task_that_finished_or_was_cancelled_has_none()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var finished = Asyncio.CreateTask(Asyncio.Sleep(0, 1));
            await finished;
            finished.GetStack().ShouldBeEmpty();
            var cancelled = Asyncio.CreateTask(Asyncio.Sleep(1));
            await Asyncio.Sleep(0);
            cancelled.Cancel();
            await Caught.By(cancelled);
            cancelled.GetStack().ShouldBeEmpty();
        }
    }

    [Fact]
    [Rule("INS-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_get_stack")]
    public void PrintStack_writes_a_header_and_the_frames()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Outer(Asyncio.GetRunningLoop().CreateFuture<int>()));
            await Asyncio.Sleep(0);
            var lines = Print(task);
            lines[0].ShouldBe($"Stack for {task} (most recent call last):");
            var frames = lines.Where(line => line.StartsWith("  File \"", StringComparison.Ordinal)).ToList();
            frames.Count.ShouldBe(3);
            frames[0].ShouldMatch("^  File \".+\", line .+, in .*Outer$");
            frames[2].ShouldMatch("^  File \".+\", line .+, in .*Inner$");
            Print(task, 0).ShouldBe([$"No stack for {task}"]);
        }
    }

    [Fact]
    [Rule("INS-10")]
    public void PrintStack_of_a_failed_task_ends_with_the_exception()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Fail());
            await Asyncio.Wait([task]);
            task.Exception();
            var lines = Print(task);
            lines[0].ShouldBe($"Traceback for {task} (most recent call last):");
            lines[1].ShouldMatch("^  File \".+\", line .+, in .*Fail$");
            if (task.GetStack()[0].Line is not null)
                lines[2].ShouldStartWith("    static async Coroutine Fail()");
            lines[^1].ShouldBe("FormatException: bad");

            Print(task, 0).ShouldBe([$"No stack for {task}", "FormatException: bad"]);
        }

        static async Coroutine Fail() => throw new FormatException("bad");
    }

    [Fact]
    [Rule("INS-10")]
    public void PrintStack_of_a_finished_task_says_that_there_is_none()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(0, 1));
            await task;
            Print(task).ShouldBe([$"No stack for {task}"]);
        }
    }

    private static async Coroutine<int> Outer(Future<int> future) => await Middle(future);

    private static async Coroutine<int> Middle(Future<int> future) => await Inner(future);

    private static async Coroutine<int> Inner(Future<int> future) => await future;

    private static List<string> Names(CoroutineTask task, int? limit = null)
        => [.. task.GetStack(limit).Select(frame => frame.Method.Split('.')[^1])];

    private static List<string> Print(CoroutineTask task, int? limit = null)
    {
        using var writer = new StringWriter();
        task.PrintStack(limit, writer);
        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r'))];
    }

    private sealed class SilentException : Exception
    {
        public override string Message => throw new NotSupportedException();
    }
}
