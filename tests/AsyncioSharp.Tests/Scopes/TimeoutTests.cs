using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Combinators;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary><c>Asyncio.Timeout</c> and <c>TimeoutAt</c>: what expires when, and how an expiry is told from a cancellation.</summary>
public class TimeoutTests
{
    private const string Rows = "test_timeouts.py::TimeoutTests.";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [CPython(Rows + "test_timeout_basic")]
    [CPython(Rows + "test_timeout_at_basic")]
    [CPython(Rows + "test_waiter_cancelled")]
    public void When_the_time_is_up_the_body_is_cancelled_and_a_timeout_is_thrown(bool at)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            bool cancelled = false;
            await Asyncio.Sleep(1);
            var timeout = at ? Asyncio.TimeoutAt(3) : Asyncio.Timeout(2);
            var failure = await OnLoop.Failure<TimeoutException>(timeout.Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    cancelled = true;
                    throw;
                }
            }));
            failure.InnerException.ShouldBeOfType<CancelledException>();
            cancelled.ShouldBeTrue();
            timeout.IsExpired.ShouldBeTrue();
            timeout.When.ShouldBe(3);
            Asyncio.GetRunningLoop().Time.ShouldBe(3, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1); // nothing is left that would be delivered here
        }
    }

    [Fact]
    public void A_span_of_time_will_do_as_well_as_seconds()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(TimeSpan.FromSeconds(2)).Run(async _ => await Asyncio.Sleep(10)));
            Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);
        }
    }

    [Fact]
    [CPython(Rows + "test_timeout_not_called")]
    public void A_body_that_ends_in_time_gives_its_value_and_leaves_no_timer()
    {
        LoopSteps.WaitsOf(Main).ShouldBe([1, 5]);

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(3);
            (await timeout.Run(async _ => await Asyncio.Sleep(1, "in time"))).ShouldBe("in time");
            timeout.IsExpired.ShouldBeFalse();
            timeout.When.ShouldBe(3);
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    [CPython(Rows + "test_timeout_disabled")]
    [CPython(Rows + "test_timeout_at_disabled")]
    public void Null_is_no_limit()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            foreach (var timeout in new[] { Asyncio.Timeout(null), Asyncio.TimeoutAt(null), Asyncio.Timeout(double.PositiveInfinity) })
            {
                await timeout.Run(async _ => await Asyncio.Sleep(1e6));
                timeout.IsExpired.ShouldBeFalse();
            }
            Asyncio.Timeout(null).When.ShouldBeNull();
        }
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0, 0)]
    [InlineData(-11, 0)]
    [CPython(Rows + "test_timeout_zero")]
    [CPython(Rows + "test_timeout_zero_sleep_zero")]
    [CPython(Rows + "test_timeout_in_the_past_sleep_zero")]
    public void A_limit_in_the_past_ends_the_body_at_its_first_await_that_suspends(double seconds, double sleep)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            await Asyncio.Sleep(1);
            bool began = false;
            var timeout = Asyncio.Timeout(seconds);
            await OnLoop.Failure<TimeoutException>(timeout.Run(async _ =>
            {
                began = true;
                await Asyncio.Sleep(sleep);
            }));
            began.ShouldBeTrue();
            timeout.IsExpired.ShouldBeTrue();
            timeout.When.ShouldBe(1 + seconds);
            Asyncio.GetRunningLoop().Time.ShouldBe(1);
        }
    }

    [Fact]
    public void A_limit_in_the_past_does_not_hurt_a_body_that_does_not_suspend()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            (await Asyncio.Timeout(-1).Run(async _ => 5)).ShouldBe(5);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [CPython(Rows + "test_nested_timeouts")]
    public void Of_two_that_expire_together_only_the_outer_one_throws_a_timeout()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var outer = Asyncio.TimeoutAt(1);
            var inner = Asyncio.TimeoutAt(1);
            await OnLoop.Failure<TimeoutException>(outer.Run(async _ =>
            {
                var failure = await OnLoop.Failure<OperationCanceledException>(inner.Run(async _ => await Asyncio.Sleep(10)));
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }));
            outer.IsExpired.ShouldBeTrue();
            inner.IsExpired.ShouldBeTrue();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    [CPython(Rows + "test_nested_timeouts_concurrent")]
    [CPython(Rows + "test_nested_timeouts_loop_busy")]
    public void An_outer_limit_that_passes_while_code_blocks_ends_the_inner_body_at_its_next_await()
    {
        var clock = new VirtualClock();
        Asyncio.Run(Main(), loopFactory: () => VirtualTimeLoop.Create(clock));

        async Coroutine Main()
        {
            var order = new List<string>();
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(2).Run(async _ =>
            {
                await OnLoop.Failure<CancelledException>(Asyncio.Timeout(100).Run(async _ =>
                {
                    clock.Advance(TimeSpan.FromSeconds(10));
                    await Asyncio.Sleep(1);
                }));
                order.Add("inner cancelled");
                throw new CancelledException();
            }));
            order.ShouldBe(["inner cancelled"]);

            double begin = clock.Seconds;
            var outer = Asyncio.Timeout(10);
            await OnLoop.Failure<TimeoutException>(outer.Run(async _ =>
            {
                await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ =>
                {
                    clock.Advance(TimeSpan.FromSeconds(9));
                    await Asyncio.Sleep(1);
                }));
                await Asyncio.Sleep(100); // ended by the outer one
            }));
            (clock.Seconds - begin).ShouldBe(10, 1e-6);
        }
    }

    [Fact]
    [CPython(Rows + "test_foreign_exception_passed")]
    public void Another_exception_passes_as_it_is()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException();
            var timeout = Asyncio.Timeout(1);
            (await OnLoop.Failure<FormatException>(timeout.Run(async _ => throw failure))).ShouldBeSameAs(failure);
            timeout.IsExpired.ShouldBeFalse();

            var expired = Asyncio.Timeout(1);
            (await OnLoop.Failure<FormatException>(expired.Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    throw failure;
                }
            }))).ShouldBeSameAs(failure);
            expired.IsExpired.ShouldBeTrue();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Fact]
    public void A_body_that_swallows_the_expiry_and_returns_gives_its_value()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(1);
            (await timeout.Run(async _ =>
            {
                await OnLoop.Failure<CancelledException>(Asyncio.Sleep(10));
                return "all the same";
            })).ShouldBe("all the same");
            timeout.IsExpired.ShouldBeTrue();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    [CPython(Rows + "test_foreign_cancel_doesnt_timeout_if_not_expired")]
    [CPython(Rows + "test_outer_task_is_not_cancelled")]
    public void A_cancellation_from_outside_stays_one_and_a_timeout_does_not_cancel_the_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(10);
            var cancelled = Asyncio.CreateTask(timeout.Run(async _ =>
            {
                CoroutineTask.Current.Cancel("foreign");
                await Asyncio.Sleep(10);
            }));
            (await OnLoop.Failure<CancelledException>(cancelled)).CancelMessage.ShouldBe("foreign");
            timeout.IsExpired.ShouldBeFalse();

            var expired = Asyncio.CreateTask(Asyncio.Timeout(1).Run(async _ => await Asyncio.Sleep(10)));
            await OnLoop.Failure<TimeoutException>(expired);
            expired.IsCancelled.ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancellation_from_outside_at_the_moment_of_expiry_wins(bool timerFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            CoroutineTask? runner = null;
            if (!timerFirst)
            {
                Asyncio.GetRunningLoop().CallAt(1, () => runner!.Cancel("outside"));
            }
            var timeout = Asyncio.TimeoutAt(1);
            runner = Asyncio.CreateTask(timeout.Run(async _ => await Asyncio.Sleep(10)));
            await Asyncio.Sleep(0);
            if (timerFirst)
            {
                Asyncio.GetRunningLoop().CallAt(1, () => runner.Cancel("outside"));
            }
            await OnLoop.Failure<CancelledException>(runner);
            timeout.IsExpired.ShouldBeTrue();
            runner.Cancelling.ShouldBe(1);
        }
    }

    [Fact]
    [CPython(Rows + "test_timeout_after_cancellation")]
    [CPython(Rows + "test_cancel_in_timeout_after_cancellation")]
    public void After_a_swallowed_cancellation_an_expiry_is_still_a_timeout_and_a_new_cancellation_still_one()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = CoroutineTask.Current;
            task.Cancel();
            await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(0).Run(async _ => await Asyncio.Sleep(1)));
            await OnLoop.Failure<CancelledException>(Asyncio.Timeout(1).Run(async _ =>
            {
                task.Cancel();
                await Asyncio.Sleep(2);
            }));
            task.Cancelling.ShouldBe(2);
        }
    }

    [Fact]
    public void A_request_that_was_made_before_the_timeout_is_no_expiry()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var runner = Asyncio.CreateTask(Body());
            (await OnLoop.Failure<CancelledException>(runner)).CancelMessage.ShouldBe("before");

            static async Coroutine Body()
            {
                CoroutineTask.Current.Cancel("before");
                await Asyncio.Timeout(0).Run(async _ => await Asyncio.Sleep(1));
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_reschedule")]
    public void The_deadline_can_be_moved_and_taken_away_from_elsewhere()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.TimeoutAt(10);
            var task = Asyncio.CreateTask(timeout.Run(async _ => await Asyncio.Sleep(50)));
            await Asyncio.Sleep(1);
            timeout.When.ShouldBe(10);
            timeout.Reschedule(30);
            timeout.When.ShouldBe(30);
            await Asyncio.Sleep(15);
            timeout.Reschedule(null);
            timeout.When.ShouldBeNull();
            await Asyncio.Sleep(20);
            task.IsDone.ShouldBeFalse();
            timeout.Reschedule(5); // in the past
            await OnLoop.Failure<TimeoutException>(task);
            Asyncio.GetRunningLoop().Time.ShouldBe(36, 1e-9);
        }
    }

    [Fact]
    [CPython(Rows + "test_repr_active")]
    [CPython(Rows + "test_repr_expired")]
    [CPython(Rows + "test_repr_finished")]
    [CPython(Rows + "test_repr_disabled")]
    public void Its_text_tells_its_state()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(10.12345);
            timeout.ToString().ShouldBe("<Timeout [created]>");
            await timeout.Run(async active => active.ToString().ShouldBe("<Timeout [active] when=10.123>"));
            timeout.ToString().ShouldBe("<Timeout [finished]>");
            await Asyncio.Timeout(null).Run(async active => active.ToString().ShouldBe("<Timeout [active] when=None>"));
            var expired = Asyncio.Timeout(1);
            await OnLoop.Failure<TimeoutException>(expired.Run(async expiring =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    expiring.ToString().ShouldBe("<Timeout [expiring]>");
                }
            }));
            expired.ToString().ShouldBe("<Timeout [expired]>");
        }
    }

    [Fact]
    [CPython(Rows + "test_timeout_already_entered")]
    [CPython(Rows + "test_timeout_double_enter")]
    public void It_is_entered_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(1);
            await timeout.Run(async _ =>
                (await OnLoop.Failure<InvalidOperationException>(timeout.Run(async _ => { }))).Message.ShouldContain("has already been entered"));
            (await OnLoop.Failure<InvalidOperationException>(timeout.Run(async _ => 1))).Message.ShouldContain("has already been entered");
        }
    }

    [Fact]
    [CPython(Rows + "test_timeout_finished")]
    [CPython(Rows + "test_timeout_expired")]
    [CPython(Rows + "test_timeout_expiring")]
    [CPython(Rows + "test_timeout_not_entered")]
    public void The_deadline_can_be_moved_only_while_the_body_runs()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(1);
            Should.Throw<InvalidOperationException>(() => timeout.Reschedule(5)).Message.ShouldContain("has not been entered");
            await timeout.Run(async _ => { });
            RefusedBecause(timeout, "finished");

            var expired = Asyncio.Timeout(1);
            await OnLoop.Failure<TimeoutException>(expired.Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(2);
                }
                finally
                {
                    RefusedBecause(expired, "expiring");
                }
            }));
            RefusedBecause(expired, "expired");
            expired.When.ShouldBe(1);
        }

        static void RefusedBecause(TimeoutScope timeout, string state)
            => Should.Throw<InvalidOperationException>(() => timeout.Reschedule(5)).Message.ShouldBe(
                $"Cannot change the deadline of {state} Timeout; make a new one for what follows.");
    }

    [Fact]
    [CPython(Rows + "test_timeout_without_task")]
    public async Task Outside_of_a_task_it_cannot_be_entered()
    {
        var timeout = Asyncio.TimeoutAt(1);
        (await Should.ThrowAsync<InvalidOperationException>(async () => await timeout.Run(async _ => { }))).Message.ShouldContain("no event loop runs");
        Should.Throw<InvalidOperationException>(() => timeout.Reschedule(2)).Message.ShouldContain("has not been entered");
        Should.Throw<InvalidOperationException>(() => Asyncio.Timeout(1)).Message.ShouldContain("no running event loop");
    }

    [Fact]
    public void Bad_arguments_are_refused_at_the_call()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Should.Throw<ArgumentException>(() => Asyncio.Timeout(double.NaN)).ParamName.ShouldBe("timeout");
            Should.Throw<ArgumentException>(() => Asyncio.TimeoutAt(double.NaN)).ParamName.ShouldBe("when");
            var timeout = Asyncio.Timeout(1);
            Should.Throw<ArgumentNullException>(() => timeout.Run(null!)).ParamName.ShouldBe("body");
            Should.Throw<ArgumentNullException>(() => timeout.Run<int>(null!)).ParamName.ShouldBe("body");
            await timeout.Run(async active =>
            {
                Should.Throw<ArgumentException>(() => active.Reschedule(double.NaN)).ParamName.ShouldBe("when");
                active.When.ShouldBe(1);
            });
        }
    }
}
