using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>Timeouts and cancel scopes with a cancellation token.</summary>
public sealed class ScopeTokenTests : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<string> _log = [];

    public static TheoryData<string> Makers => ["seconds", "time", "deadline"];

    public void Dispose() => _source.Dispose();

    private static TimeoutScope Make(string kind, double seconds, CancellationToken token) => kind switch
    {
        "seconds" => Asyncio.Timeout(seconds, token),
        "time" => Asyncio.Timeout(TimeSpan.FromSeconds(seconds), token),
        _ => Asyncio.TimeoutAt(Asyncio.GetRunningLoop().Time + seconds, token),
    };

    [Theory]
    [MemberData(nameof(Makers))]
    public void A_token_ends_the_body_of_a_timeout_and_is_in_the_exception_inside_and_outside(string kind)
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["inside at 1, True"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            loop.CallLater(1, _source.Cancel);
            var scope = Make(kind, 5, _source.Token);
            var e = await OnLoop.Failure<CancelledException>(scope.Run(Body));
            e.CancellationToken.ShouldBe(_source.Token);
            scope.IsExpired.ShouldBeFalse();
            scope.ToString().ShouldBe("<Timeout [cancelled]>");
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(10);
            loop.Time.ShouldBe(11);
        }
    }

    [Theory]
    [MemberData(nameof(Makers))]
    public void The_time_still_ends_it_and_a_later_cancellation_of_the_token_does_nothing(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            await OnLoop.Failure<TimeoutException>(Make(kind, 1, _source.Token).Run(Body));
            (await Make(kind, 1, _source.Token).Run(static async _ => 7)).ShouldBe(7);
            _source.Cancel();
            await Asyncio.Sleep(1);
            Asyncio.GetRunningLoop().Time.ShouldBe(2);
        }
    }

    [Fact]
    public void Of_the_time_and_the_token_the_first_decides()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var e = await OnLoop.Failure<TimeoutException>(Asyncio.Timeout(1, _source.Token).Run(async _ =>
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                finally
                {
                    _source.Cancel();
                }
            }));
            e.InnerException.ShouldBeOfType<CancelledException>();
        }
    }

    [Fact]
    public void With_a_token_that_is_cancelled_already_no_statement_of_the_body_runs()
    {
        _source.Cancel();
        VirtualTimeLoop.Run(Main());
        _log.ShouldBeEmpty();

        async Coroutine Main()
        {
            var e = await OnLoop.Failure<CancelledException>(Asyncio.Timeout(1, _source.Token).Run(async _ => _log.Add("never")));
            e.CancellationToken.ShouldBe(_source.Token);
        }
    }

    [Fact]
    public void A_cancellation_of_the_task_has_precedence_over_that_of_the_token()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Limited());
            await Asyncio.Sleep(1);
            _source.Cancel();
            task.Cancel("outside");
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            task.Cancelling.ShouldBe(1);
        }

        async Coroutine Limited() => await Asyncio.Timeout(5, _source.Token).Run(Body);
    }

    [Fact]
    public void A_body_that_had_a_linked_token_and_was_told_first_ends_with_the_token_that_the_timeout_was_given()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(_source.Token);
            Asyncio.GetRunningLoop().CallLater(1, _source.Cancel);
            var e = await OnLoop.Failure<CancelledException>(Asyncio.Timeout(5, _source.Token).Run(async _ =>
            {
                await Task.Delay(-1, linked.Token);
            }));
            e.CancellationToken.ShouldBe(_source.Token);
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_token_cancels_a_cancel_scope_which_tells_why(bool before)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            if (before)
            {
                _source.Cancel();
            }
            else
            {
                Asyncio.GetRunningLoop().CallLater(1, _source.Cancel);
            }
            foreach (var scope in new CancelScope[]
            {
                new(cancellationToken: _source.Token), new(5, cancellationToken: _source.Token), new(TimeSpan.FromSeconds(5), shield: true, _source.Token),
            })
            {
                await scope.Run(async _ =>
                {
                    var e = await OnLoop.Failure<CancelledException>(Asyncio.Sleep(10));
                    e.CancellationToken.ShouldBe(_source.Token);
                    await Asyncio.Sleep(10); // it stays on
                    _log.Add("never");
                });
                scope.WasCaught.ShouldBeTrue();
                scope.Reason.ShouldBe("the token was cancelled");
                scope.CancelledBy.ShouldBeNull();
            }
            _log.ShouldBeEmpty();
            Asyncio.GetRunningLoop().Time.ShouldBe(before ? 0 : 1);
        }
    }

    [Fact]
    public void A_token_cancelled_after_the_scope_was_left_does_nothing()
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var scope = new CancelScope(5, cancellationToken: _source.Token);
            await scope.Run(static async _ => await Asyncio.Sleep(1));
            _source.Cancel();
            await Asyncio.Sleep(1);
            scope.IsCancelled.ShouldBeFalse();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
        }
    }

    private async Coroutine Body(TimeoutScope scope)
    {
        try
        {
            await Asyncio.Sleep(30);
        }
        catch (CancelledException e)
        {
            _log.Add(FormattableString.Invariant($"inside at {Asyncio.GetRunningLoop().Time}, {e.CancellationToken == _source.Token}"));
            throw;
        }
    }
}
