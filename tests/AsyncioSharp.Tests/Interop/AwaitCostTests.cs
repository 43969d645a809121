using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What the possibility of a cancellation costs an await of .NET's that is not cancelled: nothing.</summary>
public class AwaitCostTests
{
    private const int Count = 1000;

    [Fact]
    public void What_has_completed_and_a_yield_are_awaited_without_an_allocation() => EmptyContext.Run(static () =>
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var done = Task.FromResult(1);
            var allocation = new Allocation();
            for (int round = 0; round < Allocation.Rounds; round++)
            {
                allocation.Begin();
                for (int i = 0; i < Count; i++)
                {
                    await done;
                    await ValueTask.FromResult(1);
                    await Task.CompletedTask.ConfigureAwait(false);
                    await Task.Yield();
                }
                allocation.End();
            }
            allocation.Least.ShouldBe(0);
        }
    });

    [Fact]
    public void What_is_pending_costs_no_more_than_the_continuation_that_NET_makes() => EmptyContext.Run(static () =>
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var allocation = new Allocation();
            var ofNet = new Allocation();
            for (int round = 0; round < Allocation.Rounds; round++)
            {
                var pending = Enumerable.Range(0, Count).Select(static _ => new TaskCompletionSource()).ToList();
                Action continuation = static () => { };
                ofNet.Begin();
                foreach (var source in pending)
                {
                    source.Task.GetAwaiter().UnsafeOnCompleted(continuation);
                }
                ofNet.End();
                var completer = new Completer(Asyncio.GetRunningLoop());
                allocation.Begin();
                for (int i = 0; i < Count; i++)
                {
                    await completer.Next();
                }
                allocation.End();
            }
            ofNet.Least.ShouldBeGreaterThan(0);
            allocation.Least.ShouldBeLessThanOrEqualTo(ofNet.Least);
        }
    });

    private sealed class Completer(EventLoop loop) : Runnable
    {
        private readonly TaskCompletionSource[] _sources = [.. Enumerable.Range(0, Count).Select(static _ => new TaskCompletionSource())];
        private int _next;

        internal Task Next()
        {
            loop.Push(this, null);
            return _sources[_next].Task;
        }

        internal override void Run(object? source) => _sources[_next++].SetResult();
    }
}
