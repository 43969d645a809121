using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>The table of a loop's tasks against a list as its model: order of creation, holes, growth and shrinking.</summary>
public class TaskTableTests
{
    [Fact]
    public void Tasks_are_listed_in_order_of_creation_however_many_come_and_go()
    {
        var loop = VirtualTimeLoop.Create();
        var random = new Random(1);
        var model = new List<(CoroutineTask Task, Future<int> End)>();
        for (int step = 0; step < 12_000; step++)
        {
            // It swells to some thousand tasks, shrinks to a few, and swells again.
            if (model.Count == 0 || random.Next(100) < (step / 4000 == 1 ? 3 : 80))
            {
                var end = loop.CreateFuture<int>();
                model.Add((loop.CreateTask(Wait(end)), end));
            }
            else
            {
                int which = random.Next(model.Count);
                model[which].End.SetResult(0);
                model.RemoveAt(which);
                loop.RunIteration();
                loop.RunIteration();
            }
            if (step % 97 == 0)
            {
                loop.LiveTasks().ShouldBe(model.Select(static entry => entry.Task));
                Asyncio.AllTasks(loop).SetEquals(model.Select(static entry => entry.Task)).ShouldBeTrue();
            }
        }
        model.ForEach(static entry => entry.End.SetResult(0));
        loop.RunIteration();
        loop.RunIteration();
        loop.LiveTasks().ShouldBeEmpty();
        loop.Close();

        static async Coroutine Wait(Future<int> end) => await end;
    }
}
