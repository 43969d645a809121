using System.Text.RegularExpressions;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>CaptureCallGraph and its text: who waits for whom, through tasks, combinators and methods of .NET; shared nodes, rings, size.</summary>
public partial class CallGraphTests
{
    [Fact]
    public void A_future_is_awaited_by_the_tasks_that_wait_for_it_and_those_by_others()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var inner = Asyncio.CreateTask(Wait(future), name: "inner");
            var first = Asyncio.CreateTask(Wait(inner), name: "first");
            var second = Asyncio.CreateTask(Wait(inner), name: "second");
            await Asyncio.Sleep(0);

            var graph = Asyncio.CaptureCallGraph(future)!;
            graph.Future.ShouldBe(future);
            graph.CallStack.ShouldBeEmpty();
            var node = graph.AwaitedBy.ShouldHaveSingleItem();
            node.Future.ShouldBe(inner);
            node.CallStack.ShouldHaveSingleItem().Method.ShouldEndWith("Wait");
            node.AwaitedBy.Select(each => each.Future).ShouldBe([first, second]);
            Text(future).ShouldBe("""
                * Future(id=1)
                  + Awaited by:
                    * Task(name='inner', id=2)
                      + Call stack:
                      |   File "F", line N, in Wait()
                      + Awaited by:
                        * Task(name='first', id=3)
                          + Call stack:
                          |   File "F", line N, in Wait()
                        * Task(name='second', id=4)
                          + Call stack:
                          |   File "F", line N, in Wait()
                """);
            future.SetResult(1);
            await Asyncio.Gather(first, second);
        }
    }

    [Fact]
    public void A_negative_limit_gives_no_frames()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var waiting = Asyncio.CreateTask(Wait(future));
            await Asyncio.Sleep(0);

            Asyncio.CaptureCallGraph(future)!.AwaitedBy.ShouldHaveSingleItem().CallStack.ShouldHaveSingleItem();
            Asyncio.CaptureCallGraph(future, limit: -1)!.AwaitedBy.ShouldHaveSingleItem().CallStack.ShouldBeEmpty();
            Asyncio.CaptureCallGraph(limit: -1)!.CallStack.ShouldBeEmpty();
            future.SetResult(1);
            await waiting;
        }
    }

    [Fact]
    public void Without_an_argument_it_is_the_current_tasks_graph_with_what_runs_now_first()
    {
        Should.Throw<InvalidOperationException>(() => Asyncio.CaptureCallGraph()).Message.ShouldContain("no running event loop");
        var loop = VirtualTimeLoop.Create();
        var log = new List<string>();
        loop.CallSoon(() => log.Add($"{Asyncio.CaptureCallGraph()}|{Asyncio.FormatCallGraph()}|"));
        loop.CallSoon(() => Asyncio.PrintCallGraph(writer: TextWriter.Null));
        loop.RunUntilComplete(Main());
        loop.Close();
        log.ShouldBe(["||"]); // no task was running

        static async Coroutine Main()
        {
            await Asyncio.CreateTask(Outer(), name: "running");
        }

        static async Coroutine Outer() => await Inner();

        static async Coroutine Inner()
        {
            await Asyncio.Sleep(0);
            var graph = Asyncio.CaptureCallGraph()!;
            graph.Future.ShouldBe(CoroutineTask.Current);
            graph.CallStack.Select(frame => frame.Method.Split('.')[^1]).ShouldBe(["Inner", "Outer"]);
            graph.AwaitedBy.ShouldHaveSingleItem().CallStack[0].Method.ShouldEndWith("Main");
            Asyncio.CaptureCallGraph(limit: 1)!.CallStack.ShouldHaveSingleItem().Method.ShouldEndWith("Inner");
            Asyncio.CaptureCallGraph(limit: 0)!.CallStack.ShouldBeEmpty();
            using var writer = new StringWriter();
            Asyncio.PrintCallGraph(writer: writer);
            writer.ToString().ShouldStartWith("* Task(name='running', id=1)");
        }
    }

    [Fact]
    public void Combinators_stand_between_the_tasks()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            CoroutineTask[] waiting =
            [
                Asyncio.CreateTask(Gathers(future), name: "gathers"),
                Asyncio.CreateTask(Shields(future), name: "shields"),
                Asyncio.CreateTask(Waits(future), name: "waits"),
                Asyncio.CreateTask(Limits(future), name: "limits"),
                Asyncio.CreateTask(TakesInOrder(future), name: "takes in order"),
                Asyncio.CreateTask(Groups(future), name: "groups"),
            ];
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            Paths(Asyncio.CaptureCallGraph(future)!).ShouldBe(
            [
                "Future < Gather < gathers",
                "Future < Future < shields",
                "Future < Future < waits",
                "Future < limits",
                "Future < Future < takes in order",
                "Future < member < groups",
            ]);
            future.SetResult(1);
            await Asyncio.Wait(waiting);
        }

        static async Coroutine Gathers(Future<int> future) => await Asyncio.Gather(future, future);

        static async Coroutine Shields(Future<int> future) => await Asyncio.Shield(future);

        static async Coroutine Waits(Future<int> future) => await Asyncio.Wait(future);

        static async Coroutine Limits(Future<int> future) => await Asyncio.WaitFor(future, 10);

        static async Coroutine Groups(Future<int> future)
            => await new TaskGroup().Run(async group => group.CreateTask(Wait(future), name: "member"));

        static async Coroutine TakesInOrder(Future<int> future)
        {
            foreach (var next in Asyncio.AsCompleted([future]))
                await next;
        }
    }

    [Fact]
    public void The_way_through_methods_of_dotnet_is_known()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var other = Asyncio.GetRunningLoop().CreateFuture<int>();
            CoroutineTask[] waiting =
            [
                Asyncio.CreateTask(Outer(future), name: "outer"),
                Asyncio.CreateTask(Over(other), name: "over"),
                Asyncio.CreateTask(Several(future), name: "several"),
                Asyncio.CreateTask(Leaves(future), name: "leaves"),
            ];
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            Paths(Asyncio.CaptureCallGraph(future)!).ShouldBe(["Future < outer", "Future < several"]);
            // A coroutine that a method of .NET awaits is run by a task of its own.
            Paths(Asyncio.CaptureCallGraph(other)!).ShouldBe(["Future < over < over"]);
            Asyncio.FormatCallGraph(other, limit: 0).ShouldContain("* Task(name='over', id=5, for an async method)");
            future.SetResult(1);
            other.SetResult(1);
            await Asyncio.Wait(waiting);
        }

        static async Coroutine Outer(Future<int> future) => await Middle(future);

        static async Task Middle(Future<int> future) => await Inner(future);

        static async ValueTask Inner(Future<int> future) => await future;

        static async Coroutine Several(Future<int> future) => await Task.WhenAll(Middle(future), Middle(future));

        static async Coroutine Leaves(Future<int> future)
        {
            _ = Middle(future); // which runs beside it
            await Asyncio.Sleep(1);
        }

        static async Coroutine Over(Future<int> future) => await Under(future);

        static async Task Under(Future<int> future) => await Wait(future);
    }

    [Fact]
    public void Shared_nodes_are_one_object_and_are_shown_once()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            // A ladder of twenty rungs, each of which awaits both of the one below, has a million paths.
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Future left = future;
            Future right = future;
            for (int rung = 0; rung < 20; rung++)
                (left, right) = (Asyncio.CreateTask(Both(left, right)), Asyncio.CreateTask(Both(left, right)));
            await Asyncio.Sleep(0);

            var graph = Asyncio.CaptureCallGraph(future)!;
            var nodes = new HashSet<FutureCallGraph>();
            var open = new Stack<FutureCallGraph>([graph]);
            while (open.TryPop(out var node))
            {
                if (nodes.Add(node))
                    node.AwaitedBy.ToList().ForEach(open.Push);
            }
            nodes.Count.ShouldBe(1 + (20 * 4)); // of each rung two tasks and two gathers
            var text = graph.ToString();
            text.Split('\n').Length.ShouldBeLessThan(20 * 30);
            text.ShouldContain(" ... see above");
            future.SetResult(1);
            await Asyncio.Wait(left, right);
        }

        static async Coroutine Both(Future left, Future right) => await Asyncio.Gather(left, right);
    }

    [Fact]
    public void A_chain_of_ten_thousand_tasks_needs_no_stack_and_gives_a_text_of_that_length()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Future last = future;
            for (int i = 0; i < 10_000; i++)
                last = Asyncio.CreateTask(Wait(last));
            await Asyncio.Sleep(0);
            string text = Asyncio.FormatCallGraph(future, limit: 0);
            text.Length.ShouldBeLessThan(10_000 * 400);
            Heads().Count(text).ShouldBe(10_001);
            future.SetResult(1);
            await last;
        }
    }

    [Fact]
    public void A_ring_ends_where_it_began()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var tasks = new CoroutineTask[2];
            tasks[0] = Asyncio.CreateTask(WaitForOther(1), name: "a");
            tasks[1] = Asyncio.CreateTask(WaitForOther(0), name: "b");
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            var graph = Asyncio.CaptureCallGraph(tasks[0])!;
            graph.AwaitedBy[0].AwaitedBy[0].ShouldBeSameAs(graph);
            Asyncio.FormatCallGraph(tasks[0]).TrimEnd().ShouldEndWith("* Task(name='a', id=1) ... see above");
            tasks[0].Cancel();
            await Asyncio.Wait(tasks);

            async Coroutine WaitForOther(int other)
            {
                await Asyncio.Sleep(0);
                await tasks[other];
            }
        }
    }

    [Fact]
    public void Nobody_awaits_what_is_done()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(0, 1), name: "done");
            await task;
            Asyncio.FormatCallGraph(task).ShouldBe("* Task(name='done', id=1)");
        }
    }

    private static async Coroutine Wait(IAwaitable awaitable) => await awaitable;

    // The names on each way from the node outwards.
    private static IEnumerable<string> Paths(FutureCallGraph node)
    {
        string name = node.Future is CoroutineTask task ? task.Name : node.ToString().Split('(')[0][2..];
        return node.AwaitedBy.Count == 0 ? [name] : node.AwaitedBy.SelectMany(Paths).Select(path => $"{name} < {path}");
    }

    private static string Text(Future future)
        => Frames().Replace(Asyncio.FormatCallGraph(future), "File \"F\", line N, in ").ReplaceLineEndings("\n");

    [GeneratedRegex("File \"[^\"]+\", line [0-9]+, in (\\w+\\.)*")]
    private static partial Regex Frames();

    [GeneratedRegex("^ *\\* ", RegexOptions.Multiline)]
    private static partial Regex Heads();
}
