using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>What a task leaves behind does not slow it down: what has no methods in it is not noted, each operation is noted once, and a turn looks at a few.</summary>
public class LeftOperationsTests
{
    [Fact]
    public void What_no_method_ends_is_not_noted_and_what_leads_to_methods_is()
    {
        MethodChain.MayHaveMethods(Task.Delay(-1)).ShouldBeFalse();
        MethodChain.MayHaveMethods(Task.Delay(-1, new CancellationTokenSource().Token)).ShouldBeFalse();
        MethodChain.MayHaveMethods(new SemaphoreSlim(0).WaitAsync()).ShouldBeFalse();
        MethodChain.MayHaveMethods(new TaskCompletionSource<int>().Task).ShouldBeFalse();
        MethodChain.MayHaveMethods(Task.WhenAny(Method(), Method())).ShouldBeFalse();
        MethodChain.MayHaveMethods(Task.WhenAny(Method(), Method(), Method())).ShouldBeFalse();
        MethodChain.MayHaveMethods(Method()).ShouldBeTrue();
        MethodChain.MayHaveMethods(Task.WhenAll(Method(), Method())).ShouldBeTrue();
        MethodChain.MayHaveMethods(Method().ContinueWith(static _ => { }, TaskScheduler.Default)).ShouldBeTrue();
        MethodChain.MayHaveMethods(Method().ContinueWith(static _ => Method(), TaskScheduler.Default)).ShouldBeTrue();
        MethodChain.MayHaveMethods(Method().ContinueWith(static _ => Method(), TaskScheduler.Default).Unwrap()).ShouldBeTrue();
        MethodChain.MayHaveMethods(Method().WaitAsync(TimeSpan.FromDays(1))).ShouldBeTrue();

        static async Task Method() => await new TaskCompletionSource().Task;
    }

    [Fact]
    public void A_turn_looks_at_a_few_and_each_has_its_turn()
    {
        const int Count = 100;
        var left = new LeftOperations();
        TaskCompletionSource[] ends = [.. Enumerable.Range(0, Count).Select(static _ => new TaskCompletionSource())];
        foreach (var end in ends)
        {
            left.Add(new object(), end.Task, null);
        }
        HashSet<object> seen = [];
        for (int turn = 0; turn < Count / 4; turn++)
        {
            var next = left.Next();
            next.Count.ShouldBe(4);
            seen.UnionWith(next.Select(static one => one.End));
        }
        seen.Count.ShouldBe(Count);
        Array.ForEach(ends, static end => end.SetResult());
        for (int turn = 0; turn < Count / 4; turn++)
        {
            left.Next().ShouldBeEmpty();
        }
        left.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_newer_request_for_an_operation_takes_the_place_of_the_older()
    {
        object operation = new();
        var never = new TaskCompletionSource().Task;
        for (int requests = 1; requests <= 100; requests++)
        {
            var left = new LeftOperations();
            for (int i = 1; i <= requests; i++)
            {
                left.Add(operation, never, $"{i}");
            }
            left.Next().ShouldHaveSingleItem().Message.ShouldBe($"{requests}"); // which a turn would not find behind many that are obsolete
        }
    }

    [Fact]
    public void What_has_ended_is_not_found_any_more_and_soon_not_kept()
    {
        var left = new LeftOperations();
        var method = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        left.Add(method.Task, end.Task, null);
        HashSet<LeftOperation> found = [];
        left.FindAround(method.Task, found);
        found.Count.ShouldBe(1);
        left.All.Count().ShouldBe(1);
        end.SetResult();
        found.Clear();
        left.FindAround(method.Task, found);
        found.ShouldBeEmpty();
        left.All.ShouldBeEmpty();

        var operation = AddEnded(left);
        left.Next().ShouldBeEmpty();
        Loop.Support.LoopHelpers.CollectGarbage();
        operation.IsAlive.ShouldBeFalse();
        GC.KeepAlive(left);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference AddEnded(LeftOperations left)
    {
        object operation = new();
        left.Add(operation, Task.CompletedTask, null);
        return new WeakReference(operation);
    }

    [Fact]
    public void Operations_that_equal_each_other_are_two()
    {
        var left = new LeftOperations();
        var never = new TaskCompletionSource().Task;
        left.Add("operation", never, null);
        left.Add(new string("operation"), never, null);
        left.All.Count().ShouldBe(2);
    }

    [Fact]
    public void A_method_among_very_many_that_were_left_behind_gets_the_exception_where_it_waits_next()
    {
        const int Count = 50;
        List<int> cleanedUp = [];
        Channel<int>[] channels = [.. Enumerable.Range(0, Count).Select(static _ => Channel.CreateUnbounded<int>())];
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var worker = Asyncio.CreateTask(Worker());
            await Asyncio.Sleep(100);
            channels[40].Writer.TryWrite(1);
            await Asyncio.Sleep(1);
            cleanedUp.ShouldBe([40]);
            channels[7].Writer.TryWrite(1);
            await Asyncio.Sleep(1);
            cleanedUp.ShouldBe([40, 7]);
            worker.Cancel();
            await Asyncio.Wait(worker);
        }

        async Coroutine Worker()
        {
            for (int i = 0; i < Count; i++)
            {
                try
                {
                    await Asyncio.Timeout(1).Run(async _ => await Method(i));
                }
                catch (TimeoutException)
                {
                }
            }
            await Asyncio.Sleep(1000);
        }

        async Task Method(int i)
        {
            try
            {
                await channels[i].Reader.ReadAsync();
                await new TaskCompletionSource().Task;
            }
            finally
            {
                cleanedUp.Add(i);
            }
        }
    }
}
