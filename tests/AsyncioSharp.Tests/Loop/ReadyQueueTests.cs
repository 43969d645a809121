using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The queue of ready entries against a queue of .NET as its model, and the room that it takes.</summary>
public class ReadyQueueTests
{
    private static readonly Entry s_entry = new();

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 300)]
    [InlineData(3, 80_000)]
    public void Entries_come_out_as_they_went_in_one_by_one_or_many_at_once(int seed, int most)
    {
        var random = new Random(seed);
        var queue = new ReadyQueue();
        var model = new Queue<(Runnable Target, object? Source)>();
        for (int round = 0; round < 100; round++)
        {
            if (random.Next(3) == 0)
            {
                var entries = Enumerable.Range(0, random.Next(1, most)).Select(_ => NewEntry()).ToArray();
                var filler = queue.Extend(entries.Length);
                foreach (var (target, source) in entries.Reverse())
                {
                    filler.FillBack(source is null ? target : new Envelope(target, source));
                }
                Array.ForEach(entries, model.Enqueue);
            }
            else
            {
                for (int n = random.Next(most); n > 0; n--)
                {
                    var (target, source) = NewEntry();
                    queue.Push(target, source);
                    model.Enqueue((target, source));
                }
            }
            queue.List().ShouldBe(model.Select(static entry => entry.Target));
            for (int n = random.Next(Math.Min(model.Count, most * 3 / 2) + 1); n > 0; n--)
            {
                var target = queue.Begin(out object? source);
                (target, source).ShouldBe(model.Dequeue());
                queue.Running.ShouldBeSameAs(target);
                queue.Count.ShouldBe(model.Count);
                if (random.Next(10) == 0)
                {
                    var (more, cause) = NewEntry();
                    queue.Push(more, cause);
                    model.Enqueue((more, cause));
                    queue.Running.ShouldBeSameAs(target);
                }
            }
            queue.End();
            queue.Running.ShouldBeNull();
        }

        (Runnable Target, object? Source) NewEntry() => (new Entry(), random.Next(2) == 0 ? null : new object());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(120_000)]
    public void The_room_of_many_entries_is_used_again(int count)
    {
        var queue = new ReadyQueue();
        for (int i = 0; i < 200; i++)
        {
            PassThrough(queue, count);
        }
        Enumerable.Range(0, Allocation.Rounds).Min(_ => PassThrough(queue, count)).ShouldBe(0);
    }

    [Fact]
    public void Of_the_room_of_very_many_a_megabyte_is_kept()
    {
        const int Entries = 2_000_000;
        const int EntryBytes = 8;
        Enumerable.Range(0, Allocation.Rounds).Min(_ => AfterVeryMany()).ShouldBe(0);

        static long AfterVeryMany()
        {
            var queue = new ReadyQueue();
            PassThrough(queue, Entries).ShouldBeInRange(Entries * EntryBytes, Entries * EntryBytes * 11L / 10);
            PassThrough(queue, Entries).ShouldBeInRange((Entries - 160_000) * EntryBytes, (Entries - 120_000) * EntryBytes * 11L / 10);
            return PassThrough(queue, 100_000);
        }
    }

    [Fact]
    public void What_has_run_is_not_kept_alive()
    {
        var queue = new ReadyQueue();
        var entries = Run(queue);
        GC.Collect();
        entries.ShouldAllBe(static entry => !entry.IsAlive);
        GC.KeepAlive(queue);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static List<WeakReference> Run(ReadyQueue queue)
        {
            var entries = Enumerable.Range(0, 1000).Select(static _ => new Entry()).ToList();
            entries.ForEach(entry => queue.Push(entry, entry));
            entries.ForEach(_ => queue.Begin(out object? _));
            queue.End();
            return entries.ConvertAll(static entry => new WeakReference(entry));
        }
    }

    [Fact]
    public void Very_many_entries_that_a_callback_makes_ready_run_in_order()
    {
        var loop = VirtualTimeLoop.Create();
        var seen = new List<int>();
        loop.CallSoon(() =>
        {
            for (int i = 0; i < 100_000; i++)
            {
                loop.CallSoon(seen.Add, i);
            }
        });
        loop.CallLater(1, loop.Stop);

        loop.RunForever();

        seen.ShouldBe(Enumerable.Range(0, 100_000));
        loop.Close();
    }

    [Theory]
    [InlineData(1, 400, 5000)]
    [InlineData(2, 400, 5000)]
    [InlineData(3, 2000, 1000)]
    [InlineData(4, 200_000, 150)]
    public void Whatever_the_loop_does_while_another_thread_looks_that_one_sees_each_entry_that_stays_once_and_in_order(int seed, int most, int looks)
    {
        var random = new Random(seed);
        var queue = new ReadyQueue();
        int pushed = 0;
        int begun = 0;
        for (int look = 0; look < looks; look++)
        {
            // Sometimes it grows or shrinks; often, an entry comes for each that is run, so that the tail follows the head round.
            if (random.Next(10) == 0)
            {
                int length = random.Next(most);
                Change(length - queue.Count, queue.Count - length);
            }
            int moves = random.Next(4);
            int before = pushed;

            int[] seen = [.. queue.List(Meanwhile).Select(static entry => ((Entry)entry).Number)];

            seen.SequenceEqual(seen.Distinct().Order()).ShouldBeTrue();
            seen.Count(number => number >= begun && number < before).ShouldBe(Math.Max(before - begun, 0));

            void Meanwhile()
            {
                if (moves > 0 && random.Next(3) == 0)
                {
                    moves--;
                    switch (random.Next(4))
                    {
                        case 0:
                            Change(random.Next(most / 2), 0);
                            break;
                        case 1:
                            Change(0, random.Next(most / 2));
                            break;
                        default:
                            for (int turns = random.Next(most / 2); turns > 0; turns--)
                            {
                                Change(1, 1);
                            }
                            break;
                    }
                }
            }
        }

        void Change(int more, int fewer)
        {
            for (; more > 0; more--)
            {
                queue.Push(new Entry { Number = pushed++ }, null);
            }
            for (; fewer > 0 && queue.Count > 0; fewer--)
            {
                queue.Begin(out _);
                begun++;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)] // the oldest is at the same place of the next segment then
    [InlineData(70)]
    public void Another_thread_sees_no_entry_twice_that_comes_again_when_it_has_run(int turns)
    {
        var queue = new ReadyQueue();
        var entries = Enumerable.Range(0, 10).Select(static number => new Entry { Number = number }).ToList();
        entries.ForEach(entry => queue.Push(entry, null));
        for (int start = 0; start < 500; start++)
        {
            for (int moment = 0; moment < 7; moment++)
            {
                int passed = 0;
                queue.List(() => Turn(passed++ == moment ? turns : 0)).ShouldBeUnique();
                Turn(1);
            }
        }

        void Turn(int times)
        {
            for (; times > 0; times--)
            {
                queue.Push(queue.Begin(out _), null);
            }
        }
    }

    [Fact]
    public void Another_thread_sees_what_stays_while_head_and_tail_go_round()
    {
        const int Stay = 191; // such that the tail enters a segment when the head has just left it
        var queue = new ReadyQueue();
        int pushed = 0;
        int begun = 0;
        string? wrong = null;
        bool isOver = false;
        var looker = new Thread(Look);
        looker.Start();
        for (; pushed < 2_000_000; Volatile.Write(ref pushed, pushed + 1))
        {
            queue.Push(new Entry { Number = pushed }, null);
            if (pushed >= Stay)
            {
                Volatile.Write(ref begun, begun + 1); // from here on it may be missed
                queue.Begin(out _);
            }
        }
        Volatile.Write(ref isOver, true);
        looker.Join();
        wrong.ShouldBeNull();

        void Look()
        {
            while (wrong is null && !Volatile.Read(ref isOver))
            {
                try
                {
                    int before = Volatile.Read(ref pushed);
                    int[] seen = [.. queue.List().Select(static entry => ((Entry)entry).Number)];
                    int after = Volatile.Read(ref begun);
                    int missed = Math.Max(before - after, 0) - seen.Count(number => number >= after && number < before);
                    wrong = missed != 0 ? $"{missed} missed of {before - after}" : seen.SequenceEqual(seen.Distinct().Order()) ? null : "not in order";
                }
                catch (Exception e)
                {
                    wrong = e.ToString();
                }
            }
        }
    }

    // Returns what was allocated for it.
    private static long PassThrough(ReadyQueue queue, int count)
    {
        var entry = s_entry;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            queue.Push(entry, null);
        }
        for (int i = 0; i < count; i++)
        {
            queue.Begin(out _);
        }
        queue.End();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private sealed class Entry : Runnable
    {
        internal int Number { get; init; }

        internal override void Run(object? source)
        {
        }
    }
}
