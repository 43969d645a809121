using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary><c>async Task</c> methods and async iterators below a coroutine: they run on the loop and may await what coroutines await.</summary>
public class AsyncMethodTests
{
    private readonly List<string> _order = [];

    [Fact]
    public void An_async_Task_method_runs_on_the_loops_thread()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int thread = Environment.CurrentManagedThreadId;
            await Method(thread);
            Environment.CurrentManagedThreadId.ShouldBe(thread);
        }

        static async Task Method(int thread)
        {
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            var loop = Asyncio.GetRunningLoop();
            await Task.Yield();
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var completing = new TestThread(source.SetResult);
            await source.Task;
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            await Asyncio.Sleep(5);
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            loop.Time.ShouldBe(5);
            completing.Join();
        }
    }

    [Fact]
    public void An_async_Task_method_can_await_coroutines_tasks_and_futures()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(6);

        static async Coroutine<int> Main() => await Method();

        static async Task<int> Method()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            Asyncio.GetRunningLoop().CallLater(1, () => future.SetResult(1));
            return await future + await Asyncio.CreateTask(Number(2)) + await Number(3);
        }

        static async Coroutine<int> Number(int n)
        {
            await Asyncio.Sleep(1);
            return n;
        }
    }

    [Fact]
    public void Failures_of_what_an_async_Task_method_awaits_come_through_it_without_a_report()
    {
        var reports = new List<ExceptionContext>();
        var failure = new FormatException();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            (await OnLoop.Failure<FormatException>(Await())).ShouldBeSameAs(failure);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Asyncio.Sleep(1);
        }

        async Coroutine Await() => await Method();

        async Task Method() => await Fail();

        async Coroutine Fail()
        {
            await Asyncio.Sleep(1);
            throw failure;
        }
    }

    [Fact]
    public void Callbacks_of_the_loop_and_async_methods_take_turns()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["method starts", "callback", "method goes on"]);

        async Coroutine Main()
        {
            var task = Method();
            Asyncio.GetRunningLoop().CallSoon(() => _order.Add("callback"));
            await task;
        }

        async Task Method()
        {
            _order.Add("method starts");
            await Asyncio.Sleep(1);
            _order.Add("method goes on");
        }
    }

    [Fact]
    public void What_is_posted_from_another_thread_runs_on_the_loop_and_its_failure_is_reported()
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Add(context);
            int thread = Environment.CurrentManagedThreadId;
            var synchronization = SynchronizationContext.Current.ShouldNotBeNull();
            var ran = loop.CreateFuture<int>();
            new TestThread(() =>
            {
                synchronization.Post(static _ => throw new FormatException(), null);
                synchronization.Post(_ => ran.SetResult(Environment.CurrentManagedThreadId), null);
            }).Join();
            (await ran).ShouldBe(thread);
        }
    }

    [Fact]
    public void Send_waits_for_the_loop_and_hands_failures_back()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int thread = Environment.CurrentManagedThreadId;
            var synchronization = SynchronizationContext.Current.ShouldNotBeNull();
            int direct = 0;
            synchronization.Send(_ => direct = Environment.CurrentManagedThreadId, null);
            direct.ShouldBe(thread);
            await Asyncio.ToThread(() =>
            {
                int sent = 0;
                synchronization.Send(_ => sent = Environment.CurrentManagedThreadId, null);
                sent.ShouldBe(thread);
                Should.Throw<FormatException>(() => synchronization.Send(static _ => throw new FormatException(), null));
            });
        }
    }

    [Fact]
    public void An_async_iterator_that_sleeps_works_with_await_foreach()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["1 at 1", "2 at 2", "3 at 3", "closed", "after the loop"]);

        async Coroutine Main()
        {
            await foreach (int n in Numbers(3))
            {
                _order.Add(FormattableString.Invariant($"{n} at {Asyncio.GetRunningLoop().Time}"));
            }
            _order.Add("after the loop");
        }
    }

    [Fact]
    public void A_second_loop_over_the_same_sequence_runs_the_method_again()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["1", "2", "closed", "1", "2", "closed"]);

        async Coroutine Main()
        {
            var numbers = Numbers(2);
            for (int i = 0; i < 2; i++)
            {
                await foreach (int n in numbers)
                {
                    _order.Add($"{n}");
                }
            }
        }
    }

    [Fact]
    public void Leaving_await_foreach_closes_the_iterator()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["closed", "after break", "closed", "after exception"]);

        async Coroutine Main()
        {
            await foreach (int n in Numbers(3))
            {
                if (n == 2)
                {
                    break;
                }
            }
            _order.Add("after break");
            await OnLoop.Failure<FormatException>(Fail());
            _order.Add("after exception");
        }

        async Coroutine Fail()
        {
            await foreach (int n in Numbers(3))
            {
                throw new FormatException($"at {n}");
            }
        }
    }

    [Fact]
    public void Two_tasks_consume_two_iterators_side_by_side()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["a1", "b1", "a2", "closed", "b2", "closed"]);

        async Coroutine Main() => await Asyncio.Gather(Consume("a"), Consume("b"));

        async Coroutine Consume(string name)
        {
            await foreach (int n in Numbers(2))
            {
                _order.Add(name + n);
            }
        }
    }

    [Fact]
    public void Awaiting_a_coroutine_where_no_loop_runs_raises_with_advice()
    {
        var error = Should.Throw<InvalidOperationException>(static () =>
        {
            SynchronizationContext.SetSynchronizationContext(null);
            Method().GetAwaiter().GetResult();
        });
        error.Message.ShouldContain("Asyncio.Run");

        static async Task Method() => await Inner();

        static async Coroutine Inner() => await Asyncio.Sleep(1);
    }

    private async IAsyncEnumerable<int> Numbers(int count)
    {
        try
        {
            for (int n = 1; n <= count; n++)
            {
                await Asyncio.Sleep(1);
                yield return n;
            }
        }
        finally
        {
            _order.Add("closed");
        }
    }
}
