using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The room that ready entries take.</summary>
public class ReadyQueueTests
{
    [Fact]
    public void The_room_of_very_many_entries_is_kept_while_the_loop_is_busy_and_given_back_when_it_sleeps()
    {
        var loop = VirtualTimeLoop.Create();
        loop.RunUntilComplete(Main());
        loop.Close();

        async Coroutine Main()
        {
            var entry = new Entry();
            Fill(entry).ShouldBeGreaterThan(1_000_000);
            await Asyncio.Sleep(0);
            Fill(entry).ShouldBe(0);
            await Asyncio.Sleep(1);
            Fill(entry).ShouldBeGreaterThan(1_000_000);
            await Asyncio.Sleep(1);
            entry.Runs.ShouldBe(300_000);
        }

        long Fill(Entry entry)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100_000; i++)
            {
                loop.Push(entry, null);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private sealed class Entry : Runnable
    {
        internal int Runs { get; private set; }

        internal override void Run(object? source) => Runs++;
    }
}
