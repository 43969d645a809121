using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>Files and lines of the stacks of tasks in every state, with and without a limit; what is .NET's in them; the traces of skipped frames.</summary>
public class StackLineTests
{
    [Fact]
    [Rule("INS-08")]
    public void A_task_that_has_not_started_stands_at_the_first_line_of_its_coroutine()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int first = 0;
            var task = Asyncio.CreateTask(Unstarted());
            var frame = task.GetStack().ShouldHaveSingleItem();
            frame.Method.ShouldEndWith("Unstarted");
            frame.File.ShouldBe(ThisFile());
            await task;
            frame.Line.ShouldBe(first);
            Asyncio.CreateTask(AsABody()).GetStack()[0].Line.ShouldBe(Line() + 2);
            static async Coroutine AsABody()
                => await Asyncio.Sleep(0);
            Asyncio.CreateTask(Asyncio.Sleep(1)).GetStack().ShouldBe([new CoroutineFrame("Asyncio.Sleep")]);
            Asyncio.CreateTask(Asyncio.Sleep(0)).GetStack().ShouldHaveSingleItem();

            async Coroutine Unstarted()
            {
                first = Line();
                await Asyncio.Sleep(0);
            }
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_running_task_shows_where_its_outer_coroutines_wait_and_what_runs_below()
    {
        VirtualTimeLoop.Run(Outer());

        static async Coroutine Outer()
        {
            await Asyncio.Sleep(0);
            await Inner(Line());
        }

        static async Coroutine Inner(int outer)
        {
            await Asyncio.Sleep(0);
            var (frames, called) = Called(); int inner = Line();
            Shown(frames).ShouldBe([("Outer", outer), ("Inner", inner), ("Called", called)]);
            frames.ShouldAllBe(frame => frame.File == ThisFile());

            // What runs in between belongs to this library.
            IReadOnlyList<CoroutineFrame> within = [];
            int run = Line() + 1;
            Context.Copy().Run(() => within = CoroutineTask.Current.GetStack());
            Shown(within).ShouldBe([("Outer", outer), ("Inner", run), ("<lambda>", run)]);
            Shown(CoroutineTask.Current.GetStack(1)).ShouldBe([("Inner", Line())]);
            Shown(CoroutineTask.Current.GetStack(2)).ShouldBe([("Outer", outer), ("Inner", Line())]);
            CoroutineTask.Current.GetStack(0).ShouldBeEmpty();
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_method_of_dotnet_that_runs_below_a_coroutine_is_shown_with_what_it_calls()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            await Method(Line());
        }

        static async Task Method(int outer)
        {
            await Task.Yield();
            var (frames, called) = Called(); int inner = Line();
            Shown(frames).ShouldBe([("Test", outer), ("Method", inner), ("Called", called)]);
            int below = Line() + 1;
            await Below(outer, below);
        }

        static async Coroutine Below(int outer, int method)
        {
            await Asyncio.Sleep(0);
            var (frames, called) = Called(); int inner = Line();
            Shown(frames).ShouldBe([("Test", outer), ("Method", method), ("Below", inner), ("Called", called)]);
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_generic_coroutine_and_a_generator_know_their_frames_while_they_run()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            Shown(await Generic<string>()).Select(frame => frame.Method).ShouldBe(["Test", "Generic"]);
            IReadOnlyList<CoroutineFrame> frames = [];
#pragma warning disable CS0618
            await Asyncio.Coroutine(Generator)();
#pragma warning restore CS0618
            Shown(frames).Select(frame => frame.Method).ShouldBe(["Test", "Generator"]);

            IEnumerable<IAwaitable?> Generator()
            {
                frames = CoroutineTask.Current.GetStack();
                yield return null;
            }
        }

        static async Coroutine<IReadOnlyList<CoroutineFrame>> Generic<T>() => CoroutineTask.Current.GetStack();
    }

