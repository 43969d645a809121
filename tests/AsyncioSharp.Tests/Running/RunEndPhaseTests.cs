using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Running;

/// <summary>What <c>Asyncio.Run</c> does after main has ended: leftover tasks, async iterators, the executor, in this order.</summary>
public class RunEndPhaseTests
{
    private readonly List<string> _order = [];
    private readonly List<ExceptionContext> _reports = [];
    private object? _keep; // loops know iterators weakly

    [Fact]
    public void A_task_factory_that_fails_keeps_nothing_of_it_from_being_done()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = (_, context) => _reports.Add(context);
        Should.Throw<FormatException>(() => Asyncio.Run(Main(), loopFactory: () => loop)).Message.ShouldBe("factory");
        _order.ShouldBe(["iterator closed", "function ended"]);
        _reports.ShouldBeEmpty();
        loop.IsClosed.ShouldBeTrue();

        async Coroutine Main()
        {
            var closed = new Signal();
            var iterator = Numbers(closed).GetAsyncEnumerator(TestContext.Current.CancellationToken);
            await iterator.MoveNextAsync();
            _keep = iterator;
            _ = loop.RunInExecutor(null, () =>
            {
                closed.Wait();
                _order.Add("function ended");
            });
            loop.TaskFactory = new FailingFactory();
            await Asyncio.CreateTask(Asyncio.Sleep(1));
        }

