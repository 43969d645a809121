using System.Text.RegularExpressions;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>DumpTasks: names, states, ages, who waits for whom, stacks, rings; from the loop, from outside, and from beside a loop that is blocked.</summary>
public partial class DumpTasksTests
{
    [Fact]
    public void Every_live_task_is_shown_with_its_state_and_stack()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var source = new TaskCompletionSource();
            _ = Asyncio.CreateTask(Wait(Asyncio.Sleep(0)), name: "done");
            var job = Asyncio.CreateTask(Wait(future), name: "job");
            var boss = Asyncio.CreateTask(Wait(job), name: "boss");
            var sleeper = Asyncio.CreateTask(Wait(Asyncio.Sleep(1000)), name: "sleeper");
            var foreign = Asyncio.CreateTask(WaitForDotnet(source.Task), name: "foreign");
            var refusing = Asyncio.CreateTask(Refuse(future), name: "refusing");
            await Asyncio.Sleep(2.5);
            refusing.Cancel();
            await Asyncio.Sleep(0);
            var turn = Asyncio.CreateTask(Wait(Asyncio.Sleep(0)), name: "turn");
            await Asyncio.Sleep(0);
            var late = Asyncio.CreateTask(Wait(Asyncio.Sleep(0)), name: "late");

            Dump().ShouldBe("""
                8 tasks of <EventLoop running=True closed=False debug=False> at 2.500 s

                Task 'main' #1: running, 2.500 s old
                  File "F", line N, in Main
                  File "F", line N, in Dump

                Task 'job' #2: waits for <Future pending cb=[CoroutineTask.Wakeup(), CoroutineTask.Wakeup()]>, 2.500 s old, awaited by Task 'boss' #3
                  File "F", line N, in Wait

                Task 'boss' #3: waits for Task 'job' #2, 2.500 s old
                  File "F", line N, in Wait

                Task 'sleeper' #4: waits for <Future pending sleep until=1000>, 2.500 s old
                  File "F", line N, in Wait

                Task 'foreign' #5: waits for .NET, 2.500 s old
                  File "F", line N, in WaitForDotnet
                  File "?", line ?, in Task

                Task 'refusing' #6: waits for <Future pending cb=[CoroutineTask.Wakeup(), CoroutineTask.Wakeup()]>, cancelling, 2.500 s old
                  File "F", line N, in Refuse

                Task 'turn' #7: ready, 0.000 s old
                  File "F", line N, in Wait

                Task 'late' #8: not started, 0.000 s old
                  File "F", line N, in Wait

                """.ReplaceLineEndings("\n"));
            future.SetResult(1);
            source.SetResult();
            sleeper.Cancel();
            await Asyncio.GatherOutcomes(job, boss, sleeper, foreign, refusing, turn, late);
            Dump().ShouldStartWith("1 task of <EventLoop running=True closed=False debug=False> at ");
        }

        static async Coroutine Wait(IAwaitable awaitable)
        {
            await awaitable;
        }

        static async Coroutine WaitForDotnet(Task task)
        {
            await task;
        }

        static async Coroutine Refuse(Future<int> future)
        {
            try
            {
                await Asyncio.Sleep(1000);
            }
            catch (CancelledException)
            {
                await future;
            }
        }
    }

    [Fact]
    public void Rings_are_told_once_each()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var tasks = new CoroutineTask[5];
            tasks[0] = Asyncio.CreateTask(WaitFor(1), name: "a");
            tasks[1] = Asyncio.CreateTask(Gather(2, 0), name: "b");
            tasks[2] = Asyncio.CreateTask(Asyncio.Sleep(1000), name: "c");
            tasks[3] = Asyncio.CreateTask(WaitFor(4), name: "d");
            tasks[4] = Asyncio.CreateTask(WaitFor(3), name: "e");
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            Dump().ShouldEndWith("""

                Waiting for each other, so that none can go on:
                  Task 'd' #5 -> Task 'e' #6 -> Task 'd' #5

                Waiting for each other, and for something else that may yet end it:
                  Task 'a' #2 -> Task 'b' #3 -> Gather -> Task 'a' #2

                """.ReplaceLineEndings("\n"));
            tasks[3].Cancel();
            tasks[2].Cancel();
            tasks[0].Cancel();
            await Asyncio.Wait(tasks);

            async Coroutine WaitFor(int other)
            {
                await Asyncio.Sleep(0);
                await tasks[other];
            }

            async Coroutine Gather(int first, int second)
            {
                await Asyncio.Sleep(0);
                await Asyncio.Gather(tasks[first], tasks[second]);
            }
        }
    }

    [Fact]
    public void Tasks_of_the_same_name_are_told_apart_by_a_number_that_stays()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            CoroutineTask.Current.Name = "main";
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            var first = Asyncio.CreateTask(Wait(future), name: "worker");
            var second = Asyncio.CreateTask(Wait(Asyncio.Shield(Asyncio.Gather(first, future))), name: "worker");
            await Asyncio.Sleep(0);
            string dump = Dump();
            dump.ShouldContain(
                "Task 'worker' #2: waits for <Future pending cb=[Asyncio.Gather(), CoroutineTask.Wakeup()]>, 0.000 s old, "
                + "awaited by Task 'worker' #3 through Gather\n");
            dump.ShouldContain("Task 'worker' #3: waits for <Future pending");
            Asyncio.FormatCallGraph(first).ShouldStartWith("* Task(name='worker', id=2)");
            var third = Asyncio.CreateTask(Wait(future), name: "worker");
            Dump().ShouldContain("Task 'worker' #3: waits for");
            string[] lines = [.. Dump().Split('\n').Where(line => line.StartsWith("Task", StringComparison.Ordinal)).Select(line => line.Split(':')[0])];
            lines.ShouldBe(["Task 'main' #1", "Task 'worker' #2", "Task 'worker' #3", "Task 'worker' #6"]); // 4 and 5 stand in the call graph
            future.SetResult(1);
            await Asyncio.Gather(second, third);
        }

        static async Coroutine Wait(IAwaitable awaitable) => await awaitable;
    }

    [Fact]
    public void A_long_ring_is_told_in_short()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            CoroutineTask? last = null;
            var first = Asyncio.CreateTask(Wait(() => last!), name: "first");
            Future shielded = first;
            for (int i = 0; i < 100; i++)
                shielded = Asyncio.Shield(shielded);
            last = Asyncio.CreateTask(Wait(() => shielded), name: "last");
            await Asyncio.Sleep(0);
            string ring = Dump().Split('\n')[^2];
            ring.ShouldStartWith("  Task 'first' #2 -> Task 'last' #3 -> Shield -> Shield -> ");
            ring.ShouldEndWith("Shield -> 70 more -> Task 'first' #2");
            first.Cancel();
            await Asyncio.Wait(last);
        }

        static async Coroutine Wait(Func<IAwaitable> awaitable) => await awaitable();
    }

    [Fact]
    public void What_several_wait_for_through_one_gather_names_one_and_counts_the_others()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var job = Asyncio.CreateTask(Wait(future), name: "job");
            var gather = Asyncio.Gather(job);
            await Asyncio.Sleep(0);
            Dump().ShouldContain(", awaited by Gather\n");
            CoroutineTask[] waiting = [Asyncio.CreateTask(Wait(gather), name: "a"), Asyncio.CreateTask(Wait(gather), name: "b"), Asyncio.CreateTask(Wait(gather), name: "c")];
            await Asyncio.Sleep(0);
            Dump().ShouldContain(", awaited by Task 'a' #3 and 2 more through Gather\n");
            future.SetResult(1);
            await Asyncio.Wait(waiting);
        }

        static async Coroutine Wait(IAwaitable awaitable) => await awaitable;
    }

    [Fact]
    public void What_runs_for_an_async_method_that_a_task_awaits_is_a_part_of_that_task()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var other = Asyncio.CreateTask(Wait(future), name: "other");
            var owner = Asyncio.CreateTask(Own(other), name: "owner");
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            string dump = Dump();
            dump.ShouldStartWith("3 tasks of");
            dump.ShouldNotContain("for an async method");
            dump.ShouldContain("Task 'other' #2: waits for <Future pending cb=[CoroutineTask.Wakeup()]>, 0.000 s old, awaited by Task 'owner' #3\n");
            dump.ShouldContain("""
                Task 'owner' #3: waits for Task 'other' #2, 0.000 s old
                  File "F", line N, in Own
                  File "F", line N, in Method
                  File "F", line N, in Wait
                """.ReplaceLineEndings("\n"));
            future.SetResult(1);
            await owner;

            // Run side by side they are no part of one stack, and shown.
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var both = Asyncio.CreateTask(Both(gate), name: "both");
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            dump = Dump();
            foreach (int number in new[] { 5, 6 })
            {
                dump.ShouldContain($"""
                    Task 'both' #{number} (for an async method): waits for <Future pending cb=[CoroutineTask.Wakeup(), CoroutineTask.Wakeup()]>, 0.000 s old, awaited by Task 'both' #4
                      File "F", line N, in Outer
                      File "F", line N, in Method
                      File "F", line N, in Wait
                    """.ReplaceLineEndings("\n"));
            }
            gate.SetResult(1);
            await both;
        }

        static async Coroutine Own(CoroutineTask other) => await Method(other);

        static async Coroutine Both(IAwaitable other) => await Task.WhenAll(Outer(other), Outer(other));

        static async Task Outer(IAwaitable other) => await Method(other);

        static async Task Method(IAwaitable other) => await Wait(other);

        static async Coroutine Wait(IAwaitable awaitable) => await awaitable;
    }

    [Fact]
    public void Names_are_written_so_that_no_terminal_obeys_them_and_no_reader_is_misled()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            CoroutineTask.Current.Name = "\u001b[2J it's\n\"quoted\" \\ \u202e\u0085\t\ud800 ü 😀";
            const string Shown = """'\x1b[2J it\'s\n"quoted" \\ \u202e\x85\t\ud800 ü 😀'""";
            Dump().ShouldContain($"Task {Shown} #1: running");
            CoroutineTask.Current.ToString().ShouldContain($" name={Shown} ");
            Asyncio.FormatCallGraph().ShouldStartWith($"* Task(name={Shown}, id=1)");
            CoroutineTask.Current.Name = "it's";
            Dump().ShouldContain("Task \"it's\" #1: running");
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void Ages_hold_however_many_tasks_come_and_go()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var random = new Random(1);
            var live = new List<(CoroutineTask Task, double Created, Future<int> End)>();
            for (int step = 0; step < 5_000; step++)
            {
                for (int n = random.Next(3); n > 0; n--)
                {
                    var end = loop.CreateFuture<int>();
                    live.Add((Asyncio.CreateTask(Wait(end), random.Next(2) == 0 ? "named" : null), loop.Time, end));
                }
                while (live.Count > 300 || (live.Count > 0 && random.Next(3) == 0))
                {
                    int which = random.Next(live.Count);
                    live[which].End.SetResult(1);
                    live.RemoveAt(which);
                }
                await Asyncio.Sleep(1);
                if (step % 100 == 0)
                    live.ForEach(entry => loop.AgeOf(entry.Task).ShouldBe(loop.Time - entry.Created, 1e-6));
            }
            live.ForEach(entry => entry.End.SetResult(1));
            await Asyncio.Wait(live.Select(entry => entry.Task));
        }

        static async Coroutine Wait(Future<int> end) => await end;
    }

    [Fact]
    public void With_very_many_tasks_of_different_ages_the_older_ones_are_known_less_exactly()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var loop = Asyncio.GetRunningLoop();
            var tasks = new List<CoroutineTask>();
            for (int i = 0; i < 5_000; i++)
            {
                tasks.Add(Asyncio.CreateTask(Asyncio.Sleep(1e6)));
                await Asyncio.Sleep(1);
            }
            for (int i = 0; i < tasks.Count; i++)
                loop.AgeOf(tasks[i]).ShouldBeInRange((5_000 - i) * 31 / 32.0, 5_000 - i);
            loop.AgeOf(tasks[^1]).ShouldBe(1);
            tasks.ForEach(task => task.Cancel());
        }
    }

    [Fact]
    public void A_hundred_thousand_tasks_that_share_what_they_wait_for_and_stand_in_rings_give_a_text_of_that_size()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            const int Count = 100_000;
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var shared = Asyncio.CreateTask(Wait(future), name: "shared");
            var tasks = new CoroutineTask[Count];
            for (int i = 0; i < Count; i++)
            {
                // Of four, one waits for the shared task, one gathers that and its neighbour, and two are a ring.
                int self = i;
                tasks[i] = Asyncio.CreateTask((i % 4) switch
                {
                    0 => Wait(shared),
                    1 => WaitLater(() => Asyncio.Gather(shared, tasks[self - 1])),
                    2 => WaitLater(() => tasks[self + 1]),
                    _ => WaitLater(() => tasks[self - 1]),
                }, name: "t");
            }
            await Asyncio.Sleep(1);

            string text = Dump();
            text.Split('\n').Max(line => line.Length).ShouldBeLessThan(400);
            text.ShouldContain("Task 'shared' #2: waits for <Future pending cb=[CoroutineTask.Wakeup()]>, 1.000 s old, "
                + "awaited by Task 't' #3, Task 't' #7, Task 't' #11, Task 't' #15, Task 't' #19, Task 't' #23, Task 't' #27, Task 't' #31 and 49992 more\n");
            text.Split("Waiting for each other, so that none can go on:\n")[1]
                .Split('\n').Count(line => line.StartsWith("  Task 't' #", StringComparison.Ordinal))
                .ShouldBe(Count / 4);
            Asyncio.FormatCallGraph(future, limit: 0).Split('\n').Length.ShouldBeLessThan(4 * Count);
            for (int i = 2; i < Count; i += 4)
                tasks[i].Cancel();
            future.SetResult(1);
            await Asyncio.Wait(tasks);
        }

        static async Coroutine Wait(IAwaitable awaitable) => await awaitable;

        static async Coroutine WaitLater(Func<IAwaitable> awaitable)
        {
            await Asyncio.Sleep(0);
            await awaitable();
        }
    }

    [Fact]
    public void Another_thread_is_answered_by_the_loop()
    {
        string text = "";
        Asyncio.Run(Main());
        text.ShouldContain("Task 'main' #1: waits for");
        text.ShouldNotContain("outside");
        Should.Throw<InvalidOperationException>(() => Asyncio.DumpTasks(TextWriter.Null)).Message.ShouldContain("no running event loop");
        Should.Throw<ArgumentNullException>(() => Asyncio.DumpTasks(null!)).ParamName.ShouldBe("writer");

        async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            var loop = Asyncio.GetRunningLoop();
            await Asyncio.ToThread(() => text = Dump(loop));
        }
    }

    [Fact]
    public void A_loop_that_is_blocked_is_seen_from_outside()
    {
        using var blocked = new ManualResetEventSlim();
        using var over = new ManualResetEventSlim();
        EventLoop? loop = null;
        var thread = new Thread(() => Asyncio.Run(Main()));
        thread.Start();
        blocked.Wait();
        string text = Dump(loop);
        over.Set();
        thread.Join();
        text.ShouldStartWith("The loop has not answered for 1 s: its thread is busy or blocked. Seen from outside:\n2 tasks of ");
        text.ShouldContain("Task 'main' #1: running");
        text.ShouldContain("in Blocks\n");
        text.ShouldContain("Task 'other' #2: waits for <Future pending sleep");

        async Coroutine Main()
        {
            CoroutineTask.Current.Name = "main";
            loop = Asyncio.GetRunningLoop();
            using var cleanup = new CancellationTokenSource();
            var other = Asyncio.CreateTask(Asyncio.Sleep(1000), name: "other");
            await Asyncio.Sleep(0);
            await Blocks();
            other.Cancel();
        }

        async Coroutine Blocks()
        {
            blocked.Set();
#pragma warning disable ASYNCIO003 // another thread looks at the running loop
            over.Wait();
#pragma warning restore ASYNCIO003
        }
    }

    [Fact]
    public void A_loop_that_does_not_run_can_be_asked_too()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { };
        _ = loop.CreateTask(Asyncio.Sleep(1000), name: "never");
        Dump(loop).ShouldContain("Task 'never' #1: not started, 0.000 s old");
        loop.Close();
        Dump(loop).ShouldStartWith("0 tasks of");
    }

    private static string Dump(EventLoop? loop = null)
    {
        using var writer = new StringWriter();
        Asyncio.DumpTasks(writer, loop);
        string text = Frames().Replace(writer.ToString().ReplaceLineEndings("\n"), "File \"F\", line N, in ");
        return Sources().Replace(Names().Replace(text, "in "), "");
    }

    [GeneratedRegex("File \"[^\"?]+\", line [0-9]+, in ")]
    private static partial Regex Frames();

    [GeneratedRegex("in (\\w+\\.|<locals>\\.)+")]
    private static partial Regex Names();

    [GeneratedRegex("^    .*\n", RegexOptions.Multiline)]
    private static partial Regex Sources();
}
