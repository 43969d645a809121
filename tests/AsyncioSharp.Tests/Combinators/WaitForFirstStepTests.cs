using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>
/// A request that comes between the beginning of a WaitFor and the first step of the task it made waits for that step. If the coroutine ends in it, its outcome
/// is given, and the request is thrown at the caller's next await, as in Python, where such a coroutine does not even suspend its caller.
/// </summary>
public class WaitForFirstStepTests
{
    public static TheoryData<string> Forms() => ["timeout", "no timeout", "token", "timeout and token", "nested", "nested deeply"];

    [Theory]
    [MemberData(nameof(Forms))]
    [Rule("WF-08")]
    public void A_request_is_thrown_at_the_next_await_with_its_message(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            int given = 0;
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(0);
            task.Cancel("x");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("x");
            task.IsCancelled.ShouldBeTrue();
            given.ShouldBe(5);
            Asyncio.GetRunningLoop().Time.ShouldBe(0, 1e-9);

            async Coroutine Work()
            {
                given = await WaitFor(Ready(), form);
                await Asyncio.Sleep(100);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    [Rule("WF-08")]
    public void Without_a_next_await_the_task_ends_with_what_was_given(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(WaitFor(Ready(), form));
            await Asyncio.Sleep(0);
            task.Cancel();
            (await task).ShouldBe(5);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_request_that_was_made_before_the_wait_is_thrown_behind_it_too(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            int given = 0;
            var task = Asyncio.CreateTask(Work());
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("itself");
            given.ShouldBe(5);
            Asyncio.GetRunningLoop().Time.ShouldBe(0, 1e-9);

            async Coroutine Work()
            {
                CoroutineTask.Current.Cancel("itself");
                given = await WaitFor(Ready(), form);
                await Asyncio.Sleep(100);
            }
        }
    }

    [Fact]
    public void A_failure_in_the_first_step_is_told_and_the_request_is_thrown_behind_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(0);
            task.Cancel("x");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("x");

            static async Coroutine Work()
            {
                await OnLoop.Failure<FormatException>(Asyncio.WaitFor(Fails(), 5));
                await Asyncio.Sleep(100);
            }

            static async Coroutine Fails() => throw new FormatException();
        }
    }

    [Fact]
    public void A_request_that_is_taken_back_is_not_thrown()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(0);
            task.Cancel("x");
            task.Uncancel();
            await task;

            static async Coroutine Work()
            {
                await Asyncio.WaitFor(Ready(), 5);
                await Asyncio.Sleep(1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Scopes_around_it_interrupt_what_comes_behind_it(string form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scope = Asyncio.Timeout(0);
            await OnLoop.Failure<TimeoutException>(scope.Run(async _ => await Work()));

            var cancelScope = new CancelScope(timeout: 0);
            await cancelScope.Run(async _ => await Work());
            cancelScope.WasCaught.ShouldBeTrue();

            var failure = await OnLoop.Failure<TaskGroupException>(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Fails());
                await Work();
            }));
            failure.InnerExceptions.Single().ShouldBeOfType<FormatException>();

            await new TaskGroup().Run(async group =>
            {
                Asyncio.GetRunningLoop().CallSoon(() => group.Cancel("enough"));
                await Work();
            });

            Asyncio.GetRunningLoop().Time.ShouldBe(0, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }

        async Coroutine Work()
        {
            await WaitFor(Ready(), form);
            await Asyncio.Sleep(100);
        }

        static async Coroutine Fails() => throw new FormatException();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_in_a_loop_of_these_can_be_cancelled_also_while_work_keeps_coming(bool keepsComing)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var got = new List<int>();
            int put = 0;
            for (; put < 5; put++)
            {
                queue.PutNowait(put);
            }
            var server = Asyncio.CreateTask(Serve());
            var producer = Asyncio.CreateTask(keepsComing ? Produce() : Asyncio.Sleep(0));
            await OnLoop.Turns(3);
            server.Cancel("stop");
            await Asyncio.Wait([server], timeout: 20);
            server.IsCancelled.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(0, 1e-9);
            producer.Cancel();
            await Asyncio.Wait([producer]);
            while (!queue.IsEmpty)
            {
                got.Add(queue.GetNowait());
            }
            got.ShouldBe(Enumerable.Range(0, put)); // nothing was lost

