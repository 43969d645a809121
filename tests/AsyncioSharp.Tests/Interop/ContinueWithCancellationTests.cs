using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A cancellation finds its way through <c>ContinueWith</c> as it does through an await, and stops where nobody waits.</summary>
public class ContinueWithCancellationTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void A_method_whose_continuation_nobody_awaits_is_left_alone()
    {
        VirtualTimeLoop.Run(CancelAtOne(Caller));
        _log.ShouldBe(["caller at 1", "method at 5"]);

        async Coroutine Caller()
        {
            _ = Method().ContinueWith(static _ => { }, TaskScheduler.Default);
            try
            {
                await new TaskCompletionSource().Task;
            }
            finally
            {
                Log("caller");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_whose_continuation_is_awaited_is_cancelled_first(bool givesTask)
    {
        VirtualTimeLoop.Run(CancelAtOne(Caller));
        _log.ShouldBe(["method at 1", "caller at 1"]);

        async Coroutine Caller()
        {
            var synchronously = TaskContinuationOptions.ExecuteSynchronously;
            try
            {
                await (givesTask
                    ? Method().ContinueWith(static method => method, CancellationToken.None, synchronously, TaskScheduler.Default).Unwrap()
                    : Method().ContinueWith(static method => method.GetAwaiter().GetResult(), CancellationToken.None, synchronously, TaskScheduler.Default));
            }
            finally
            {
                Log("caller");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_method_that_is_left_behind_under_one_gets_it_where_it_waits_next(bool givesATask)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["caller", "method"]);

        async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var task = Asyncio.CreateTask(Caller(source.Task));
            await Asyncio.Sleep(1);
            task.Cancel("stop");
            await Asyncio.Wait(task);
            source.SetResult();
            await OnLoop.Turns(3);
        }

        async Coroutine Caller(Task operation)
        {
            try
            {
                var method = Method(operation);
                await (givesATask
                    ? method.ContinueWith(static method => method, TaskScheduler.Default)
                    : method.ContinueWith(static method => { }, TaskScheduler.Default));
            }
            catch (CancelledException)
            {
                _log.Add("caller");
                throw;
            }
        }

        async Task Method(Task operation)
        {
            await operation;
            try
            {
                await Asyncio.Sleep(100);
            }
            catch (CancelledException e) when (e.CancelMessage == "stop")
            {
                _log.Add("method");
                throw;
            }
        }
    }

    private static async Coroutine CancelAtOne(Func<Coroutine> caller)
    {
        var task = Asyncio.CreateTask(caller());
        await Asyncio.Sleep(1);
        task.Cancel();
        await OnLoop.Failure<OperationCanceledException>(task);
        await Asyncio.Sleep(10);
    }

    private async Task Method()
    {
        try
        {
            await Asyncio.Sleep(5);
        }
        finally
        {
            Log("method");
        }
    }

    private void Log(string who) => _log.Add(FormattableString.Invariant($"{who} at {Asyncio.GetRunningLoop().Time}"));
}
