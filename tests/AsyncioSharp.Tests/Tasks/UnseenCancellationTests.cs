using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>Cancellations that no frame can notice: no exception exists until somebody asks, and then it is the one that would have existed from the start.</summary>
public class UnseenCancellationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancellation_that_nobody_looks_at_allocates_nothing(bool asleep)
    {
        const int Count = 50;
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            long allocated = -1;
            for (int round = 0; round < 4; round++) // at first the queues grow
            {
                var tasks = new CoroutineTask[Count];
                for (int i = 0; i < Count; i++)
                {
                    tasks[i] = Asyncio.CreateTask(asleep ? Asleep() : Waiting(Asyncio.GetRunningLoop().CreateFuture<int>()));
                }
                await Asyncio.Sleep(0);
                long before = GC.GetAllocatedBytesForCurrentThread();
                foreach (var task in tasks)
                {
                    task.Cancel();
                }
                await Asyncio.Sleep(0);
                await Asyncio.Sleep(0);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                tasks.ShouldAllBe(static task => task.IsCancelled);
            }
            allocated.ShouldBeLessThan(8 * Count); // what the loop itself takes; an exception would be 150 bytes for each
        }
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 2, 0)]
    [InlineData(1, 0, 2)]
    public void All_who_ask_see_one_exception_whose_trace_is_the_same_whoever_asks_first(int first, int second, int third)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            string late = await TraceOf(early: false);
            string early = await TraceOf(early: true);
            early.ShouldBe(late);
            string[] names = [nameof(Waiting), nameof(Between), nameof(Outermost)];
            int[] places = [.. names.Select(name => late.IndexOf(name, StringComparison.Ordinal))];
            places.ShouldAllBe(static place => place >= 0);
            places.ShouldBeInOrder();
        }

        async Coroutine<string> TraceOf(bool early)
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var inner = Asyncio.CreateTask(Between(future));
            var outer = Asyncio.CreateTask(Outermost(inner));
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            outer.Cancel();
            if (early)
            {
                future.Cancellation().ShouldNotBeNull(); // before anybody was told
            }
            while (!outer.IsDone)
            {
                await Asyncio.Sleep(0);
            }
            Future[] asked = [future, inner, outer];
            var exception = asked[first].Cancellation();
            exception.StackTrace.ShouldNotBeNull();
            asked[second].Cancellation().ShouldBeSameAs(exception);
            asked[third].Cancellation().ShouldBeSameAs(exception);
            exception.CancelMessage.ShouldBeNull();
            outer.Coroutine.Failure.ShouldBeSameAs(exception);
            inner.Coroutine.Failure.ShouldBeSameAs(exception); // and no longer keeps what it waited for
            return exception.StackTrace;
        }

        static async Coroutine Between(Future<int> future) => await Waiting(future);
        static async Coroutine Outermost(CoroutineTask inner) => await inner;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_message_of_a_request_arrives_where_nobody_could_notice(bool asleep)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var task = Asyncio.CreateTask(asleep ? Asleep() : Waiting(Asyncio.GetRunningLoop().CreateFuture<int>()));
            await Asyncio.Sleep(0);
            task.Cancel("why");
            await Asyncio.Wait([task]);
            Should.Throw<CancelledException>(() => task.Exception()).CancelMessage.ShouldBe("why");
        }
    }

    [Fact]
    public void An_outcome_of_a_cancelled_child_says_so_without_its_exception_and_gives_that_of_the_child()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var cancelled = Asyncio.CreateTask(Asleep());
            var failing = Asyncio.GetRunningLoop().CreateFuture<int>();
            failing.SetException(new CancelledException("an exception as any other"));
            var succeeding = Asyncio.CreateTask(Asleep());
            await Asyncio.Sleep(0);
            cancelled.Cancel();

            var outcomes = await Asyncio.GatherOutcomes(cancelled, failing, succeeding);

            outcomes.Select(static outcome => outcome.IsCancelled).ShouldBe([true, false, false]);
            outcomes.Select(static outcome => outcome.IsSuccess).ShouldBe([false, false, true]);
            cancelled.SeenCancellation.ShouldBeNull();
            outcomes[0].Exception.ShouldBeSameAs(cancelled.Cancellation());
            outcomes[0].ToString().ShouldContain(nameof(CancelledException));
            Should.Throw<CancelledException>(() => outcomes[0].Value).ShouldBeSameAs(outcomes[0].Exception);
        }
    }

    [Fact]
    public void A_second_task_that_waits_for_the_same_sees_the_same_exception_and_the_trace_is_of_the_last()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            CoroutineTask[] tasks = [Asyncio.CreateTask(Waiting(future)), Asyncio.CreateTask(Waiting(future))];
            await Asyncio.Sleep(0);
            future.Cancel();
            await Asyncio.Wait(tasks);
            tasks[1].Cancellation().ShouldBeSameAs(tasks[0].Cancellation());
            tasks[0].Cancellation().ShouldBeSameAs(future.Cancellation());
        }
    }

    [Fact]
    public void A_handler_above_frames_that_cannot_notice_sees_the_exception_that_the_future_gives()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var inner = Asyncio.CreateTask(Waiting(future));
            CancelledException? seen = null;
            var outer = Asyncio.CreateTask(Handling());
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            future.Cancel();
            await outer;
            seen.ShouldNotBeNull().ShouldBeSameAs(future.Cancellation());
            seen.StackTrace.ShouldNotBeNull().ShouldContain(nameof(Waiting));

            async Coroutine Handling()
            {
                try
                {
                    await inner;
                }
                catch (CancelledException e)
                {
                    seen = e;
                }
            }
        }
    }

    [Fact]
    public void A_request_that_comes_when_the_wait_is_cancelled_already_adds_nothing_to_the_cancellation()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Waiting(future));
            await Asyncio.Sleep(0);
            future.Cancel();
            task.Cancel("late").ShouldBeTrue();
            await Asyncio.Wait([task]);
            task.Cancellation().ShouldBeSameAs(future.Cancellation());
            task.Cancellation().CancelMessage.ShouldBeNull();
        }
    }

    [Fact]
    public void A_long_chain_of_tasks_is_asked_without_recursion_and_threads_that_ask_at_once_see_one_exception()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var tasks = new List<CoroutineTask> { Asyncio.CreateTask(Waiting(future)) };
            for (int i = 0; i < 20_000; i++)
            {
                tasks.Add(Asyncio.CreateTask(WaitingFor(tasks[^1])));
            }
            await Asyncio.Sleep(0);
            future.Cancel();
            await Asyncio.Wait([tasks[^1]]);
            var seen = AskInThreads(tasks);
            seen.ShouldAllBe(exception => ReferenceEquals(exception, seen[0]));
            tasks.ShouldAllBe(task => ReferenceEquals(task.Cancellation(), seen[0]));
        }

        static async Coroutine WaitingFor(CoroutineTask task) => await task;
    }

    private static CancelledException[] AskInThreads(List<CoroutineTask> tasks)
    {
        var seen = new CancelledException[8];
        Parallel.For(0, seen.Length, i => seen[i] = tasks[i % 2 == 0 ? ^1 : ^(1 + i)].Cancellation());
        return seen;
    }

    private static async Coroutine Waiting(Future<int> future) => await future;

    private static async Coroutine Asleep() => await Asyncio.Sleep(10);
}
