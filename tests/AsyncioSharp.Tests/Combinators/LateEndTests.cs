using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Combinators;

/// <summary>
/// Of two futures, the loop completes the second in its first iteration, after the first was completed while it did not run, which is told in the same iteration, but
/// later. What follows, and in which iteration, is CPython's (3.9 and 3.13).
/// </summary>
public sealed class LateEndTests
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();
    private readonly List<string> _log = [];

    [Fact]
    public void A_gather_is_done_in_the_turn_of_the_end_that_came_last()
    {
        var (first, second) = (_loop.CreateFuture<int>(), _loop.CreateFuture<int>());
        Asyncio.Gather(first, second).AddDoneCallback(_ => _log.Add("done"));

        CompleteBoth(first, () => second.SetResult(2));

        _log.ShouldBe(["1", "2", "3", "done", "4", "5"]);
    }

    [Theory]
    [InlineData(ReturnWhen.AllCompleted, 2, "1, 2, 3, done 2, 4, 5")]
    [InlineData(ReturnWhen.FirstException, 2, "1, 2, 3, done 2, 4, 5")]
    [InlineData(ReturnWhen.FirstCompleted, 3, "1, 2, done 2, 3, 4, 5")]
    public void A_wait_is_over_in_the_turn_of_the_end_that_decides(ReturnWhen returnWhen, int count, string expected)
    {
        var futures = Enumerable.Range(0, count).Select(_ => _loop.CreateFuture<int>()).ToArray();
        _ = _loop.CreateTask(Waits());
        _loop.RunOnce();

        CompleteBoth(futures[0], () => futures[1].SetException(new FormatException()));

        string.Join(", ", _log).ShouldBe(expected);
        futures[1].Exception().ShouldBeOfType<FormatException>();

        async Coroutine Waits()
        {
            var (done, _) = await Asyncio.Wait(futures, returnWhen: returnWhen);
            _log.Add($"done {done.Count}");
        }
    }

    [Fact]
    public void Of_two_failures_the_earlier_one_is_told()
    {
        var (first, second) = (_loop.CreateFuture<int>(), _loop.CreateFuture<int>());
        var gather = Asyncio.Gather(first, second);

        _loop.CallSoon(() => second.SetException(new FormatException("later")));
        first.SetException(new FormatException("earlier"));
        _loop.IterationsUntil(() => gather.IsDone);

        Should.Throw<FormatException>(() => gather.Result()).Message.ShouldBe("earlier");
        second.Exception().ShouldBeOfType<FormatException>();
        _loop.Close();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Once_those_have_had_their_turns_an_end_that_decides_nothing_takes_none_again(bool waits)
    {
        var futures = Enumerable.Range(0, 3).Select(_ => _loop.CreateFuture<int>()).ToArray();
        _loop.CreateTask(Waits(), name: "waits").AddDoneCallback(_ => _log.Add("done"));
        _loop.RunOnce();
        futures[0].SetResult(0);
        _loop.RunOnce();

        _loop.CallSoon(() =>
        {
            futures[1].SetResult(1);
            _loop.ReadyEntries().ShouldBeEmpty();
            futures[2].SetResult(2);
        });
        _loop.IterationsUntil(() => _log is ["done"]);
        _loop.Close();

        async Coroutine Waits()
        {
            if (waits)
            {
                await Asyncio.Wait(futures);
            }
            else
            {
                await Asyncio.Gather(futures);
            }
        }
    }

    private void CompleteBoth(Future<int> first, Action second)
    {
        int iteration = 0;
        _loop.CallSoon(Tick);
        _loop.CallSoon(second);
        first.SetResult(1);
        _loop.RunForever();
        _loop.Close();

        void Tick()
        {
            _log.Add($"{++iteration}");
            if (iteration < 5)
            {
                _loop.CallSoon(Tick);
            }
            else
            {
                _loop.Stop();
            }
        }
    }
}
