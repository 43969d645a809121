using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>An iterator that was dropped is disposed once, by whoever comes first, and what it throws then is reported once.</summary>
public class IteratorWatchTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void One_that_is_sent_to_its_loop_twice_is_disposed_once()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["disposed"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            var iterator = Numbers();
            await iterator.MoveNextAsync();
            var disposal = loop.DisposalOf(iterator).ShouldNotBeNull();
            disposal.Wake(null);
            disposal.Wake(null);
            await Asyncio.Sleep(10);
            reports.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task One_whose_loop_is_closed_is_disposed_and_a_failure_reported()
    {
        var loop = new EventLoop();
        var reported = new TaskCompletionSource<ExceptionContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.ExceptionHandler = (_, context) => reported.TrySetResult(context);
        var iterator = Failing();
        loop.RunUntilComplete(Main());
        var disposal = loop.DisposalOf(iterator).ShouldNotBeNull();
        loop.Close();
        disposal.Wake(null).ShouldBeFalse();
        var report = await reported.Task.WaitAsync(TimeSpan.FromSeconds(Signal.LimitSeconds));
        report.Exception.ShouldBeOfType<FormatException>();
        report.AsyncGenerator.ShouldBeSameAs(iterator);

        async Coroutine Main() => await iterator.MoveNextAsync();

        static async IAsyncEnumerator<int> Failing()
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                Throw();
            }
        }

        static void Throw() => throw new FormatException();
    }

    [Fact]
    public void A_cancellation_of_its_own_at_the_end_of_one_is_no_failure_and_the_others_are_disposed()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["disposed"]);

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            var cancelled = loop.CreateFuture();
            cancelled.Cancel();
            var first = Cancelled(cancelled);
            var second = Numbers();
            await first.MoveNextAsync();
            await second.MoveNextAsync();
            await loop.ShutdownAsyncGenerators();
            reports.ShouldBeEmpty();
        }

        static async IAsyncEnumerator<int> Cancelled(Future cancelled)
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                await cancelled;
            }
        }
    }

    [Fact]
    public void An_interrupt_at_the_end_of_one_leaves_the_loop()
    {
        Should.Throw<KeyboardInterruptException>(() => VirtualTimeLoop.Run(Main()));

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var reports = loop.CollectReports();
            var iterator = Interrupted();
            await iterator.MoveNextAsync();
            await loop.ShutdownAsyncGenerators();
            reports.ShouldBeEmpty();
        }

        static async IAsyncEnumerator<int> Interrupted()
        {
            try
            {
                await Asyncio.Sleep(0);
                yield return 1;
            }
            finally
            {
                Throw();
            }
        }

        static void Throw() => throw new KeyboardInterruptException();
    }

    private async IAsyncEnumerator<int> Numbers()
    {
        try
        {
            await Asyncio.Sleep(0);
            yield return 1;
        }
        finally
        {
            await Asyncio.Sleep(1);
            _log.Add("disposed");
        }
    }
}
