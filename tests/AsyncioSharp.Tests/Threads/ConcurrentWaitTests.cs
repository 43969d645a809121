using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Threads;

/// <summary>Blocking on a future of another thread with a token, and failures that nobody asks such a future for.</summary>
public class ConcurrentWaitTests
{
    [Fact]
    public void A_token_ends_the_blocking_and_not_the_work()
    {
        var future = new ConcurrentFuture<int>();
        using var source = new CancellationTokenSource();
        var canceller = new TestThread(source.Cancel);
        Should.Throw<OperationCanceledException>(() => future.Result(source.Token)).CancellationToken.ShouldBe(source.Token);
        canceller.Join();
        Should.Throw<OperationCanceledException>(() => future.Exception(null, source.Token)).CancellationToken.ShouldBe(source.Token);
        Should.Throw<TimeoutException>(() => future.Result(0, CancellationToken.None));

        future.Run(static () => 7);
        future.Result(source.Token).ShouldBe(7); // there is nothing to wait for
        future.Result(10, source.Token).ShouldBe(7);
        future.Exception(10, source.Token).ShouldBeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("EXC-08")]
    public void A_failure_of_a_coroutine_sent_to_a_loop_that_nobody_asks_for_is_reported(bool closed)
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Fail(loop);
        if (closed)
        {
            loop.Close();
        }
        LoopHelpers.CollectGarbage();
        if (!closed)
        {
            loop.RunUntilComplete(Asyncio.Sleep(0));
            loop.Close();
        }
        var report = reports.ShouldHaveSingleItem();
        report.Message.ShouldBe("Task exception was never retrieved");
        report.Exception.ShouldBeOfType<FormatException>();
        report.Future.ShouldBeAssignableTo<CoroutineTask>();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop)
        {
            _ = Asyncio.RunCoroutineThreadsafe(Failing(), loop);
            loop.RunUntilComplete(Asyncio.Sleep(1));
        }
    }

    [Theory]
    [InlineData("result")]
    [InlineData("exception")]
    [InlineData("task")]
    [InlineData("wrapped")]
    [Rule("EXC-08")]
    public void One_that_somebody_asked_for_is_not(string way)
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Fail(loop, way);
        LoopHelpers.CollectGarbage();
        loop.RunUntilComplete(Asyncio.Sleep(0));
        loop.Close();
        reports.ShouldBeEmpty();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(EventLoop loop, string way)
        {
            var future = Asyncio.RunCoroutineThreadsafe(Failing(), loop);
            loop.RunUntilComplete(Asyncio.Sleep(1));
            switch (way)
            {
                case "result": Should.Throw<FormatException>(() => future.Result()); break;
                case "exception": future.Exception().ShouldBeOfType<FormatException>(); break;
                case "task": Should.Throw<FormatException>(() => future.AsTask().GetAwaiter().GetResult()); break;
                default: Should.Throw<FormatException>(() => loop.RunUntilComplete(Asyncio.WrapFuture(future, loop))); break;
            }
        }
    }

    private static async Coroutine Failing()
    {
        await Asyncio.Sleep(0);
        throw new FormatException();
    }

    [Fact]
    public void Who_would_block_the_loop_that_has_to_complete_the_future_is_told_what_to_do()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var sent = Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, "done"), Asyncio.GetRunningLoop());
#pragma warning disable ASYNCIO003 // that is the subject
            Should.Throw<InvalidOperationException>(() => sent.Result()).Message.ShouldContain("await Asyncio.WrapFuture(future)");
            Should.Throw<InvalidOperationException>(() => sent.Exception(10)).Message.ShouldContain("would block");
            Should.Throw<TimeoutException>(() => sent.Result(0)); // does not block
            (await Asyncio.WrapFuture(sent)).ShouldBe("done");
            sent.Result().ShouldBe("done");
#pragma warning restore ASYNCIO003
        }
    }
}
