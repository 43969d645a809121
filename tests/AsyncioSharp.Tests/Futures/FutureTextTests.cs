using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Futures;

/// <summary>The text form of futures (FUT-16): state, callbacks or outcome, shortened where it could be long.</summary>
public sealed class FutureTextTests : IDisposable
{
    private readonly EventLoop _loop = VirtualTimeLoop.Create();

    public void Dispose() => _loop.Close();

    [Fact]
    [Rule("FUT-16")]
    [CPython("test_futures.py::BaseFutureTests.test_future_repr")]
    public void The_state_is_named()
    {
        var finished = _loop.CreateFuture<int>();
        finished.SetResult(42);
        var failed = _loop.CreateFuture<int>();
        failed.SetException(new FormatException("text"));
        failed.Exception();
        var cancelled = _loop.CreateFuture<int>();
        cancelled.Cancel();

        _loop.CreateFuture<int>().ToString().ShouldBe("<Future pending>");
        finished.ToString().ShouldBe("<Future finished result=42>");
        failed.ToString().ShouldBe("<Future finished exception=FormatException('text')>");
        cancelled.ToString().ShouldBe("<Future cancelled>");
    }

    [Fact]
    [Rule("FUT-16")]
    [CPython("test_futures.py::BaseFutureTests.test_future_repr", Deviation = "callbacks are named without file and line")]
    public void A_pending_one_lists_its_callbacks_the_first_and_the_last_of_many()
    {
        var future = _loop.CreateFuture<int>();
        future.AddDoneCallback(First);
        future.ToString().ShouldBe("<Future pending cb=[FutureTextTests.First()]>");
        future.AddDoneCallback(Second);
        future.ToString().ShouldBe("<Future pending cb=[FutureTextTests.First(), FutureTextTests.Second()]>");
        future.AddDoneCallback(Second);
        future.AddDoneCallback(Third);
        future.ToString().ShouldBe("<Future pending cb=[FutureTextTests.First(), <2 more>, FutureTextTests.Third()]>");
        future.RemoveDoneCallback(First);
        future.RemoveDoneCallback(Second);
        future.ToString().ShouldBe("<Future pending cb=[FutureTextTests.Third()]>");
        future.RemoveDoneCallback(Third);
        future.ToString().ShouldBe("<Future pending>");
    }

    [Fact]
    [Rule("FUT-16")]
    public void Long_results_are_shortened_and_exceptions_are_not()
    {
        Text(new string('a', 50) + new string('z', 50)).ShouldMatch("^<Future finished result='a{5,20}\\.\\.\\.z{5,20}'>$");
        Text(Enumerable.Range(0, 9).ToList()).ShouldBe("<Future finished result=[0, 1, 2, 3, 4, 5, ...]>");
        Text(Enumerable.Range(0, 6).ToArray()).ShouldBe("<Future finished result=[0, 1, 2, 3, 4, 5]>");
        Text(Enumerable.Range(0, 7).ToHashSet()).ShouldBe("<Future finished result={0, 1, 2, 3, 4, 5, ...}>");
        Text((1, "a", (Name: "b", Null: (object?)null))).ShouldBe("<Future finished result=(1, 'a', ('b', null))>");
        Text(Tuple.Create('c', true)).ShouldBe("<Future finished result=(c, true)>");
        Text((0, 1, 2, 3, 4, 5, 6, 7, 8)).ShouldBe("<Future finished result=(0, 1, 2, 3, 4, 5, ...)>");
        Text(Enumerable.Range(0, 5).ToDictionary(i => i, i => i * i)).ShouldBe("<Future finished result={0: 0, 1: 1, 2: 4, 3: 9, ...}>");

        var failed = _loop.CreateFuture<int>();
        failed.SetException(new FormatException(new string('x', 200)));
        failed.Exception();
        failed.ToString().ShouldContain(new string('x', 200));
    }

    [Fact]
    [Rule("FUT-16")]
    public void A_future_inside_its_own_result_prints_dots()
    {
        var future = _loop.CreateFuture<object>();
        future.SetResult(new object[] { future, 1 });
        future.ToString().ShouldBe("<Future finished result=[..., 1]>");
    }

    [Fact]
    [Rule("FUT-16")]
    [CPython("test_futures.py::BaseFutureTests.test_future_repr")]
    public void Debug_mode_adds_where_it_was_created()
    {
        _loop.Debug = true;
        _loop.CreateFuture<int>().ToString().ShouldMatch("^<Future pending created at .+>$");
    }

    private static void First(Future future)
    {
    }

    private static void Second(Future future)
    {
    }

    private static void Third(Future future)
    {
    }

    private string Text<T>(T result)
    {
        var future = _loop.CreateFuture<T>();
        future.SetResult(result);
        return future.ToString();
    }
}
