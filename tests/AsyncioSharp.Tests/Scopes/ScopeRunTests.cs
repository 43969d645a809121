using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>What scopes of every kind make of the coroutine that a body gives, whatever that is, and what running it costs.</summary>
public class ScopeRunTests
{
    public static TheoryData<string> Kinds => ["timeout", "cancel scope", "group"];

    [Fact]
    public void The_failure_of_a_wait_that_is_the_body_comes_out()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var queue = new AsyncQueue<int>();
            var task = Asyncio.CreateTask(new CancelScope(9).Run(_ => queue.Get()));
            await Asyncio.Sleep(1);
            queue.Shutdown();
            await Should.ThrowAsync<QueueShutDownException>(task.AsTask());

            var values = new AsyncQueue<int>();
            var got = Asyncio.CreateTask(Asyncio.Timeout(9).Run(_ => values.Get()));
            await Asyncio.Sleep(1);
            values.PutNowait(5);
            (await got).ShouldBe(5);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_body_may_be_any_coroutine_also_one_without_a_method(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var log = new List<string>();
            Asyncio.GetRunningLoop().CallSoon(() => log.Add("turn"));
            await Run(kind, static () => Asyncio.Sleep(0));
            log.ShouldBe(["turn"]);

            await Run(kind, static () => Asyncio.Sleep(2));
            Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);

