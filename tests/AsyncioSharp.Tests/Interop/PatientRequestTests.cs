using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Interop.Support;

namespace AsyncioSharp.Tests.Interop;

/// <summary>
/// A request to cancel waits for methods that are about to go on, so that each gets the exception where it waits next, but not for ever.
/// </summary>
public class PatientRequestTests
{
    private readonly List<string> _log = [];
    private readonly QueueContext _elsewhere = new();

    [Fact]
    public void Where_a_method_does_not_go_on_the_one_that_awaits_it_gets_the_exception_before_the_caller()
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["outer: stop", "caller", "inner went on"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            operation.SetResult();
            task.Cancel("stop");
            await Asyncio.Wait(task);
            _elsewhere.RunAll();
        }

        async Coroutine Caller()
        {
            try
            {
                await Outer();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Outer()
        {
            try
            {
                await Elsewhere(operation.Task);
            }
            catch (CancelledException e)
            {
                _log.Add($"outer: {e.CancelMessage}");
                throw;
            }
        }
    }

    [Fact]
    public void Each_request_waits_anew()
    {
        var operation = new TaskCompletionSource();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["outer: first", "inner went on", "outer went on", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            operation.SetResult();
            task.Cancel("first");
            while (_log.Count == 0)
            {
                await Asyncio.Sleep(0);
            }
            await Asyncio.Sleep(1);
            task.Cancel("second");
            _elsewhere.RunAll();
            await Asyncio.Wait(task);
        }

        async Coroutine Caller()
        {
            try
            {
                await Outer(Elsewhere(operation.Task));
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Outer(Task inner)
        {
            try
            {
                await inner;
            }
            catch (CancelledException e)
            {
                _log.Add($"outer: {e.CancelMessage}");
                await inner;
            }
            _log.Add("outer went on");
            await Never();
        }
    }

    [Fact]
    public void Methods_that_give_others_their_turn_one_after_the_other_are_each_waited_for()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["outer", "caller"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(0);
            task.Cancel();
            await Asyncio.Wait(task);
            await Asyncio.Sleep(1);
        }

        async Coroutine Caller()
        {
            try
            {
                await Outer();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Outer()
        {
            await Inner();
            try
            {
                await Task.Yield();
                await Never();
            }
            finally
            {
                _log.Add("outer");
            }
        }

        static async Task Inner() => await Task.Yield();
    }

    [Fact]
    public void A_method_that_gives_others_their_turn_for_ever_is_left_behind_soon()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            int turns = 0;
            int asked = 0;
            bool isOver = false;
            var task = Asyncio.CreateTask(Caller());
            await OnLoop.Turns(5);
            asked = turns;
            task.Cancel();
            await Asyncio.Wait(task);
            (turns - asked).ShouldBeLessThan(10);
            isOver = true;
            await OnLoop.Turns(5);

            async Coroutine Caller() => await Yielding();

            async Task Yielding()
            {
                for (; !isOver; turns++)
                {
                    await Task.Yield();
                }
            }
        }
    }

    [Theory]
    [InlineData(150, true)]
    [InlineData(20_000, false)]
    public void A_method_that_waits_for_one_thing_after_the_other_which_are_all_about_to_end_is_waited_for_but_not_for_ever(int things, bool isReached)
    {
        int begun = 0;
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(isReached ? ["method", "caller"] : ["caller", "method"]);
        begun.ShouldBe(things);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await OnLoop.Turns(5);
            task.Cancel();
            await Asyncio.Wait(task);
            await Asyncio.Sleep(1);
        }

        async Coroutine Caller()
        {
            try
            {
                await Method();
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Method()
        {
            try
            {
                while (begun < things)
                {
                    begun++;
                    await new PostingSource { EndsWhenAwaited = true }.ValueTask;
                }
                await Never();
            }
            finally
            {
                _log.Add("method");
            }
        }
    }

    [Theory]
    [InlineData("value task")]
    [InlineData("value task of T")]
    [InlineData("configured value task")]
    [InlineData("configured value task of T")]
    public void That_the_source_of_a_value_task_has_ended_is_seen_in_each_form(string form)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["method", "caller"]);

        async Coroutine Main()
        {
            var source = new PostingSource();
            var task = Asyncio.CreateTask(Caller(source));
            await Asyncio.Sleep(1);
            source.Complete();
            task.Cancel();
            await Asyncio.Wait(task);
        }

        async Coroutine Caller(PostingSource source)
        {
            try
            {
                await Method(source);
            }
            finally
            {
                _log.Add("caller");
            }
        }

        async Task Method(PostingSource source)
        {
            switch (form)
            {
                case "value task": await source.ValueTask; break;
                case "value task of T": (await source.ValueTaskOfT).ShouldBe(0); break;
                case "configured value task": await source.ValueTask.ConfigureAwait(true); break;
                default: (await source.ValueTaskOfT.ConfigureAwait(true)).ShouldBe(0); break;
            }
            try
            {
                await Never();
            }
            finally
            {
                _log.Add("method");
            }
        }
    }

    private async Task Elsewhere(Task operation)
    {
        SynchronizationContext.SetSynchronizationContext(_elsewhere);
        await operation;
        _log.Add("inner went on");
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);
}
