using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Testing;

/// <summary>Whether awaiting something suspended the task, told in every kind of case.</summary>
public class SuspensionAssertTests
{
    [Fact]
    public void It_tells_what_suspends_from_what_does_not_under_every_schedule()
        => Schedules.Explore(async random =>
        {
            var loop = Asyncio.GetRunningLoop();
            var noise = Asyncio.CreateTask(Noise());
            var future = loop.CreateFuture<int>();
            var done = loop.CreateFuture<int>();
            done.SetResult(1);

            await SuspensionAssert.Suspends(Asyncio.Sleep(0));
            await SuspensionAssert.Suspends(Asyncio.Sleep(1));
            await SuspensionAssert.Suspends(Asyncio.CreateTask(Value()));
            loop.CallSoon(() => future.SetResult(5));
            (await SuspensionAssert.Suspends(future)).ShouldBe(5);
            (await SuspensionAssert.DoesNotSuspend(Value())).ShouldBe(7);
            await SuspensionAssert.DoesNotSuspend((IAwaitable)Value());
            (await SuspensionAssert.DoesNotSuspend(done)).ShouldBe(1);

            (await Failure(SuspensionAssert.Suspends(Value()))).ShouldContain("was expected to suspend");
            (await Failure(SuspensionAssert.Suspends(done))).ShouldContain("was expected to suspend");
            (await Failure(SuspensionAssert.DoesNotSuspend(Asyncio.Sleep(0)))).ShouldContain("was expected not to suspend");
            (await Failure(SuspensionAssert.DoesNotSuspend(Asyncio.Sleep(1, "x")))).ShouldContain("was expected not to suspend");
            await noise;

            async Coroutine Noise()
            {
                for (int i = 0; i < 10; i++)
                {
                    loop.CallSoon(static () => { });
                    await Asyncio.Sleep(random.Next(3) / 2);
                }
            }
        });

    [Fact]
    public void A_failure_and_a_cancellation_pass_through()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var outcomes = await Asyncio.GatherOutcomes(SuspensionAssert.Suspends(Fails()));
            outcomes[0].Exception.ShouldBeOfType<FormatException>();
            var task = Asyncio.CreateTask(SuspensionAssert.DoesNotSuspend(Asyncio.Sleep(1)));
            await Asyncio.Sleep(0);
            task.Cancel();
            await Asyncio.Wait([task]);
            task.IsCancelled.ShouldBeTrue();
        }

        static async Coroutine<int> Fails()
        {
            await Value();
            throw new FormatException();
        }
    }

    [Fact]
    public void Nothing_to_await_is_refused()
    {
        Should.Throw<ArgumentNullException>(() => SuspensionAssert.Suspends(null!));
        Should.Throw<ArgumentNullException>(() => SuspensionAssert.DoesNotSuspend(null!));
        Should.Throw<ArgumentNullException>(() => SuspensionAssert.Suspends<int>(null!));
        Should.Throw<ArgumentNullException>(() => SuspensionAssert.DoesNotSuspend<int>(null!));
    }

    private static async Coroutine<int> Value()
    {
        await Nothing();
        return 7;

        static async Coroutine Nothing()
        {
        }
    }

    private static async Coroutine<string> Failure(IAwaitable awaitable)
    {
        try
        {
            await awaitable;
            return "";
        }
        catch (SuspensionException e)
        {
            return e.Message;
        }
    }
}
