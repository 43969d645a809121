using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>The task's own token tells what reaches the task's code, whatever kind of scope asks, and not what a shield holds back.</summary>
public class OwnTokenInScopesTests
{
    [Fact]
    public void A_scope_cancels_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CancellationToken token = default;
            var scope = new CancelScope();
            await scope.Run(async _ =>
            {
                token = CoroutineTask.Current.CancellationToken;
                scope.Cancel("enough");
                token.IsCancellationRequested.ShouldBeTrue();
                var failure = await OnLoop.Failure<CancelledException>(Asyncio.Sleep(1));
                (failure.CancelMessage, failure.CancellationToken).ShouldBe(("enough", token));
                throw failure;
            });
            CoroutineTask.Current.CancellationToken.IsCancellationRequested.ShouldBeFalse(); // a new one
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_timeout_cancels_it_also_inside_a_scope(bool inScope)
    {
        VirtualTimeLoop.Run(inScope ? new CancelScope().Run(async _ => await Main()) : Main());

        static async Coroutine Main()
        {
            CancellationToken token = default;
            var failure = await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1).Run(async _ =>
            {
                token = CoroutineTask.Current.CancellationToken;
                await Asyncio.Sleep(5);
            }));
            token.IsCancellationRequested.ShouldBeTrue();
            failure.InnerException.ShouldBeOfType<CancelledException>().CancellationToken.ShouldBe(token);
            CoroutineTask.Current.CancellationToken.IsCancellationRequested.ShouldBeFalse();
        }
    }

    [Fact]
    public void What_a_shield_holds_back_cancels_it_when_the_shield_is_left()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            CancellationToken token = default;
            bool inside = true;
            bool after = false;
            var task = Asyncio.CreateTask(Shielded());
            await Asyncio.Sleep(1);
            task.Cancel("held back");
            var failure = await OnLoop.Failure<CancelledException>(task);
            (inside, after).ShouldBe((false, true));
            (failure.CancelMessage, failure.CancellationToken).ShouldBe(("held back", token));

            async Coroutine Shielded()
            {
                await new CancelScope(shield: true).Run(async _ =>
                {
                    token = CoroutineTask.Current.CancellationToken;
                    await Asyncio.Sleep(3);
                    inside = token.IsCancellationRequested;
                });
                after = token.IsCancellationRequested;
                await Asyncio.Sleep(100);
            }
        }
    }

    [Fact]
    public void Its_callbacks_find_a_scope_that_is_cancelled_and_may_cancel_others()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var outer = new CancelScope();
            var inner = new CancelScope();
            string? seen = null;
            await outer.Run(async _ =>
            {
                await inner.Run(async _ =>
                {
                    CoroutineTask.Current.CancellationToken.Register(() =>
                    {
                        seen = inner.ToString();
                        outer.Cancel("by a callback");
                    });
                    Asyncio.GetRunningLoop().CallLater(1, () => inner.Cancel("first"));
                    await Asyncio.Sleep(10);
                });
            });
            seen.ShouldBe("<CancelScope [active] cancelled: 'first'>");
            (inner.IsCancelled, inner.WasCaught, outer.WasCaught).ShouldBe((true, false, true)); // of two, the outer one ends all
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }
}
