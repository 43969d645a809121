using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Threads;

/// <summary><c>ConcurrentFuture</c> by itself: states, blocking, callbacks, and its form as a .NET task.</summary>
public class ConcurrentFutureTests
{
    [Fact, Rule("RCT-01")]
    public void Result_blocks_until_another_thread_completes_it()
    {
        var future = new ConcurrentFuture<int>();
        var waiting = new Signal();
        int result = 0;
        var thread = new TestThread(() =>
        {
            waiting.Set();
            result = future.Result();
        });
        waiting.Wait();
        future.Run(() => 5);
        thread.Join();

        result.ShouldBe(5);
    }

    [Fact]
    public void It_goes_from_pending_over_running_to_done()
    {
        var future = new ConcurrentFuture<int>();
        (future.IsDone, future.IsRunning, future.IsCancelled).ShouldBe((false, false, false));
        future.Run(() =>
        {
            (future.IsDone, future.IsRunning, future.IsCancelled).ShouldBe((false, true, false));
            future.ToString().ShouldBe("<ConcurrentFuture running>");
            return 5;
        });
        (future.IsDone, future.IsRunning, future.IsCancelled).ShouldBe((true, false, false));
        future.ToString().ShouldBe("<ConcurrentFuture succeeded>");
        future.Exception(0).ShouldBeNull();
    }

    [Fact]
    public void It_can_run_only_once()
    {
        var future = new ConcurrentFuture<int>();
        future.Run(() => 1);
        future.Run(() => 2);
        future.Result(0).ShouldBe(1);
        future.Cancel().ShouldBeFalse();
    }

    [Fact]
    public void The_timeout_may_be_a_TimeSpan_and_must_not_be_NaN()
    {
        var future = new ConcurrentFuture<int>();
        Should.Throw<TimeoutException>(() => future.Result(TimeSpan.FromMilliseconds(1)));
        Should.Throw<TimeoutException>(() => future.Result(-1.0));
        Should.Throw<ArgumentException>(() => future.Result(double.NaN)).ParamName.ShouldBe("timeout");
        future.Run(() => 1);
        future.Result(TimeSpan.Zero).ShouldBe(1);
    }

    [Fact]
    public void Callbacks_are_called_by_the_completing_thread_in_order()
    {
        var future = new ConcurrentFuture<int>();
        var order = new List<(string, int)>();
        future.AddDoneCallback(f => order.Add(($"first {f.IsDone}", Environment.CurrentManagedThreadId)));
        future.AddDoneCallback(_ => order.Add(("second", Environment.CurrentManagedThreadId)));
        int completing = 0;
        new TestThread(() =>
        {
            completing = Environment.CurrentManagedThreadId;
            future.Run(() => 1);
        }).Join();
        future.AddDoneCallback(_ => order.Add(("late", Environment.CurrentManagedThreadId)));

        order.ShouldBe([("first True", completing), ("second", completing), ("late", Environment.CurrentManagedThreadId)]);
        Should.Throw<ArgumentNullException>(() => future.AddDoneCallback(null!));
    }

    [Fact]
    public void A_failing_callback_harms_neither_the_others_nor_the_thread()
    {
        var future = new ConcurrentFuture<int>();
        bool called = false;
        future.AddDoneCallback(static _ => throw new FormatException("expected by a test"));
        future.AddDoneCallback(_ => called = true);
        future.Run(() => 1);

        called.ShouldBeTrue();
        future.Result(0).ShouldBe(1);
    }

    [Fact]
    public async Task AsTask_has_the_same_outcome()
    {
        var succeeding = new ConcurrentFuture<int>();
        var failing = new ConcurrentFuture<int>();
        var cancelled = new ConcurrentFuture<int>();
        var (a, b, c) = (succeeding.AsTask(), failing.AsTask(), cancelled.AsTask());
        a.IsCompleted.ShouldBeFalse();
        succeeding.Run(() => 5);
        failing.Run(() => throw new FormatException());
        cancelled.Cancel();

        (await a).ShouldBe(5);
        await Should.ThrowAsync<FormatException>(b);
        await Should.ThrowAsync<OperationCanceledException>(c);
        c.IsCanceled.ShouldBeTrue();
        (await succeeding.AsTask()).ShouldBe(5);
    }
}
