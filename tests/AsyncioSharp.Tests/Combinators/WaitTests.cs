using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>Wait: its two sets, when it returns, and that it neither throws nor cancels anything.</summary>
public class WaitTests
{
    [Fact]
    [Rule("WAIT-01")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_duplicate_coroutines")]
    public void It_gives_two_sets_of_the_very_futures_given_each_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var quick = Asyncio.CreateTask(Asyncio.Sleep(1, "quick"));
            var slow = Asyncio.CreateTask(Asyncio.Sleep(9, "slow"));

            var (done, pending) = await Asyncio.Wait([quick, slow, quick], timeout: 5);

            done.ShouldHaveSingleItem().ShouldBeSameAs(quick);
            pending.ShouldHaveSingleItem().ShouldBeSameAs(slow);
            done.Single().Result().ShouldBe("quick");
        }
    }

    [Fact]
    public void The_first_end_takes_a_turn_and_no_other_if_the_first_is_enough()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Future<int>[] futures = [loop.CreateFuture<int>(), loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            var waiting = Asyncio.CreateTask(Asyncio.Wait(futures, returnWhen: ReturnWhen.FirstCompleted));
            await Asyncio.Sleep(0);
            futures[2].SetResult(2);
            futures[1].SetException(new FormatException("expected by a test"));
            loop.ReadyEntries().Select(static entry => entry.GetType()).ShouldBe([typeof(CountingFuture)]);
            (await waiting).Done.ShouldBe([futures[1], futures[2]], ignoreOrder: true);
            futures[1].Exception().ShouldNotBeNull();
        }
    }

    [Theory]
    [InlineData(ReturnWhen.AllCompleted)]
    [InlineData(ReturnWhen.FirstException)]
    public void An_end_that_decides_nothing_takes_no_turn_of_the_queue(ReturnWhen returnWhen)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            Future<int>[] futures = [loop.CreateFuture<int>(), loop.CreateFuture<int>(), loop.CreateFuture<int>()];
            var waiting = Asyncio.CreateTask(Asyncio.Wait(futures, returnWhen: returnWhen));
            await Asyncio.Sleep(0);
            futures[1].SetResult(1);
            loop.ReadyEntries().ShouldBeEmpty();
            if (returnWhen == ReturnWhen.AllCompleted)
            {
                futures[0].SetResult(0);
                loop.ReadyEntries().ShouldBeEmpty();
                futures[2].SetResult(2);
            }
            else
            {
                futures[2].SetException(new FormatException("expected by a test"));
            }
            loop.ReadyEntries().Select(static entry => entry.GetType()).ShouldBe([typeof(CountingFuture)]);
            (await waiting).Done.Count.ShouldBe(returnWhen == ReturnWhen.AllCompleted ? 3 : 2);
        }
    }

    [Fact]
    [Rule("WAIT-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_errors", Deviation = "at the call, not when it runs")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_invalid_args", Deviation = "at the call, not when it runs")]
    public void Bad_arguments_are_refused_at_the_call()
    {
        var loop = VirtualTimeLoop.Create();
        var futures = new List<Future<int>> { loop.CreateFuture<int>() };

        var empty = Should.Throw<ArgumentException>(() => Asyncio.Wait(new List<Future<int>>()));
        empty.Message.ShouldContain("is empty");
        empty.ParamName.ShouldBe("futures");
        Should.Throw<ArgumentException>(() => Asyncio.Wait()).Message.ShouldContain("is empty");
        var mode = Should.Throw<ArgumentException>(() => Asyncio.Wait(futures, returnWhen: (ReturnWhen)42));
        mode.Message.ShouldContain("Invalid return_when value: 42. Give ReturnWhen.AllCompleted, FirstCompleted or FirstException.");
        mode.ParamName.ShouldBe("returnWhen");
        Should.Throw<ArgumentException>(() => Asyncio.Wait(futures, double.NaN)).ParamName.ShouldBe("timeout");
        Should.Throw<ArgumentNullException>(() => Asyncio.Wait((IEnumerable<Future>)null!)).ParamName.ShouldBe("futures");
        Should.Throw<ArgumentNullException>(() => Asyncio.Wait(new List<Future<int>> { null! })).ParamName.ShouldBe("futures");
        loop.Close();
    }

    [Fact]
    [Rule("WAIT-04", "WAIT-02")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_iterator_of_tasks")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_generator")]
    public void Lists_sets_iterators_and_lazy_sequences_are_accepted_and_gone_through_once()
    {
        int asked = 0;
        VirtualTimeLoop.Run(Main());
        asked.ShouldBe(2);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(1));
            (await Asyncio.Wait(new List<CoroutineTask> { task })).Done.ShouldBe([task]);
            (await Asyncio.Wait(new HashSet<CoroutineTask> { task })).Done.ShouldBe([task]);
            (await Asyncio.Wait(new[] { task })).Done.ShouldBe([task]);
            (await Asyncio.Wait(Lazy())).Done.Count.ShouldBe(2);
            Should.Throw<ArgumentException>(() => Asyncio.Wait(Enumerable.Empty<CoroutineTask>().Where(_ => true))).Message.ShouldContain("is empty");
        }

        IEnumerable<CoroutineTask> Lazy()
        {
            asked++;
            yield return Asyncio.CreateTask(Asyncio.Sleep(1));
            asked++;
            yield return Asyncio.CreateTask(Asyncio.Sleep(2));
        }
    }

    [Fact]
    [Rule("WAIT-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_exception")]
    public void All_completed_waits_for_all_whatever_becomes_of_them()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var tasks = Tasks();
            var (done, pending) = await Asyncio.Wait(tasks);
            Asyncio.GetRunningLoop().Time.ShouldBe(4, 1e-6);
            done.ShouldBe(tasks, ignoreOrder: true);
            pending.ShouldBeEmpty();
            tasks[2].Exception();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("WAIT-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_first_completed")]
    public void First_completed_waits_for_one_that_is_done_or_cancelled(bool cancels)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var tasks = Tasks(cancels: cancels ? 0.5 : 1.5);
            var (done, pending) = await Asyncio.Wait(tasks, returnWhen: ReturnWhen.FirstCompleted);
            Asyncio.GetRunningLoop().Time.ShouldBe(cancels ? 0.5 : 1, 1e-6);
            done.ShouldBe([tasks[cancels ? 1 : 0]]);
            pending.Count.ShouldBe(3);
            (await Asyncio.Wait(pending)).Done.Single(task => !task.IsCancelled && task.Exception() is not null).ShouldBeSameAs(tasks[2]);
        }
    }

    [Fact]
    [Rule("WAIT-05")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_first_exception_in_wait")]
    public void First_exception_waits_for_a_failure_and_a_cancellation_is_none()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var tasks = Tasks();
            var (done, pending) = await Asyncio.Wait(tasks, returnWhen: ReturnWhen.FirstException);
            loop.Time.ShouldBe(3, 1e-6);
            done.ShouldBe(tasks[..3], ignoreOrder: true);
            pending.ShouldBe([tasks[3]]);

            var harmless = new[] { Asyncio.CreateTask(Asyncio.Sleep(1)), Asyncio.CreateTask(Asyncio.Sleep(2)) };
            (await Asyncio.Wait(harmless, returnWhen: ReturnWhen.FirstException)).Done.Count.ShouldBe(2);
            loop.Time.ShouldBe(5, 1e-6);
        }
    }

    [Fact]
    [Rule("WAIT-06")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_really_done")]
    public void What_is_done_when_it_resumes_counts_as_done()
    {
        var loop = VirtualTimeLoop.Create();
        var first = loop.CreateFuture<int>();
        var same = loop.CreateFuture<int>();
        var next = loop.CreateFuture<int>();
        var late = loop.CreateFuture<int>();
        var waiting = loop.CreateTask(Asyncio.Wait([first, same, next, late], returnWhen: ReturnWhen.FirstCompleted));
        loop.RunOnce();

        first.SetResult(1);
        same.SetResult(2);
        loop.RunOnce();
        next.SetResult(3);
        loop.RunOnce();
        late.SetResult(4);

        waiting.Result().Done.ShouldBe([first, same, next], ignoreOrder: true);
        waiting.Result().Pending.ShouldBe([late]);
        loop.Close();
    }

    [Fact]
    [Rule("WAIT-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_timeout")]
    public void A_timeout_returns_and_cancels_nothing()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var quick = Asyncio.CreateTask(Asyncio.Sleep(1));
            var slow = Asyncio.CreateTask(Asyncio.Sleep(5));
            var (done, pending) = await Asyncio.Wait([quick, slow], TimeSpan.FromSeconds(2));
            loop.Time.ShouldBe(2, 1e-6);
            done.ShouldBe([quick]);
            pending.ShouldBe([slow]);
            slow.Cancelling.ShouldBe(0);
            await slow;
            loop.Time.ShouldBe(5, 1e-6);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-3.0)]
    [Rule("WAIT-07")]
    public void With_no_time_it_still_says_what_is_done(double timeout)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var finished = loop.CreateFuture<int>();
            finished.SetResult(1);
            var open = loop.CreateFuture<int>();
            var (done, pending) = await Asyncio.Wait([finished, open], timeout);
            done.ShouldBe([finished]);
            pending.ShouldBe([open]);
            loop.Time.ShouldBe(0);
        }
    }

    [Fact]
    [Rule("WAIT-07")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_concurrent_complete")]
    public void A_completion_at_the_deadline_counts_as_done_and_an_unused_timer_is_cancelled()
    {
        var waits = LoopSteps.WaitsOf(Main);
        waits.ShouldBe([1, 1, 100]);

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var future = loop.CreateFuture<int>();
            double when = loop.Time + 1;
            var waiting = Asyncio.CreateTask(Asyncio.Wait([future], timeout: 1));
            await Asyncio.Sleep(0);
            loop.CallAt(when, () => future.SetResult(1));
            (await waiting).Done.ShouldBe([future]);

            await Asyncio.Wait([Asyncio.CreateTask(Asyncio.Sleep(1))], timeout: 30);
            await Asyncio.Sleep(100);
        }
    }

    [Fact]
    [Rule("WAIT-08")]
    public void It_takes_two_iterations_also_when_all_are_done_or_there_is_no_time()
    {
        var loop = VirtualTimeLoop.Create();
        var done = loop.CreateFuture<int>();
        var open = loop.CreateFuture<int>();
        done.SetResult(1);

        var waiting = loop.CreateTask(Asyncio.Wait([done]));
        loop.RunOnce();
        loop.IterationsUntil(() => waiting.IsDone).ShouldBe(2);

        waiting = loop.CreateTask(Asyncio.Wait([open], timeout: 0));
        loop.RunOnce();
        loop.IterationsUntil(() => waiting.IsDone).ShouldBe(2);

        waiting = loop.CreateTask(Asyncio.Wait([open]));
        loop.RunOnce();
        open.SetResult(2);
        loop.IterationsUntil(() => waiting.IsDone).ShouldBe(2);
        loop.Close();
    }

    [Fact]
    [Rule("WAIT-09")]
    [CPython("test_tasks.py::BaseTaskTests.test_wait_with_exception")]
    public void A_failure_is_not_thrown_and_stays_to_be_retrieved()
    {
        var reports = new List<string>();
        VirtualTimeLoop.Run(Main());
        reports.ShouldBe(["unseen"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Exception!.Message);
            await WaitOnce();
            await Asyncio.Sleep(1);
            GatherTests.Collect();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }

        static async Coroutine WaitOnce()
            => (await Asyncio.Wait([Asyncio.CreateTask(GatherTests.Fails(1, new FormatException("unseen")))])).Done.Count.ShouldBe(1);
    }

    [Fact]
    [Rule("WAIT-10")]
    [CPython("test_tasks.py::BaseTaskTests.test_yield_wait_does_not_shield_cancel")]
    public void Cancelling_the_waiter_leaves_the_futures_running_and_nothing_registered_with_them()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Asyncio.Sleep(5));
            var waiting = Asyncio.CreateTask(Asyncio.Wait<Future>([future, task], timeout: 50));
            await Asyncio.Sleep(1);
            future.ToString().ShouldContain("cb=");
            waiting.Cancel("waiter");

            (await OnLoop.Failure<CancelledException>(waiting)).CancelMessage.ShouldBe("waiter");
            future.ToString().ShouldBe("<Future pending>");
            future.IsDone.ShouldBeFalse();
            task.Cancelling.ShouldBe(0);
            await task;
        }
    }

    [Fact]
    [Rule("WAIT-10")]
    public void Nothing_stays_registered_with_what_is_still_pending()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            await Asyncio.Wait([future], timeout: 1);
            future.ToString().ShouldBe("<Future pending>");
        }
    }

    [Fact]
    [Rule("WAIT-11")]
    public void Futures_of_different_loops_are_refused_at_the_call()
    {
        var one = VirtualTimeLoop.Create();
        var other = VirtualTimeLoop.Create();
        var refused = Should.Throw<ArgumentException>(() => Asyncio.Wait([one.CreateFuture<int>(), other.CreateFuture<int>()]));
        refused.ParamName.ShouldBe("futures");
        refused.Message.ShouldContain("different loop");
        one.Close();
        other.Close();
    }

    [Fact]
    [Rule("WAIT-11")]
    public void Futures_of_a_loop_other_than_the_running_one_are_refused()
    {
        var other = VirtualTimeLoop.Create();
        VirtualTimeLoop.Run(Main());
        other.Close();

        async Coroutine Main()
        {
            var stranger = other.CreateFuture<int>();
            stranger.SetResult(1);
            await OnLoop.Failure<ArgumentException>(Asyncio.CreateTask(WaitsFor(stranger)));
        }

        static async Coroutine WaitsFor(Future<int> stranger) => await Asyncio.Wait([stranger], timeout: 1);
    }

    // One that is done after a second, one that is cancelled after two, one that fails after three, one that is done after four.
    private static CoroutineTask[] Tasks(double cancels = 2)
    {
        CoroutineTask[] tasks =
        [
            Asyncio.CreateTask(Asyncio.Sleep(1)),
            Asyncio.CreateTask(Asyncio.Sleep(50)),
            Asyncio.CreateTask(GatherTests.Fails(3, new FormatException())),
            Asyncio.CreateTask(Asyncio.Sleep(4)),
        ];
        Asyncio.GetRunningLoop().CallLater(cancels, () => tasks[1].Cancel());
        return tasks;
    }
}
