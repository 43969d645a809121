using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Coroutines;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>The exception of a cancellation (CAN-11 to CAN-14): who sees which object, its type, its trace, and the count of requests.</summary>
public class CancelledExceptionTests
{
    [Fact]
    [Rule("CAN-11")]
    public void Awaiters_see_the_very_object_that_left_the_coroutine_with_its_message_on_every_retrieval()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            CancelledException? inside = null;
            var task = Asyncio.CreateTask(Body());
            await Asyncio.Sleep(0);
            task.Cancel("why");

            (await Caught.By(task)).ShouldBeSameAs(inside);

            inside.ShouldNotBeNull().CancelMessage.ShouldBe("why");
            for (int i = 0; i < 2; i++)
            {
                Should.Throw<CancelledException>(() => task.Result()).CancelMessage.ShouldBe("why");
                Should.Throw<CancelledException>(() => task.Exception()).CancelMessage.ShouldBe("why");
                (await Caught.By(task)).ShouldBeOfType<CancelledException>().CancelMessage.ShouldBe("why");
            }

            async Coroutine<int> Body()
            {
                try
                {
                    await Asyncio.Sleep(1);
                }
                catch (CancelledException e)
                {
                    inside = e;
                    throw;
                }
                return 1;
            }
        }
    }

    [Fact]
    public void One_without_a_message_has_a_text_but_no_CancelMessage()
    {
        var exception = new CancelledException();
        exception.Message.ShouldBe("The operation was cancelled.");
        exception.CancelMessage.ShouldBeNull();
        new CancelledException("why").Message.ShouldBe("why");
    }

    [Fact]
    [Rule("CAN-11", "TASK-05")]
    public void A_subclass_that_leaves_the_coroutine_cancels_the_task_and_is_kept()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Body());
            (await Caught.By(task)).ShouldBeOfType<Special>().CancelMessage.ShouldBe("special");
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine Body() => throw new Special();
    }

    [Fact]
    public void A_throw_of_the_program_stays_in_the_trace_of_an_exception_that_the_library_has_made()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var cancelled = Asyncio.CreateTask(Asyncio.Sleep(1));
            cancelled.Cancel();
            var outcomes = await Asyncio.GatherOutcomes(cancelled);
            var thrower = Asyncio.CreateTask(Thrower(outcomes[0].Exception!));
            (await Caught.By(thrower)).ShouldBeSameAs(outcomes[0].Exception);
            outcomes[0].Exception!.StackTrace.ShouldNotBeNull().ShouldContain(nameof(Thrower));
        }

        static async Coroutine Thrower(Exception exception) => throw exception;
    }

    [Fact]
    public void No_look_at_the_outcome_takes_away_what_the_trace_has()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var cancelled = Asyncio.CreateTask(Asyncio.Sleep(1, 1));
            cancelled.Cancel();
            var outcomes = await Asyncio.GatherOutcomes(cancelled);
            var exception = Should.Throw<CancelledException>(() => outcomes[0].Value);
            Should.Throw<CancelledException>(() => Throw(exception));
            Action[] looks = [() => _ = outcomes[0].Value, () => cancelled.Exception(), () => cancelled.Result()];
            foreach (var look in looks)
            {
                Should.Throw<CancelledException>(look).ShouldBeSameAs(exception);
                exception.StackTrace.ShouldNotBeNull().ShouldContain(nameof(Throw));
            }
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Throw(Exception exception) => throw exception;
    }

    [Fact]
    [Rule("CAN-12")]
    public void Catching_every_Exception_catches_a_cancellation_too_and_a_filter_lets_it_pass()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var broad = Asyncio.CreateTask(Broad());
            var filtered = Asyncio.CreateTask(Filtered());
            await Asyncio.Sleep(0);
            broad.Cancel();
            filtered.Cancel();
            (await broad).ShouldBe("caught");
            (await Caught.By(filtered)).ShouldBeOfType<CancelledException>();
            typeof(CancelledException).BaseType.ShouldBe(typeof(OperationCanceledException));
        }

        static async Coroutine<string> Broad()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
#pragma warning disable ASYNCIO004 // what such a handler does is the subject
            catch (Exception)
