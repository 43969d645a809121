using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Awaits in the cleaning up of a cancelled task: a request to cancel is delivered once.</summary>
public class CleanupAwaitTests
{
    private readonly List<string> _log = [];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void They_are_interrupted_only_if_the_task_is_cancelled_again(bool dotnet, bool again)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(again ? ["interrupted"] : ["closed"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Use());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(1);
            if (again)
            {
                task.Cancel();
            }
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Use()
        {
            await using var connection = new Connection(this, dotnet);
            await Asyncio.Sleep(60);
        }
    }

    [Fact]
    public void A_timeout_around_them_ends_them()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["interrupted", "in time"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Use());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Use()
        {
            try
            {
                await Asyncio.Sleep(60);
            }
            finally
            {
                try
                {
                    await Asyncio.WaitFor(Close(), timeout: 5);
                }
                catch (TimeoutException)
                {
                    _log.Add("in time");
                }
            }
        }

        async Coroutine Close() => await new Connection(this, dotnet: true).DisposeAsync();
    }

    [Fact]
    public void The_tasks_token_stays_cancelled_in_them()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["token"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Use());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Use()
        {
            var token = CoroutineTask.Current.CancellationToken;
            try
            {
                await Asyncio.Sleep(60);
            }
            finally
            {
                try
                {
                    await Task.Delay(1000, token);
                }
                catch (OperationCanceledException e) when (e.CancellationToken == token)
                {
                    _log.Add("token");
                }
            }
        }
    }

    private sealed class Connection(CleanupAwaitTests test, bool dotnet) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            try
            {
                if (dotnet)
                {
                    await Task.Delay(TimeSpan.FromSeconds(10), Asyncio.GetRunningLoop().TimeProvider);
                }
                else
                {
                    await Asyncio.Sleep(10);
                }
                test._log.Add("closed");
            }
            catch (CancelledException)
            {
                test._log.Add("interrupted");
                throw;
            }
        }
    }
}
