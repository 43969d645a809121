using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>Names, the current task, the set of tasks, and the text form (INS-01 to INS-07).</summary>
public class TaskIntrospectionTests
{
    [Fact]
    [Rule("INS-01")]
    public void Default_names_are_numbered_and_a_given_name_uses_up_no_number()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            // The counter is the process's, and other tests use it at the same time: so look for one undisturbed attempt in many.
            bool undisturbed = false;
            for (int i = 0; i < 1000 && !undisturbed; i++)
            {
                var before = new CoroutineTask(Nothing(), Asyncio.GetRunningLoop());
                Asyncio.CreateTask(Nothing(), name: "given").Name.ShouldBe("given");
                var after = Asyncio.CreateTask(Nothing());
                Number(after).ShouldBeGreaterThan(Number(before));
                undisturbed = Number(after) == Number(before) + 1;
                before.Name.ShouldBe($"Task-{Number(before)}");
                await after;
            }
            undisturbed.ShouldBeTrue();
        }

        static int Number(CoroutineTask task) => int.Parse(task.Name.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    [Rule("INS-02")]
    public void Names_are_text_and_can_be_changed()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Nothing(), name: "one");
            task.Name = "two";
            task.Name.ShouldBe("two");
            task.Name = "";
            task.Name.ShouldBe("");
            Should.Throw<ArgumentNullException>(() => task.Name = null!);
            await task;
            task.Name = "after the end";
            task.Name.ShouldBe("after the end");
            typeof(CoroutineTask).GetProperty("Name")!.PropertyType.ShouldBe(typeof(string));
        }
    }

    [Fact]
    [Rule("INS-03")]
    public void CurrentTask_is_the_task_being_stepped_and_null_in_plain_callbacks()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var seen = new List<CoroutineTask?>();
            var first = Asyncio.CreateTask(See());
            loop.CallSoon(() => seen.Add(Asyncio.CurrentTask()));
            var second = Asyncio.CreateTask(See());
            await first;
            await second;
            seen.ShouldBe([first, null, second, first, second]);
            CoroutineTask.Current.ShouldBeSameAs(Asyncio.CurrentTask());
            Asyncio.CurrentTask(loop).ShouldBeSameAs(CoroutineTask.Current);

            async Coroutine See()
            {
                seen.Add(Asyncio.CurrentTask());
                await Asyncio.Sleep(0);
                seen.Add(Asyncio.CurrentTask(loop));
            }
        }
    }

    [Fact]
    [Rule("INS-03", "INS-04")]
    public void Outside_of_a_running_loop_the_loop_must_be_given()
    {
        var loop = VirtualTimeLoop.Create();

        Should.Throw<InvalidOperationException>(() => Asyncio.CurrentTask()).Message.ShouldContain("no running event loop");
        Should.Throw<InvalidOperationException>(() => Asyncio.AllTasks()).Message.ShouldContain("no running event loop");
        Should.Throw<InvalidOperationException>(() => CoroutineTask.Current);
        Asyncio.CurrentTask(loop).ShouldBeNull();
        var task = loop.CreateTask(Nothing());
        Asyncio.AllTasks(loop).ShouldBe([task]);
        loop.RunUntilComplete(task);
        Asyncio.AllTasks(loop).ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    [Rule("INS-03")]
    public void CurrentTask_of_a_loop_can_be_asked_from_another_thread()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            CoroutineTask? seen = null;
            var thread = new Thread(() => seen = Asyncio.CurrentTask(loop));
            thread.Start();
            thread.Join();
            seen.ShouldBeSameAs(CoroutineTask.Current);
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("INS-04")]
    public void AllTasks_holds_the_caller_and_the_unstarted_but_not_the_done()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var self = CoroutineTask.Current;
            var done = Asyncio.CreateTask(Nothing());
            await done;
            var sleeping = Asyncio.CreateTask(Asyncio.Sleep(1));
            await Asyncio.Sleep(0);
            var unstarted = Asyncio.CreateTask(Nothing());

            var all = Asyncio.AllTasks();

            all.ShouldBe([self, sleeping, unstarted], ignoreOrder: true);
            await sleeping;
            all.Count.ShouldBe(3); // a set of its own
            Asyncio.AllTasks().ShouldBe([self]);
        }
    }

    [Fact]
    [Rule("INS-06")]
    public void Coroutine_is_the_wrapped_object_also_after_the_end()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var coroutine = Nothing();
            var task = Asyncio.CreateTask(coroutine);
            task.Coroutine.ShouldBeSameAs(coroutine);
            await task;
            task.Coroutine.ShouldBeSameAs(coroutine);
        }
    }

    [Fact]
    [Rule("INS-07")]
    public void The_text_tells_state_name_coroutine_and_outcome()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            const string Where = "TaskIntrospectionTests.The_text_tells_state_name_coroutine_and_outcome.<locals>.";
            var task = Asyncio.CreateTask(Seven(), name: "n");
            task.ToString().ShouldBe($"<Task pending name='n' coro=<{Where}Seven() running>>");
            task.AddDoneCallback(Done);
            task.ToString().ShouldEndWith(" cb=[TaskIntrospectionTests.Done()]>");
            await task;
            task.ToString().ShouldBe($"<Task finished name='n' coro=<{Where}Seven() done> result=7>");

            var failed = Asyncio.CreateTask(Fail(), name: "f");
            await Caught.By(failed);
            failed.ToString().ShouldBe($"<Task finished name='f' coro=<{Where}Fail() done> exception=FormatException('bad')>");

            var cancelled = Asyncio.CreateTask(Seven(), name: "c");
            cancelled.Cancel();
            await Caught.By(cancelled);
            cancelled.ToString().ShouldBe($"<Task cancelled name='c' coro=<{Where}Seven() done>>");
        }

        static async Coroutine<int> Seven() => 7;
        static async Coroutine Fail() => throw new FormatException("bad");
    }

    [Fact]
    [Rule("INS-07")]
    public void The_text_tells_what_the_task_waits_for_and_outstanding_requests()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Wait(future), name: "n");
            await Asyncio.Sleep(0);
            task.ToString().ShouldStartWith("<Task pending name='n' ");
            task.ToString().ShouldContain(" wait_for=<Future pending cb=[");

            task.Cancel();
            task.ToString().ShouldStartWith("<Task cancelling name='n' ");
            task.Uncancel();
            task.ToString().ShouldStartWith("<Task pending name='n' ");
            await Caught.By(task);
            task.ToString().ShouldStartWith("<Task cancelled name='n' ");
        }

        static async Coroutine Wait(Future<int> future) => await future;
    }

    [Fact]
    [Rule("INS-07")]
    public void Debug_mode_adds_where_the_task_was_created()
    {
        VirtualTimeLoop.Run(Test(), debug: true);

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Nothing());
            task.ToString().ShouldContain(" created at ");
            await task;
        }
    }

    private static void Done(Future future)
    {
    }

    private static async Coroutine Nothing()
    {
    }
}
