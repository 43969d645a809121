using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>Coroutines that await each other a million deep: start, resume, result, cancellation and closing need no stack; nor does a failure.</summary>
public class DeepChainTests
{
    private const int Depth = 1_000_000;

    [Fact]
    public void A_result_comes_back_through_a_chain_that_never_suspends()
    {
        VirtualTimeLoop.Run(Down(Depth)).ShouldBe(Depth);

        static async Coroutine<int> Down(int depth) => depth == 0 ? 0 : await Down(depth - 1) + 1;
    }

    [Fact]
    public void A_suspended_chain_is_resumed_and_gives_its_result()
    {
        VirtualTimeLoop.Run(Down(Depth)).ShouldBe(Depth + 3);

        static async Coroutine<int> Down(int depth)
        {
            if (depth > 0)
                return await Down(depth - 1) + 1;

            for (int i = 0; i < 3; i++)
                await Asyncio.Sleep(0);
            return 3;
        }
    }

    [Fact]
    public void A_failure_comes_back_through_the_chain_and_its_trace_names_the_innermost_frames_and_the_last()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            // Thrown through every frame it would take hours, since the runtime copies the trace each time.
            var failure = (await Caught.By(Down(Depth))).ShouldBeOfType<FormatException>();
            int frames = failure.StackTrace.ShouldNotBeNull().Split('\n').Count(static line => line.Contains("Down", StringComparison.Ordinal));
            frames.ShouldBeInRange(200, 300);
        }

        static async Coroutine Down(int depth)
        {
            if (depth == 0)
            {
                await Asyncio.Sleep(0);
                throw new FormatException();
            }
            await Down(depth - 1);
        }
    }

    [Fact]
    public void A_failure_runs_every_handler_on_its_way_however_deep()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            int seen = 0;
            (await Caught.By(Guarded(5, () => seen++))).ShouldBeOfType<FormatException>();
            seen.ShouldBe(6);
        }

        // A thousand frames that cannot notice, then one that does, and so on.
        static async Coroutine Guarded(int level, Action onFailure)
        {
            try
            {
                await Down(1000, level, onFailure);
            }
            catch (FormatException)
            {
                onFailure();
                throw;
            }
        }

        static async Coroutine Down(int depth, int level, Action onFailure)
        {
            if (depth > 0)
                await Down(depth - 1, level, onFailure);
            else if (level > 0)
                await Guarded(level - 1, onFailure);
            else
                throw new FormatException();
        }
    }

    [Fact]
    public void A_cancellation_leaves_the_chain_without_handlers()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Down(Depth));
            await Asyncio.Sleep(0);
            task.Cancel("deep");
            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("deep");
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine Down(int depth)
        {
            if (depth == 0)
                await Asyncio.Sleep(1);
            else
                await Down(depth - 1);
        }
    }

    [Fact]
    public void The_trace_of_a_cancellation_names_the_innermost_frames_and_the_last_and_tells_how_many_it_leaves_out()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            const int Frames = 20_000;
            var task = Asyncio.CreateTask(Outermost(Frames));
            await Asyncio.Sleep(0);
            task.Cancel();
            await Asyncio.Wait([task]);
            string[] lines = Should.Throw<CancelledException>(() => task.Exception()).StackTrace.ShouldNotBeNull().ReplaceLineEndings("\n").Split('\n');
            lines[0].ShouldStartWith("   at Asyncio.Sleep()");
            lines[1..256].ShouldAllBe(static line => line.Contains(".Down()"));
            lines[256].ShouldBe($"   ... {Frames + 3 - 257} frames that were left on the way are not named ...");
            lines[257].ShouldContain(".Outermost()");
        }

        static async Coroutine Outermost(int depth) => await Down(depth);

        static async Coroutine Down(int depth)
        {
            if (depth == 0)
                await Asyncio.Sleep(1);
            else
                await Down(depth - 1);
        }
    }

    [Fact]
    public void A_cancellation_of_very_many_tasks_that_wait_for_each_other_reaches_all()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var gate = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Wait(gate));
            var innermost = task;
            for (int i = 0; i < 100_000; i++)
                task = Asyncio.CreateTask(Wait(task));
            await Asyncio.Sleep(0);

            task.Cancel("deep");
            task.ToString().Length.ShouldBeLessThan(10 * 500); // a text names only the ten nearest, each with its file

            (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("deep");
            gate.IsCancelled.ShouldBeTrue();
            innermost.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine<int> Wait(IAwaitable<int> inner) => await inner;
    }

    [Fact]
    public void Closing_a_deep_chain_reaches_its_outermost_handler()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var log = new List<string>();
            var coroutine = Outer(log);
            var task = Asyncio.CreateTask(coroutine);
            await Asyncio.Sleep(0);
            coroutine.Close();
            log.ShouldBe(["finally"]);
            (await Caught.By(task)).ShouldBeOfType<InvalidOperationException>();
        }

        static async Coroutine Outer(List<string> log)
        {
            try
            {
                await Down(Depth);
            }
            finally
            {
                log.Add("finally");
            }
        }

        static async Coroutine Down(int depth)
        {
            if (depth == 0)
                await Asyncio.Sleep(1);
            else
                await Down(depth - 1);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failure_or_cancellation_runs_thousands_of_handlers_and_its_trace_does_not_grow_with_them(bool cancelled)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            const int Frames = 3000;
            int seen = 0;
            var task = Asyncio.CreateTask(Down(Frames, () => seen++));
            await Asyncio.Sleep(0);
            if (cancelled)
            {
                task.Cancel();
            }
            var failure = (await Caught.By(task)).ShouldNotBeNull();
            failure.GetType().ShouldBe(cancelled ? typeof(CancelledException) : typeof(FormatException));
            seen.ShouldBe(Frames);
            int frames = failure.StackTrace.ShouldNotBeNull().Split('\n').Count(static line => line.Contains("Down", StringComparison.Ordinal));
            frames.ShouldBeInRange(200, 600); // a cancellation tells in addition where it came, with those that were suspended there
        }

        static async Coroutine Down(int depth, Action onEnd)
        {
            if (depth == 0)
            {
                await Asyncio.Sleep(1);
                throw new FormatException();
            }
            try
            {
                await Down(depth - 1, onEnd);
            }
            finally
            {
                onEnd();
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_failure_or_cancellation_passes_through_thousands_of_tasks_and_its_trace_does_not_grow_with_them(bool cancelled, bool handled)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            const int Tasks = 3000;
            int seen = 0;
            var innermost = Asyncio.CreateTask(Innermost());
            var task = innermost;
            for (int i = 0; i < Tasks; i++)
            {
                task = Asyncio.CreateTask(handled ? Guarded(task, () => seen++) : Plain(task));
            }
            await Asyncio.Sleep(0);
            if (cancelled)
            {
                innermost.Cancel();
            }
            var failure = (await Caught.By(task)).ShouldNotBeNull();
            failure.GetType().ShouldBe(cancelled ? typeof(CancelledException) : typeof(FormatException));
            seen.ShouldBe(handled ? Tasks : 0);
            failure.StackTrace.ShouldNotBeNull().Split('\n').Length.ShouldBeInRange(200, 2000);
        }

        static async Coroutine Innermost()
        {
            await Asyncio.Sleep(1);
            throw new FormatException();
        }

        static async Coroutine Plain(CoroutineTask inner) => await inner;

        static async Coroutine Guarded(CoroutineTask inner, Action onEnd)
        {
            try
            {
                await inner;
            }
            finally
            {
                await Asyncio.Sleep(0);
                onEnd();
            }
        }
    }
}
