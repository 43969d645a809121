using System.Diagnostics;
using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>Stacks that come from the runtime's own traces show each method that the user has written once, with its line, and nothing in between.</summary>
public class UserFrameTests
{
    [Fact]
    [Rule("INS-08")]
    public void An_async_method_that_runs_below_another_is_shown_once()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            await Outer(Line());
        }

        static async Task Outer(int test)
        {
            await Inner(test, Line());
        }

        static async Task Inner(int test, int outer)
        {
            var frames = CoroutineTask.Current.GetStack(); int inner = Line();
            Shown(frames).ShouldBe([("Test", test), ("Outer", outer), ("Inner", inner)]);
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void What_runs_has_its_line_in_loops_and_blocks_and_in_handlers_that_await()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            for (int i = 0; i < 2; i++)
            {
                await Asyncio.Sleep(0);
                Check(Line());
            }
            try
            {
                Check(Line());
                await Asyncio.Sleep(0);
                Check(Line());
                throw new FormatException();
            }
            catch (FormatException)
            {
                Check(Line());
                await Asyncio.Sleep(0);
                Check(Line());
            }
            finally
            {
                Check(Line());
                await Asyncio.Sleep(0);
                Check(Line());
            }
            await using (new Slow())
            {
                Check(Line());
                await Asyncio.Sleep(0);
                Check(Line());
            }
            await foreach (int i in Numbers())
            {
                Check(Line());
            }
            Check(Line());
        }

        static async IAsyncEnumerable<int> Numbers()
        {
            yield return 1;
            await Asyncio.Sleep(0);
            yield return 2;
        }

        static void Check(int line)
        {
            var frames = Shown(CoroutineTask.Current.GetStack());
            frames.ConvertAll(frame => frame.Method).ShouldBe(["Test", "Check"]);
            frames[0].Line.ShouldBe(line);
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void The_filter_of_a_catch_clause_does_not_show_its_method_twice()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            IReadOnlyList<CoroutineFrame> frames = [];
            await Asyncio.Sleep(0);
            try
            {
                throw new FormatException();
            }
            catch (FormatException) when (Look())
            {
                Shown(frames).Select(frame => frame.Method).ShouldBe(["Test", "Look"]);
            }

            bool Look() => (frames = CoroutineTask.Current.GetStack()).Count > 0;
        }
    }

    [Fact]
    [Rule("INS-08")]
    public void A_failure_that_passes_a_finally_block_which_awaits_shows_its_method_once_and_one_that_calls_itself_as_often_as_it_did()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int awaits = 0;
            int throws = 0;
            int again = 0;
            var task = Asyncio.CreateTask(CleansUp());
            await Asyncio.Wait(task);
            task.Exception();
            Shown(task.GetStack()).ShouldBe([("CleansUp", awaits), ("Recursive", again), ("Recursive", again), ("Recursive", throws)]);

            async Coroutine CleansUp()
            {
                try
                {
                    awaits = Line() + 1;
                    await Recursive(2);
                }
                finally
                {
                    await Asyncio.Sleep(0);
                }
            }

            async Coroutine Recursive(int n)
            {
                await Asyncio.Sleep(0);
                if (n == 0)
                {
                    throws = Line() + 1;
                    throw new FormatException("bad");
                }
                again = Line() + 1;
                await Recursive(n - 1);
            }
        }
    }

    [Fact]
    public void Where_a_thing_was_made_is_told_by_the_callers_lines_without_what_starts_methods()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        loop.RunUntilComplete(Test());
        loop.Close();

        static async Coroutine Test()
        {
            await Asyncio.Sleep(0);
            await Method(Line());
        }

        static async Task Method(int test)
        {
            await Task.Yield();
            await Made(test, Line());
        }

        static async Task Made(int test, int method)
        {
            var coroutine = Unawaited(); int made = Line();
            string[] created = Lines(NeverAwaited.CreationOf(coroutine)!);
            created[0].ShouldContain("Made");
            created[0].ShouldEndWith($":line {made}");
            created[1].ShouldContain("Method");
            created[1].ShouldEndWith($":line {method}");
            created.ShouldNotContain(line => line.Contains("Unawaited") || line.Contains("System.Runtime.") || line.Contains("System.Threading.ExecutionContext"));
            coroutine.Close();
            var task = Asyncio.CreateTask(Unawaited()); int line = Line();
            Lines(task.SourceTraceback!)[0].ShouldEndWith($":line {line}");
            task.ToString().ShouldContain($" created at {ThisFile()}:{line}");
            await task;
        }

        static async Coroutine Unawaited() => await Asyncio.Sleep(0);

        static string[] Lines(StackTrace trace) => trace.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<(string Method, int? Line)> Shown(IEnumerable<CoroutineFrame> frames)
        => [.. frames.Select(frame => (frame.Method.Split('.')[^1], frame.Line))];

    private sealed class Slow : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Asyncio.Sleep(1);
    }

    private static int Line([CallerLineNumber] int line = 0) => line;

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
