using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>Awaitables of a program's own, which are awaited by way of a coroutine; and what counts as a coroutine function.</summary>
public class CoroutineSourceTests
{
    [Fact]
    [Rule("TASK-10")]
    public void An_awaitable_of_ones_own_works_wherever_a_coroutine_does()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new Delayed<int>(1, 5);
            (await source).ShouldBe(5);
            (await source).ShouldBe(5); // every await asks for a new coroutine

            IFuture<int> ensured = Asyncio.EnsureFuture(source);
            _ = ensured.ShouldBeOfType<CoroutineTask<int>>();
            (await ensured).ShouldBe(5);

            int[] gathered = await Asyncio.Gather(source, Asyncio.Sleep(1, 6), source);
            gathered.ShouldBe([5, 6, 5]);
            (await Asyncio.WaitFor(source, 3)).ShouldBe(5);
            await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(source, 0.5));
            (await Asyncio.Shield(source)).ShouldBe(5);
            (await Asyncio.AsCompleted(new[] { source }).Single()).ShouldBe(5);
            (await Asyncio.GatherOutcomes(source))[0].Value.ShouldBe(5);
            IAwaitable untyped = source;
            await untyped;
            (await Asyncio.Gather(untyped)).ShouldBe([5]);
        }
    }

    [Fact]
    [Rule("GAT-04")]
    public void One_that_is_given_to_gather_twice_runs_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new Delayed<int>(1, 5);
            (await Asyncio.Gather(source, source)).ShouldBe([5, 5]);
            source.Asked.ShouldBe(1);
        }
    }

    [Fact]
    [Rule("GEN-02")]
    public void A_generator_waits_for_it_and_a_run_until_complete_takes_it()
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(new Delayed<string>(1, "value")).ShouldBe("value");
        loop.RunUntilComplete(Asyncio.Coroutine(Generator()));
        loop.Time.ShouldBe(3, 1e-6);
        loop.Close();

        static IEnumerable<IAwaitable?> Generator()
        {
            yield return new Delayed<int>(2, 1);
        }
    }

    [Fact]
    [Rule("TASK-10")]
    public void One_whose_coroutine_is_missing_or_of_another_kind_is_refused()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Should.Throw<ArgumentException>(() => Asyncio.EnsureFuture(new Broken(null!))).Message.ShouldContain("gave null");
            await OnLoop.Failure<ArgumentException>(Asyncio.CreateTask(Awaits(new Broken(Asyncio.Sleep(1)))));
        }

        static async Coroutine<int> Awaits(IAwaitable<int> awaitable) => await awaitable;
    }

    [Fact]
    [Rule("CORO-05")]
    public void It_is_no_coroutine_and_no_future()
    {
        var source = new Delayed<int>(1, 1);
        Asyncio.IsCoroutine(source).ShouldBeFalse();
        Asyncio.IsFuture(source).ShouldBeFalse();
    }

    [Fact]
    [Rule("CORO-06")]
    public void Coroutine_functions_are_the_async_ones()
    {
        Asyncio.IsCoroutineFunction(Async).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(AsyncOfInt).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(((Func<Coroutine<int>>)AsyncOfInt).Method).ShouldBeTrue();
        Asyncio.IsCoroutineFunction(PassesOn).ShouldBeFalse();
        Asyncio.IsCoroutineFunction(() => Async()).ShouldBeFalse();
        Asyncio.IsCoroutineFunction(NotACoroutine).ShouldBeFalse();
        Asyncio.IsCoroutineFunction(DateTime.Parse("2000-01-01", System.Globalization.CultureInfo.InvariantCulture).ToLongDateString).ShouldBeFalse();
        Should.Throw<ArgumentNullException>(() => Asyncio.IsCoroutineFunction((Delegate)null!)).ParamName.ShouldBe("function");

        static async Coroutine Async() => await Asyncio.Sleep(1);
        static async Coroutine<int> AsyncOfInt() => await Asyncio.Sleep(1, 1);
        static Coroutine PassesOn() => Async();
        static async Task NotACoroutine() => await Task.Yield();
    }

    private sealed class Delayed<T>(double seconds, T value) : ICoroutineSource, IAwaitable<T>
    {
        public int Asked { get; private set; }

        public Coroutine ToCoroutine()
        {
            Asked++;
            return Asyncio.Sleep(seconds, value);
        }
    }

    private sealed class Broken(Coroutine coroutine) : ICoroutineSource, IAwaitable<int>
    {
        public Coroutine ToCoroutine() => coroutine;
    }
}