#pragma warning restore ASYNCIO004
            {
                return "caught";
            }
            return "slept";
        }

        static async Coroutine<string> Filtered()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            catch (Exception e) when (e is not CancelledException)
            {
                return "caught";
            }
            return "slept";
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rule("CAN-13")]
    public void The_trace_seen_outside_names_the_interrupted_coroutine(bool withHandler)
    {
        VirtualTimeLoop.Run(Test());

        async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Outer());
            await Asyncio.Sleep(0);
            task.Cancel();
            var failure = await Caught.By(task);
            string trace = failure.ShouldBeOfType<CancelledException>().StackTrace.ShouldNotBeNull();
            trace.ShouldContain(withHandler ? nameof(Handling) : nameof(Plain));
            trace.ShouldContain(nameof(Outer));
        }

        async Coroutine Outer() => await (withHandler ? Handling() : Plain());

        static async Coroutine Plain() => await Asyncio.Sleep(1);

        static async Coroutine Handling()
        {
            try
            {
                await Asyncio.Sleep(1);
            }
            finally
            {
                GC.KeepAlive(null);
            }
        }
    }

    [Fact]
    [Rule("CAN-13")]
    public void A_coroutine_without_a_handler_around_one_with_a_handler_stands_in_the_trace()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(OuterWithoutHandler(Asyncio.GetRunningLoop().CreateFuture<int>()));
            await Asyncio.Sleep(0);
            task.Cancel();
            (await Caught.By(task)).ShouldNotBeNull().StackTrace.ShouldNotBeNull().ShouldContain(nameof(OuterWithoutHandler));
        }

        static async Coroutine OuterWithoutHandler(Future<int> future) => await Handling(future);

        static async Coroutine Handling(Future<int> future)
        {
            try
            {
                await future;
            }
            finally
            {
                GC.KeepAlive(null);
            }
        }
    }

    [Fact]
    [Rule("CAN-13")]
    public void The_trace_names_every_task_on_the_way_from_the_inside_outwards_and_no_other_that_awaits_the_same()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var inner = Asyncio.CreateTask(Interrupted());
            CoroutineTask[] others = [Asyncio.CreateTask(AwaitingToo(inner)), Asyncio.CreateTask(AwaitingToo(inner))];
            var middle = Asyncio.CreateTask(Between(inner));
            var outer = Asyncio.CreateTask(Outermost(middle));
            await Asyncio.Sleep(0);
            inner.Cancel();
            await Asyncio.Wait([.. others, middle, outer]);

            string trace = Should.Throw<CancelledException>(() => outer.Result()).StackTrace.ShouldNotBeNull();

            string[] names = [nameof(Interrupted), nameof(Between), nameof(Outermost)];
            int[] places = [.. names.Select(name => trace.IndexOf(name, StringComparison.Ordinal))];
            places.ShouldAllBe(static place => place >= 0);
            places.ShouldBeInOrder();
            trace.ShouldNotContain(nameof(AwaitingToo));
        }

        static async Coroutine Interrupted() => await Asyncio.Sleep(1);
        static async Coroutine AwaitingToo(CoroutineTask task) => await task;
        static async Coroutine Between(CoroutineTask task) => await task;
        static async Coroutine Outermost(CoroutineTask task) => await task;
    }

    [Fact]
    [Rule("CAN-14")]
    [CPython("test_tasks.py::BaseTaskTests.test_cancelling")]
    public void Cancelling_counts_requests_and_Uncancel_lowers_the_count_not_below_zero()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Long());
            await Asyncio.Sleep(0);
            task.Cancelling.ShouldBe(0);
            task.Uncancel().ShouldBe(0);
            task.Cancel();
            task.Cancelling.ShouldBe(1);
            task.Cancel().ShouldBeTrue();
            task.Cancelling.ShouldBe(2);
            task.Uncancel().ShouldBe(1);
            task.Uncancel().ShouldBe(0);
            task.Uncancel().ShouldBe(0);
            task.Cancelling.ShouldBe(0);

            // An exception on its way is not stopped.
            (await Caught.By(task)).ShouldBeOfType<CancelledException>();
            task.IsCancelled.ShouldBeTrue();
            task.Cancel();
            task.Cancelling.ShouldBe(0);
        }

        static async Coroutine Long() => await Asyncio.Sleep(100);
    }

    [Theory]
    [InlineData("unstarted")]
    [InlineData("turn")]
    [InlineData("queued")]
    [InlineData("self")]
    [Rule("CAN-14")]
    [CPython("test_tasks.py::BaseTaskTests.test_uncancel_resets_must_cancel")]
    public void Uncancel_to_zero_withdraws_a_request_that_was_only_remembered(string where)
    {
        VirtualTimeLoop.Run(Test()).ShouldBe("went on");

        async Coroutine<string> Test()
        {
            var future = Asyncio.GetRunningLoop().CreateFuture<int>();
            var task = Asyncio.CreateTask(Body(where, future));
            if (where is "turn" or "queued")
                await Asyncio.Sleep(0);
            if (where == "queued")
                future.SetResult(1);
            if (where != "self")
            {
                task.Cancel();
                task.Uncancel().ShouldBe(0);
            }
            return await task;
        }

        static async Coroutine<string> Body(string where, Future<int> future)
        {
            if (where == "self")
            {
                Asyncio.CurrentTask()!.Cancel();
                Asyncio.CurrentTask()!.Uncancel();
            }
            if (where == "queued")
                await future;
            else
                await Asyncio.Sleep(0);
            return "went on";
        }
    }

    [Fact]
    [Rule("CAN-14")]
    public void A_request_that_is_not_the_last_stays()
    {
        VirtualTimeLoop.Run(Test());

        static async Coroutine Test()
        {
            var task = Asyncio.CreateTask(Asyncio.Sleep(1, "slept"));
            task.Cancel("one");
            task.Cancel("two");
            task.Uncancel().ShouldBe(1);
            (await Caught.By(task)).ShouldBeOfType<CancelledException>();
        }
    }

    private sealed class Special() : CancelledException("special");
}