    [Fact]
    [Rule("INS-08", "INS-09")]
    public void A_failed_task_shows_the_lines_of_the_trace()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int outer = 0;
            int inner = 0;
            var task = Asyncio.CreateTask(Outer());
            await Asyncio.Wait([task]);
            task.Exception();
            Shown(task.GetStack()).ShouldBe([("Outer", outer), ("Inner", inner)]);
            Shown(task.GetStack(1)).ShouldBe([("Outer", outer)]);

            async Coroutine Outer()
            {
                outer = Line() + 1;
                await Inner();
            }

            async Coroutine Inner()
            {
                await Asyncio.Sleep(0);
                inner = Line() + 1;
                throw new FormatException("bad");
            }
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_statement_of_several_lines_is_known_by_its_first()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int first = 0;
            var task = Asyncio.CreateTask(Statement());
            await Asyncio.Sleep(0.5);
            Shown(task.GetStack())[0].ShouldBe(("Statement", first));
            await Asyncio.Sleep(1);
            Shown(task.GetStack())[0].ShouldBe(("Statement", first)); // the other await of it
            await task;

            async Coroutine<int> Statement()
            {
                first = Line() + 1;
                return await Asyncio.Sleep(
                    1,
                    2)
                    + await Asyncio.Sleep(1, 3);
            }
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void What_await_using_awaits_at_its_end_has_the_line_of_the_last_statement_in_it_or_of_its_brace()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int last = 0;
            foreach (var (coroutine, unoptimized) in new[] { (Block(), 1), (Declaration(), 0) })
            {
                var task = Asyncio.CreateTask(coroutine);
                await Asyncio.Sleep(0.5);
                var stack = Shown(task.GetStack());
#if DEBUG
                stack[0].Line.ShouldBe(last + unoptimized); // the brace of a block
#else
                stack[0].Line.ShouldBe(last);
#endif
                stack[1].Method.ShouldBe("DisposeAsync");
                await task;
            }

            async Coroutine Block()
            {
                await using (new Slow())
                {
                    last = Line();
                }
            }