            async Coroutine Serve()
            {
                while (true)
                {
                    try
                    {
                        got.Add(await Asyncio.WaitFor(queue.Get(), 1));
                    }
                    catch (TimeoutException)
                    {
                        // Nothing to do.
                    }
                }
            }

            async Coroutine Produce()
            {
                while (put < 2000)
                {
                    queue.PutNowait(put++);
                    await Asyncio.Sleep(0);
                }
            }
        }
    }

    [Fact]
    public void In_ten_thousand_schedules_whoever_is_cancelled_ends_cancelled()
        => Schedules.Explore(async random =>
        {
            var tasks = Enumerable.Range(0, 3).Select(i => Asyncio.CreateTask(Work(), name: $"worker {i}")).ToList();
            await Asyncio.Wait(tasks);
            tasks.ShouldAllBe(task => task.IsCancelled == (task.Cancelling > 0));

            async Coroutine Work()
            {
                string[] forms = [.. Forms().Select(row => row.Data)];
                for (int i = 0; i < 3; i++)
                {
                    await WaitFor(random.Next(2) == 0 ? Ready() : Asyncio.Sleep(random.Next(2), 1), random.GetItems(forms, 1)[0]);
                }
                await Asyncio.Sleep(1);
            }
        },
        10_000, options: new ScheduleOptions { Cancels = 2, MayCancel = task => task.Name.StartsWith("worker", StringComparison.Ordinal) && !IsAtItsEnd(task) });

    [Fact]
    public void A_request_from_a_deep_stack_is_not_lost_when_what_is_awaited_has_ended_already()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            future.SetResult(null);
            FromDeep(() => task.Cancel("deep"));
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("deep");

            async Coroutine Await() => await future;
        }
    }

    [Fact]
    public void A_request_from_a_deep_stack_is_delivered_once_and_may_be_refused()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int requests = 0;
            var inner = Asyncio.CreateTask(Refuses());
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            FromDeep(() => task.Cancel("deep"));
            (await task).ShouldBe(5);
            (requests, task.Cancelling, inner.Cancelling).ShouldBe((1, 1, 1));

            async Coroutine<int> Await()
            {
                int result = await inner;
                await Asyncio.Sleep(1);
                return result;
            }

            async Coroutine<int> Refuses()
            {
                try
                {
                    await Asyncio.Sleep(50);
                }
                catch (CancelledException)
                {
                    requests++;
                    await Asyncio.Sleep(1);
                }
                return 5;
            }
        }
    }

    private static void FromDeep(Action action)
    {
        if (RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            FromDeep(action);
        }
        else
        {
            action();
        }
    }

    // Between its last wake-up and its end there is no await left at which it could be told.
    private static bool IsAtItsEnd(CoroutineTask task) => task.WaitsFor is Future { IsDone: true };

    private static async Coroutine<int> Ready() => 5;

    private static Coroutine<T> WaitFor<T>(Coroutine<T> coroutine, string form) => form switch
    {
        "timeout" => Asyncio.WaitFor(coroutine, 10),
        "no timeout" => Asyncio.WaitFor(coroutine, (double?)null),
        "token" => Asyncio.WaitFor(coroutine, new CancellationTokenSource().Token),
        "timeout and token" => Asyncio.WaitFor(coroutine, 10, new CancellationTokenSource().Token),
        "nested" => Asyncio.WaitFor(Asyncio.WaitFor(coroutine, 10), 20),
        _ => Asyncio.WaitFor(Asyncio.WaitFor(Asyncio.WaitFor(coroutine, 10), new CancellationTokenSource().Token), 20),
    };
}
