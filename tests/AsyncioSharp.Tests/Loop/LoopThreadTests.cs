using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>What other threads may do with a loop: section 4 of docs/semantics.md.</summary>
public class LoopThreadTests
{
    [Fact]
    [Rule("THR-01")]
    public void CallSoonThreadsafe_wakes_a_loop_that_waits_for_a_timer()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker);
        var order = new List<string>();
        int loopThread = Environment.CurrentManagedThreadId;
        loop.CallLater(3600, () => order.Add("timer"));
        parker.WhileParked = _ => LoopHelpers.OnOtherThread(() => loop.CallSoonThreadsafe(() =>
        {
            order.Add(Environment.CurrentManagedThreadId == loopThread ? "on the loop's thread" : "elsewhere");
            loop.Stop();
        })).ShouldBeNull();

        loop.RunForever();

        order.ShouldBe(["on the loop's thread"]);
        parker.Wakes.ShouldBe(1);
        loop.Time.ShouldBe(0);
        loop.Close();
    }

    [Fact]
    [Rule("THR-01")]
    public void A_loop_that_really_sleeps_is_woken()
    {
        var loop = new EventLoop();
        var order = new List<string>();
        using var started = new ManualResetEventSlim();
        loop.CallSoon(started.Set);
        var thread = new Thread(() =>
        {
            started.Wait();
            Thread.Sleep(20); // time to fall asleep; if it does not, the test proves less but passes
            loop.CallSoonThreadsafe(order.Add, "state");
            loop.CallSoonThreadsafe(loop.Stop);
        });
        thread.Start();

        loop.RunForever();

        thread.Join();
        order.ShouldBe(["state"]);
        loop.Close();
    }

    [Fact]
    [Rule("THR-01")]
    public void Callbacks_of_many_threads_all_run_on_the_loops_thread_each_threads_in_its_order()
    {
        const int Threads = 4;
        const int Each = 5000;
        var loop = new EventLoop();
        var order = new List<(int Thread, int Number)>();
        var runners = new HashSet<int>();
        var threads = Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                loop.CallSoonThreadsafe(
                    item =>
                    {
                        order.Add(item);
                        runners.Add(Environment.CurrentManagedThreadId);
                        if (order.Count == Threads * Each)
                        {
                            loop.Stop();
                        }
                    },
                    (thread, i));
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());

        loop.RunForever();

        threads.ForEach(thread => thread.Join());
        runners.ShouldBe([Environment.CurrentManagedThreadId]);
        for (int thread = 0; thread < Threads; thread++)
        {
            order.Where(item => item.Thread == thread).Select(item => item.Number).ShouldBe(Enumerable.Range(0, Each));
        }
        loop.Close();
    }

    [Fact]
    [Rule("THR-01")]
    public void What_was_sent_before_the_run_is_run_by_it_in_order()
    {
        var loop = VirtualTimeLoop.Create();
        var order = new List<string>();
        LoopHelpers.OnOtherThread(() =>
        {
            loop.CallSoonThreadsafe(order.Add, "1");
            loop.CallSoonThreadsafe(order.Add, "2");
        }).ShouldBeNull();

        loop.RunIteration();

        order.ShouldBe(["1", "2"]);
        loop.Close();
    }

    [Fact]
    [Rule("THR-02")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_check_thread")]
    public void Outside_debug_mode_plain_calls_from_another_thread_are_safe_and_wake_the_loop_too()
    {
        var clock = new VirtualClock();
        var parker = new ScriptedParker(clock);
        var loop = new EventLoop(clock, parker) { Debug = false };
        var order = new List<string>();
        parker.WhileParked = _ => LoopHelpers.OnOtherThread(() =>
        {
            loop.CallLater(2, loop.Stop);
            loop.CallLater(1, order.Add, "later");
            loop.CallSoon(order.Add, "soon");
        }).ShouldBeNull();
        var parkedOnce = parker.WhileParked;
        parker.WhileParked = seconds =>
        {
            parker.WhileParked = null;
            parkedOnce(seconds);
        };

        loop.RunForever();

        order.ShouldBe(["soon", "later"]);
        loop.Close();
    }

    [Fact]
    [Rule("THR-03", "DBG-04")]
    [CPython("test_base_events.py::BaseEventLoopTests.test_check_thread")]
    public void Debug_mode_refuses_plain_calls_from_a_thread_that_does_not_run_the_loop()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var waited = loop.CreateFuture<int>();
        waited.AddDoneCallback(_ => { });
        var done = loop.CreateFuture<int>();
        done.SetResult(1);
        var order = new List<string>();
        static async Coroutine Nothing() => await Asyncio.Sleep(0);
        var coroutine = Nothing();

        loop.CallSoon(() =>
        {
            foreach (var use in new Action[]
            {
                () => loop.CallSoon(() => order.Add("soon")),
                () => loop.CallSoon(order.Add, "soon"),
                () => loop.CallLater(0, () => order.Add("later")),
                () => loop.CallLater(TimeSpan.Zero, () => order.Add("later")),
                () => loop.CallAt(0, () => order.Add("at")),
                () => loop.CallAt(0, order.Add, "at"),
                () => loop.CreateTask(coroutine),
                () => waited.SetResult(1),
                () => waited.SetException(new FormatException()),
                () => waited.Cancel(),
                () => done.AddDoneCallback(_ => order.Add("done")),
            })
            {
                string message = LoopHelpers.OnOtherThread(use).ShouldBeOfType<InvalidOperationException>().Message;
                message.ShouldContain("Non-thread-safe operation invoked on an event loop other than the current one");
                message.ShouldContain("CallSoonThreadsafe");
            }
            LoopHelpers.OnOtherThread(() => loop.CallSoonThreadsafe(order.Add, "threadsafe")).ShouldBeNull();
        });
        var reports = loop.CollectReports();
        loop.RunIteration();
        loop.RunIteration();

        reports.ShouldBeEmpty();
        order.ShouldBe(["threadsafe"]);
        coroutine.State.ShouldBe(CoroutineState.Created);
        coroutine.Close();
        loop.Close();
    }

    [Fact]
    [Rule("THR-03")]
    public void Debug_mode_does_not_check_while_the_loop_does_not_run()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var order = new List<string>();

        LoopHelpers.OnOtherThread(() => loop.CallSoon(order.Add, "soon")).ShouldBeNull();
        LoopHelpers.OnOtherThread(() => loop.CallLater(0, order.Add, "later")).ShouldBeNull();
        loop.RunIteration();

        order.ShouldBe(["soon", "later"]);
        loop.Close();
    }

    [Fact]
    public void Of_two_threads_that_run_a_loop_at_the_same_moment_one_is_refused()
    {
        for (int round = 0; round < 200; round++)
        {
            var loop = new EventLoop();
            using var bothAreReady = new Barrier(2);
            int refused = 0;
            int running = 0;
            void Run()
            {
                bothAreReady.SignalAndWait();
                try
                {
                    loop.RunForever();
                }
                catch (InvalidOperationException e) when (e.Message.Contains("already running", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref refused);
                    loop.CallSoonThreadsafe(loop.Stop);
                }
            }
            loop.CallSoon(() => Interlocked.Increment(ref running));
            var other = new Thread(Run);
            other.Start();
            Run();
            other.Join();
            refused.ShouldBe(1);
            running.ShouldBe(1);
            loop.Close();
        }
    }
}
