using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A loop that runs on the message loop of a host.</summary>
public sealed class GuestLoopTests : IDisposable
{
    private readonly HostPump _host = new();
    private readonly EventLoop _loop = new();

    public void Dispose()
    {
        _host.Dispose();
        _loop.Close();
    }

    [Fact]
    public void Iterations_are_messages_of_the_host_and_it_ends_when_the_loop_is_stopped()
    {
        _host.Run(async () =>
        {
            var thread = new List<int>();
            var running = _loop.RunAsGuest(_host.Context);
            _loop.IsRunning.ShouldBeTrue();
            _ = _loop.CreateTask(Main());
            thread.ShouldBeEmpty();
            await running;
            thread.ShouldBe([_host.ThreadId, _host.ThreadId]);
            _loop.IsRunning.ShouldBeFalse();

            async Coroutine Main()
            {
                thread.Add(Environment.CurrentManagedThreadId);
                await Asyncio.Sleep(0.005);
                thread.Add(Environment.CurrentManagedThreadId);
                _loop.Stop();
            }
        });
    }

    [Fact]
    public void The_loop_and_its_task_are_current_during_an_iteration_only_and_the_hosts_context_between()
    {
        _host.Run(async () =>
        {
            var running = _loop.RunAsGuest(_host.Context);
            CoroutineTask? task = null;
            bool checkedInside = false;
            task = _loop.CreateTask(Main());
            while (!checkedInside)
            {
                await Task.Yield();
                SynchronizationContext.Current.ShouldBeSameAs(_host.Context);
                Should.Throw<InvalidOperationException>(() => Asyncio.GetRunningLoop());
                Asyncio.CurrentTask(_loop).ShouldBeNull();
            }
            await running;

            async Coroutine Main()
            {
                for (int i = 0; i < 20; i++)
                {
                    await Asyncio.Sleep(0);
                    Asyncio.GetRunningLoop().ShouldBeSameAs(_loop);
                    Asyncio.CurrentTask().ShouldBeSameAs(task);
                    SynchronizationContext.Current.ShouldNotBeSameAs(_host.Context);
                }
                checkedInside = true;
                _loop.Stop();
            }
        });
    }

    [Fact]
    public void A_loop_that_is_always_ready_lets_a_message_of_the_host_through_after_every_iteration()
    {
        _host.Run(async () =>
        {
            int iterations = 0, seen = 0, most = 0;
            var running = _loop.RunAsGuest(_host.Context);
            _loop.CallSoon(Again);
            for (int message = 0; message < 200; message++)
            {
                await Task.Yield();
                most = Math.Max(most, iterations - seen);
                seen = iterations;
            }
            most.ShouldBe(1);
            iterations.ShouldBeGreaterThan(100);
            _loop.Stop();
            await running;

            void Again()
            {
                iterations++;
                _loop.CallSoon(Again);
            }
        });
    }

