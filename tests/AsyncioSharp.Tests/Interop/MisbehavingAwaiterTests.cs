using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Awaiters that call back at once, twice, from elsewhere, too late or never, or throw where they should take the callback.</summary>
public class MisbehavingAwaiterTests
{
    private readonly List<string> _log = [];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_that_calls_back_inside_OnCompleted_resumes_the_coroutine_in_its_next_turn(bool critical)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["before", "other", "after"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().CallSoon(() => _log.Add("other"));
            _log.Add("before");
            if (critical)
            {
                await new Critical(static continuation => continuation());
            }
            else
            {
                await new Plain(static continuation => continuation());
            }
            _log.Add("after");
        }
    }

    [Fact]
    public void One_that_calls_back_twice_resumes_the_coroutine_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Action? kept = null;
            await new Plain(continuation =>
            {
                kept = continuation;
                continuation();
                continuation();
            });
            double before = Asyncio.GetRunningLoop().Time;
            Asyncio.GetRunningLoop().CallLater(1, kept!);
            await Asyncio.Sleep(2); // nor does a third call end the next await
            Asyncio.GetRunningLoop().Time.ShouldBe(before + 2);
            Asyncio.GetRunningLoop().CallSoon(kept!);
            await new Plain(static continuation => Asyncio.GetRunningLoop().CallLater(1, continuation));
            Asyncio.GetRunningLoop().Time.ShouldBe(before + 3);
        }
    }

    [Fact]
    public void One_that_calls_back_from_several_threads_resumes_the_coroutine_once_and_on_its_loop()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int thread = Environment.CurrentManagedThreadId;
            var threads = new List<TestThread>();
            await new Plain(continuation =>
            {
                for (int i = 0; i < 4; i++)
                {
                    threads.Add(new TestThread(continuation));
                }
            });
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            await Asyncio.Sleep(1);
            threads.ForEach(static thread => thread.Join());
        }
    }

    [Fact]
    public void One_that_calls_back_after_the_loop_was_closed_does_nothing()
    {
        Action? kept = null;
        VirtualTimeLoop.Run(Main());
        kept.ShouldNotBeNull();
        Should.NotThrow(kept);
        new TestThread(kept).Join();

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            task.IsDone.ShouldBeFalse();
        }

        async Coroutine Await() => await new Plain(continuation =>
        {
            kept = continuation;
            Asyncio.GetRunningLoop().CallLater(3, continuation); // so that the end of the run, which cancels the task, comes to an end
        });
    }

    [Fact]
    public void When_a_value_task_refuses_the_callback_the_exception_comes_out_of_the_await()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caught NotSupportedException", "finally", "outer finally"]);

        async Coroutine Main() => await OnLoop.Failure<NotSupportedException>(Outer());

        async Coroutine Outer()
        {
            try
            {
                await Await();
            }
            finally
            {
                _log.Add("outer finally");
            }
        }

        async Coroutine Await()
        {
            try
            {
                await new ValueTask(new RefusingSource(), 0);
            }
            catch (Exception e)
            {
                _log.Add($"caught {e.GetType().Name}");
                throw;
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Fact]
    public void When_an_awaiter_of_ones_own_refuses_the_callback_it_fails_an_await_without_handlers()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["outer finally"]);

        async Coroutine Main() => await OnLoop.Failure<NotSupportedException>(Outer());

        async Coroutine Outer()
        {
            try
            {
                await Await();
            }
            finally
            {
                _log.Add("outer finally");
            }
        }

        static async Coroutine Await() => await new Plain(static _ => throw new NotSupportedException());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_handlers_around_the_await_the_refusal_is_reported_and_the_awaiter_has_the_word(bool fails)
    {
        var reports = new List<ExceptionContext>();
        VirtualTimeLoop.Run(Main());
        var report = reports.ShouldHaveSingleItem();
        report.Exception.ShouldBeOfType<NotSupportedException>();
        report.Message.ShouldNotBeNull().ShouldContain("Await");
        report.Task.ShouldNotBeNull();
        _log.ShouldBe(fails ? ["caught FormatException", "finally"] : ["went on", "finally"]);

        async Coroutine Main()
        {
            Asyncio.GetRunningLoop().ExceptionHandler = (_, context) => reports.Add(context);
            await Await();
        }

        async Coroutine Await()
        {
            try
            {
                await new Plain(static _ => throw new NotSupportedException()) { Fails = fails };
                _log.Add("went on");
            }
            catch (FormatException)
            {
                _log.Add("caught FormatException");
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    [Fact]
    public void An_interrupt_in_place_of_the_callback_fails_the_task_and_leaves_the_loop()
    {
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));
        _log.ShouldBe(["main finally"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            try
            {
                await Asyncio.Sleep(10);
            }
            finally
            {
                task.Exception().ShouldBeOfType<KeyboardInterruptException>();
                _log.Add("main finally");
            }
        }

        static async Coroutine Await() => await new Plain(static _ => throw new KeyboardInterruptException());
    }

    [Fact]
    public void With_handlers_around_the_await_an_interrupt_leaves_the_loop_and_the_awaiter_has_the_word()
    {
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));
        _log.ShouldBe(["went on", "finally"]);

        async Coroutine Main()
        {
            try
            {
                await new Plain(static _ => throw new KeyboardInterruptException());
                _log.Add("went on");
            }
            finally
            {
                _log.Add("finally");
            }
        }
    }

    private sealed class Plain(Action<Action> onCompleted) : INotifyCompletion
    {
        internal bool Fails { get; init; }

        public bool IsCompleted => false;

        public Plain GetAwaiter() => this;

        public void OnCompleted(Action continuation) => onCompleted(continuation);

        public void GetResult()
        {
            if (Fails)
            {
                throw new FormatException();
            }
        }
    }

    private readonly struct Critical(Action<Action> onCompleted) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Critical GetAwaiter() => this;

        public void OnCompleted(Action continuation) => throw new InvalidOperationException("UnsafeOnCompleted is there.");

        public void UnsafeOnCompleted(Action continuation) => onCompleted(continuation);

        public void GetResult()
        {
        }
    }

    private sealed class RefusingSource : IValueTaskSource
    {
        public void GetResult(short token) => throw new InvalidOperationException("Not complete.");

        public ValueTaskSourceStatus GetStatus(short token) => ValueTaskSourceStatus.Pending;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => throw new NotSupportedException();
    }
}