        async IAsyncEnumerable<int> Numbers(Signal closed)
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
                yield return 2;
            }
            finally
            {
                _order.Add("iterator closed");
                closed.Set();
            }
        }
    }

    private sealed class FailingFactory : ITaskFactory
    {
        public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => throw Refused(coroutine);

        public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => throw Refused(coroutine);

        private static FormatException Refused(Coroutine coroutine)
        {
            coroutine.Close();
            return new FormatException("factory");
        }
    }

    [Theory, Rule("ARUN-05")]
    [InlineData(false)]
    [InlineData(true)]
    [CPython("test_runners.py::RunTests.test_asyncio_run_cancels_hanging_tasks")]
    public void Tasks_then_async_iterators_then_the_executor_are_ended(bool mainFails)
    {
        if (mainFails)
        {
            Should.Throw<FormatException>(() => VirtualTimeLoop.Run(Main()));
        }
        else
        {
            VirtualTimeLoop.Run(Main());
        }
        _order.ShouldBe(["leftover cancelled", "leftover ended", "iterator closed", "function ended"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var closed = new Signal();
            loop.CallLater(3600, () => _order.Add("timer"));
            _ = Asyncio.CreateTask(Leftover());
            var iterator = Numbers(closed).GetAsyncEnumerator(TestContext.Current.CancellationToken);
            await iterator.MoveNextAsync();
            _ = loop.RunInExecutor(null, () =>
            {
                closed.Wait();
                lock (_order)
                {
                    _order.Add("function ended");
                }
            });
            _keep = iterator;
            if (mainFails)
            {
                throw new FormatException();
            }
        }

        async Coroutine Leftover()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                _order.Add("leftover cancelled");
                await Asyncio.Sleep(0); // no longer: virtual time stands still while the function runs
                _order.Add("leftover ended");
            }
        }

        async IAsyncEnumerable<int> Numbers(Signal closed)
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
                yield return 2;
            }
            finally
            {
                lock (_order)
                {
                    _order.Add("iterator closed");
                }
                closed.Set();
            }
        }
    }

    [Fact, Rule("ARUN-06")]
    public void Leftovers_are_cancelled_once_without_message_and_waited_for_even_if_they_ignore_it()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(1);
        _order.ShouldBe(["first step", "cancelled: ", "goes on", "ends at 100"]);

        async Coroutine<int> Main()
        {
            _ = Asyncio.CreateTask(Stubborn());
            return 1; // the task takes its first step in the loop's last iteration
        }

        async Coroutine Stubborn()
        {
            _order.Add("first step");
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException e)
            {
                _order.Add("cancelled: " + e.CancelMessage);
            }
            await Asyncio.Sleep(100);
            _order.Add("goes on");
            _order.Add(FormattableString.Invariant($"ends at {Asyncio.GetRunningLoop().Time}"));
        }
    }

    [Fact, Rule("ARUN-06")]
    public void Tasks_created_during_the_end_phase_are_not_cancelled_but_abandoned()
    {
        CoroutineTask? late = null;
        VirtualTimeLoop.Run(Main());
        late.ShouldNotBeNull().IsDone.ShouldBeFalse();
        late.Cancelling.ShouldBe(0);
        _order.ShouldBe(["late starts"]);
        _reports.ShouldContain(c => c.Task == late && c.Message!.Contains("pending"));

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => _reports.Add(context);
            _ = Asyncio.CreateTask(Leftover());
            await Asyncio.Sleep(0);
        }

        async Coroutine Leftover()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            finally
            {
                late = Asyncio.CreateTask(Late());
            }
        }

        async Coroutine Late()
        {
            _order.Add("late starts");
            await Asyncio.Sleep(3600);
            _order.Add("late ends");
        }
    }

    [Fact, Rule("ARUN-07")]
    [CPython("test_runners.py::RunTests.test_asyncio_run_reports_hanging_tasks_errors")]
    public void A_leftover_that_fails_is_reported_and_the_result_stays()
    {
        CoroutineTask? failing = null;
        VirtualTimeLoop.Run(Main()).ShouldBe(5);
        var report = _reports.ShouldHaveSingleItem(); // those that end cancelled are silent
        report.Message.ShouldBe("unhandled exception during Asyncio.Run() shutdown");
        report.Exception.ShouldBeOfType<FormatException>();
        report.Task.ShouldBeSameAs(failing);

        async Coroutine<int> Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => _reports.Add(context);
            failing = Asyncio.CreateTask(Fail());
            _ = Asyncio.CreateTask(Asyncio.Sleep(3600));
            await Asyncio.Sleep(1);
            return 5;
        }

        static async Coroutine Fail()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                throw new FormatException();
            }
        }
    }

    [Fact, Rule("ARUN-08")]
    public void An_async_iterator_that_fails_to_close_is_reported_and_the_others_are_closed()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(5);
        _order.ShouldBe(["failing closed", "cancelled closed", "good closed"]);
        var report = _reports.ShouldHaveSingleItem();
        report.Message.ShouldNotBeNull().ShouldStartWith("an error occurred during closing of asynchronous generator");
        report.Exception.ShouldBeOfType<FormatException>();
        report.AsyncGenerator.ShouldBeSameAs(((object[])_keep!)[0]);

        async Coroutine<int> Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => _reports.Add(context);
            var failing = Numbers("failing", new FormatException()).GetAsyncEnumerator();
            var cancelled = Numbers("cancelled", new CancelledException()).GetAsyncEnumerator();
            var good = Numbers("good", null).GetAsyncEnumerator();
            await failing.MoveNextAsync();
            await cancelled.MoveNextAsync();
            await good.MoveNextAsync();
            _keep = new object[] { failing, cancelled, good };
            return 5;
        }

        async IAsyncEnumerable<int> Numbers(string name, Exception? failure)
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                await Asyncio.Sleep(1); // closing may wait
                _order.Add(name + " closed");
                if (failure is not null)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }
            }
        }
    }

    [Fact, Rule("ARUN-08")]
    public void An_async_iterator_that_was_consumed_is_not_closed_again()
    {
        VirtualTimeLoop.Run(Main());
        _order.ShouldBe(["1", "2", "closed", "main ends"]);

        async Coroutine Main()
        {
            var numbers = Numbers();
            _keep = numbers;
            await foreach (int n in numbers)
            {
                _order.Add($"{n}");
            }
            _order.Add("main ends");
        }

        async IAsyncEnumerable<int> Numbers()
        {
            try
            {
                await Asyncio.Sleep(1);
                yield return 1;
                await Asyncio.Sleep(1);
                yield return 2;
            }
            finally
            {
                _order.Add("closed");
            }
        }
    }

    [Theory, Rule("EXC-08", "DBG-06")]
    [InlineData(false)]
    [InlineData(true)]
    public void What_nobody_retrieved_or_awaited_is_reported_before_the_loop_is_closed(bool debug)
    {
        VirtualTimeLoop.Run(Main(), debug);

        string[] lost = ["Task exception was never retrieved: lost", "coroutine 'RunEndPhaseTests.NeverAwaited' was never awaited: "];
        _order.ShouldBe(debug ? lost : lost[..1], ignoreOrder: true);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.LogWriter = TextWriter.Null;
            loop.ExceptionHandler = (_, context) => _order.Add($"{context.Message}: {context.Exception?.Message}");
            LoseBoth();
            await Asyncio.Sleep(0);
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void LoseBoth()
        {
            _ = Asyncio.CreateTask(Fail());
#pragma warning disable ASYNCIO001 // that is the subject
            _ = NeverAwaited();
#pragma warning restore ASYNCIO001
        }

        static async Coroutine Fail() => throw new FormatException("lost");
    }

    [Theory, Rule("ARUN-10")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_keyboard_interrupt_raised_by_main_or_a_task_ends_the_run_after_the_end_phase(bool byMain)
    {
        EventLoop? loop = null;
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));
        _order.ShouldBe(byMain ? ["leftover cancelled"] : ["main cancelled", "leftover cancelled"]);
        loop!.IsClosed.ShouldBeTrue();
        _reports.ShouldBeEmpty();

        async Coroutine Main()
        {
            loop = Asyncio.GetRunningLoop();
            loop.ExceptionHandler = (_, context) => _reports.Add(context);
            _ = Asyncio.CreateTask(Note("leftover cancelled"));
            await Asyncio.Sleep(1);
            if (byMain)
            {
                throw new KeyboardInterruptException();
            }
            _ = Asyncio.CreateTask(Interrupt());
            await Note("main cancelled");
        }

        async Coroutine Note(string text)
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                _order.Add(text);
                throw;
            }
        }

        static async Coroutine Interrupt()
        {
            await Asyncio.Sleep(1);
            throw new KeyboardInterruptException();
        }
    }

    [Fact, Rule("ARUN-05")]
    public void The_executor_is_waited_for()
    {
        bool ended = false;
        var started = new Signal();
        VirtualTimeLoop.Run(Main());
        Volatile.Read(ref ended).ShouldBeTrue();

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            _ = loop.RunInExecutor(null, () =>
            {
                started.Set();
                // Ends only with the loop's help, so the loop must still turn while it waits.
                var turn = new Signal();
                loop.CallSoonThreadsafe(turn.Set);
                turn.Wait();
                Volatile.Write(ref ended, true);
            });
            started.Wait();
        }
    }

    private static async Coroutine NeverAwaited() => await Asyncio.Sleep(0);
}
