using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Loop;

/// <summary>The inbox for other threads and the ready queue that takes it over: nothing is lost, doubled or out of order, whatever the sizes.</summary>
public class InboxTests
{
    [Fact]
    public void What_is_added_comes_out_once_and_in_order_behind_what_was_ready_before()
    {
        var random = new Random(1);
        var inbox = new Inbox();
        var ready = new ReadyQueue();
        int added = 0, taken = 0;
        var expected = new Queue<int>();
        for (int round = 0; round < 2000; round++)
        {
            for (int n = random.Next(5); n > 0; n--)
            {
                expected.Enqueue(added);
                ready.Push(new Entry(added++), null);
            }
            int burst = random.Next(100) == 0 ? 3000 : random.Next(20);
            for (int n = burst; n > 0; n--)
            {
                expected.Enqueue(added);
                inbox.TryAdd(new Entry(added++), null, out bool wake).ShouldBeTrue();
                wake.ShouldBeFalse();
            }
            inbox.IsFilled.ShouldBe(burst > 0);
            inbox.MoveTo(ready);
            inbox.IsFilled.ShouldBeFalse();
            ready.Count.ShouldBe(expected.Count);
            for (int n = random.Next(ready.Count + 1); n > 0; n--, taken++)
            {
                ((Entry)ready.Pop(out _)).Number.ShouldBe(expected.Dequeue());
            }
        }
        taken.ShouldBeGreaterThan(10_000);
    }

    [Fact]
    public void The_first_who_adds_to_a_parked_loop_wakes_it_and_only_he()
    {
        var inbox = new Inbox();
        inbox.TryPark().ShouldBeTrue();
        inbox.TryPark().ShouldBeTrue("it is parked");
        inbox.TryAdd(new Entry(1), null, out bool first).ShouldBeTrue();
        inbox.TryAdd(new Entry(2), null, out bool second).ShouldBeTrue();
        (first, second).ShouldBe((true, false));
        inbox.TryPark().ShouldBeFalse("it is filled");

        inbox.MoveTo(new ReadyQueue());
        inbox.TryPark().ShouldBeTrue();
        inbox.MoveTo(new ReadyQueue()); // woken by a timer
        inbox.TryAdd(new Entry(3), null, out bool awake).ShouldBeTrue();
        awake.ShouldBeFalse();
    }

    [Fact]
    public void A_closed_one_takes_nothing_more_but_keeps_what_it_has()
    {
        var inbox = new Inbox();
        inbox.TryAdd(new Entry(1), null, out _).ShouldBeTrue();
        var ready = new ReadyQueue();
        inbox.Close(ready);
        inbox.TryAdd(new Entry(2), null, out bool wake).ShouldBeFalse();
        wake.ShouldBeFalse();
        inbox.MoveTo(ready);
        inbox.IsFilled.ShouldBeFalse();
        ready.Count.ShouldBe(1);
    }

    [Fact]
    public void Nothing_that_was_sent_keeps_alive_what_was_sent_before()
    {
        var inbox = new Inbox();
        var ready = new ReadyQueue();
        var entries = Enumerable.Range(0, 4).Select(static i => new Entry(i)).ToArray();
        Array.ForEach(entries[..3], entry => inbox.TryAdd(entry, out _).ShouldBeTrue());
        entries[2].EarlierSent.ShouldBeSameAs(entries[1]);
        inbox.Close(ready);
        inbox.TryAdd(entries[3], out _).ShouldBeFalse();

        ready.List().ShouldBe(entries[..3]);
        Array.ForEach(entries, static entry => entry.EarlierSent.ShouldBeNull());
    }

    [Fact]
    public void Many_senders_a_loop_that_parks_and_a_close_in_their_midst_lose_nothing_and_keep_each_senders_order()
    {
        Enumerable.Range(0, 25).Sum(HammerUntilClosed).ShouldBeGreaterThan(0, "it never parked");
    }

    [Fact]
    public void Who_is_thousands_of_entries_ahead_is_told_at_each_doubling()
    {
        var inbox = new Inbox();
        var told = new List<int>();
        Add(3 * Inbox.Many);
        told.ShouldBe([Inbox.Many, 2 * Inbox.Many]);

        inbox.MoveTo(new ReadyQueue());
        inbox.IsOverfull().ShouldBeFalse();
        Add(Inbox.Many);
        told.ShouldBe([Inbox.Many, 2 * Inbox.Many, Inbox.Many]);

        void Add(int count)
        {
            for (int i = 1; i <= count; i++)
            {
                inbox.TryAdd(new Entry(i), out _);
                if (inbox.IsOverfull())
                {
                    told.Add(i);
                }
            }
        }
    }

