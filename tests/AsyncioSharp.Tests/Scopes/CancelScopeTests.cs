using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>A scope's own cancellation: by whom, when, how often it is thrown, and what is left of it afterwards.</summary>
public class CancelScopeTests
{
    [Fact]
    public void Cancelling_it_ends_the_body_without_an_exception()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            string? message = null;
            _ = Asyncio.CreateTask(CancelAfter(1, scope), "watcher");
            await scope.Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException e)
                {
                    message = e.CancelMessage;
                    throw;
                }
            });
            message.ShouldBe("enough");
            (scope.IsCancelled, scope.WasCaught, scope.CancelledBy, scope.Reason).ShouldBe((true, true, "watcher", "enough"));
            scope.ToString().ShouldBe("<CancelScope [left] cancelled by 'watcher': 'enough'>");
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
            await NothingIsLeft();
        }

        static async Coroutine CancelAfter(double seconds, CancelScope scope)
        {
            await Asyncio.Sleep(seconds);
            scope.Cancel("enough");
            scope.Cancel("the first call counts");
        }
    }

    [Fact]
    public void A_body_that_ends_by_itself_gives_its_value()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 10);
            (await scope.Run(async _ => await Asyncio.Sleep(1, "value"))).ShouldBe("value");
            (scope.IsCancelled, scope.WasCaught).ShouldBe((false, false));
            scope.Cancel(); // afterwards: nothing
            scope.IsCancelled.ShouldBeFalse();
            await Asyncio.Sleep(20);
            scope.IsCancelled.ShouldBeFalse();

            var cut = new CancelScope(timeout: 1);
            (await cut.Run(async _ => await Asyncio.Sleep(10, "value"))).ShouldBeNull();
            cut.WasCaught.ShouldBeTrue();
            (await new CancelScope(timeout: 1).Run(async _ => await Asyncio.Sleep(10, 5))).ShouldBe(0);
        }
    }

    [Fact]
    public void It_stays_on_at_every_await_that_suspends_until_the_scope_is_left()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var done = Asyncio.GetRunningLoop().CreateFuture<int>();
            done.SetResult(5);
            var scope = new CancelScope(timeout: 1);
            await scope.Run(async _ =>
            {
                await Caught(Asyncio.Sleep(10));
                await Caught(Asyncio.Sleep(10));
                await Caught(Asyncio.Sleep(0));
                await Caught(Asyncio.GetRunningLoop().CreateFuture<int>());
                await Caught(Asyncio.CreateTask(Asyncio.Sleep(10)));
                await Caught(Asyncio.WaitFor(Asyncio.Sleep(10), 5));
                order.Add($"done: {await done}");
                order.Add($"does not suspend: {await Return()}");
                await Caught(Asyncio.Sleep(10));
            });
            order.ShouldBe([.. Enumerable.Repeat("cancelled", 6), "done: 5", "does not suspend: 7", "cancelled"]);
            (scope.IsCancelled, scope.WasCaught).ShouldBe((true, false)); // the body reached its end
            Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
            await NothingIsLeft();

            async Coroutine Caught(IAwaitable awaitable)
            {
                (await OnLoop.Failure<CancelledException>(awaitable)).CancelMessage.ShouldBe("the deadline has passed");
                order.Add("cancelled");
            }

            static async Coroutine<int> Return() => 7;
        }
    }

    [Fact]
    public void A_loop_that_only_yields_and_catches_everything_is_ended()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            int caught = 0;
            await scope.Run(async _ =>
            {
                scope.Cancel();
                for (int i = 0; i < 100; i++)
                {
                    try
                    {
                        await Asyncio.Sleep(0);
                    }
                    catch (CancelledException)
                    {
                        caught++;
                    }
                }
            });
            caught.ShouldBe(100);
            await NothingIsLeft();
        }
    }

    [Fact]
    public void An_await_that_completes_in_spite_of_it_gives_its_result()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            var order = new List<string>();
            var stubborn = Asyncio.CreateTask(Stubborn());
            await scope.Run(async _ =>
            {
                // Its wake-up is queued already when the scope is cancelled.
                var future = Asyncio.GetRunningLoop().CreateFuture<string>();
                Asyncio.GetRunningLoop().CallLater(1, () =>
                {
                    future.SetResult("arrived");
                    scope.Cancel();
                });
                order.Add(await future);
                // It refuses to be cancelled.
                order.Add(await stubborn);
                await Asyncio.Sleep(1);
                order.Add("not reached");
            });
            order.ShouldBe(["arrived", "refused at 6"]);
            scope.WasCaught.ShouldBeTrue();
            await NothingIsLeft();
        }

        static async Coroutine<string> Stubborn()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException)
            {
                await Asyncio.Sleep(5);
            }
            return $"refused at {Asyncio.GetRunningLoop().Time}";
        }
    }

    [Fact]
    public void A_scope_that_was_cancelled_before_it_is_entered_interrupts_its_first_await_that_suspends()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            foreach (var scope in new[] { new CancelScope(), new CancelScope(timeout: 0), new CancelScope(-5) { }, new CancelScope { Deadline = -1 } })
            {
                scope.Cancel();
                bool began = false;
                bool reached = false;
                await scope.Run(async _ =>
                {
                    began = true;
                    await Asyncio.Sleep(0);
                    reached = true;
                });
                (began, reached, scope.WasCaught).ShouldBe((true, false, true));
            }
            await NothingIsLeft();
        }
    }

    [Fact]
    public void Its_deadline_counts_from_entering_and_can_be_moved()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope(TimeSpan.FromSeconds(5));
            scope.Deadline.ShouldBeNull();
            await Asyncio.Sleep(10);
            await scope.Run(async _ =>
            {
                scope.Deadline.ShouldBe(15);
                scope.ToString().ShouldBe("<CancelScope [active] deadline=15>");
                scope.Deadline = null;
                await Asyncio.Sleep(10);
                scope.Deadline = 22;
                await Asyncio.Sleep(10);
            });
            Asyncio.GetRunningLoop().Time.ShouldBe(22, 1e-9);
            (scope.WasCaught, scope.Reason, scope.CancelledBy).ShouldBe((true, "the deadline has passed", null));

            var past = new CancelScope();
            await past.Run(async _ =>
            {
                past.Deadline = 1;
                past.IsCancelled.ShouldBeTrue(); // at once
                await Asyncio.Sleep(1);
            });
            past.WasCaught.ShouldBeTrue();

            var set = new CancelScope(timeout: 1) { Deadline = 30 }; // wins over the timeout
            await set.Run(async _ => await Asyncio.Sleep(100));
            Asyncio.GetRunningLoop().Time.ShouldBe(30, 1e-9);
        }
    }

    [Fact]
    public void Another_exception_of_the_body_passes()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failure = new FormatException();
            var scope = new CancelScope(timeout: 1);
            (await OnLoop.Failure<FormatException>(scope.Run(async _ =>
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
            (scope.IsCancelled, scope.WasCaught).ShouldBe((true, false));
            await NothingIsLeft();
        }
    }

    [Fact]
    public void A_group_in_it_is_cancelled_once_and_waited_for_without_spinning()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int cancelled = 0;
            int before = 0;
            var scope = new CancelScope();
            var iterations = new Tasks.IterationCounter();
            await scope.Run(async cut => await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(TakesLong());
                await Asyncio.Sleep(0);
                before = iterations.Now;
                scope.Cancel();
                await Asyncio.Sleep(10);
            }));
            iterations.Dispose();
            cancelled.ShouldBe(1);
            scope.WasCaught.ShouldBeTrue();
            (iterations.Now - before).ShouldBeInRange(50, 60); // those of the task's end, and not one for each turn of the waiting
            await NothingIsLeft();

            async Coroutine TakesLong()
            {
                try
                {
                    await Asyncio.Sleep(3600);
                }
                catch (CancelledException)
                {
                    cancelled++;
                    for (int i = 0; i < 50; i++)
                    {
                        await Asyncio.Sleep(0); // the scope is not this task's
                    }
                    throw;
                }
            }
        }
    }

    [Fact]
    public void A_condition_in_it_takes_its_lock_again_without_spinning()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var condition = new AsyncCondition();
            var scope = new CancelScope();
            var holder = Asyncio.CreateTask(Hold());
            await scope.Run(async _ =>
            {
                using (await condition.Acquire())
                {
                    await condition.Wait(); // while it waits, the other one takes the lock, cancels the scope, and keeps the lock for some time
                }
            });
            scope.WasCaught.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(11, 1e-9);
            await holder;
            await NothingIsLeft();

            async Coroutine Hold()
            {
                await Asyncio.Sleep(1);
                using (await condition.Acquire())
                {
                    scope.Cancel();
                    await Asyncio.Sleep(10);
                }
            }
        }
    }

    [Fact]
    public void It_is_entered_once_and_its_deadline_is_not_moved_afterwards()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            await scope.Run(async _ =>
                (await OnLoop.Failure<InvalidOperationException>(scope.Run(async _ => { }))).Message.ShouldContain("has already been entered"));
            (await OnLoop.Failure<InvalidOperationException>(scope.Run(async _ => 1))).Message.ShouldContain("has already been entered");
            Should.Throw<InvalidOperationException>(() => scope.Deadline = 5).Message.ShouldContain("was left");
            await NothingIsLeft();
        }
    }

    [Fact]
    public void It_keeps_its_reason_whatever_else_is_asked_for_meanwhile()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var messages = new List<string?>();
            var scope = new CancelScope();
            var task = Asyncio.CreateTask(scope.Run(async _ =>
            {
                scope.Cancel("scope");
                await Note();
                CoroutineTask.Current.Cancel("task");
                await Note();
                await Note();
            }));
            await OnLoop.Failure<CancelledException>(Body());
            messages.ShouldBe(["scope", "task", "scope"]);

            async Coroutine Body() => await task;

            async Coroutine Note()
            {
                try
                {
                    await Asyncio.Sleep(1);
                }
                catch (CancelledException e)
                {
                    messages.Add(e.CancelMessage);
                    if (messages.Count == 3)
                    {
                        throw;
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_passes_through_it_is_the_request_from_outside_and_not_its_own(bool scopeIsFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scope = new CancelScope();
            var task = Asyncio.CreateTask(scope.Run(static async _ => await Asyncio.Sleep(9)));
            await Asyncio.Sleep(1);
            if (scopeIsFirst)
            {
                scope.Cancel("scope");
            }
            task.Cancel("outside");
            scope.Cancel("scope");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("outside");
            scope.Reason.ShouldBe("scope");
        }
    }

    [Fact]
    public void Bad_arguments_are_refused_at_the_call()
    {
        Should.Throw<ArgumentException>(() => new CancelScope(double.NaN)).ParamName.ShouldBe("timeout");
        var scope = new CancelScope(shield: true);
        Should.Throw<ArgumentException>(() => scope.Deadline = double.NaN).ParamName.ShouldBe("value");
        Should.Throw<ArgumentNullException>(() => scope.Run(null!)).ParamName.ShouldBe("body");
        Should.Throw<ArgumentNullException>(() => scope.Run<int>(null!)).ParamName.ShouldBe("body");
        scope.ToString().ShouldBe("<CancelScope [created] shielded>");
    }

    /// <summary>No request is counted any more, and none is delivered at the next await.</summary>
    internal static async Coroutine NothingIsLeft()
    {
        CoroutineTask.Current.Cancelling.ShouldBe(0);
        await Asyncio.Sleep(0);
        await Asyncio.Sleep(1);
    }
}
