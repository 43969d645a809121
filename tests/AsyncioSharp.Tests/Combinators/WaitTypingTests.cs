using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Which overload of Wait a call means: the sets must have the type of what was given, however it was given.</summary>
public class WaitTypingTests
{
    [Fact]
    public void Arrays_lists_and_expressions_of_tasks_give_sets_of_tasks() => VirtualTimeLoop.Run(OneType());

    [Fact]
    public void Tasks_of_different_types_give_sets_of_futures() => VirtualTimeLoop.Run(Mixed());

    private static async Coroutine OneType()
    {
        var task = Asyncio.CreateTask(Asyncio.Sleep(1, 42));
        CoroutineTask<int>[] array = [task];
        List<CoroutineTask<int>> list = [task];

        // That these compile is the test: the sum needs the type.
        (await Asyncio.Wait(array)).Done.Sum(static done => done.Result()).ShouldBe(42);
        (await Asyncio.Wait(list)).Done.Sum(static done => done.Result()).ShouldBe(42);
        (await Asyncio.Wait([task])).Done.Sum(static done => done.Result()).ShouldBe(42);
    }

    private static async Coroutine Mixed()
    {
        var number = Asyncio.CreateTask(Asyncio.Sleep(1, 42));
        var text = Asyncio.CreateTask(Asyncio.Sleep(1, "text"));

        (await Asyncio.Wait(number, text)).Done.ShouldBe([number, text], ignoreOrder: true);
        (await Asyncio.Wait([number, text])).Done.ShouldBe([number, text], ignoreOrder: true);
    }
}
