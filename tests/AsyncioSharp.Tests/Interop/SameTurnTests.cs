using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Tasks;

namespace AsyncioSharp.Tests.Interop;

/// <summary>How many turns an await takes in an <c>async Task</c> method or an async iterator: as many as in Python, where these run inside the one who awaits them.</summary>
public class SameTurnTests
{
    private readonly List<string> _log = [];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_suspension_is_one_turn_in_whatever_function(bool isDebug)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().Debug = isDebug;
            await Asyncio.Sleep(0);
            using var iterations = new IterationCounter();
            int before = iterations.Now;
            await Coroutine();
            Turns().ShouldBe(1);
            await Method();
            Turns().ShouldBe(1);
            await ValueTaskMethod();
            Turns().ShouldBe(1);
            await MethodOfCoroutine();
            Turns().ShouldBe(1);
            await CoroutineOfMethod();
            Turns().ShouldBe(1);
            await MethodInMethod();
            Turns().ShouldBe(2);
            await CoroutineInMethodInCoroutineInMethod();
            Turns().ShouldBe(2);
            await Soon();
            int turns = Turns();
            await MethodOfFuture();
            Turns().ShouldBe(turns);

            int Turns()
            {
                int turns = iterations.Now - before;
                before = iterations.Now;
                return turns;
            }
        }

        static async Coroutine Coroutine() => await Asyncio.Sleep(0);

        static async Task Method() => await Asyncio.Sleep(0);

        static async ValueTask ValueTaskMethod() => await Asyncio.Sleep(0);

        static async Task MethodOfCoroutine() => await Coroutine();

        static async Coroutine CoroutineOfMethod() => await Method();

        static async Task MethodInMethod()
        {
            await Method();
            await Asyncio.Sleep(0);
        }

        static async Task CoroutineInMethodInCoroutineInMethod()
        {
            await CoroutineOfMethod();
            await CoroutineOfMethod();
        }

        static async Task MethodOfFuture() => await Soon();

        static Future<int> Soon()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            future.Loop.CallSoon(() => future.SetResult(1));
            return future;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_item_for_which_an_iterator_yields_once_takes_one_turn_however_many_iterators_are_around(int around)
    {
        const int Items = 10;
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            using var iterations = new IterationCounter();
            var numbers = Yielding();
            for (int i = 0; i < around; i++)
            {
                numbers = Around(numbers);
            }
            int before = iterations.Now;
            await foreach (int n in numbers)
            {
                (iterations.Now - before).ShouldBe(n + 1);
            }
        }

        static async IAsyncEnumerable<int> Yielding()
        {
            for (int n = 0; n < Items; n++)
            {
                await Asyncio.Sleep(0);
                yield return n;
            }
        }

        static async IAsyncEnumerable<int> Around(IAsyncEnumerable<int> numbers)
        {
            await foreach (int n in numbers)
            {
                yield return n;
            }
        }
    }

    [Fact]
    public void A_coroutine_begins_where_a_method_awaits_it_and_one_that_does_not_suspend_takes_one_turn()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method", "coroutine", "caller", "other", "method goes on", "caller goes on"]);

        async Coroutine Main()
        {
            using var iterations = new IterationCounter();
            int before = iterations.Now;
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("other"));
            var method = Method();
            _log.Add("caller");
            await method;
            _log.Add("caller goes on");
            (iterations.Now - before).ShouldBe(1);
        }

        async Task Method()
        {
            _log.Add("method");
            await Coroutine();
            _log.Add("method goes on");
        }

        async Coroutine Coroutine() => _log.Add("coroutine");
    }

    [Fact]
    public void Tasks_take_turns_as_in_Python_whether_they_wait_below_methods_in_iterators_or_not()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]);

        async Coroutine Main() => await Asyncio.Gather(Plain(), ByMethod(), ByIterator());

        async Coroutine Plain()
        {
            for (int i = 1; i <= 3; i++)
            {
                await Asyncio.Sleep(0);
                _log.Add($"a{i}");
            }
        }

        async Coroutine ByMethod()
        {
            for (int i = 1; i <= 3; i++)
            {
                await Turn();
                _log.Add($"b{i}");
            }
        }

        async Coroutine ByIterator()
        {
            await foreach (int i in Turns())
            {
                _log.Add($"c{i}");
            }
        }

        static async Task Turn() => await Asyncio.Sleep(0);

        static async IAsyncEnumerable<int> Turns()
        {
            for (int i = 1; i <= 3; i++)
            {
                await Turn();
                yield return i;
            }
        }
    }

    /// <summary>What is completed by hand, or is no method, takes its turn at the end of the queue: else these two would go on for ever in one turn.</summary>
    [Fact]
    public void Task_sources_that_complete_each_other_let_others_run()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isOver = false;
            var here = new TaskCompletionSource();
            var there = new TaskCompletionSource();
            Asyncio.GetRunningLoop().CallLater(1, () => isOver = true);
            await Asyncio.Gather(One(), Other());

            async Coroutine One()
            {
                await Turn();
                while (!isOver)
                {
                    there.SetResult();
                    await here.Task;
                    here = new();
                    await Asyncio.Sleep(isOver ? 0 : 0.01);
                }
                there.SetResult();
            }

            async Coroutine Other()
            {
                while (!isOver)
                {
                    await there.Task;
                    there = new();
                    here.TrySetResult();
                }
            }

            static async Task Turn() => await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void An_iterator_that_never_really_waits_lets_others_run()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isOver = false;
            int items = 0;
            Asyncio.GetRunningLoop().CallLater(0, () => Asyncio.GetRunningLoop().CallSoon(() => isOver = true));
            await foreach (int item in Around(Endless()))
            {
                items += item;
                if (isOver)
                {
                    break;
                }
            }
            items.ShouldBeInRange(1, 10_000);

            static async IAsyncEnumerable<int> Endless()
            {
                while (true)
                {
                    await new PostingSource { EndsWhenAwaited = true }.ValueTask;
                    yield return 1;
                }
            }

            static async IAsyncEnumerable<int> Around(IAsyncEnumerable<int> numbers)
            {
                await foreach (int n in numbers)
                {
                    yield return n;
                }
            }
        }
    }

    [Fact]
    public void An_interrupt_in_a_step_that_a_method_has_begun_leaves_the_loop_and_the_others_go_on_in_the_next_run()
    {
        var loop = VirtualTimeLoop.Create();
        bool hasEnded = false;
        var main = loop.CreateTask(Main());
        Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(main));
        loop.RunUntilComplete(loop.CreateTask(Asyncio.Sleep(5)));
        hasEnded.ShouldBeTrue();
        main.IsDone.ShouldBeTrue();
        loop.Close();

        async Coroutine Main()
        {
            var other = Asyncio.CreateTask(Other());
            try
            {
                await Method();
            }
            catch (KeyboardInterruptException)
            {
                await other;
                hasEnded = true;
            }
        }

        static async Coroutine Other() => await Asyncio.Sleep(1);

        static async Task Method() => await Interrupted();

        static async Coroutine Interrupted()
        {
            await Nothing();
            throw new KeyboardInterruptException();
        }

        static async Coroutine Nothing()
        {
        }
    }

    [Fact]
    public void A_slow_step_behind_the_end_of_a_method_is_told_of_the_task()
    {
        var clock = new VirtualClock();
        var loop = VirtualTimeLoop.Create(clock);
        loop.Debug = true;
        using var log = new StringWriter();
        loop.LogWriter = log;
        loop.RunUntilComplete(loop.CreateTask(Slow(), "slow"));
        loop.Close();
        log.ToString().ShouldContain("Executing <Task ");
        log.ToString().ShouldContain("name='slow'");
        log.ToString().Split("Executing").Length.ShouldBe(2); // told once

        async Coroutine Slow()
        {
            await Turn();
            clock.Advance(TimeSpan.FromSeconds(2));
        }

        static async Task Turn() => await Asyncio.Sleep(0);
    }
}
