using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/running.md.</summary>
public class RunningPage
{
    [Fact]
    public void Runners()
    {
        using var runner = new Runner();
        var connection = runner.Run(Connect());
        Console.WriteLine(runner.Run(Ask(connection, "first question")));
        Console.WriteLine(runner.Run(Ask(connection, "second question")));

        runner.GetLoop().ShouldBeSameAs(connection.Loop);

        static async Coroutine<Future<string>> Connect() => Asyncio.GetRunningLoop().CreateFuture<string>();

        static async Coroutine<string> Ask(Future<string> connection, string question)
        {
            await Asyncio.Sleep(0);
            return $"{question}: {(connection.IsDone ? "closed" : "answered")}";
        }
    }

    [Fact]
    public void Eager_tasks()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(5);

        static async Coroutine<int> Main()
        {
            var task = Asyncio.CreateTask(Lookup("cached"), eagerStart: true);
            bool isDone = task.IsDone; // true: it did not have to wait for anything
            isDone.ShouldBeTrue();

            Asyncio.GetRunningLoop().TaskFactory = Asyncio.EagerTaskFactory;
            return Asyncio.CreateTask(Lookup("again")).Result();
        }

        static async Coroutine<int> Lookup(string key) => key.Length;
    }
}
