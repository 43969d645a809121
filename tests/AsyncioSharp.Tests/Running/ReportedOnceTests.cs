using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Running;

/// <summary>What fails in a run or at its end is thrown or reported exactly once, whoever holds it.</summary>
public class ReportedOnceTests
{
    [Fact]
    public void A_failure_that_left_a_run_does_not_leave_the_closing_of_its_runner_too()
    {
        List<ExceptionContext> reports;
        using (var runner = new Runner(loopFactory: VirtualTimeLoop.Create))
        {
            reports = runner.GetLoop().CollectReports();
            Should.Throw<FormatException>(() => runner.Run(Fail()));
            Should.NotThrow(runner.Close);
        }
        reports.ShouldBeEmpty();

        static async Coroutine Fail()
        {
            await Asyncio.Sleep(1);
            throw new FormatException();
        }
    }

    [Fact]
    public void The_failure_of_a_task_that_was_left_is_reported_once()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        LeaveOne(loop);
        LoopHelpers.CollectGarbage();
        reports.ShouldHaveSingleItem().Message.ShouldNotBeNull().ShouldContain("shutdown");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void LeaveOne(EventLoop loop) => Asyncio.Run(Main(), loopFactory: () => loop);

        static async Coroutine Main()
        {
            _ = Asyncio.CreateTask(FailWhenCancelled());
            await Asyncio.Sleep(0);
        }
    }

    [Fact, Rule("RUN-06")]
    public void The_failure_of_a_coroutine_whose_run_something_else_left_counts_as_told()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Leave(loop);
        LoopHelpers.CollectGarbage();
        loop.RunIteration();
        reports.ShouldBeEmpty();
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Leave(EventLoop loop) => Should.Throw<KeyboardInterruptException>(() => loop.RunUntilComplete(Main(loop)));

        static async Coroutine Main(EventLoop loop)
        {
            loop.CallSoon(static () => throw new KeyboardInterruptException());
            throw new FormatException();
        }
    }

    [Fact, Rule("RUN-05")]
    public void A_future_that_a_run_was_left_without_is_not_told_of_that_run_any_more()
    {
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        loop.CallSoon(loop.Stop);
        Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(future)).Message.ShouldContain("stopped before");
        future.ToString().ShouldBe("<Future pending>");
        loop.Close();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tasks_that_are_left_waiting_for_each_other_do_not_pass_on_all_requests_around_them(bool innermostFirst)
    {
        // Each passing on the requests of all around it, a hundred thousand would take minutes.
        const int Count = 100_000;
        var tasks = new CoroutineTask[Count];
        VirtualTimeLoop.Run(Main());
        tasks.ShouldAllBe(static task => task.IsCancelled);
        tasks.Sum(static task => (long)task.Cancelling).ShouldBeLessThan(100L * Count); // more than one each, as requests go on from the queue where the stack is used up

        async Coroutine Main()
        {
            for (int i = 0; i < Count; i++)
            {
                int inner = innermostFirst ? i - 1 : i + 1;
                tasks[i] = Asyncio.CreateTask(Wait(inner));
            }
            await Asyncio.Sleep(0);
        }

        async Coroutine Wait(int inner)
        {
            if (inner is >= 0 and < Count)
            {
                await tasks[inner];
            }
            else
            {
                await Asyncio.Sleep(100);
            }
        }
    }

    [Fact]
    public void The_failure_of_a_coroutine_that_a_method_of_NET_awaits_is_reported_for_its_task_only()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        CoroutineTask? left = null;
        Asyncio.Run(Main(), loopFactory: () => loop);
        reports.ShouldHaveSingleItem().Task.ShouldBeSameAs(left);

        async Coroutine Main()
        {
            left = Asyncio.CreateTask(Call());
            await Asyncio.Sleep(1);
        }

        static async Coroutine Call() => await Method();

        static async Task Method() => await FailWhenCancelled();
    }

    [Fact]
    public void What_was_reported_is_not_looked_for_again()
    {
        var loop = VirtualTimeLoop.Create();
        var reports = loop.CollectReports();
        Drop(loop);
        loop.CollectLost().ShouldBeTrue();
        loop.RunIteration();
        reports.ShouldHaveSingleItem();
        loop.CollectLost().ShouldBeFalse();
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(EventLoop loop) => loop.CreateFuture().SetException(new FormatException());
    }

    private static async Coroutine FailWhenCancelled()
    {
        try
        {
            await Asyncio.Sleep(100);
        }
        catch (CancelledException)
        {
            throw new FormatException();
        }
    }
}