    [Fact]
    public void Who_lets_the_loop_catch_up_waits_for_a_moment_only_and_keeps_an_interruption()
    {
        var inbox = new Inbox();
        inbox.AwaitLoop(); // nothing to wait for
        for (int i = 0; i < Inbox.Many; i++)
        {
            inbox.TryAdd(new Entry(i), out _);
        }
        bool isInterrupted = false;
        new TestThread(() =>
        {
            inbox.AwaitLoop(); // nobody takes anything
            Thread.CurrentThread.Interrupt();
            inbox.AwaitLoop();
            try
            {
                Thread.Sleep(0);
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }).Join();
        isInterrupted.ShouldBeTrue();
    }

    [Fact]
    public void A_loop_that_is_interrupted_while_it_wakes_senders_has_what_it_took()
    {
        var inbox = new Inbox();
        var ready = new ReadyQueue();
        TestThread sender;
        lock (inbox.Gate)
        {
            sender = new TestThread(inbox.AwaitLoop);
            SpinWait.SpinUntil(() => inbox.IsAwaited, TimeSpan.FromSeconds(Signal.LimitSeconds)).ShouldBeTrue();
            inbox.TryAdd(new Entry(1), null, out _).ShouldBeTrue();
            new TestThread(() =>
            {
                Thread.CurrentThread.Interrupt();
                Should.Throw<ThreadInterruptedException>(() => inbox.MoveTo(ready));
            }).Join();
        }
        sender.Join();
        ready.List().ShouldHaveSingleItem();
    }

    private static int HammerUntilClosed(int round)
    {
        const int Senders = 4;
        var inbox = new Inbox();
        var parker = new ThreadParker();
        int[] accepted = new int[Senders], taken = new int[Senders];
        var received = Enumerable.Range(0, Senders).Select(static _ => new List<int>()).ToArray();
        int parks = 0;

        var threads = Enumerable.Range(0, Senders).Select(sender => new TestThread(() => Send(sender))).ToList();
        new TestThread(Receive).Join(); // not here: who is not woken hangs
        threads.ForEach(static thread => thread.Join());

        for (int sender = 0; sender < Senders; sender++)
        {
            received[sender].ShouldBe(Enumerable.Range(0, accepted[sender]));
        }
        return parks;

        void Send(int sender)
        {
            var random = new Random((round * Senders) + sender);
            bool wake;
            for (int i = 0; random.Next(2) == 0 ? inbox.TryAdd(new Entry(i) { Sender = sender }, out wake) : inbox.TryAdd(new Entry(i), sender, out wake); i++)
            {
                accepted[sender]++;
                if (wake)
                {
                    parker.Wake();
                }
                if (random.Next(20) == 0)
                {
                    SpinWait.SpinUntil(() => Volatile.Read(ref taken[sender]) == accepted[sender]); // so that the loop falls asleep now and then
                }
            }
        }

        void Receive()
        {
            var ready = new ReadyQueue();
            for (int left = 1000; left > 0;)
            {
                if (inbox.TryPark())
                {
                    parks++;
                    parker.Park(double.PositiveInfinity, false);
                }
                inbox.MoveTo(ready);
                left -= ready.Count;
                Note(ready);
            }
            inbox.Close(ready);
            Note(ready);
            inbox.MoveTo(ready);
            ready.Count.ShouldBe(0);
        }

        void Note(ReadyQueue ready)
        {
            while (ready.Count > 0)
            {
                var entry = (Entry)ready.Pop(out object? source);
                int sender = (int?)source ?? entry.Sender;
                received[sender].Add(entry.Number);
                Volatile.Write(ref taken[sender], received[sender].Count);
            }
        }
    }

    private sealed class Entry(int number) : Runnable
    {
        private Runnable? _earlier;

        internal int Number => number;

        internal int Sender { get; init; }

        internal override ref Runnable? EarlierSent => ref _earlier;

        internal override void Run(object? source)
        {
        }
    }
}
