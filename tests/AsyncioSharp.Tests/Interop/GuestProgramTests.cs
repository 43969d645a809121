using System.Collections.Concurrent;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A whole program, its end phase included, as a guest of a host's message loop.</summary>
public class GuestProgramTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void The_program_and_its_end_phase_run_in_the_hosts_thread_and_the_loop_is_closed_at_the_end()
    {
        using var host = new HostPump();
        EventLoop? loop = null;
        host.Run(() => Asyncio.RunAsGuest(Main(), host.Context, loopFactory: VirtualTimeLoop.Create)).ShouldBe(5);
        loop!.IsClosed.ShouldBeTrue();
        _log.ShouldBe(["main ends", "leftover cancelled True", "iterator disposed True"]);

        async Coroutine<int> Main()
        {
            loop = Asyncio.GetRunningLoop();
            _ = Asyncio.CreateTask(Leftover());
            var iterator = Numbers().GetAsyncEnumerator();
            await iterator.MoveNextAsync();
            await Asyncio.ToThread(static () => { });
            await Asyncio.Sleep(1000);
            _log.Add("main ends");
            GC.KeepAlive(iterator); // dropped before, it might be collected and disposed before
            return 5;
        }

        async Coroutine Leftover()
        {
            try
            {
                await Asyncio.Sleep(100_000);
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add($"leftover cancelled {IsOnHost()}");
            }
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
            }
            finally
            {
                await Asyncio.Sleep(1);
                _log.Add($"iterator disposed {IsOnHost()}");
            }
        }

        bool IsOnHost() => Environment.CurrentManagedThreadId == host.ThreadId;
    }

    [Fact]
    public void The_message_loop_gets_its_turn_meanwhile()
    {
        using var host = new HostPump();
        host.Run(async () =>
        {
            var first = Asyncio.RunAsGuest(Count(3), host.Context);
            var second = Asyncio.RunAsGuest(Count(4), host.Context); // a thread can have several guests
            int turns = 0;
            while (!first.IsCompleted || !second.IsCompleted)
            {
                await Task.Delay(1);
                turns++;
            }
            turns.ShouldBeGreaterThan(0);
            (await first).ShouldBe(3);
            (await second).ShouldBe(4);
        });

        static async Coroutine<int> Count(int n)
        {
            for (int i = 0; i < n; i++)
            {
                await Asyncio.Sleep(0.002);
            }
            return n;
        }
    }

    [Fact]
    public void Failures_and_cancellations_are_the_tasks()
    {
        using var host = new HostPump();
        using var source = new CancellationTokenSource();
        var reports = new List<ExceptionContext>();
        Should.Throw<FormatException>(() => host.Run(() => Asyncio.RunAsGuest(Failing(), host.Context)));

        var task = Asyncio.RunAsGuest(Waiting(), host.Context, cancellationToken: source.Token);
        source.CancelAfter(20);
        Should.Throw<CancelledException>(() => host.Run(() => task)).CancellationToken.ShouldBe(source.Token);
        task.IsCanceled.ShouldBeTrue();

        Should.Throw<KeyboardInterruptException>(() => host.Run(() => Asyncio.RunAsGuest(Interrupted(), host.Context)));
        Should.Throw<KeyboardInterruptException>(() => host.Run(() => Asyncio.RunAsGuest(LeavingAnInterrupt(), host.Context)));
        Should.Throw<InvalidOperationException>(() => host.Run(() => Asyncio.RunAsGuest(Stopping(), host.Context))).Message.ShouldContain("stopped before");

        var failing = Asyncio.RunAsGuest(FailingAtTheEnd(), host.Context);
        Should.Throw<FormatException>(() => host.Run(() => failing));
        reports.ShouldHaveSingleItem().Exception.ShouldBeOfType<KeyboardInterruptException>();

        static async Coroutine Failing()
        {
            await Asyncio.Sleep(0.001);
            throw new FormatException();
        }

        static async Coroutine<int> Waiting() => await Asyncio.Sleep(60, 1);

        static async Coroutine Interrupted()
        {
            await Asyncio.Sleep(0);
            throw new KeyboardInterruptException();
        }

        static async Coroutine LeavingAnInterrupt()
        {
            _ = Asyncio.CreateTask(InterruptWhenCancelled());
            await Asyncio.Sleep(0);
        }

        async Coroutine FailingAtTheEnd()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            _ = Asyncio.CreateTask(InterruptWhenCancelled());
            await Asyncio.Sleep(0);
            throw new FormatException();
        }

        static async Coroutine InterruptWhenCancelled()
        {
            try
            {
                await Asyncio.Sleep(60);
            }
            catch (CancelledException)
            {
                throw new KeyboardInterruptException();
            }
        }

        static async Coroutine Stopping()
        {
            Asyncio.GetRunningLoop().Stop();
            await Asyncio.Sleep(60);
        }
    }

    [Fact]
    public void A_host_that_takes_no_more_messages_fails_the_program_and_the_loop_is_closed()
    {
        EventLoop? loop = null;
        var reports = new ConcurrentQueue<string>();
        using var host = new HostPump();
        var running = Asyncio.RunAsGuest(Main(), host.Context);
        Should.Throw<InvalidOperationException>(() => running.WaitAsync(TimeSpan.FromSeconds(Signal.LimitSeconds)).GetAwaiter().GetResult())
            .Message.ShouldContain("takes no more messages");
        loop!.IsClosed.ShouldBeTrue();
        reports.ShouldBeEmpty(); // the exception says it all

        async Coroutine Main()
        {
            loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => reports.Enqueue(context.Message!);
            await Asyncio.Sleep(0.02);
            host.End();
            await Asyncio.Sleep(0.02); // whose end would be a message
        }
    }

    [Fact]
    public void Whatever_can_be_awaited_is_taken_as_by_Run()
    {
        using var host = new HostPump();
        var loop = VirtualTimeLoop.Create();
        var future = loop.CreateFuture<int>();
        loop.CallLater(1, () => future.SetResult(7));
        host.Run(() => Asyncio.RunAsGuest(future, host.Context, loopFactory: () => loop)).ShouldBe(7);

        var other = VirtualTimeLoop.Create();
        IAwaitable untyped = other.CreateFuture();
        using var source = new CancellationTokenSource();
        var running = Asyncio.RunAsGuest(untyped, host.Context, loopFactory: () => other, cancellationToken: source.Token);
        source.Cancel();
        Should.Throw<CancelledException>(() => host.Run(() => running)).CancellationToken.ShouldBe(source.Token);

        var foreign = VirtualTimeLoop.Create();
        Should.Throw<InvalidOperationException>(() => host.Run(() => Asyncio.RunAsGuest(foreign.CreateFuture(), host.Context))).Message.ShouldContain("different loop");
        foreign.Close();
    }

    [Fact]
    public void Null_and_bad_factories_are_refused()
    {
        var context = new SynchronizationContext();
        Should.Throw<ArgumentNullException>(() => Asyncio.RunAsGuest(null!, context)).ParamName.ShouldBe("main");
        Should.Throw<ArgumentNullException>(() => Asyncio.RunAsGuest<int>(null!, context)).ParamName.ShouldBe("main");
        var main = Asyncio.Sleep(1);
        Should.Throw<ArgumentNullException>(() => Asyncio.RunAsGuest(main, null!)).ParamName.ShouldBe("host");
        Should.Throw<ArgumentException>(() => Asyncio.RunAsGuest(main, context, loopFactory: () => null!)).Message.ShouldContain("factory returned null");
        main.State.ShouldBe(CoroutineState.Created);
        main.Close();
    }

    [Fact]
    public void WaitUntilIdle_works_in_a_guest_too()
    {
        using var host = new HostPump();
        host.Run(() => Asyncio.RunAsGuest(Main(), host.Context, loopFactory: VirtualTimeLoop.Create));
        _log.ShouldBe(["worker waits", "idle at 0", "worker ends at 5", "idle at 6"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Worker());
            await VirtualTimeLoop.WaitUntilIdle();
            _log.Add(FormattableString.Invariant($"idle at {Asyncio.GetRunningLoop().Time}"));
            await task;
            await VirtualTimeLoop.WaitUntilIdle(cushion: 1);
            _log.Add(FormattableString.Invariant($"idle at {Asyncio.GetRunningLoop().Time}"));
        }

        async Coroutine Worker()
        {
            await Asyncio.Sleep(0);
            _log.Add("worker waits");
            await Asyncio.Sleep(5);
            _log.Add(FormattableString.Invariant($"worker ends at {Asyncio.GetRunningLoop().Time}"));
        }
    }
}