            var queue = new AsyncQueue<int>(1);
            Asyncio.GetRunningLoop().CallSoon(() => log.Add("too late"));
            await Run(kind, () => queue.Put(7)); // ends in place
            queue.GetNowait().ShouldBe(7);
            log.ShouldBe(["turn"]);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_body_of_which_nothing_can_come_fails_as_if_it_had_thrown(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var used = Asyncio.Sleep(1);
            await used;
            (await FailureOfBody(kind, () => used)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("cannot reuse already awaited coroutine 'Asyncio.Sleep'");
            (await FailureOfBody(kind, static () => null!)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("must return a coroutine");
            (await FailureOfBody(kind, static () => throw new FormatException("none"))).ShouldBeOfType<FormatException>();
            var shut = new AsyncQueue<int>();
            shut.Shutdown();
            (await FailureOfBody(kind, () => shut.Put(1))).ShouldBeOfType<QueueShutDownException>(); // in place
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_request_that_comes_while_the_body_takes_a_turn_reaches_the_scope(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Run(kind, static () => Asyncio.Sleep(0)));
            await Asyncio.Sleep(0);
            task.Cancel("enough");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("enough");
            task.IsCancelled.ShouldBeTrue();
        }
    }

    [Fact]
    public void So_does_a_request_of_the_scope_itself()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            Asyncio.GetRunningLoop().CallSoon(() => scope.Cancel());
            await scope.Run(static _ => Asyncio.Sleep(0));
            scope.WasCaught.ShouldBeTrue();
            (await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(0).Run(static _ => Asyncio.Sleep(0)))).InnerException.ShouldBeOfType<CancelledException>();
        }
    }

    [Fact]
    public void A_group_can_be_closed_while_it_waits_for_its_tasks()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool isPast = false;
            var around = Around();
            var task = Asyncio.CreateTask(around);
            await Asyncio.Sleep(1);
            around.Close();
            isPast.ShouldBeFalse("who is closed does not go on behind the group");
            task.Cancel();
            await OnLoop.Failure<InvalidOperationException>(task);

            async Coroutine Around()
            {
                await new TaskGroup().Run(static async group => group.CreateTask(Asyncio.Sleep(5)));
                isPast = true;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_that_is_never_awaited_is_reported_by_the_name_of_its_scope(string kind)
    {
        var reports = new List<string>();
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.ExceptionHandler = (_, context) => reports.Add(context.Message!);
        loop.CallSoon(() => Forget(kind));
        loop.RunIteration();
        LoopHelpers.CollectGarbage();
        loop.Close();
        reports.ShouldBe([$"coroutine '{kind switch { "timeout" => "TimeoutScope", "group" => "TaskGroup", _ => "CancelScope" }}.Run' was never awaited"]);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(string kind)
        {
#pragma warning disable ASYNCIO001 // that is the subject
            _ = Run(kind, static () => Asyncio.Sleep(0));
#pragma warning restore ASYNCIO001
        }
    }

    [Theory]
    [InlineData("timeout")]
    [InlineData("cancel scope")]
    [InlineData("group")]
    [InlineData("cancelled")]
    public void Once_over_it_keeps_nothing_of_its_body(string kind)
    {
        var loop = VirtualTimeLoop.Create();
        var (run, given) = Begin(loop, kind);
        loop.RunUntilComplete(Asyncio.EnsureFuture(run, loop));
        LoopHelpers.CollectGarbage();
        given.ShouldAllBe(static given => !given.IsAlive);
        run.State.ShouldBe(CoroutineState.Closed);
        loop.Close();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (Coroutine Run, WeakReference[] Given) Begin(EventLoop loop, string kind)
        {
            object given = new();
            var failure = new CancelledException("of the body's own");
            var scope = new CancelScope();
            var run = kind != "cancelled" ? Run(kind, () => Take(given)) : scope.Run(_ =>
            {
                scope.Cancel();
                throw failure;
            });
            return (run, [new WeakReference(given), new WeakReference(failure)]);
        }

        static async Coroutine Take(object given)
        {
            await Asyncio.Sleep(1);
            GC.KeepAlive(given);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_can_be_closed_while_the_body_is_suspended_and_before_it_begins(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var log = new List<string>();
            var fresh = Run(kind, static () => throw new FormatException("it was not to begin"));
            fresh.Close();
            fresh.State.ShouldBe(CoroutineState.Closed);

            var suspended = Run(kind, async () =>
            {
                try
                {
                    await Asyncio.Sleep(5);
                }
                finally
                {
                    log.Add("closed");
                }
            });
            var task = Asyncio.CreateTask(suspended);
            await Asyncio.Sleep(0);
            suspended.Close();
            log.ShouldBe(["closed"]);
            task.Cancel();
            await OnLoop.Failure<InvalidOperationException>(task);
        }
    }

    [Theory]
    [InlineData("timeout")]
    [InlineData("cancel scope")]
    [InlineData("wait")]
    public void What_a_deadline_causes_to_be_set_in_its_context_is_set_nowhere_else(string kind)
    {
        EmptyContext.Run(() => VirtualTimeLoop.Run(Main())); // only what runs in the empty context can take something over

        async Coroutine Main()
        {
            var variable = new AsyncLocal<string>();
            var loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, _) => variable.Value = "handler";
            var seen = new List<string?>();
            var before = Asyncio.CreateTask(Other());
            var limited = Asyncio.CreateTask(kind switch
            {
                "timeout" => Asyncio.Timeout(1).Run(_ => Body()),
                "cancel scope" => new CancelScope(1).Run(_ => Body()),
                _ => Asyncio.WaitFor(Body(), 1),
            });
            await Asyncio.Wait([before, limited, Asyncio.CreateTask(Other())]); // the last one is woken in the same moment as the deadline comes, after it
            seen.ShouldBe([null, null, null, null]);

            async Coroutine Body()
            {
                using var failing = CoroutineTask.Current.CancellationToken.Register(static () => throw new FormatException());
                using var setting = CoroutineTask.Current.CancellationToken.UnsafeRegister(_ => variable.Value = "callback", null);
                await Asyncio.Sleep(10);
            }

            async Coroutine Other()
            {
                await Asyncio.Sleep(1);
                seen.Add(variable.Value);
                await Asyncio.Sleep(3);
                seen.Add(variable.Value);
            }
        }
    }

    [Fact]
    public void A_deadline_is_not_set_on_a_closed_loop()
    {
        foreach (double when in (double[])[0, 1000])
        {
            var loop = VirtualTimeLoop.Create();
            loop.LogWriter = TextWriter.Null;
            var scope = new CancelScope();
            var timeout = Asyncio.TimeoutAt(null);
            _ = loop.CreateTask(scope.Run(_ => timeout.Run(static _ => Asyncio.Sleep(100))));
            loop.RunIteration();
            loop.Close();
            Should.Throw<InvalidOperationException>(() => timeout.Reschedule(when)).Message.ShouldContain("closed");
            Should.Throw<InvalidOperationException>(() => scope.Deadline = 1000).Message.ShouldContain("closed");
        }
    }

    [Fact]
    public void The_text_of_an_alarm_names_its_scope_also_while_it_rings_and_where_it_was_set()
    {
        var loop = VirtualTimeLoop.Create();
        var listener = new Listener();
        var alarm = Alarm.At(loop, 1, listener);
        alarm.ToString().ShouldBe("<deadline of <the scope>>");
        listener.Rings = () => alarm.ToString().ShouldBe("<deadline of <the scope>>");
        alarm.Run(null);
        listener.Rung.ShouldBe(1);
        alarm.ToString().ShouldBe("<deadline of <the scope>>"); // the log of a slow step comes afterwards
        alarm.Cancel();
        alarm.ToString().ShouldBe("<deadline of what is over>");
        alarm.Run(null);
        listener.Rung.ShouldBe(1);
        loop.Debug = true;
        Alarm.At(loop, 1, listener).ToString().ShouldContain($"<deadline of <the scope> created at ");
        loop.Close();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_task_of_a_run_without_a_value_is_one_without_a_value(string kind)
    {
        var loop = VirtualTimeLoop.Create();
        var task = loop.CreateTask(Run(kind, static () => Asyncio.Sleep(1)));
        loop.RunUntilComplete(task);
        task.GetType().ShouldBe(typeof(CoroutineTask));
        task.ToString().ShouldNotContain("result");
        loop.RunUntilComplete(Asyncio.Gather([Run(kind, static () => Asyncio.Sleep(1))], loop)).ShouldBe([null]);
        loop.Close();
    }

    // Two microseconds each.
    [Fact]
    public void What_ends_a_body_is_not_thrown_by_the_scope()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            using (var throws = new Throws())
            {
                await new CancelScope(1).Run(static _ => Wait());
                await new CancelScope(1).Run(static async _ => await new CancelScope().Run(static _ => Wait()));
                var group = new TaskGroup();
                Asyncio.GetRunningLoop().CallLater(1, () => group.Cancel());
                await group.Run(static _ => Wait());
                throws.Count.ShouldBe(0);

                await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(static _ => Asyncio.Timeout(2).Run(static _ => Wait())));
                throws.Count.ShouldBe(1); // where it is caught
            }
        }

        static async Coroutine Wait() => await Asyncio.Sleep(10);
    }

    private static async Coroutine<Exception> FailureOfBody(string kind, Func<Coroutine> body)
    {
        var failure = await OnLoop.Failure<Exception>(Run(kind, body));
        return failure is TaskGroupException group ? group.InnerExceptions.Single() : failure;
    }

    private static Coroutine Run(string kind, Func<Coroutine> body) => kind switch
    {
        "timeout" => Asyncio.TimeoutAt(100).Run(_ => body()),
        "cancel scope" => new CancelScope(100).Run(_ => body()),
        _ => new TaskGroup().Run(_ => body()),
    };

    private sealed class Listener : IDeadlined
    {
        internal Action Rings { get; set; } = static () => { };

        internal int Rung { get; private set; }

        public void PassDeadline()
        {
            Rung++;
            Rings();
        }

        public override string ToString() => "<the scope>";
    }

    // How often this thread has thrown.
    private sealed class Throws : IDisposable
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;

        internal Throws() => AppDomain.CurrentDomain.FirstChanceException += Note;

        internal int Count { get; private set; }

        public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Note;

        private void Note(object? sender, FirstChanceExceptionEventArgs e) => Count += Environment.CurrentManagedThreadId == _thread ? 1 : 0;
    }
}
