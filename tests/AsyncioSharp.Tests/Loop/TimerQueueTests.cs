using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The queue of the timers against a sorted list as its model, and what becomes of cancelled entries: TIM-02 and TIM-05 of docs/semantics.md.</summary>
public class TimerQueueTests
{
    [Theory]
    [Rule("TIM-02")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Ten_thousand_random_timers_with_random_cancels_come_out_as_a_sorted_model_says(int seed)
    {
        var random = new Random(seed);
        var queue = new TimerQueue();
        var model = new SortedSet<(double When, int Number)>();
        var entries = new List<Entry>();
        double now = 0;
        void Compare()
        {
            while (queue.TryTake(now, out var taken))
            {
                var expected = model.Min;
                model.Remove(expected);
                ((Entry)taken!).Number.ShouldBe(expected.Number);
                ((Entry)taken).IsTaken = true;
            }
            (model.Count > 0 && model.Min.When < now).ShouldBeFalse("a due timer was not given");
        }

        for (int i = 0; i < 10_000; i++)
        {
            // Whole numbers, so that many deadlines are equal; sometimes in the past.
            double when = Math.Floor(now) + random.Next(-2, 300);
            entries.Add(new Entry(i));
            model.Add((when, i));
            entries[i].When = when;
            queue.Add(when, entries[i]);

            var victim = entries[random.Next(entries.Count)];
            if (random.Next(4) != 0 && !victim.IsTaken && !victim.IsDropped)
            {
                victim.Drop();
                model.Remove((victim.When, victim.Number)).ShouldBeTrue();
                queue.NoteCancelled();
            }
            if (random.Next(20) == 0)
            {
                now += random.Next(0, 8);
                Compare();
            }
            queue.TryPeek(out double first).ShouldBe(model.Count > 0);
            if (model.Count > 0)
            {
                first.ShouldBe(model.Min.When);
            }
        }
        now = double.PositiveInfinity;
        Compare();

        model.ShouldBeEmpty();
        queue.Count.ShouldBe(0);
    }

    public static TheoryData<string, int> Shapes()
    {
        var data = new TheoryData<string, int>();
        foreach (string shape in (string[])["even", "equal", "two", "skewed", "nested", "infinite", "past", "tiny"])
        {
            data.Add(shape, 1);
            data.Add(shape, 2);
        }
        return data;
    }

    // So many that they are spread over rungs, in shapes that are hard for buckets of equal width.
    [Theory]
    [Rule("TIM-02")]
    [MemberData(nameof(Shapes))]
    public void Many_timers_of_every_shape_come_out_as_a_sorted_model_says(string shape, int seed)
    {
        var random = new Random(seed);
        var queue = new TimerQueue();
        var model = new SortedSet<(double When, int Number)>();
        var entries = new List<Entry>();
        double now = 0;
        for (int i = 0; i < 15_000; i++)
        {
            double when = now + shape switch
            {
                "even" => random.NextDouble() * 1000,
                "equal" => 5,
                "two" => random.Next(2) * 1e-9,
                "skewed" => random.Next(1000) == 0 ? 1e9 : random.NextDouble(),
                "nested" => Math.Pow(10, random.Next(-9, 6)) * random.NextDouble(),
                "infinite" => random.Next(3) == 0 ? double.PositiveInfinity : random.NextDouble(),
                "past" => random.Next(50) == 0 ? double.NegativeInfinity : random.NextDouble() - 0.9,
                _ => random.NextDouble() * double.Epsilon * 5000,
            };
            var entry = new Entry(i) { When = when };
            entries.Add(entry);
            model.Add((when, i));
            queue.Add(when, entry);
            var victim = entries[random.Next(entries.Count)];
            if (random.Next(10) == 0 && !victim.IsTaken && !victim.IsDropped)
            {
                victim.Drop();
                model.Remove((victim.When, victim.Number)).ShouldBeTrue();
                queue.NoteCancelled();
            }
            if (i % 3000 == 2999)
            {
                // Takes a third, and time goes on to there, so that the next ones fall between those that are left.
                for (int n = model.Count / 3; n > 0 && model.Min.When < double.PositiveInfinity; n--)
                {
                    now = Math.Max(now, model.Min.When);
                    TakeFirst();
                }
            }
            else if (random.Next(4) == 0 && model.Count > 0 && model.Min.When < double.PositiveInfinity)
            {
                TakeFirst();
            }
        }
        while (model.Count > 0 && model.Min.When < double.PositiveInfinity)
        {
            TakeFirst();
        }
        queue.TryTake(double.PositiveInfinity, out _).ShouldBeFalse();
        queue.TryPeek(out double rest).ShouldBe(model.Count > 0);
        if (model.Count > 0)
        {
            rest.ShouldBe(double.PositiveInfinity);
        }

        void TakeFirst()
        {
            queue.TryPeek(out double when).ShouldBeTrue();
            queue.FirstDeadline.ShouldBe(when);
            queue.TryTake(Math.BitIncrement(when), out var taken).ShouldBeTrue();
            var expected = model.Min;
            model.Remove(expected);
            ((Entry)taken!).Number.ShouldBe(expected.Number);
            ((Entry)taken).IsTaken = true;
        }
    }

    // Whole groups are cancelled, so that parts of the queue become empty, the innermost, the outermost, and some in the middle.
    [Theory]
    [Rule("TIM-02")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Groups_of_timers_that_come_and_are_cancelled_come_out_as_a_sorted_model_says(int seed)
    {
        var random = new Random(seed);
        var queue = new TimerQueue();
        var model = new SortedSet<(double When, int Number)>();
        var groups = new List<List<Entry>>();
        double now = 0;
        int number = 0;
        int most = 0;
        for (int round = 0; round < 150; round++)
        {
            double begin = now + Math.Pow(10, random.Next(-2, 7));
            double length = Math.Pow(10, random.Next(-3, 4));
            groups.Add([.. Enumerable.Range(0, random.Next(1, 3000)).Select(_ => new Entry(number++) { When = begin + (Math.Floor(random.NextDouble() * 1000) * length) })]);
            foreach (var entry in groups[^1])
            {
                model.Add((entry.When, entry.Number));
                queue.Add(entry.When, entry);
            }
            most = Math.Max(most, queue.Rungs);
            for (int i = random.Next(3); i > 0 && groups.Count > 0; i--)
            {
                int victim = random.Next(groups.Count);
                var cancelled = groups[victim].FindAll(static entry => !entry.IsTaken);
                cancelled.ForEach(entry => model.Remove((entry.When, entry.Number)).ShouldBeTrue());
                Cancel(queue, cancelled);
                groups.RemoveAt(victim);
            }
            for (int i = random.Next(2) * random.Next(4000); i > 0 && model.Count > 0; i--)
            {
                var expected = model.Min;
                model.Remove(expected);
                now = Math.Max(now, expected.When);
                queue.TryTake(double.PositiveInfinity, out var taken).ShouldBeTrue();
                ((Entry)taken!).Number.ShouldBe(expected.Number);
                ((Entry)taken).IsTaken = true;
            }
            queue.TryPeek(out double first).ShouldBe(model.Count > 0);
            first.ShouldBe(model.Count > 0 ? model.Min.When : 0);
        }
        Rest(queue).ShouldBe(model.Select(static timer => timer.Number));
        most.ShouldBeGreaterThan(2); // else this was no test of it
    }

    [Fact]
    [Rule("TIM-02")]
    public void What_lies_behind_the_end_of_an_inner_part_keeps_its_order_when_all_around_it_is_cancelled()
    {
        var queue = new TimerQueue();
        var outer = Enumerable.Range(0, 1025).Select(static number => new Entry(number)).ToList();
        outer.ForEach(entry => queue.Add(1000 + entry.Number, entry));
        var inner = Enumerable.Range(0, 1025).Select(static number => new Entry(number)).ToList();
        inner.ForEach(entry => queue.Add(10 + (entry.Number * 0.01), entry));
        queue.Rungs.ShouldBe(2);
        queue.Add(500, new Entry(500)); // in the last part of the inner one, as there is nothing between
        Cancel(queue, outer);
        Cancel(queue, inner[..600]);
        queue.Add(400, new Entry(400));
        Rest(queue).ShouldBe([.. Enumerable.Range(600, 425), 400, 500]);
    }

    // In descending order each thousand is a part within the first of those before it: where a timer belongs is then found among hundreds of parts.
    [Theory]
    [Rule("TIM-02")]
    [InlineData(1)]
    [InlineData(2)]
    public void Timers_in_descending_order_and_others_between_them_come_out_as_a_sorted_model_says(int seed)
    {
        const int Count = 200_000;
        var random = new Random(seed);
        var queue = new TimerQueue();
        var model = new SortedSet<(double When, int Number)>();
        int added = 0;
        while (added < Count)
        {
            Add(Count - added);
        }
        queue.Rungs.ShouldBeGreaterThan(100); // else this was no test of it
        while (added < 2 * Count)
        {
            Add(random.Next(-2000, Count + 2000));
            if (added % 3 != 0)
            {
                Take();
            }
        }
        Rest(queue).ShouldBe(model.Select(static timer => timer.Number));

        void Add(double when)
        {
            var entry = new Entry(added++) { When = when };
            model.Add((when, entry.Number));
            queue.Add(when, entry);
        }

        void Take()
        {
            var expected = model.Min;
            model.Remove(expected);
            queue.TryTake(double.PositiveInfinity, out var taken).ShouldBeTrue();
            ((Entry)taken!).Number.ShouldBe(expected.Number);
        }
    }

    // What a program does that has some long timers and many calls with a limit, each of which ends in time.
    [Theory]
    [Rule("TIM-05")]
    [InlineData(1, false)] // as many at a time; and whether the loop sleeps between
    [InlineData(500, false)]
    [InlineData(500, true)]
    [InlineData(2000, true)]
    [InlineData(10_000, true)]
    public void Timeouts_that_never_expire_beside_many_timers_that_stay_leave_nothing_behind(int atATime, bool sleeps)
    {
        var queue = new TimerQueue();
        for (int i = 0; i < 3000; i++)
        {
            queue.Add(1000 + i, new Entry(i));
        }
        var waiting = new Queue<Entry>();
        for (int i = 0; i < 100_000; i++)
        {
            var entry = new Entry(i);
            queue.Add(10 + (i * 1e-4), entry);
            waiting.Enqueue(entry);
            if (i % 500 == 0 && !sleeps)
            {
                queue.Add(9 - (i * 1e-6), new Entry(i)); // one that stays too, before all others
            }
            queue.FirstDeadline.ShouldBeLessThan(100); // the loop looks at it in each iteration
            if (sleeps)
            {
                queue.TryPeek(out _).ShouldBeTrue();
            }
            if (waiting.Count == atATime)
            {
                Cancel(queue, [waiting.Dequeue()]);
            }
        }
        queue.Rungs.ShouldBeLessThan(4);
    }

    [Fact]
    [Rule("TIM-05")]
    public void Timers_that_are_all_cancelled_leave_nothing_to_search_and_what_is_later_keeps_its_order()
    {
        var queue = new TimerQueue();
        for (int i = 0; i < 50; i++)
        {
            var group = Enumerable.Range(0, 2000).Select(static number => new Entry(number)).ToList();
            group.ForEach(entry => queue.Add(1000 - (i * 10) + (entry.Number * 1e-3), entry)); // each group before the others
            queue.Rungs.ShouldBeInRange(1, 3);
            queue.Add(1e6 + (2 * i), new Entry(2 * i)); // behind all
            Cancel(queue, group);
            Cancel(queue, Fill(queue, 300)); // so that there is a purge when all of the group are
            queue.Add(1e6 + (2 * i) + 1, new Entry((2 * i) + 1));
        }
        Rest(queue).ShouldBe(Enumerable.Range(0, 100));
    }

    [Fact]
    [Rule("TIM-05")]
    public void Cancelling_many_timers_gives_their_memory_back_wherever_they_lie()
    {
        var queue = new TimerQueue();
        var entries = Fill(queue, 50_000);
        queue.TryPeek(out _).ShouldBeTrue(); // the buckets are filled, the first is sorted
        for (int i = 0; i < 10_000; i++)
        {
            queue.TryTake(double.PositiveInfinity, out _).ShouldBeTrue();
        }
        Cancel(queue, entries[10_000..49_900]);
        queue.Count.ShouldBeLessThanOrEqualTo(200);
        Rest(queue).ShouldBe(Enumerable.Range(49_900, 100));
    }

    [Theory]
    [Rule("TIM-05")]
    [InlineData(1000, 1, 8)]
    [InlineData(1000, 0, 0)]
    [InlineData(1000, 200, 400)]
    [InlineData(1000, 300, 1000)]
    [InlineData(20_000, 8200, 8200)] // of three chunks, two are kept, and of the second little
    [InlineData(20_000, 12_000, 16_384)]
    public void A_bucket_of_which_few_survive_gives_its_room_back_and_can_grow_again(int count, int kept, int room)
    {
        var batch = new TimerBatch(count);
        var entries = Enumerable.Range(0, count).Select(static number => new Entry(number)).ToList();
        entries.ForEach(entry => batch.Add(new TimerEntry(entry.Number, entry)));
        entries[kept..].ForEach(static entry => entry.Drop());

        batch.Purge().ShouldBe(count - kept);

        batch.Room.ShouldBeInRange(room, room + 8);
        entries.ForEach(entry => batch.Add(new TimerEntry(entry.Number, entry)));
        batch.Count.ShouldBe(kept + count);
        Enumerable.Range(0, batch.Count).Select(place => ((Entry)batch[place].Target).Number)
            .SequenceEqual(Enumerable.Range(0, kept).Concat(Enumerable.Range(0, count))).ShouldBeTrue();
    }

    [Theory]
    [Rule("TIM-05")]
    [InlineData(1000, 1, 128)]
    [InlineData(1000, 100, 200)]
    [InlineData(1000, 300, 1024)]
    [InlineData(101, 1, 128)]
    public void A_heap_of_which_few_survive_gives_back_what_a_hundred_do_not_need(int count, int kept, int room)
    {
        var heap = new TimerHeap();
        var entries = Enumerable.Range(0, count).Select(static number => new Entry(number)).ToList();
        entries.ForEach(entry => heap.Add(new TimerEntry(entry.Number, entry)));
        entries[kept..].ForEach(static entry => entry.Drop());

        heap.Purge();

        heap.Room.ShouldBe(room);
        for (int number = 0; number < kept; number++, heap.RemoveFirst())
        {
            ((Entry)heap.First.Target).Number.ShouldBe(number);
        }
        heap.Count.ShouldBe(0);
    }

    [Fact]
    [Rule("TIM-05")]
    [CPython("test_base_events.py::BaseEventLoopTests.test__run_once_cancelled_event_cleanup")]
    public void Cancelled_entries_stay_until_more_than_half_of_more_than_a_hundred_are_cancelled()
    {
        var queue = new TimerQueue();
        var entries = Fill(queue, 101);

        Cancel(queue, entries[50..100]); // 50 of 101: not more than half
        queue.Count.ShouldBe(101);
        Cancel(queue, entries[49..50]);

        queue.Count.ShouldBe(50);
        Rest(queue).ShouldBe([.. Enumerable.Range(0, 49), 100]);
    }

    [Fact]
    [Rule("TIM-05")]
    public void A_hundred_entries_are_not_worth_a_purge()
    {
        var queue = new TimerQueue();
        var entries = Fill(queue, 100);

        Cancel(queue, entries[1..]);

        queue.Count.ShouldBe(100);
        Rest(queue).ShouldBe([0]);
    }

    [Fact]
    [Rule("TIM-05")]
    [CPython("test_base_events.py::BaseEventLoopTests.test__run_once_cancelled_event_cleanup")]
    public void Cancelled_entries_leave_when_they_reach_the_head()
    {
        var queue = new TimerQueue();
        var entries = Fill(queue, 10);
        Cancel(queue, entries[..4]);
        queue.Count.ShouldBe(10);

        queue.TryPeek(out double when).ShouldBeTrue();

        when.ShouldBe(4);
        queue.Count.ShouldBe(6);
    }

    [Fact]
    [Rule("TIM-05")]
    public void A_purge_that_leaves_nothing_leaves_an_empty_queue_that_works()
    {
        var queue = new TimerQueue();
        Cancel(queue, Fill(queue, 5000));
        queue.Count.ShouldBeLessThanOrEqualTo(100);
        queue.TryPeek(out _).ShouldBeFalse();
        queue.Count.ShouldBe(0);
        queue.TryTake(double.PositiveInfinity, out _).ShouldBeFalse();

        Fill(queue, 300);

        Rest(queue).ShouldBe(Enumerable.Range(0, 300));
    }

    [Fact]
    [Rule("TIM-05")]
    public void Setting_and_cancelling_timers_without_end_needs_no_memory_without_end()
    {
        var loop = VirtualTimeLoop.Create();
        var watched = SetAndCancel(loop);

        LoopHelpers.CollectGarbage();

        // A hundred cancelled timers may be left, of which one in a hundred is watched.
        watched.Count.ShouldBe(1000);
        watched.Count(reference => reference.IsAlive).ShouldBeLessThan(5);
        loop.Close();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static List<WeakReference> SetAndCancel(EventLoop loop)
        {
            var watched = new List<WeakReference>();
            for (int i = 0; i < 100_000; i++)
            {
                var timer = loop.CallLater(3600 + i, static () => { });
                timer.Cancel();
                if (i % 100 == 0)
                {
                    watched.Add(new WeakReference(timer));
                }
            }
            return watched;
        }
    }

    [Fact]
    public void Timers_that_are_set_and_cancelled_one_after_the_other_allocate_nothing()
    {
        var queue = new TimerQueue();
        var entry = new Entry(0);
        entry.Drop();

        Allocation.LeastOf(SetAndCancel).ShouldBe(0);

        void SetAndCancel()
        {
            for (int i = 0; i < 10_000; i++)
            {
                queue.Add(i, entry);
                queue.NoteCancelled();
            }
        }
    }

    [Fact]
    public void Very_many_timers_of_one_deadline_are_not_sorted_again_for_a_few_earlier_ones()
    {
        var queue = new TimerQueue();
        var entry = new Entry(0);
        for (int i = 0; i < 100_000; i++)
        {
            queue.Add(10_000, entry);
        }
        SetAndTake();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 10; round++)
        {
            SetAndTake();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000); // a sort of all takes more than three
        queue.Count.ShouldBe(100_000);

        void SetAndTake()
        {
            for (int i = 0; i < 1100; i++)
            {
                queue.Add(i, entry);
            }
            while (queue.TryTake(10_000, out _))
            {
            }
        }
    }

    private static List<Entry> Fill(TimerQueue queue, int count)
    {
        var entries = Enumerable.Range(0, count).Select(number => new Entry(number)).ToList();
        foreach (var entry in entries)
        {
            queue.Add(entry.Number, entry);
        }
        return entries;
    }

    private static void Cancel(TimerQueue queue, List<Entry> entries)
    {
        foreach (var entry in entries)
        {
            entry.Drop();
            queue.NoteCancelled();
        }
    }

    private static List<int> Rest(TimerQueue queue)
    {
        var numbers = new List<int>();
        while (queue.TryTake(double.PositiveInfinity, out var taken))
        {
            numbers.Add(((Entry)taken!).Number);
        }
        return numbers;
    }

    private sealed class Entry(int number) : Runnable
    {
        private bool _dropped;

        internal int Number => number;

        internal double When { get; set; }

        internal bool IsTaken { get; set; }

        internal override bool IsDropped => _dropped;

        internal void Drop() => _dropped = true;

        internal override void Run(object? source)
        {
        }
    }
}
