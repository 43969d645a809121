using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Documentation;

/// <summary>The snippets of docs/cancellation.md, and what its tables say.</summary>
public class CancellationPage
{
    private int _saved;
    private int _paid;

    [Fact]
    public void In_short()
    {
        VirtualTimeLoop.Run(Main());
        _saved.ShouldBe(1);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Work());
            await Asyncio.Sleep(1);
            task.Cancel("the window was closed"); // asks
            try
            {
                await task; // until it has cleaned up
            }
            catch (CancelledException e)
            {
                Console.WriteLine(e.CancelMessage);
            }
        }

        async Coroutine Work()
        {
            try
            {
                await Asyncio.Sleep(3600); // the exception comes out of here
            }
            finally
            {
                await SaveDraft(); // is not interrupted: a request is delivered once
            }
        }
    }

    [Fact]
    public void Holding_it_back()
    {
        VirtualTimeLoop.Run(Main());
        (_paid, _saved).ShouldBe((2, 1));

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var buying = Asyncio.CreateTask(Buy());
            var selling = Asyncio.CreateTask(SellAll());
            await Asyncio.Sleep(0.5);
            buying.Cancel();
            selling.Cancel();
            await Asyncio.Wait(buying);
            (loop.Time, _paid).ShouldBe((0.5, 0)); // the await has ended, and what it waited for has not
            await Asyncio.Wait(selling);
            (loop.Time, selling.IsCancelled).ShouldBe((2, true));
        }

        async Coroutine Buy()
        {
            await Asyncio.Shield(Pay()); // Pay goes on if Buy is cancelled, but the await ends
        }

        async Coroutine SellAll()
        {
            await new CancelScope(shield: true).Run(async _ =>
            {
                await Pay(); // is not interrupted, and neither is SellAll as long as it is here
                await SaveDraft();
            });
        }
    }

    [Fact]
    public void Ending_what_one_has_begun()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var worker = Asyncio.CreateTask(Break());
            await Asyncio.Sleep(0);
            await Stop(worker);
            worker.IsDone.ShouldBeTrue();

            var stopping = Asyncio.CreateTask(Stop(Asyncio.CreateTask(Asyncio.Sleep(3600))));
            await Asyncio.Sleep(0);
            stopping.Cancel();
            await Asyncio.Wait(stopping);
            stopping.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine Break()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException e)
            {
                throw new InvalidOperationException("broken", e);
            }
        }

        static async Coroutine Stop(CoroutineTask worker)
        {
            worker.Cancel();
            await Asyncio.Wait(worker); // throws only if this one is cancelled
            if (!worker.IsCancelled && worker.Exception() is { } failure)
            {
                Console.WriteLine($"it failed while it cleaned up: {failure.Message}");
            }
        }
    }

    [Fact]
    public void Going_on()
    {
        VirtualTimeLoop.Run(Main());
        _saved.ShouldBe(1);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Retry());
            await Asyncio.Sleep(1);
            task.Cancel("try again");
            await task;
            task.Cancelling.ShouldBe(0);
        }

        async Coroutine Retry()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException e) when (e.CancelMessage == "try again")
            {
                CoroutineTask.Current.Uncancel();
            }
            await SaveDraft();
        }
    }

    /// <summary>The table of the three limits: what each throws, and what becomes of a body that catches its end.</summary>
    [Theory]
    [InlineData("WaitFor", false, "TimeoutException")]
    [InlineData("Timeout", false, "TimeoutException")]
    [InlineData("CancelScope", false, "caught")]
    [InlineData("WaitFor", true, "went on")]
    [InlineData("Timeout", true, "went on")]
    [InlineData("CancelScope", true, "caught")]
    public void Limits(string kind, bool bodyCatches, string expected)
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(expected);

        async Coroutine<string> Main()
        {
            try
            {
                if (kind == "WaitFor")
                {
                    return await Asyncio.WaitFor(Body(), 5);
                }
                if (kind == "Timeout")
                {
                    return await Asyncio.Timeout(5).Run(async _ => await Body());
                }
                var scope = new CancelScope(5);
                return await scope.Run(async _ => await Body()) ?? (scope.WasCaught ? "caught" : "");
            }
            catch (TimeoutException)
            {
                Asyncio.GetRunningLoop().Time.ShouldBe(6); // one second for cleaning up
                return "TimeoutException";
            }
        }

        async Coroutine<string> Body()
        {
            try
            {
                await Asyncio.Sleep(3600);
            }
            catch (CancelledException) when (bodyCatches)
            {
                await Asyncio.Sleep(1);
            }
            finally
            {
                await new CancelScope(shield: true).Run(async _ => await Asyncio.Sleep(1));
            }
            return "went on";
        }
    }

    private async Coroutine SaveDraft()
    {
        await Asyncio.Sleep(1);
        _saved++;
    }

    private async Coroutine Pay()
    {
        await Asyncio.Sleep(1);
        _paid++;
    }
}
