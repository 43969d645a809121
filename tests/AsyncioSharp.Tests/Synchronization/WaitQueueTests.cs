using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Synchronization;

/// <summary>The line of those who wait: its order, whoever leaves it from wherever, and what it costs when there are very many.</summary>
public class WaitQueueTests
{
    private const int Many = 1_000_000;

    [Fact]
    public void Whatever_happens_in_line_the_first_that_still_waits_is_woken()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            OnLoop(line => new Model(line, new Random(seed)).Run(seed % 3 == 0 ? 2000 : 200), firstPlace: seed % 2 == 0 ? 0 : int.MaxValue - 50);
        }
    }

    // Where the ring is full, the place of the one that has left is that of the last in line.
    [Fact]
    public void Who_comes_first_is_known_also_when_the_numbers_of_the_places_begin_again_behind_one_that_was_cancelled() => OnLoop(
        line =>
        {
            var (first, second, third) = (Join(line), Join(line), Join(line));
            line.Cancel(second);
            line.Cancel(first);
            line.Leave(first);
            line.Leave(second);
            JoinMany(line, 3);
            line.Room.ShouldBe(4);

            line.WakeNext();

            third.Phase.ShouldBe(WaitPhase.Woken);
        },
        firstPlace: int.MaxValue - 1);

    [Fact]
    public void Who_comes_first_is_known_also_when_the_numbers_of_the_places_begin_again_behind_one_that_was_woken_in_vain() => OnLoop(
        line =>
        {
            var (first, second) = (Join(line), Join(line));
            line.WakeAll();
            line.WaitOn(first);
            line.WaitOn(second);
            CancelAndLeave(line, first);
            JoinMany(line, 3);
            line.Room.ShouldBe(4);

            line.WakeNext();

            second.Phase.ShouldBe(WaitPhase.Woken);
        },
        firstPlace: int.MaxValue);

    [Fact]
    public void A_line_whose_first_never_leaves_does_not_grow_with_those_who_come_and_go() => OnLoop(line =>
    {
        JoinMany(line, 1);
        for (int i = 0; i < Many; i++)
        {
            CancelAndLeave(line, Join(line));
        }
        line.Room.ShouldBeLessThan(256);
        line.Effort.ShouldBeLessThan(4 * Many);
        line.Count.ShouldBe(1);
        line.WakeNext().ShouldBeTrue();
    });

    [Theory]
    [InlineData("in order")]
    [InlineData("last first")]
    [InlineData("at random")]
    public void A_million_that_are_cancelled_cost_a_few_steps_each_and_their_room_is_given_back(string order) => OnLoop(line =>
    {
        var waiters = JoinMany(line);
        line.Room.ShouldBe(1 << 20);
        switch (order)
        {
            case "last first":
                Array.Reverse(waiters);
                break;
            case "at random":
                new Random(1).Shuffle(waiters);
                break;
            default:
                break;
        }
        foreach (var waiter in waiters)
        {
            CancelAndLeave(line, waiter);
        }
        line.Count.ShouldBe(0);
        line.Room.ShouldBeLessThanOrEqualTo(64);
        line.Effort.ShouldBeLessThan(8 * Many);
        line.WakeNext().ShouldBeFalse();
    });

    [Fact]
    public void A_million_that_are_woken_and_leave_cost_a_few_steps_each() => OnLoop(line =>
    {
        var waiters = JoinMany(line);
        line.WakeAll();
        foreach (var waiter in waiters)
        {
            line.Leave(waiter);
        }
        line.Room.ShouldBeLessThanOrEqualTo(64);
        line.Effort.ShouldBeLessThan(4 * Many);
    });

    [Fact]
    public void One_that_was_woken_in_vain_is_found_at_once_and_so_is_the_next_after_it() => OnLoop(line =>
    {
        var waiters = JoinMany(line);
        long before = line.Effort;
        foreach (var waiter in waiters.AsSpan(0, Many / 2))
        {
            line.WakeNext();
            waiter.Phase.ShouldBe(WaitPhase.Woken);
        }
        for (int i = 0; i < 1000; i++)
        {
            // As the tasks run, each finds nothing, and two things come before the next one runs.
            line.WaitOn(waiters[i]);
            line.WakeNext();
            waiters[i].Phase.ShouldBe(WaitPhase.Woken);
            line.WakeNext();
            waiters[(Many / 2) + i].Phase.ShouldBe(WaitPhase.Woken);
        }
        (line.Effort - before).ShouldBeLessThan(10_000);
    });

    [Fact]
    public void Holes_between_two_that_are_woken_in_vain_are_not_passed_for_ever() => OnLoop(line =>
    {
        var first = Join(line);
        var gap = Enumerable.Range(0, 100_000).Select(_ => Join(line)).ToList();
        var second = Join(line);
        JoinMany(line, 200_000);
        gap.ForEach(waiter => CancelAndLeave(line, waiter));
        long before = line.Effort;
        for (int i = 0; i < 10_000; i++)
        {
            line.WakeNext();
            line.WakeNext();
            first.Phase.ShouldBe(WaitPhase.Woken);
            second.Phase.ShouldBe(WaitPhase.Woken);
            line.WaitOn(first);
            line.WaitOn(second);
        }
        (line.Effort - before).ShouldBeLessThan(2_000_000);
    });

    [Fact]
    public void A_line_in_which_somebody_always_waits_gives_room_back() => OnLoop(line =>
    {
        var waiters = JoinMany(line);
        line.WakeAll();
        foreach (var waiter in waiters.AsSpan(0, Many - 1))
        {
            line.Leave(waiter);
        }
        line.Count.ShouldBe(1);
        line.Room.ShouldBeLessThanOrEqualTo(64);
    });

    [Fact]
    public void Who_waits_alone_has_nothing_allocated_but_the_wait_itself() => OnLoop(line =>
    {
        var waiter = Join(line);
        line.WakeNext();
        line.Leave(waiter);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            line.Join(waiter);
            line.WakeNext();
            line.Leave(waiter);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        allocated.ShouldBeLessThan(100_000); // the queue of ready entries
        line.Room.ShouldBe(4);
    });

    private static WaitCoroutine<NoValue>[] JoinMany(WaitQueue<NoValue> line, int count = Many)
    {
        var waiters = new WaitCoroutine<NoValue>[count];
        for (int i = 0; i < count; i++)
        {
            waiters[i] = Join(line);
        }
        return waiters;
    }

    private static WaitCoroutine<NoValue> Join(WaitQueue<NoValue> line)
    {
        var waiter = new SignalCoroutine(line, "wait");
        waiter.BeginWait(CoroutineTask.Current); // which is woken in vain when it is done
        return waiter;
    }

    private static void CancelAndLeave(WaitQueue<NoValue> line, WaitCoroutine<NoValue> waiter)
    {
        line.Cancel(waiter);
        line.Leave(waiter);
    }

    private static void OnLoop(Action<WaitQueue<NoValue>> body, int firstPlace = 0)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            await Asyncio.Sleep(0);
            body(new WaitQueue<NoValue>(new LoopBinding("a line"), firstPlace));
        }
    }

    /// <summary>Does at random what can be done, and says by a list, in which everybody is looked for, what must come of it.</summary>
    private sealed class Model(WaitQueue<NoValue> line, Random random)
    {
        private readonly List<(WaitCoroutine<NoValue> Waiter, WaitPhase Phase)> _inLine = [];

        internal void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                bool grows = i / 100 % 2 == 0;
                switch (random.Next(7))
                {
                    case 0 or 1 when grows || _inLine.Count < 3:
                        _inLine.Add((Join(line), WaitPhase.Waiting));
                        break;
                    case 2:
                        int next = _inLine.FindIndex(entry => entry.Phase == WaitPhase.Waiting);
                        line.WakeNext().ShouldBe(next >= 0);
                        Set(next, WaitPhase.Woken);
                        break;
                    case 3:
                        line.WakeFirst();
                        Set(_inLine is [{ Phase: WaitPhase.Waiting }, ..] ? 0 : -1, WaitPhase.Woken);
                        break;
                    case 4 when Any(WaitPhase.Waiting) is >= 0 and var cancelled:
                        line.Cancel(_inLine[cancelled].Waiter);
                        Set(cancelled, WaitPhase.Cancelled);
                        break;
                    case 5 when Any(WaitPhase.Woken) is >= 0 and var inVain:
                        line.WaitOn(_inLine[inVain].Waiter);
                        Set(inVain, WaitPhase.Waiting);
                        break;
                    default:
                        if (Any(random.Next(2) == 0 ? WaitPhase.Woken : WaitPhase.Cancelled) is >= 0 and var leaving)
                        {
                            line.Leave(_inLine[leaving].Waiter);
                            _inLine[leaving].Waiter.Phase.ShouldBe(WaitPhase.Out);
                            _inLine.RemoveAt(leaving);
                        }
                        break;
                }
                Compare();
            }
        }

        private int Any(WaitPhase phase)
        {
            var places = Enumerable.Range(0, _inLine.Count).Where(place => _inLine[place].Phase == phase).ToList();
            return places.Count == 0 ? -1 : places[random.Next(places.Count)];
        }

        private void Set(int place, WaitPhase phase)
        {
            if (place >= 0)
            {
                _inLine[place] = (_inLine[place].Waiter, phase);
            }
        }

        private void Compare()
        {
            line.Count.ShouldBe(_inLine.Count);
            line.Woken.ShouldBe(_inLine.Count(entry => entry.Phase == WaitPhase.Woken));
            line.Live.ShouldBe(_inLine.Count(entry => entry.Phase != WaitPhase.Cancelled));
            foreach (var (waiter, phase) in _inLine)
            {
                if (waiter.Phase != phase)
                {
                    waiter.Phase.ShouldBe(phase);
                }
            }
        }
    }
}
