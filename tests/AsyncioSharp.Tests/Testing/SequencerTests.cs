using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Testing;

/// <summary>The sequencer: turns in order, whatever the schedule; each once; broken by a cancellation.</summary>
public class SequencerTests
{
    [Fact]
    public void Turns_come_in_order_under_every_schedule()
        => Schedules.Explore(async random =>
        {
            var sequencer = new Sequencer();
            var log = new List<int>();
            int[] turns = [0, 1, 2, 3, 4, 5];
            random.Shuffle(turns);
            await Asyncio.Gather(turns.Select(turn => Take(turn)));

            log.ShouldBe([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);

            async Coroutine Take(int turn)
            {
                using (await sequencer.Turn(turn))
                {
                    log.Add(turn);
                    await Asyncio.Sleep(random.Next(2));
                    log.Add(turn);
                }
            }
        });

    [Fact]
    public void A_turn_can_be_taken_once()
        => VirtualTimeLoop.Run(TakeTwice());

    [Fact]
    public void A_failure_in_a_block_ends_its_turn()
    {
        VirtualTimeLoop.Run(Program());

        static async Coroutine Program()
        {
            var sequencer = new Sequencer();
            var next = Asyncio.CreateTask(sequencer.Turn(1));
            await Should.ThrowAsync<FormatException>(async () =>
            {
                using (await sequencer.Turn(0))
                {
                    throw new FormatException();
                }
            });
            await next;
        }
    }

    [Fact]
    public void A_cancelled_turn_breaks_the_later_ones_and_says_so()
    {
        VirtualTimeLoop.Run(Program());

        static async Coroutine Program()
        {
            var sequencer = new Sequencer();
            var first = Asyncio.CreateTask(sequencer.Turn(1));
            var later = Asyncio.CreateTask(sequencer.Turn(2));
            await Asyncio.Sleep(0);
            first.Cancel();
            await Asyncio.Wait([first, later]);

            first.IsCancelled.ShouldBeTrue();
            later.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("turn 1 was cancelled");
            var failure = await Asyncio.GatherOutcomes(sequencer.Turn(3));
            failure[0].Exception.ShouldBeOfType<InvalidOperationException>();
            (await sequencer.Turn(0)).Dispose(); // it comes before the broken one
        }
    }

    [Fact]
    public void An_earlier_turn_that_waits_is_not_woken_by_the_end_of_a_later_one()
    {
        VirtualTimeLoop.Run(Program());

        static async Coroutine Program()
        {
            var sequencer = new Sequencer();
            var log = new List<int>();
            var first = await sequencer.Turn(0);
            var earlier = Asyncio.CreateTask(Use(1));
            var broken = Asyncio.CreateTask(Use(3));
            var later = Asyncio.CreateTask(Use(4));
            await Asyncio.Sleep(1);
            broken.Cancel();
            await Asyncio.Wait([broken, later]);
            earlier.IsDone.ShouldBeFalse();
            log.Add(0);
            first.Dispose();
            await earlier;
            await Use(2);
            log.ShouldBe([0, 1, 2]);
            later.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("turn 3 was cancelled");

            async Coroutine Use(int turn)
            {
                using (await sequencer.Turn(turn))
                {
                    log.Add(turn);
                }
            }
        }
    }

    [Fact]
    public void Turns_that_come_come_in_order_whatever_is_cancelled()
        => Schedules.Explore(async random =>
        {
            var sequencer = new Sequencer();
            int inside = -1;
            int last = -1;
            int[] turns = [0, 1, 2, 3, 4, 5];
            random.Shuffle(turns);
            var outcomes = await Asyncio.GatherOutcomes([.. turns.Select(turn => Asyncio.CreateTask(Take(turn), name: $"turn {turn}"))]);
            outcomes.ShouldAllBe(outcome => outcome.Exception == null || outcome.Exception is CancelledException
                || (outcome.Exception is InvalidOperationException && outcome.Exception.Message.Contains("can never come")));

            async Coroutine Take(int turn)
            {
                using (await sequencer.Turn(turn))
                {
                    (inside, turn).ShouldBe((-1, last + 1));
                    inside = last = turn;
                    try
                    {
                        await Asyncio.Sleep(random.Next(2));
                    }
                    finally
                    {
                        inside = -1;
                    }
                }
            }
        },
        options: new ScheduleOptions { Cancels = 2, MayCancel = task => task.Name.StartsWith("turn", StringComparison.Ordinal) && task.Begun });

    [Fact]
    public void A_turn_whose_coroutine_is_closed_while_it_waits_can_never_come_either()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var sequencer = new Sequencer();
            var waiting = Use(1);
            var closed = Asyncio.CreateTask(waiting);
            var later = Asyncio.CreateTask(Use(2));
            await Asyncio.Sleep(1);
            waiting.Close();
            (await OnLoop.Failure<InvalidOperationException>(later)).Message.ShouldContain("turn 1 was cancelled or closed");
            closed.Cancel();
            await Asyncio.Wait(closed);

            async Coroutine Use(int turn)
            {
                using (await sequencer.Turn(turn))
                {
                    await Asyncio.Sleep(1);
                }
            }
        }
    }

    [Fact]
    public void A_negative_turn_is_refused()
        => Should.Throw<ArgumentOutOfRangeException>(() => new Sequencer().Turn(-1));

    private static async Coroutine TakeTwice()
    {
        var sequencer = new Sequencer();
        var turn = await sequencer.Turn(0);
        turn.Dispose();
        turn.Dispose(); // once more does nothing
        var again = await Asyncio.GatherOutcomes(sequencer.Turn(0));
        again[0].Exception.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("Turn 0 of the sequencer is taken already");
        (await sequencer.Turn(1)).Dispose();
        default(SequencerTurn).Dispose();
    }
}
