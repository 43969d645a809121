using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Introspection;

/// <summary>
/// A loop that has nothing left to do although what it runs for is not done: found on real and on virtual time, told or thrown, with the tasks, their
/// stacks and the rings among them; not where something outside may still come.
/// </summary>
public class DeadlockTests
{
    [Fact]
    public void On_virtual_time_tasks_that_wait_for_each_other_are_found_at_once()
    {
        // No real time passes: the clock would wait for others for a minute.
        var loop = VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromMinutes(1)));
        var error = Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Ring()));
        error.Message.ShouldStartWith("Deadlock: nothing is ready, no timer is set, no function runs in an executor, and tasks wait for each other.");
        error.Message.ShouldContain("  Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");
        error.Message.ShouldContain("in DeadlockTests.WaitForOther");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();
    }

    [Fact]
    public void On_virtual_time_a_future_that_nobody_completes_is_found_when_no_other_thread_comes()
    {
        var error = Should.Throw<DeadlockException>(() => Asyncio.Run(Forget(), loopFactory: static () => VirtualTimeLoop.Create(new VirtualClock(TimeSpan.Zero))));
        error.Message.ShouldStartWith("Deadlock on virtual time");
        error.Message.ShouldContain("Task 'forgetful' #1: waits for <Future pending cb=[");
        error.Message.ShouldContain("in DeadlockTests.Forget");
    }

    [Fact]
    public void A_loop_told_to_ignore_or_to_report_waits_on()
    {
        foreach (var action in new[] { DeadlockAction.Ignore, DeadlockAction.Report })
        {
            var loop = VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromMilliseconds(20)));
            loop.OnDeadlock = action;
            using var reported = new ManualResetEventSlim();
            var reports = new List<ExceptionContext>();
            loop.ExceptionHandler = (_, context) =>
            {
                reports.Add(context);
                reported.Set();
            };
            var future = loop.CreateFuture<int>();
            var thread = new Thread(() =>
            {
                if (action == DeadlockAction.Report)
                    reported.Wait();
                Thread.Sleep(100);
                loop.CallSoonThreadsafe(() => future.SetResult(42));
            });
            thread.Start();
            loop.RunUntilComplete(future).ShouldBe(42);
            thread.Join();
            reports.Count.ShouldBe(action == DeadlockAction.Report ? 1 : 0); // once a run, however often the clock gives up
            loop.Close();
        }
    }

    [Fact]
    public void In_debug_mode_a_ring_is_reported_on_real_time_and_the_loop_waits_on()
    {
        var loop = new EventLoop { Debug = true, LogWriter = TextWriter.Null };
        var reports = loop.CollectReports();
        CoroutineTask? main = null;
        loop.ExceptionHandler = (_, context) =>
        {
            reports.Add(context);
            loop.CallSoonThreadsafe(() => main!.Cancel()); // as somebody who reads the report might
        };
        main = loop.CreateTask(Ring());
        Should.Throw<CancelledException>(() => loop.RunUntilComplete(main));
        var report = reports.ShouldHaveSingleItem();
        report.Message!.ShouldContain("Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");
        loop.Close();
    }

    [Fact]
    public void A_suspicion_is_told_once_a_run_and_does_not_silence_the_report_of_a_ring()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Report, IdleSeconds = 0.02 };
        var reports = loop.CollectReports();
        using var suspected = new ManualResetEventSlim();
        CoroutineTask? ring = null;
        loop.ExceptionHandler = (_, context) =>
        {
            reports.Add(context);
            suspected.Set();
            if (ring is not null)
            {
                loop.CallSoonThreadsafe(() => ring.Cancel());
            }
        };
        var first = loop.CreateFuture<int>();
        var second = loop.CreateFuture<int>();
        var thread = new Thread(() =>
        {
            suspected.Wait();
            loop.CallSoonThreadsafe(() => first.SetResult(1)); // so the suspicion was wrong
            Thread.Sleep(150);
            loop.CallSoonThreadsafe(() => second.SetResult(1)); // and would be wrong again
        });
        thread.Start();
        loop.RunUntilComplete(Main());
        thread.Join();
        loop.Close();

        reports.Count.ShouldBe(2);
        reports[0].Message!.ShouldContain("no other thread has woken the loop for 0.02 s.");
        reports[1].Message!.ShouldContain("and tasks wait for each other.");

        async Coroutine Main()
        {
            await first;
            await second;
            ring = Asyncio.CreateTask(Ring());
            (await Caught.By(ring)).ShouldBeOfType<CancelledException>();
        }
    }

    [Fact]
    public void By_default_nothing_is_looked_for_outside_of_debug_mode()
    {
        var loop = new EventLoop { IdleSeconds = 0.02 };
        loop.OnDeadlock.ShouldBeNull();
        var reports = loop.CollectReports();
        var future = loop.CreateFuture<int>();
        var thread = new Thread(() =>
        {
            Thread.Sleep(150); // longer than a loop that looks waits for others
            loop.CallSoonThreadsafe(() => future.SetResult(42));
        });
        thread.Start();
        loop.RunUntilComplete(future).ShouldBe(42);
        thread.Join();
        reports.ShouldBeEmpty();
        loop.Close();
    }

    [Fact]
    public void On_real_time_it_is_thrown_if_asked_for_and_cleaning_up_still_works()
    {
        bool cleaned = false;
        var error = Should.Throw<DeadlockException>(() => Asyncio.Run(Main(), loopFactory: static () => new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 }));
        error.Message.ShouldStartWith("Deadlock: nothing is ready, no timer is set, no function runs in an executor, and no other thread has woken the loop for 0.02 s.");
        cleaned.ShouldBeTrue();

        async Coroutine Main()
        {
            try
            {
                await Forget();
            }
            finally
            {
                cleaned = true;
            }
        }
    }

    [Fact]
    public void A_ring_that_ended_the_program_and_refuses_to_be_cancelled_is_told_once()
    {
        var reports = new List<string>();
        Should.Throw<DeadlockException>(() => Asyncio.Run(Main(), loopFactory: VirtualTimeLoop.Create)).Message.ShouldContain("Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");
        reports.ShouldBe(["Task was destroyed but it is pending!", "Task was destroyed but it is pending!"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context.Message!);
            CoroutineTask? b = null;
            var a = Asyncio.CreateTask(Refusing(() => b!), name: "a");
            b = Asyncio.CreateTask(Refusing(() => a), name: "b");
            await a;
        }

        static async Coroutine Refusing(Func<CoroutineTask> other)
        {
            while (true)
            {
                try
                {
                    await other();
                }
                catch (CancelledException)
                {
                    // As code that must not be cancelled.
                }
            }
        }
    }

    [Fact]
    public void A_ring_into_which_tasks_get_by_cleaning_up_is_told_beside_what_ended_the_program()
    {
        var reports = new List<ExceptionContext>();
        Should.Throw<DeadlockException>(() => Asyncio.Run(Main(), loopFactory: static () => VirtualTimeLoop.Create(new VirtualClock(TimeSpan.Zero))))
            .Message.ShouldNotContain("Waiting for each other");
        reports.Select(static report => report.Exception).OfType<DeadlockException>().Single().Message.ShouldContain("Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            CoroutineTask? b = null;
            var a = Asyncio.CreateTask(EndAfter(() => b!), name: "a");
            b = Asyncio.CreateTask(EndAfter(() => a), name: "b");
            await a;
        }

        static async Coroutine EndAfter(Func<CoroutineTask> other)
        {
            try
            {
                await Asyncio.GetRunningLoop().CreateFuture();
            }
            catch (CancelledException)
            {
                await other();
            }
        }
    }

    [Theory]
    [InlineData("gather", "Gather -> ")]
    [InlineData("shield", "Shield -> ")]
    [InlineData("group", "TaskGroup -> Task 'child' #4 -> ")]
    [InlineData("wait", "Wait -> ")]
    [InlineData("wait for", "")]
    [InlineData("as completed", "AsCompleted -> ")]
    [InlineData("async method", "")]
    public void Tasks_that_wait_for_each_other_through_something_are_found_at_once(string what, string way)
    {
        // On real time, where a mere suspicion would wait for others for half a minute.
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 30 };
        var error = Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Main()));
        error.Message.ShouldStartWith("Deadlock: nothing is ready, no timer is set, no function runs in an executor, and tasks wait for each other." + Environment.NewLine);
        error.Message.ShouldContain("Waiting for each other, so that none can go on:");
        error.Message.ShouldContain($"  Task 'a' #2 -> {way}Task 'b' #3 -> Task 'a' #2{Environment.NewLine}");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();

        async Coroutine Main()
        {
            var tasks = new CoroutineTask[2];
            tasks[0] = Asyncio.CreateTask(Through(tasks), name: "a");
            tasks[1] = Asyncio.CreateTask(WaitForOther(tasks, 0), name: "b");
            await Asyncio.Gather(tasks);
        }

        async Coroutine Through(CoroutineTask[] tasks)
        {
            await Asyncio.Sleep(0);
            switch (what)
            {
                case "gather":
                    await Asyncio.Gather(tasks[1]);
                    break;
                case "shield":
                    await Asyncio.Shield(tasks[1]);
                    break;
                case "group":
                    await new TaskGroup().Run(async group => group.CreateTask(WaitForOther(tasks, 1), name: "child"));
                    break;
                case "wait":
                    await Asyncio.Wait(tasks[1]);
                    break;
                case "wait for":
                    await Asyncio.WaitFor(tasks[1], timeout: null);
                    break;
                case "as completed":
                    await Asyncio.AsCompleted([tasks[1]]).First();
                    break;
                default:
                    await Method(tasks[1]);
                    break;
            }
        }

        static async Task Method(CoroutineTask other) => await other;
    }

    [Fact]
    public void A_loop_with_very_many_tasks_that_is_woken_again_and_again_looks_at_all_of_them_seldom_and_in_the_end()
    {
        const int Tasks = 3000;
        const int Wakes = 500;
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 1 };
        var futures = Enumerable.Range(0, Tasks).Select(_ => loop.CreateFuture<int>()).ToArray();
        var woken = new SemaphoreSlim(0);
        int wakes = 0;
        var waker = new Thread(() =>
        {
            bool isWoken = true;
            for (int i = 0; i < Wakes && isWoken; i++)
            {
                loop.CallSoonThreadsafe(static future => future.SetResult(0), futures[i]);
                isWoken = woken.Wait(TimeSpan.FromSeconds(30));
                wakes += isWoken ? 1 : 0;
            }
        });
        int looks = 0;
        Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Main()));
        waker.Join();
        wakes.ShouldBe(Wakes);
        looks.ShouldBeLessThan(Wakes / 2); // after each but the first it does something else for twenty times as long
        loop.DeadlockLooks.ShouldBeGreaterThan(looks);
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();

        async Coroutine Main()
        {
            var tasks = futures.Select(Wait).Select(static coroutine => Asyncio.CreateTask(coroutine)).ToArray();
            waker.Start();
            await Asyncio.Gather(tasks);
        }

        async Coroutine Wait(Future<int> future)
        {
            await future;
            looks = loop.DeadlockLooks;
            woken.Release();
        }
    }

    [Fact]
    public void A_loop_with_very_many_tasks_that_waits_for_something_outside_looks_once_and_sleeps_on()
    {
        LooksWhileItSleeps(); // what is slow at first counts as a long look
        LooksWhileItSleeps().ShouldBeInRange(0, 2); // and not one in each fiftieth of a second
    }

    private static int LooksWhileItSleeps()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 };
        var outside = new TaskCompletionSource<int>();
        int looks = 0;
        loop.RunUntilComplete(Main());
        loop.Close();
        return looks;

        async Coroutine Main()
        {
            var futures = Enumerable.Range(0, 3000).Select(_ => loop.CreateFuture<int>()).ToArray();
            var tasks = futures.Select(static future => Asyncio.CreateTask(Wait(future))).ToArray();
            var waker = Asyncio.CreateTask(Outside());
            await WokenAfterALook();
            looks = -loop.DeadlockLooks;
            await waker;
            looks += loop.DeadlockLooks;
            Array.ForEach(futures, static future => future.SetResult(0));
            await Asyncio.Gather(tasks);
        }

        // It falls asleep, and is woken by another thread.
        Future<int> WokenAfterALook()
        {
            var future = loop.CreateFuture<int>();
            ThreadPool.QueueUserWorkItem(_ =>
            {
                SpinWait.SpinUntil(() => loop.DeadlockLooks > 0);
                loop.CallSoonThreadsafe(static future => future.SetResult(0), future);
            });
            return future;
        }

        async Coroutine Outside()
        {
            ThreadPool.QueueUserWorkItem(_ =>
            {
                Thread.Sleep(400);
                outside.SetResult(0);
            });
            await outside.Task;
        }

        static async Coroutine Wait(Future<int> future) => await future;
    }

    [Fact]
    public void Whoever_waits_for_what_is_completed_next_is_named_but_not_those_who_have_left()
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        static async Coroutine Main()
        {
            Future<int>[] futures = [Asyncio.GetRunningLoop().CreateFuture<int>(), Asyncio.GetRunningLoop().CreateFuture<int>()];
            var producers = futures.Select(static future => Asyncio.CreateTask(Wait(future), name: "producer")).ToArray();
            var consumers = Asyncio.AsCompleted<int>(producers).Select(static (next, i) => Asyncio.CreateTask(next, name: $"consumer {i}")).ToArray();
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            string text = OnLoop.Dump();
            text.ShouldContain("awaited by Task 'consumer 0' #4 through AsCompleted, Task 'consumer 1' #5 through AsCompleted");
            consumers[0].Cancel();
            text = OnLoop.Dump();
            text.ShouldContain("awaited by Task 'consumer 1' #5 through AsCompleted");
            text.ShouldNotContain("'consumer 0' #4 through AsCompleted");
            Array.ForEach(futures, static future => future.SetResult(0));
            await Asyncio.GatherOutcomes(consumers);
        }

        static async Coroutine<int> Wait(Future<int> future) => await future;
    }

    [Fact]
    public void A_dump_of_thousands_that_wait_for_the_next_of_thousands_does_not_name_each_to_each()
    {
        const int Many = 3000;
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            var futures = Enumerable.Range(0, Many).Select(_ => loop.CreateFuture<int>()).ToArray();
            var all = Asyncio.Gather<int>(Asyncio.AsCompleted<int>(futures.Select(Wait)));
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
            Allocation.LeastOf(static () => Asyncio.DumpTasks(TextWriter.Null)).ShouldBeLessThan(Many * 50_000); // twice as much as it is; an edge for each pair is more
            Array.ForEach(futures, static future => future.SetResult(0));
            await all;
        }

        static async Coroutine<int> Wait(Future<int> future) => await future;
    }

    [Fact]
    public void A_gather_of_a_ring_and_of_something_that_may_yet_fail_is_no_certain_deadlock()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 30 };
        var future = loop.CreateFuture<int>();
        var thread = new Thread(() =>
        {
            Thread.Sleep(100);
            loop.CallSoonThreadsafe(() => future.SetException(new FormatException()));
        });
        thread.Start();
        Should.Throw<FormatException>(() => loop.RunUntilComplete(Main()));
        thread.Join();
        loop.Close();

        async Coroutine Main()
        {
            var tasks = new CoroutineTask[2];
            tasks[0] = Asyncio.CreateTask(Gather(tasks), name: "a");
            tasks[1] = Asyncio.CreateTask(WaitForOther(tasks, 0), name: "b");
            await tasks[1];
        }

        async Coroutine Gather(CoroutineTask[] tasks)
        {
            await Asyncio.Sleep(0);
            await Asyncio.Gather(tasks[1], future);
        }
    }

    [Fact]
    public void A_plain_future_for_which_a_loop_runs_may_be_completed_by_others_and_is_named()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.3 };
        var future = loop.CreateFuture<int>();
        _ = loop.CreateTask(Ring(), name: "ring");
        var thread = new Thread(() =>
        {
            Thread.Sleep(50);
            loop.CallSoonThreadsafe(() => future.SetResult(42));
        });
        thread.Start();
        loop.RunUntilComplete(future).ShouldBe(42); // although all of its tasks wait for each other
        thread.Join();
        var error = Should.Throw<DeadlockException>(() => loop.RunUntilComplete(loop.CreateFuture<int>()));
        error.Message.ShouldContain(
            $"has woken the loop for 0.3 s.{Environment.NewLine}"
            + $"The loop runs for <Future pending cb=[EventLoop.RunUntilComplete()]>.{Environment.NewLine}3 tasks of");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("task")]
    [InlineData("wait")]
    [InlineData("wait for")]
    public void A_token_that_may_yet_be_cancelled_is_no_deadlock(string what)
    {
        using var stop = new CancellationTokenSource();
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 };
        var thread = new Thread(() =>
        {
            Thread.Sleep(200);
            stop.Cancel();
        });
        thread.Start();
        Should.Throw<CancelledException>(() =>
        {
            if (what == "run")
            {
                loop.RunUntilComplete(Forget(), stop.Token);
            }
            else
            {
                loop.RunUntilComplete(Main());
            }
        });
        thread.Join();

        // Once nothing watches it any more, it counts no longer.
        Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Forget()));
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();

        async Coroutine Main()
        {
            var future = loop.CreateFuture<int>();
            switch (what)
            {
                case "task":
                    await Asyncio.CreateTask(Forget(), stop.Token);
                    break;
                case "wait":
                    await Asyncio.Wait([future], cancellationToken: stop.Token);
                    break;
                default:
                    await Asyncio.WaitFor(future, stop.Token);
                    break;
            }
        }
    }

    [Fact]
    public void A_ring_is_told_at_once_even_if_a_token_could_cancel_it_which_is_said()
    {
        using var stop = new CancellationTokenSource();
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 30 };
        var error = Should.Throw<DeadlockException>(() => loop.RunUntilComplete(Ring(), stop.Token));
        error.Message.ShouldContain("and tasks wait for each other, which only the cancellation of a token could end.");
        loop.ExceptionHandler = static (_, _) => { };
        loop.Close();
    }

    [Fact]
    public void The_log_knows_the_report_by_its_kind()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Report };
        var entries = new List<LogEntry>();
        CoroutineTask? main = null;
        loop.LogSink = entry =>
        {
            entries.Add(entry);
            loop.CallSoonThreadsafe(() => main!.Cancel());
        };
        main = loop.CreateTask(Ring());
        Should.Throw<CancelledException>(() => loop.RunUntilComplete(main));
        loop.Close();
        var entry = entries.ShouldHaveSingleItem();
        (entry.Event, entry.Severity).ShouldBe((LogEvent.Deadlock, LogSeverity.Error));
        entry.Message.ShouldContain("Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");
    }

    [Theory]
    [InlineData("task of .NET")]
    [InlineData("below an async method")]
    [InlineData("wrapped")]
    [InlineData("async void")]
    [InlineData("executor")]
    [InlineData("timer")]
    public void What_may_still_come_from_outside_is_waited_for(string what)
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 };
        var source = new TaskCompletionSource<int>();
        var work = new ConcurrentFuture<int>();
        var thread = new Thread(() =>
        {
            Thread.Sleep(150);
            source.SetResult(42);
            work.SetResult(42);
        });
        loop.RunUntilComplete(Main()).ShouldBe(42);
        thread.Join();
        loop.RunUntilComplete(loop.ShutdownDefaultExecutor());
        loop.Close();

        async Coroutine<int> Main()
        {
            var future = loop.CreateFuture<int>();
            thread.Start();
            switch (what)
            {
                case "task of .NET":
                    return await source.Task;
                case "below an async method":
                    return await Below();
                case "wrapped":
                    return await Asyncio.Gather(Asyncio.WrapFuture(work)) is [var value] ? value : 0;
                case "async void":
                    Complete(future);
                    return await future;
                case "executor":
                    return await Asyncio.ToThread(() => source.Task.Result);
                default:
                    var waiter = Asyncio.CreateTask(Wait(future));
                    await Asyncio.Sleep(0.15);
                    future.SetResult(42);
                    return await waiter;
            }
        }

        async Task<int> Below() => await source.Task;

        async void Complete(Future<int> future) => future.SetResult(await source.Task);

        static async Coroutine<int> Wait(Future<int> future) => await future;
    }

    [Fact]
    public void A_wake_up_that_comes_late_is_no_sign_of_idleness()
    {
        var parker = new ThreadParker();
        var loop = new EventLoop(null, parker) { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 30 };
        var future = loop.CreateFuture<int>();
        var thread = new Thread(() =>
        {
            Thread.Sleep(50);
            parker.Wake(); // as for something that the loop has found by itself
            Thread.Sleep(50);
            loop.CallSoonThreadsafe(() => future.SetResult(42));
        });
        thread.Start();
        loop.RunUntilComplete(future).ShouldBe(42);
        thread.Join();
        loop.Close();
    }

    [Fact]
    public void A_loop_that_runs_for_nothing_in_particular_is_never_stuck()
    {
        var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 };
        var future = loop.CreateFuture<int>();
        var task = loop.CreateTask(Await(future));
        var thread = new Thread(() =>
        {
            Thread.Sleep(150);
            loop.CallSoonThreadsafe(loop.Stop);
        });
        thread.Start();
        loop.RunForever();
        thread.Join();
        task.IsDone.ShouldBeFalse();
        future.SetResult(1);
        loop.RunUntilComplete(task);
        loop.Close();

        static async Coroutine Await(Future<int> future) => await future;
    }

    [Fact]
    public void A_guest_is_never_stuck_as_its_host_may_always_come()
    {
        using var host = new HostPump();
        host.Run(async () =>
        {
            var loop = new EventLoop { OnDeadlock = DeadlockAction.Throw, IdleSeconds = 0.02 };
            var running = loop.RunAsGuest(host.Context);
            var ring = loop.CreateTask(Ring());
            await Task.Delay(150);
            running.IsCompleted.ShouldBeFalse();
            using var text = new StringWriter();
            Asyncio.DumpTasks(text, loop); // but it can be asked
            text.ToString().ShouldContain("Task 'a' #2 -> Task 'b' #3 -> Task 'a' #2");
            ring.Cancel();
            await ring.AsTask().ContinueWith(static _ => { }, TaskScheduler.Default);
            loop.Stop();
            await running;
            loop.Close();
        });
    }

    [Fact]
    public void One_who_waits_for_idleness_may_still_break_a_ring()
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        static async Coroutine Main()
        {
            var ring = Asyncio.CreateTask(Ring());
            var breaker = Asyncio.CreateTask(Break(ring));
            (await Caught.By(ring)).ShouldBeOfType<CancelledException>();
            await breaker;
        }

        static async Coroutine Break(CoroutineTask ring)
        {
            await VirtualTimeLoop.WaitUntilIdle();
            ring.Cancel();
        }
    }

    private static async Coroutine Ring()
    {
        var tasks = new CoroutineTask[2];
        tasks[0] = Asyncio.CreateTask(WaitForOther(tasks, 1), name: "a");
        tasks[1] = Asyncio.CreateTask(WaitForOther(tasks, 0), name: "b");
        await tasks[0];
    }

    private static async Coroutine WaitForOther(CoroutineTask[] tasks, int other)
    {
        await Asyncio.Sleep(0);
        await tasks[other];
    }

    private static async Coroutine Forget()
    {
        CoroutineTask.Current.Name = "forgetful";
        await Asyncio.GetRunningLoop().CreateFuture<int>();
    }
}
