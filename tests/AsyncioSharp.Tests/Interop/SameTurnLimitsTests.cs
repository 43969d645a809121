using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Tasks;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What does not go on in the turn that is being taken, and waits for its own at the end of the queue: what is completed by hand, elsewhere, or of another task.</summary>
public class SameTurnLimitsTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void A_task_source_that_a_method_completes_makes_a_coroutine_ready_behind_the_others()
    {
        var source = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["set", "other", "coroutine"]);

        async Coroutine Main() => await Task.WhenAll(Waiting(), Setting());

        async Task Waiting() => await Coroutine();

        async Coroutine Coroutine()
        {
            await source.Task;
            _log.Add("coroutine");
        }

        async Task Setting()
        {
            await Asyncio.Sleep(0);
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("other"));
            source.SetResult();
            _log.Add("set");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_first_step_of_a_coroutine_makes_ready_does_not_run_inside_of_it(bool isTask)
    {
        var source = new TaskCompletionSource();
        var posting = new PostingSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["setting", "task", "coroutine"]);

        async Coroutine Main()
        {
            var all = Task.WhenAll(Waiting(), Method());
            _log.Add("task");
            await all;
        }

        async Task Waiting() => await Coroutine();

        async Coroutine Coroutine()
        {
            await Inner();
            _log.Add("coroutine");
        }

        async Task Inner() => await (isTask ? new ValueTask(source.Task) : posting.ValueTask);

        async Task Method() => await Setting();

        async Coroutine Setting()
        {
            source.SetResult();
            posting.Complete();
            _log.Add("setting");
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void A_coroutine_that_does_not_suspend_costs_a_method_a_turn_in_the_middle_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using var iterations = new IterationCounter();
            await Method(iterations);
        }

        static async Task Method(IterationCounter iterations)
        {
            for (int i = 0; i < 3; i++)
            {
                await Asyncio.Sleep(0);
                int before = iterations.Now;
                await AtOnce();
                (iterations.Now - before).ShouldBe(1);
            }
        }

        static async Coroutine AtOnce()
        {
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_task_that_waits_for_what_ends_takes_a_turn_of_its_own_whoever_has_ended_it(bool byMethod)
    {
        var source = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["set", "setter", "other", "waiter"]);

        async Coroutine Main()
        {
            var waiter = Asyncio.CreateTask(Waiter());
            var setter = Asyncio.CreateTask(Setter());
            var other = Asyncio.CreateTask(Other());
            await Asyncio.Gather(waiter, setter, other);
        }

        async Coroutine Waiter()
        {
            await Reader();
            _log.Add("waiter");
        }

        async Task Reader() => await source.Task.ConfigureAwait(false);

        async Coroutine Setter()
        {
            if (byMethod)
            {
                await SetInMethod();
            }
            else
            {
                await Set();
            }
            _log.Add("setter");
        }

        async Task SetInMethod() => await Set();

        async Coroutine Set()
        {
            await Asyncio.Sleep(0);
            var outer = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null); // so that the reader goes on in this call
            source.SetResult();
            SynchronizationContext.SetSynchronizationContext(outer);
            _log.Add("set");
        }

        async Coroutine Other()
        {
            await Asyncio.Sleep(0);
            _log.Add("other");
        }
    }

    [Theory]
    [InlineData("posted here")]
    [InlineData("posted in a thread")]
    [InlineData("ended in a thread")]
    public void What_is_posted_or_ends_in_another_thread_comes_behind_the_others(string what)
    {
        var source = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method", "other", "late"]);

        async Coroutine Main() => await Task.WhenAll(Waiting(), Method());

        async Task Waiting() => await Late();

        async Coroutine Late()
        {
            await Reader();
            if (what == "ended in a thread")
            {
                _log.Add("late");
            }
        }

        async Task Reader() => await source.Task.ConfigureAwait(false);

        async Task Method()
        {
            await Asyncio.Sleep(0);
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("other"));
            var context = SynchronizationContext.Current!;
            switch (what)
            {
                case "posted here":
                    context.Post(_ => _log.Add("late"), null);
                    break;
                case "posted in a thread":
                    new TestThread(() => context.Post(new SendOrPostCallback(new Action<object?>(_ => _log.Add("late"))), null)).Join();
                    break;
            }
            new TestThread(source.SetResult).Join();
            _log.Add("method");
        }
    }

    [Fact]
    public void Several_go_on_in_the_order_of_their_ends_and_an_interrupt_loses_none()
    {
        var one = new PostingSource();
        var other = new PostingSource();
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { };
        var main = loop.CreateTask(Main());
        Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(main));
        _log.ShouldBe(["first"]);
        loop.RunUntilComplete(loop.CreateTask(Asyncio.Sleep(1)));
        _log.ShouldBe(["first", "second"]);
        loop.Close();

        async Coroutine Main()
        {
            try
            {
                await Task.WhenAll(First(), Second(), Setting());
            }
            catch (KeyboardInterruptException)
            {
                // It was told.
            }
        }

        async Task First() => await Interrupted();

        async Coroutine Interrupted()
        {
            await Inner(one);
            _log.Add("first");
            throw new KeyboardInterruptException();
        }

        async Task Second() => await Coroutine();

        async Coroutine Coroutine()
        {
            await Inner(other);
            _log.Add("second");
        }

        static async Task Inner(PostingSource source) => await source.ValueTask;

        async Task Setting()
        {
            await Asyncio.Sleep(0);
            one.Complete();
            other.Complete();
        }
    }

    [Fact]
    public void A_method_that_never_really_waits_lets_others_run()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isOver = false;
            int rounds = 0;
            Asyncio.GetRunningLoop().CallSoon(() => Asyncio.GetRunningLoop().CallSoon(() => isOver = true));
            await Method();
            rounds.ShouldBeInRange(1, 5_000);

            async Task Method()
            {
                await Asyncio.Sleep(0);
                while (!isOver && rounds < 100_000)
                {
                    rounds++;
                    await new PostingSource { EndsWhenAwaited = true }.ValueTask;
                }
            }
        }
    }

    [Fact]
    public void However_many_turns_there_were_the_next_is_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            using var iterations = new IterationCounter();
            int before = iterations.Now;
            for (int i = 0; i < 3_000; i++)
            {
                await Turn();
            }
            (iterations.Now - before).ShouldBe(3_000);
        }

        static async Task Turn() => await Asyncio.Sleep(0);
    }

    [Fact]
    public void A_task_that_was_made_with_a_token_takes_the_same_turns()
    {
        using var source = new CancellationTokenSource();
        VirtualTimeLoop.Run(Main());

        async Coroutine Main() => await Asyncio.CreateTask(Body(), source.Token);

        static async Coroutine Body()
        {
            await Asyncio.Sleep(0);
            using var iterations = new IterationCounter();
            int before = iterations.Now;
            await Turn();
            (iterations.Now - before).ShouldBe(1);
        }

        static async Task Turn() => await Asyncio.Sleep(0);
    }
}