    [Fact]
    public void Waiting_for_timers_and_other_threads_leaves_the_host_free()
    {
        _host.Run(async () =>
        {
            var running = _loop.RunAsGuest(_host.Context);
            var future = _loop.CreateFuture<int>();
            var timer = _loop.CreateTask(Asyncio.Sleep(0.05));
            int before = _host.Messages;
            await timer.AsTask();
            (_host.Messages - before).ShouldBeLessThan(20); // nothing is polled
            var sender = new TestThread(() => _loop.CallSoonThreadsafe(() => future.SetResult(7)));
            (await future.AsTask()).ShouldBe(7);
            sender.Join();
            _loop.Stop();
            await running;
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Code_of_the_host_uses_the_loop_between_its_iterations_and_wakes_it(bool debug)
    {
        _loop.Debug = debug;
        _loop.LogWriter = TextWriter.Null;
        _host.Run(async () =>
        {
            var running = _loop.RunAsGuest(_host.Context);
            await Task.Delay(20); // the loop waits, with nothing to do
            var task = _loop.CreateTask(Asyncio.Sleep(0.001, 1));
            (await task.AsTask()).ShouldBe(1);
            var future = _loop.CreateFuture<int>();
            var waiting = _loop.CreateTask(Asyncio.WaitFor(future, Signal.LimitSeconds));
            await Task.Delay(20);
            future.SetResult(2);
            (await waiting.AsTask()).ShouldBe(2);
            var called = new TaskCompletionSource();
            _loop.CallLater(0.001, called.SetResult);
            await called.Task;
            var cancelled = _loop.CreateTask(Asyncio.Sleep(Signal.LimitSeconds));
            await Task.Delay(20);
            cancelled.Cancel();
            await Assert.ThrowsAsync<CancelledException>(() => cancelled.AsTask());
            (await future).ShouldBe(2);
            int sent = 0;
            _loop.SynchronizationContext.Send(_ => sent = Environment.CurrentManagedThreadId, null);
            sent.ShouldBe(_host.ThreadId);
            _loop.Stop();
            await running;
        });
    }

    [Fact]
    public void In_debug_mode_other_threads_are_refused_as_always()
    {
        _loop.Debug = true;
        _loop.LogWriter = TextWriter.Null;
        _host.Run(async () =>
        {
            var running = _loop.RunAsGuest(_host.Context);
            await Task.Delay(20);
            await Task.Run(() => Should.Throw<InvalidOperationException>(() => _loop.CallSoon(() => { })).Message.ShouldContain("CallSoonThreadsafe"));
            _loop.Stop();
            await running;
        });
    }

    [Fact]
    public void Failures_of_callbacks_are_reported_and_the_guest_goes_on()
    {
        var reports = new List<ExceptionContext>();
        _loop.ExceptionHandler = (_, context) => reports.Add(context);
        _host.Run(async () =>
        {
            _loop.CallSoon(() => throw new FormatException());
            _loop.CallLater(0.001, _loop.Stop);
            await _loop.RunAsGuest(_host.Context);
        });
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<FormatException>();
    }

    [Fact]
    public void What_leaves_the_loop_fails_the_task_and_the_loop_can_be_run_again()
    {
        _host.Run(async () =>
        {
            _loop.CallSoon(() => throw new KeyboardInterruptException());
            await Assert.ThrowsAsync<KeyboardInterruptException>(() => _loop.RunAsGuest(_host.Context));
            _loop.IsRunning.ShouldBeFalse();
            Should.Throw<InvalidOperationException>(() => Asyncio.GetRunningLoop());
            _loop.CallSoon(_loop.Stop);
            await _loop.RunAsGuest(_host.Context);
        });
        _loop.RunUntilComplete(Asyncio.Sleep(0, 1)).ShouldBe(1);
    }

    [Fact]
    public void Other_runs_and_closing_are_refused_until_it_ends_and_bad_arguments_at_the_call()
    {
        _host.Run(async () =>
        {
            Should.Throw<ArgumentNullException>(() => { _ = _loop.RunAsGuest(null!); }).ParamName.ShouldBe("host");
            var running = _loop.RunAsGuest(_host.Context);
            Should.Throw<InvalidOperationException>(() => { _ = _loop.RunAsGuest(_host.Context); }).Message.ShouldContain("already running");
            Should.Throw<InvalidOperationException>(_loop.RunForever).Message.ShouldContain("already running");
            Should.Throw<InvalidOperationException>(_loop.Close).Message.ShouldContain("Cannot close a running event loop");
            _loop.Stop();
            await running;
            var closed = new EventLoop();
            closed.Close();
            Should.Throw<InvalidOperationException>(() => { _ = closed.RunAsGuest(_host.Context); }).Message.ShouldContain("is closed");
        });
    }

    [Fact]
    public void Two_guests_and_a_run_of_the_hosts_own_take_turns_in_one_thread()
    {
        _host.Run(async () =>
        {
            var other = new EventLoop();
            var running = Task.WhenAll(_loop.RunAsGuest(_host.Context), other.RunAsGuest(_host.Context));
            _ = _loop.CreateTask(Check(_loop));
            _ = other.CreateTask(Check(other));
            await Task.Yield();
            Asyncio.Run(Asyncio.Sleep(0.001, 3)).ShouldBe(3);
            await running;
            other.Close();

            static async Coroutine Check(EventLoop loop)
            {
                for (int i = 0; i < 10; i++)
                {
                    Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
                    await Asyncio.Sleep(0.0005);
                }
                loop.Stop();
            }
        });
    }

    [Fact]
    public void A_loop_can_be_the_guest_of_another_loop()
    {
        var guest = new EventLoop();
        Asyncio.Run(Main());
        guest.Close();

        async Coroutine Main()
        {
            var host = Asyncio.GetRunningLoop();
            var running = guest.RunAsGuest(host.SynchronizationContext);
            var task = guest.CreateTask(Inner());
            for (int i = 0; i < 10; i++)
            {
                await Asyncio.Sleep(0.001);
                Asyncio.GetRunningLoop().ShouldBeSameAs(host);
                _ = Asyncio.CurrentTask().ShouldNotBeNull();
            }
            (await task.AsTask()).ShouldBe(4);
            guest.Stop();
            await running;
            Asyncio.GetRunningLoop().ShouldBeSameAs(host);

            async Coroutine<int> Inner()
            {
                await Asyncio.Sleep(0.005);
                Asyncio.GetRunningLoop().ShouldBeSameAs(guest);
                return 4;
            }
        }
    }

    [Fact]
    public void A_guest_on_virtual_time_takes_no_time_and_a_deadlock_there_fails_the_task()
    {
        _host.Run(async () =>
        {
            var guest = VirtualTimeLoop.Create(new VirtualClock(TimeSpan.FromSeconds(0.05)));
            var task = guest.CreateTask(Asyncio.Sleep(86400, 1));
            var running = guest.RunAsGuest(_host.Context);
            (await task.AsTask()).ShouldBe(1);
            guest.Time.ShouldBe(86400);
            (await Assert.ThrowsAnyAsync<InvalidOperationException>(() => running)).Message.ShouldStartWith("Deadlock on virtual time");
            guest.IsRunning.ShouldBeFalse();
            guest.Close();
        });
    }

    [Fact]
    public void A_host_that_takes_no_more_messages_ends_the_run_with_an_explanation()
    {
        var running = _host.Run(() => Task.FromResult(_loop.RunAsGuest(_host.Context)));
        _loop.CallSoonThreadsafe(() =>
        {
            _host.End();
            _loop.CallLater(0.001, () => Assert.Fail("The host is gone."));
        });
        var failure = Should.Throw<InvalidOperationException>(() => running.WaitAsync(TimeSpan.FromSeconds(Signal.LimitSeconds)).GetAwaiter().GetResult());
        failure.Message.ShouldContain("end the loop before its host");
        _loop.IsRunning.ShouldBeFalse();
    }
}
