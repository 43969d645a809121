using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Loop;

/// <summary>Whether a loop is the only one that runs in the process. Not beside other tests, which run loops too.</summary>
[Collection(nameof(RunningLoopsTests))]
[CollectionDefinition(nameof(RunningLoopsTests), DisableParallelization = true)]
public class RunningLoopsTests
{
    [Fact]
    public void Whether_another_loop_runs_is_known_at_any_moment()
    {
        var first = VirtualTimeLoop.Create();
        var second = new EventLoop();
        var secondRuns = first.CreateFuture<bool>();
        var mayEnd = second.CreateFuture<bool>();
        OnlyOne().ShouldBeNull();
        first.RunUntilComplete(First());
        OnlyOne().ShouldBeNull();
        first.Close();
        second.Close();

        async Coroutine First()
        {
            OnlyOne().ShouldBe(first);
            var other = Asyncio.CreateTask(Asyncio.ToThread(() => second.RunUntilComplete(Second())));
            await secondRuns;
            OnlyOne().ShouldBeNull();
            second.CallSoonThreadsafe(() => mayEnd.SetResult(true));
            await other;
            OnlyOne().ShouldBe(first);
        }

        async Coroutine Second()
        {
            OnlyOne().ShouldBeNull();
            first.CallSoonThreadsafe(() => secondRuns.SetResult(true));
            await mayEnd;
        }

        EventLoop? OnlyOne() => RunningLoops.IsOnly(first) ? first : RunningLoops.IsOnly(second) ? second : null;
    }

    [Fact]
    public void A_loop_in_debug_mode_wants_its_thread_to_be_looked_at()
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            RunningLoops.IsOnly(loop).ShouldBeTrue();
            loop.Debug = true;
            RunningLoops.IsOnly(loop).ShouldBeFalse();
            loop.Debug = false;
            RunningLoops.IsOnly(loop).ShouldBeTrue();
        }
    }

    [Fact]
    public void Locks_and_queues_work_alike_whether_one_loop_runs_or_several()
    {
        var mutex = new AsyncLock();
        var queue = new AsyncQueue<int>(1);
        var first = VirtualTimeLoop.Create();
        first.RunUntilComplete(Use());
        mutex.Acquire().GetAwaiter().IsCompleted.ShouldBeTrue(); // where no loop runs
        mutex.Release();

        var second = VirtualTimeLoop.Create();
        second.RunUntilComplete(UseElsewhere());
        second.Close();
        first.RunUntilComplete(Use());
        first.Close();

        async Coroutine Use()
        {
            var items = new List<int>();
            await Asyncio.Gather(Put(), Get());
            items.ShouldBe([0, 1, 2]);

            async Coroutine Put()
            {
                for (int i = 0; i < 3; i++)
                {
                    using (await mutex.Acquire())
                    {
                        await queue.Put(i);
                    }
                }
            }

            async Coroutine Get()
            {
                for (int i = 0; i < 3; i++)
                {
                    items.Add(await queue.Get());
                }
            }
        }

        async Coroutine UseElsewhere()
        {
            await Asyncio.Sleep(0);
            Should.Throw<InvalidOperationException>(() => queue.PutNowait(1)).Message.ShouldContain("is bound to a different event loop");
        }
    }
}
