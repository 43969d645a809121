using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/structured-concurrency.md.</summary>
public class StructuredConcurrencyPage
{
    private readonly List<string> _fetched = [];

    [Fact]
    public void Groups()
    {
        VirtualTimeLoop.Run(Main());
        _fetched.ShouldBe(["a", "b"]);

        async Coroutine Main()
        {
            await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Fetch("a"));
                _ = group.CreateTask(Fetch("b"));
            });
        }
    }

    [Fact]
    public void Values()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(6);

        static async Coroutine<int> Main()
        {
            int sum = await new TaskGroup().Run(async group =>
            {
                var one = group.CreateTask(Count("one"));
                var two = group.CreateTask(Count("two"));
                return await one + await two;
            });
            return sum;
        }
    }

    [Fact]
    public void Failures()
    {
        VirtualTimeLoop.Run(Main());
        _fetched.ShouldBeEmpty();

        async Coroutine Main()
        {
            try
            {
                await new TaskGroup().Run(async group =>
                {
                    _ = group.CreateTask(Fail());
                    _ = group.CreateTask(Fetch("never"));
                });
            }
            catch (TaskGroupException e)
            {
                e.Handle(static failure => failure is FormatException); // throws the others on
            }
        }
    }

    [Fact]
    public void Timeouts()
    {
        VirtualTimeLoop.Run(Main());
        _fetched.ShouldBe(["greeting", "the rest"]);

        async Coroutine Main()
        {
            try
            {
                await Asyncio.Timeout(5).Run(async timeout =>
                {
                    string greeting = await Fetch("greeting");
                    timeout.Reschedule(timeout.When + greeting.Length); // so long may the rest take
                    await Fetch("the rest");
                });
            }
            catch (TimeoutException)
            {
                Console.WriteLine("too slow");
            }
        }
    }

    [Fact]
    public void Scopes()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 5);
            string? answer = await scope.Run(async _ => await Fetch("a slow answer"));
            if (scope.WasCaught)
            {
                Console.WriteLine($"no answer: {scope.Reason}");
            }
            answer.ShouldBeNull();
            scope.WasCaught.ShouldBeTrue();
        }
    }

    [Fact]
    public void Shields()
    {
        VirtualTimeLoop.Run(Main());
        _fetched.ShouldBe(["goodbye"]);

        async Coroutine Main() => await new CancelScope(timeout: 1).Run(async _ =>
        {
            try
            {
                await Fetch("everything");
            }
            finally
            {
                await new CancelScope(timeout: 2, shield: true).Run(async _ => await Fetch("goodbye"));
            }
        });
    }

    [Fact]
    public void Races()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe("MIRROR 1");

        async Coroutine<string?> Main()
        {
            var (page, index, failures) = await Asyncio.StaggeredRace<string>([() => Fetch("mirror 1"), () => Fetch("mirror 2")], delay: 0.3);
            index.ShouldBe(0);
            failures.Count.ShouldBe(2);
            return page;
        }
    }

    private async Coroutine<string> Fetch(string what)
    {
        await Asyncio.Sleep(what.StartsWith("a slow", StringComparison.Ordinal) ? 3600 : 1.5);
        _fetched.Add(what);
        return what.ToUpperInvariant();
    }

    private static async Coroutine<int> Count(string text)
    {
        await Asyncio.Sleep(1);
        return text.Length;
    }

    private static async Coroutine Fail()
    {
        await Asyncio.Sleep(1);
        throw new FormatException();
    }
}
