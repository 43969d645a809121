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
        inbox.Close();
        inbox.TryAdd(new Entry(2), null, out bool wake).ShouldBeFalse();
        wake.ShouldBeFalse();
        var ready = new ReadyQueue();
        inbox.MoveTo(ready);
        ready.Count.ShouldBe(1);
    }

    private sealed class Entry(int number) : Runnable
    {
        internal int Number => number;

        internal override void Run(object? source)
        {
        }
    }
}