            async Coroutine Declaration()
            {
                await using var slow = new Slow();
                last = Line();
            }
        }
    }

    [Fact]
    public void What_is_awaited_outside_of_this_library_is_shown_as_far_as_it_can_be_known()
    {
        var source = new TaskCompletionSource<string>();
        using var stop = new CancellationTokenSource();
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var plain = Asyncio.CreateTask(Plain());
            var delayed = Asyncio.CreateTask(Delayed());
            var yielding = Asyncio.CreateTask(Deep());
            await Asyncio.Sleep(0);
            plain.GetStack()[^1].ShouldBe(new CoroutineFrame("Task<String>"));
            delayed.GetStack()[^1].Method.ShouldStartWith("Task.Delay");
            Shown(yielding.GetStack()).Select(frame => frame.Method).ShouldBe(["Deep", "Deeper", "Deepest", "Task<String>"]);
            Shown(yielding.GetStack(2)).Select(frame => frame.Method).ShouldBe(["Deepest", "Task<String>"]);
            source.SetResult("");
            stop.Cancel();
            await Asyncio.GatherOutcomes(plain, yielding, delayed);
        }

        async Coroutine Plain() => await source.Task;

        async Coroutine Delayed() => await Task.Delay(Timeout.Infinite, stop.Token);

        async Coroutine Deep() => await Deeper();

        async Task Deeper() => await Deepest();

        async Task Deepest() => await source.Task.ConfigureAwait(true);
    }

    [Fact]
    public void Methods_of_dotnet_that_wait_for_each_other_in_a_ring_end_the_stack()
    {
        Task? first = null;
        var go = new TaskCompletionSource();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { }; // the ring is still there at the end
        loop.RunUntilComplete(Test());
        loop.Close();

        async Coroutine Test()
        {
            first = First();
            var task = Asyncio.CreateTask(Enter());
            await Asyncio.Sleep(0);
            go.SetResult();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            Shown(task.GetStack()).Select(frame => frame.Method).ShouldBe(["Enter", "First", "Second"]);
        }

        async Coroutine Enter() => await first!;

        async Task First()
        {
            await go.Task;
            await Second();
        }

        async Task Second() => await first!;
    }

    [Fact]
    public void Another_thread_may_ask_for_the_stack_of_a_task_that_runs()
    {
        using var running = new ManualResetEventSlim();
        using var asked = new ManualResetEventSlim();
        CoroutineTask? task = null;
        int line = 0;
        var loop = new Thread(() => Asyncio.Run(Outer()));
        loop.Start();
        running.Wait();
        var frames = task!.GetStack();
        asked.Set();
        loop.Join();
        frames.Select(frame => frame.Method.Split('.')[^1]).ShouldBe(["Outer", "Blocking"]);
        frames[0].Line.ShouldBe(line);
        frames[1].Line.ShouldBeNull();

        async Coroutine Outer()
        {
            task = CoroutineTask.Current;
            line = Line() + 1;
            await Blocking();
        }

        async Coroutine Blocking()
        {
            running.Set();
#pragma warning disable ASYNCIO003 // it is looked at from another thread while it runs
            asked.Wait();
#pragma warning restore ASYNCIO003
        }
    }

    [Fact]
    public void A_chain_of_a_hundred_thousand_coroutines_has_as_many_frames()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Deeper(99_999));
            await Asyncio.Sleep(0);
            var frames = task.GetStack();
            frames.Count.ShouldBe(100_000);
            frames.Take(99_999).ShouldAllBe(frame => frame.Line == frames[0].Line);
            task.GetStack(2).ShouldBe(frames.TakeLast(2));
        }

        static async Coroutine Deeper(int n)
        {
            if (n == 0)
            {
                await Asyncio.Sleep(1);
            }
            else
            {
                await Deeper(n - 1);
            }
        }
    }

    [Fact]
    public void The_trace_of_a_cancellation_names_the_lines_of_the_frames_that_it_skipped()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int outer = 0;
            int inner = 0;
            var task = Asyncio.CreateTask(Outer());
            await Asyncio.Sleep(0);
            task.Cancel();
            await Asyncio.Wait([task]);
            var trace = Should.Throw<CancelledException>(task.Result).StackTrace!.Split(Environment.NewLine);
            trace[0].ShouldContain("Asyncio.Sleep");
            trace[1].ShouldEndWith($"Inner() in {ThisFile()}:line {inner}");
            trace[2].ShouldEndWith($"Outer() in {ThisFile()}:line {outer}");

            async Coroutine Outer()
            {
                outer = Line() + 1;
                await Inner();
            }

            async Coroutine Inner()
            {
                inner = Line() + 1;
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    [Rule("INS-10")]
    public void PrintStack_shows_the_source_of_each_line()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Job(), name: "job");
            await Asyncio.Sleep(0);
            using var writer = new StringWriter();
            task.PrintStack(writer: writer);
            var lines = writer.ToString().Split(Environment.NewLine);
            lines[1].ShouldStartWith($"  File \"{ThisFile()}\", line ");
            lines[2].ShouldBe("    await Asyncio.Sleep(3600); // the source of this line");
        }

        static async Coroutine Job()
        {
            await Asyncio.Sleep(3600); // the source of this line
        }
    }

    private static (IReadOnlyList<CoroutineFrame> Frames, int Line) Called()
        => (CoroutineTask.Current.GetStack(), Line());

    private static List<(string Method, int? Line)> Shown(IEnumerable<CoroutineFrame> frames)
        => [.. frames.Select(frame => (frame.Method.Split('.')[^1], frame.Line))];

    private static int Line([CallerLineNumber] int line = 0) => line;

    private static string ThisFile([CallerFilePath] string file = "") => file;

    private sealed class Slow : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Asyncio.Sleep(1);
    }
}
