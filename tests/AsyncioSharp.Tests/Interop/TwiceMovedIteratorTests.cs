using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>An async iterator that is moved on while it still moves. What becomes of it is undefined, by .NET; the report of what breaks names the cause.</summary>
public class TwiceMovedIteratorTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_report_asks_whether_it_was_moved_on_twice(bool dotnet)
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var reports = Asyncio.GetRunningLoop().CollectReports();
            var iterator = Numbers(dotnet ? operation.Task : null).GetAsyncEnumerator();
            var first = iterator.MoveNextAsync().AsTask();
            new TestThread(operation.SetResult).Join();
            var second = iterator.MoveNextAsync().AsTask();
            await Asyncio.Sleep(2);
            reports.ShouldHaveSingleItem().Message.ShouldEndWith("in which an async iterator goes on; was it moved on again before its last MoveNextAsync had ended?");
            _ = (first.Exception, second.Exception);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_task_that_waits_for_it_fails_and_does_not_wait_for_ever(bool dotnet)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var reports = Asyncio.GetRunningLoop().CollectReports();
            var operation = new TaskCompletionSource();
            var iterator = Numbers(dotnet ? operation.Task : null).GetAsyncEnumerator();
            var first = Asyncio.CreateTask(Next(), name: "first");
            await Asyncio.Sleep(0);
            new TestThread(operation.SetResult).Join();
            var second = Asyncio.CreateTask(Next(), name: "second");
            await Asyncio.Wait([first, second], timeout: 5);
            first.IsDone.ShouldBeTrue();
            second.IsDone.ShouldBeTrue();
            new[] { first.Exception(), second.Exception() }.OfType<InvalidOperationException>().ShouldNotBeEmpty();
            reports.ShouldNotBeEmpty();

            async Coroutine<bool> Next() => await iterator.MoveNextAsync();
        }
    }

    private static async IAsyncEnumerable<int> Numbers(Task? operation)
    {
        if (operation is not null)
        {
            await operation;
        }
        else
        {
            await Asyncio.Sleep(1);
        }
        yield return 1;
        await Asyncio.Sleep(1);
    }
}
