using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>Scopes in scopes, in timeouts and in groups; shields; and a cancellation from outside that comes together with a scope's own.</summary>
public class CancelScopeNestingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_scope_that_is_cancelled_when_a_sleep_in_it_has_just_ended_ends_that_sleep_whether_or_not_one_was_cancelled_before(bool before)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            if (before)
            {
                loop.CallLater(1, static task => task.Cancel(), CoroutineTask.Current);
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    CoroutineTask.Current.Uncancel();
                }
            }
            var scope = new CancelScope();
            bool slept = false;
            await scope.Run(async _ =>
            {
                double end = loop.Time + 1;
                loop.CallSoon(() => loop.CallAt(end, () => scope.Cancel())); // behind the timer of the sleep, and before the task's turn
                await Asyncio.Sleep(1);
                slept = true;
            });
            (slept, scope.WasCaught).ShouldBe((false, true));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_nested_scopes_that_are_cancelled_the_outermost_ends_all(bool innerFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var outer = new CancelScope();
            var inner = new CancelScope();
            bool reached = false;
            await outer.Run(async _ =>
            {
                await inner.Run(async _ =>
                {
                    (innerFirst ? inner : outer).Cancel();
                    (innerFirst ? outer : inner).Cancel();
                    await Asyncio.Sleep(10);
                });
                reached = true;
            });
            (outer.WasCaught, inner.WasCaught, reached).ShouldBe((true, false, false));
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Fact]
    public void An_inner_scope_ends_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var outer = new CancelScope(timeout: 5);
            var inner = new CancelScope(timeout: 1);
            await outer.Run(async _ =>
            {
                await inner.Run(async _ => await Asyncio.Sleep(10));
                Asyncio.GetRunningLoop().Time.ShouldBe(1, 1e-9);
                await Asyncio.Sleep(2); // not cancelled any more
                await Asyncio.Sleep(10);
            });
            Asyncio.GetRunningLoop().Time.ShouldBe(5, 1e-9);
            (outer.WasCaught, inner.WasCaught).ShouldBe((true, true));
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancellation_from_outside_passes_through_also_if_the_scope_is_cancelled_too(bool scopeFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scope = new CancelScope();
            var task = Asyncio.CreateTask(scope.Run(async _ => await Asyncio.Sleep(10)));
            await Asyncio.Sleep(1);
            if (scopeFirst)
            {
                scope.Cancel("scope");
            }
            task.Cancel("outside");
            scope.Cancel("scope");
            await OnLoop.Failure<CancelledException>(task);
            task.IsCancelled.ShouldBeTrue();
            task.Cancelling.ShouldBe(1);
            scope.WasCaught.ShouldBeFalse();

            var untouched = new CancelScope();
            var other = Asyncio.CreateTask(untouched.Run(async _ => await Asyncio.Sleep(10)));
            await Asyncio.Sleep(1);
            other.Cancel("outside");
            (await OnLoop.Failure<CancelledException>(other)).CancelMessage.ShouldBe("outside");
            untouched.IsCancelled.ShouldBeFalse();
        }
    }

    [Fact]
    public void A_cancellation_from_outside_in_a_cancelled_scope_is_not_lost_when_the_body_swallows_everything()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await OnLoop.Failure<CancelledException>(task);

            static async Coroutine Body()
            {
                var scope = new CancelScope();
                var self = CoroutineTask.Current;
                await scope.Run(async _ =>
                {
                    scope.Cancel();
                    await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
                    self.Cancel("outside"); // and the body ends before it is delivered
                });
                await Asyncio.Sleep(1);
                throw new InvalidOperationException("the request was lost");
            }
        }
    }

    [Fact]
    public void A_shield_holds_back_a_cancellation_from_outside_until_it_is_left()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("outside").ShouldBeTrue();
            task.Cancelling.ShouldBe(1);
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("outside");
            order.ShouldBe(["saved: 5", "did not suspend"]);
            Asyncio.GetRunningLoop().Time.ShouldBe(3, 1e-9);

            async Coroutine Body()
            {
                int value = await new CancelScope(shield: true).Run(async _ =>
                {
                    await Asyncio.Sleep(3);
                    return 5;
                });
                order.Add($"saved: {value}");
                order.Add("did not suspend");
                await Asyncio.Sleep(0);
                order.Add("not reached");
            }
        }
    }

    [Fact]
    public void A_shield_may_be_what_cleans_up_in_a_cancelled_scope()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var scope = new CancelScope(timeout: 1);
            await scope.Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    await new CancelScope(timeout: 5, shield: true).Run(async _ =>
                    {
                        await Asyncio.Sleep(2);
                        order.Add("cleaned up");
                    });
                    var tooLong = new CancelScope(timeout: 5, shield: true);
                    await tooLong.Run(async _ => await Asyncio.Sleep(100));
                    tooLong.WasCaught.ShouldBeTrue(); // its own deadline it does not hold back
                    order.Add("gave up");
                }
            });
            order.ShouldBe(["cleaned up", "gave up"]);
            scope.WasCaught.ShouldBeTrue();
            Asyncio.GetRunningLoop().Time.ShouldBe(8, 1e-9);
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Theory]
    [InlineData("deadline")]
    [InlineData("cancelled inside")]
    [InlineData("cancelled before")]
    [InlineData("timeout")]
    [InlineData("group")]
    public void In_a_scope_that_was_cancelled_what_stands_in_a_shield_tells_its_own_end(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var outer = new CancelScope();
            bool reached = false;
            await outer.Run(async _ =>
            {
                outer.Cancel();
                await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
                var inner = kind == "deadline" ? new CancelScope(timeout: 1, shield: true) : new CancelScope(shield: true);
                if (kind == "cancelled before")
                {
                    inner.Cancel();
                }
                await inner.Run(async _ =>
                {
                    switch (kind)
                    {
                        case "cancelled inside":
                            inner.Cancel();
                            break;
                        case "timeout":
                            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ => await Asyncio.Sleep(100)));
                            return;
                        case "group":
                            await new TaskGroup().Run(async group =>
                            {
                                group.Cancel();
                                await Asyncio.Sleep(100);
                            });
                            return;
                    }
                    await Asyncio.Sleep(100);
                });
                inner.WasCaught.ShouldBe(kind is not ("timeout" or "group"));
                reached = true;
                await Asyncio.Sleep(1); // outside of the shield the outer scope is still cancelled
                throw new InvalidOperationException("the outer scope's cancellation was lost");
            });
            (outer.WasCaught, reached).ShouldBe((true, true));
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Fact]
    public void In_a_shield_taking_back_takes_what_has_arrived_first_and_then_what_waits()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("one");
            task.Cancel("two");
            await task;

            static async Coroutine Body()
            {
                var self = CoroutineTask.Current;
                await new CancelScope(shield: true).Run(async shield =>
                {
                    await Asyncio.Sleep(2);
                    self.Cancelling.ShouldBe(2);
                    // Its own request is taken back, and neither of the two.
                    await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ => await Asyncio.Sleep(10)));
                    self.Uncancel().ShouldBe(1);
                    await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ => await Asyncio.Sleep(10)));
                    await OnLoop.Failure<TimeoutException>(Asyncio.WaitFor(Asyncio.Sleep(10), 1));
                    self.Uncancel().ShouldBe(0);
                });
                await CancelScopeTests.NothingIsLeft();
            }
        }
    }

    [Fact]
    public void What_waits_at_a_shield_and_is_taken_back_inside_does_not_hide_a_scope_that_was_cancelled_too()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var around = new CancelScope();
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("one");
            task.Cancel("two");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("two");
            around.WasCaught.ShouldBeTrue();
            task.Cancelling.ShouldBe(1);

            async Coroutine Body()
            {
                await new CancelScope(shield: true).Run(async shield =>
                {
                    await Asyncio.Sleep(2);
                    Asyncio.GetRunningLoop().CallLater(1, () => around.Cancel());
                    await around.Run(async _ => await Asyncio.Timeout(1).Run(async _ =>
                    {
                        CoroutineTask.Current.Uncancel().ShouldBe(1);
                        await Asyncio.Sleep(10);
                    }));
                });
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_shield_holds_back_timeouts_and_groups_around_it_and_not_those_inside()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var around = Asyncio.Timeout(1);
            await OnLoop.Failure<TimeoutException>(around.Run(async timeout =>
            {
                await new CancelScope(shield: true).Run(async shield =>
                {
                    await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(2).Run(async _ => await Asyncio.Sleep(10)));
                    Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);
                    around.IsExpired.ShouldBeTrue();
                    await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
                    {
                        _ = group.CreateTask(TaskGroupTests.FailAfter(1));
                        await Asyncio.Sleep(10);
                    }));
                    Asyncio.GetRunningLoop().Time.ShouldBe(3, 1e-9);
                    await Asyncio.Sleep(1);
                });
                await Asyncio.Sleep(10);
            }));
            Asyncio.GetRunningLoop().Time.ShouldBe(4, 1e-9);
            await CancelScopeTests.NothingIsLeft();

            await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(TaskGroupTests.FailAfter(1));
                await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(5));
                await Asyncio.Sleep(10);
            }));
            Asyncio.GetRunningLoop().Time.ShouldBe(10, 1e-9); // 5 and the scope above, and a second for the check
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Fact]
    public void Of_two_shields_the_outer_one_holds_back_what_comes_from_outside_of_both()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var order = new List<string>();
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel();
            await OnLoop.Failure<CancelledException>(task);
            order.ShouldBe(["inner left", "between: timeout", "outer left"]);

            async Coroutine Body()
            {
                await new CancelScope(shield: true).Run(async _ =>
                {
                    try
                    {
                        await Asyncio.TimeoutAt(2).Run(async _ =>
                        {
                            await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(3));
                            order.Add("inner left");
                            await Asyncio.Sleep(10); // here the timeout's request arrives, and not that from outside
                        });
                    }
                    catch (TimeoutException)
                    {
                        order.Add("between: timeout");
                    }
                    await Asyncio.Sleep(1);
                });
                order.Add("outer left");
                await Asyncio.Sleep(10);
            }
        }
    }

    [Fact]
    public void A_shielded_scope_that_is_cancelled_itself_ends_and_what_it_held_back_is_delivered_afterwards()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 3, shield: true);
            bool left = false;
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(1);
            task.Cancel("outside");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("outside");
            (left, scope.WasCaught).ShouldBe((true, true));

            async Coroutine Body()
            {
                await scope.Run(async _ => await Asyncio.Sleep(10));
                left = true;
                await Asyncio.Sleep(10);
            }
        }
    }

    [Fact]
    public void A_request_that_was_made_before_a_shield_waits_for_its_end_too_and_can_be_taken_back_meanwhile()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool saved = false;
            var task = Asyncio.CreateTask(Body());
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("before");
            saved.ShouldBeTrue();

            await new CancelScope(shield: true).Run(async _ =>
            {
                CoroutineTask.Current.Cancel();
                await Asyncio.Sleep(1);
                CoroutineTask.Current.Uncancel().ShouldBe(0);
            });
            await CancelScopeTests.NothingIsLeft();

            async Coroutine Body()
            {
                CoroutineTask.Current.Cancel("before");
                await new CancelScope(shield: true).Run(async _ =>
                {
                    await Asyncio.Sleep(1);
                    saved = true;
                });
                await Asyncio.Sleep(1);
            }
        }
    }

    [Fact]
    public void A_timeout_that_expires_together_with_a_scope_around_it_is_not_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 1);
            var timeout = Asyncio.TimeoutAt(1);
            await scope.Run(async _ => await timeout.Run(async _ => await Asyncio.Sleep(10)));
            (scope.WasCaught, timeout.IsExpired).ShouldBe((true, true));

            // The other way round the timeout is the outer one.
            var inner = new CancelScope(timeout: 1);
            await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ => await inner.Run(async _ => await Asyncio.Sleep(10))));
            (inner.IsCancelled, inner.WasCaught).ShouldBe((true, false));
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Fact]
    public void A_timeout_in_a_scope_that_is_cancelled_already_does_not_end_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            await scope.Run(async _ =>
            {
                scope.Cancel();
                await Asyncio.Timeout(0).Run(async _ => await Asyncio.Sleep(1));
                throw new InvalidOperationException("the scope was left by the timeout");
            });
            scope.WasCaught.ShouldBeTrue();
            await CancelScopeTests.NothingIsLeft();
        }
    }

    [Fact]
    public void A_cancelled_task_in_a_shield_keeps_the_one_that_awaits_it_waiting()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var inner = Asyncio.CreateTask(new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(5, "value")));
            var outer = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            outer.Cancel();
            await OnLoop.Failure<CancelledException>(outer);
            Asyncio.GetRunningLoop().Time.ShouldBe(5, 1e-9);
            inner.IsCancelled.ShouldBeTrue(); // the request was still there when it returned

            async Coroutine<string?> Await() => await inner;
        }
    }

    [Fact]
    public void Of_the_requests_that_a_shield_held_back_the_last_is_told()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Shielded());
            await Asyncio.Sleep(1);
            task.Cancel("first");
            task.Cancel("second");
            (await OnLoop.Failure<CancelledException>(task)).CancelMessage.ShouldBe("second");
            task.Cancelling.ShouldBe(2);

            var silent = Asyncio.CreateTask(Shielded());
            await Asyncio.Sleep(1);
            silent.Cancel("first");
            silent.Cancel();
            (await OnLoop.Failure<CancelledException>(silent)).CancelMessage.ShouldBeNull(); // as without a shield
        }

        static async Coroutine Shielded()
        {
            await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(5));
            await Asyncio.Sleep(5);
        }
    }

    [Fact]
    public void A_scope_that_was_left_leaves_no_timer()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await new CancelScope(timeout: 1000).Run(async scope => scope.Deadline = 2000);
            await new CancelScope(timeout: 1000).Run(async _ => await Asyncio.Sleep(1));
            await VirtualTimeLoop.WaitUntilIdle(cushion: 5000);
            Asyncio.GetRunningLoop().Time.ShouldBe(5001, 1e-9); // it was idle all the time
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void In_nested_scopes_that_are_cancelled_each_await_tells_the_nearest(bool innerFirst)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scopes = new CancelScope[10];
            var seen = new List<string?>();
            await Nest(0);
            seen.ShouldBe([innerFirst ? "inner" : "outer", "inner", "outer"]);
            scopes.Select(scope => scope.WasCaught).ShouldBe([.. Enumerable.Range(0, 10).Select(i => i == 2)]);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);

            async Coroutine Nest(int depth)
            {
                scopes[depth] = new CancelScope();
                await scopes[depth].Run(async _ =>
                {
                    try
                    {
                        if (depth < 9)
                        {
                            await Nest(depth + 1);
                        }
                        else
                        {
                            scopes[innerFirst ? 5 : 2].Cancel(innerFirst ? "inner" : "outer");
                            seen.Add((await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1))).CancelMessage);
                            scopes[innerFirst ? 2 : 5].Cancel(innerFirst ? "outer" : "inner");
                        }
                    }
                    finally
                    {
                        if (depth is 9 or 4)
                        {
                            seen.Add((await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1))).CancelMessage);
                        }
                    }
                    await Asyncio.Sleep(1); // what was swallowed above is thrown again
                });
            }
        }
    }

    [Fact]
    public void A_shield_holds_back_a_scope_also_from_what_is_in_scopes_inside_of_the_shield()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var outer = new CancelScope();
            var shield = new CancelScope(shield: true);
            var between = new CancelScope();
            var inner = new CancelScope();
            await outer.Run(async _ =>
            {
                await shield.Run(async _ =>
                {
                    await between.Run(async _ =>
                    {
                        await inner.Run(async _ =>
                        {
                            outer.Cancel("outer");
                            await Asyncio.Sleep(1);
                            between.Cancel("between");
                            (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1))).CancelMessage.ShouldBe("between");
                        });
                        (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1))).CancelMessage.ShouldBe("between");
                    });
                    await Asyncio.Sleep(1);
                });
                (await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1))).CancelMessage.ShouldBe("outer");
            });
            Asyncio.GetRunningLoop().Time.ShouldBe(2, 1e-9);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    [Theory]
    [InlineData("group")]
    [InlineData("wait_for")]
    [InlineData("failing group")]
    public void A_shield_in_a_tasks_first_step_holds_back_a_request_that_had_to_wait_for_that_step(string kind)
    {
        bool finished = false;
        VirtualTimeLoop.Run(Main());
        finished.ShouldBeTrue();

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            if (kind == "wait_for")
            {
                task.Cancel();
            }
            await Asyncio.Wait(task);
            (!task.IsCancelled && task.Exception() is not null).ShouldBe(kind == "failing group");
        }

        async Coroutine Caller()
        {
            if (kind == "wait_for")
            {
                await Asyncio.WaitFor(Shielded(), 5);
                return;
            }
            await new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(Shielded());
                if (kind == "failing group")
                {
                    throw new FormatException();
                }
                group.Cancel();
            });
        }

        async Coroutine Shielded() => await new CancelScope(shield: true).Run(async _ =>
        {
            await Asyncio.Sleep(1);
            finished = true;
        });
    }
}
