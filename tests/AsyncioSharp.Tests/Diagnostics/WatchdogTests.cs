using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Diagnostics;

/// <summary>The watchdog is about real time: here the loop is really blocked, until the report has come.</summary>
public class WatchdogTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly EventLoop _loop = new() { Debug = false };
    private readonly List<LogEntry> _entries = [];

    [Fact]
    public void A_task_that_blocks_the_loop_is_reported_while_it_does()
    {
        using var told = new ManualResetEventSlim();
        Collect(told, count: 1);
        bool wasTold = false;
        async Coroutine Outer()
        {
            await Inner();
        }
        async Coroutine Inner()
        {
            await Asyncio.Sleep(0);
#pragma warning disable ASYNCIO003 // that is the subject
            wasTold = told.Wait(s_patience);
#pragma warning restore ASYNCIO003
        }
        _loop.Watchdog = TimeSpan.FromMilliseconds(200); // longer than the first step, which is compiled meanwhile

        _loop.RunUntilComplete(_loop.CreateTask(Outer(), "blocker"));
        _loop.Close();

        wasTold.ShouldBeTrue();
        var entry = _entries[0];
        entry.Event.ShouldBe(LogEvent.Blocked);
        entry.Severity.ShouldBe(LogSeverity.Warning);
        entry.Duration.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(200));
        entry.Subject.ShouldNotBeNull().ShouldContain("name='blocker'");
        entry.Message.ShouldStartWith("The event loop has been blocked for ");
        entry.Message.ShouldContain("await Asyncio.Sleep(0);"); // where the step began
        entry.Message.ShouldContain("await Inner();");
        entry.Message.ShouldContain("WatchdogTests.A_task_that_blocks_the_loop_is_reported_while_it_does.<locals>.Inner");
    }

    [Fact]
    public void A_callback_that_blocks_the_loop_is_reported_again_when_the_time_has_doubled()
    {
        using var told = new ManualResetEventSlim();
        Collect(told, count: 3);
        bool wasTold = false;
        _loop.Watchdog = TimeSpan.FromMilliseconds(5);
#pragma warning disable ASYNCIO003 // that is the subject
        _loop.CallSoon(() => wasTold = told.Wait(s_patience));
#pragma warning restore ASYNCIO003
        _loop.CallSoon(_loop.Stop);
        _loop.RunForever();
        _loop.Close();

        wasTold.ShouldBeTrue();
        _entries[0].Subject.ShouldNotBeNull().ShouldStartWith("<Handle WatchdogTests.");
        _entries[1].Duration!.Value.ShouldBeGreaterThanOrEqualTo(_entries[0].Duration!.Value * 2);
        _entries[2].Duration!.Value.ShouldBeGreaterThanOrEqualTo(_entries[1].Duration!.Value * 2);
    }

    [Fact]
    public void It_can_be_switched_on_by_what_runs()
    {
        using var told = new ManualResetEventSlim();
        Collect(told, count: 1);
        bool wasTold = false;
        async Coroutine Main()
        {
            _loop.Watchdog = TimeSpan.FromMilliseconds(5);
            await Asyncio.Sleep(0);
#pragma warning disable ASYNCIO003 // that is the subject
            wasTold = told.Wait(s_patience);
#pragma warning restore ASYNCIO003
        }
        _loop.RunUntilComplete(Main());
        _loop.Close();

        wasTold.ShouldBeTrue();
    }

    [Fact]
    public void What_moves_is_not_blocked_however_long_it_all_takes()
    {
        _loop.LogSink = _entries.Add;
        _loop.Watchdog = TimeSpan.FromSeconds(1);
        var watched = new WatchedLoop(_loop);
        long second = TimeProvider.System.TimestampFrequency;
        long now = 0;
        async Coroutine Main()
        {
            for (int i = 0; i < 200; i++)
            {
                watched.Look(now += second * 9 / 10); // in real time it would be the other thread; each step is seen once
                await Asyncio.Sleep(0);
            }
            watched.Look(now);
            watched.Look(now += second * 9 / 10);
            _entries.ShouldBeEmpty();
            watched.Look(now += second * 2 / 10);
            watched.Look(now += second * 2 / 10);
            _entries.ShouldHaveSingleItem().Duration.ShouldBe(TimeSpan.FromSeconds(1.1));
        }
        _loop.RunUntilComplete(Main());
        watched.Look(now += second * 100);
        _entries.Count(entry => entry.Event == LogEvent.Blocked && entry.Duration > TimeSpan.FromSeconds(50)).ShouldBe(0, "between two entries nothing is blocked");
        _loop.Close();
    }

    [Fact]
    public void It_is_on_in_debug_mode_on_real_time_only_and_off_else()
    {
        _loop.Watchdog.ShouldBeNull();
        _loop.Debug = true;
        _loop.Watchdog.ShouldBe(TimeSpan.FromSeconds(1));
        _loop.Watchdog = TimeSpan.FromHours(1);
        _loop.Watchdog.ShouldBe(TimeSpan.FromHours(1));
        Should.Throw<ArgumentOutOfRangeException>(() => _loop.Watchdog = TimeSpan.Zero).ParamName.ShouldBe("value");
        _loop.LogWriter = TextWriter.Null;
        _loop.Close();

        var other = VirtualTimeLoop.Create();
        other.Debug = true;
        other.Watchdog.ShouldBeNull();
        other.LogWriter = TextWriter.Null;
        other.Close();
    }

    [Fact]
    public void The_current_task_can_be_asked_for_from_another_thread_while_tasks_come_and_go()
    {
        using var ready = new ManualResetEventSlim();
        bool stop = false;
        Exception? failure = null;
        int seen = 0;
        var asker = new Thread(() => failure = Record.Exception(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                if (Asyncio.CurrentTask(_loop) is { } task)
                {
                    seen++;
                    task.Name.ShouldNotBeNull();
                    ready.Set();
                }
            }
        }));
        async Coroutine Main()
        {
            asker.Start();
#pragma warning disable ASYNCIO003 // so that at least one is seen
            ready.Wait(s_patience).ShouldBeTrue();
#pragma warning restore ASYNCIO003
            for (int i = 0; i < 1000; i++)
            {
                await Asyncio.CreateTask(Asyncio.Sleep(0));
            }
        }
        _loop.RunUntilComplete(Main());
        Volatile.Write(ref stop, true);
        asker.Join(s_patience).ShouldBeTrue();
        _loop.Close();

        failure.ShouldBeNull();
        seen.ShouldBeGreaterThan(0);
    }

    private void Collect(ManualResetEventSlim told, int count) => _loop.LogSink = entry =>
    {
        if (entry.Event == LogEvent.Blocked)
        {
            _entries.Add(entry);
            if (_entries.Count == count)
            {
                told.Set();
            }
        }
    };
}
