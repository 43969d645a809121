using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Testing;

/// <summary>What a schedule may decide, and what it may not: the order among entries with different causes is open, everything else is kept.</summary>
public class ScheduleTests
{
    [Fact]
    public void Tasks_woken_by_different_causes_run_in_any_order()
        => OrdersOf(async log =>
        {
            var first = Asyncio.GetRunningLoop().CreateFuture();
            var second = Asyncio.GetRunningLoop().CreateFuture();
            var third = Asyncio.GetRunningLoop().CreateFuture();
            await Asyncio.Gather(
                Append(log, "a", first), Append(log, "b", second), Append(log, "c", third), Complete(first), Complete(second), Complete(third));
        }).ShouldBe(["abc", "acb", "bac", "bca", "cab", "cba"], ignoreOrder: true);

    [Fact]
    public void Timers_with_equal_deadlines_fire_in_any_order_and_others_in_theirs()
        => OrdersOf(async log =>
        {
            var loop = Asyncio.GetRunningLoop();
            double now = loop.Time;
            foreach (var (name, when) in new[] { ("a", 1.0), ("b", 1.0), ("c", 2.0) })
            {
                loop.CallAt(now + when, () => log.Add(name));
            }
            await Asyncio.Sleep(3);
        }).ShouldBe(["abc", "bac"], ignoreOrder: true);

    [Fact]
    public void Timers_that_are_due_together_keep_the_order_of_their_deadlines()
        => OrdersOf(async log =>
        {
            var loop = Asyncio.GetRunningLoop();
            loop.CallLater(-1, () => log.Add("b"));
            loop.CallLater(-2, () => log.Add("a"));
            await Asyncio.Sleep(1);
        }).ShouldBe(["ab"]);

    [Fact]
    public void What_one_step_makes_ready_keeps_its_order()
        => OrdersOf(async log =>
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var others = Asyncio.Gather(Asyncio.Sleep(0), Asyncio.Sleep(0));
            future.AddDoneCallback(_ => log.Add("a"));
            var waiter = Asyncio.CreateTask(Append(log, "b", future));
            await Asyncio.Sleep(0);
            future.AddDoneCallback(_ => log.Add("c"));
            future.SetResult(null);
            _ = Asyncio.CreateTask(Append(log, "d"));
            await waiter;
            await others;
        }).ShouldBe(["abcd"]);

    [Fact]
    public void Callbacks_run_in_the_order_of_their_registration_whoever_registers_them()
        => OrdersOf(async log =>
        {
            var loop = Asyncio.GetRunningLoop();
            await Asyncio.Gather(Call("a"), Call("b"), Call("c"));
            await Asyncio.Sleep(0);

            async Coroutine Call(string name)
            {
                log.Add(name);
                loop.CallSoon(() => log.Add(name.ToUpperInvariant()));
                await Asyncio.Sleep(0);
            }
        }).ShouldBe(["abcABC"]);

    [Fact]
    public void What_a_task_set_going_runs_before_the_task_goes_on()
        => OrdersOf(async log =>
        {
            var future = Asyncio.GetRunningLoop().CreateFuture();
            var setter = Asyncio.CreateTask(Complete(future));
            await Asyncio.Sleep(0);
            // The setter's next step, which wakes this task, is behind: it was made ready by another cause.
            _ = Asyncio.CreateTask(Append(log, "a"));
            await future;
            log.Add("b");
            await setter;
        }).ShouldBe(["ab"]);

    [Fact]
    public void What_is_made_ready_during_an_iteration_runs_in_the_next()
        => OrdersOf(async log =>
        {
            await Asyncio.Gather(Twice("a"), Twice("b"));

            async Coroutine Twice(string name)
            {
                log.Add(name);
                await Asyncio.Sleep(0);
                log.Add(name.ToUpperInvariant());
            }
        }).ShouldBe(["abAB", "abBA"], ignoreOrder: true);

    [Fact]
    public void A_schedule_that_always_takes_the_first_is_the_plain_order()
    {
        var plain = new List<string>();
        var scheduled = new List<string>();
        VirtualTimeLoop.Run(Program(plain));
        Run(Program(scheduled), new Chosen(static _ => 0));

        scheduled.ShouldBe(plain);

        static async Coroutine Program(List<string> log)
        {
            var loop = Asyncio.GetRunningLoop();
            await Asyncio.Gather(Worker("a", 3), Worker("b", 2), Worker("c", 1));

            async Coroutine Worker(string name, int turns)
            {
                for (int i = 0; i < turns; i++)
                {
                    log.Add(name + i);
                    loop.CallSoon(() => log.Add(name + " soon"));
                    await Asyncio.Sleep(i % 2);
                }
            }
        }
    }

    [Fact]
    public void The_choices_are_the_entries_in_the_order_in_which_they_became_ready()
    {
        var seen = new List<string>();
        Run(Program(), new Chosen(choices =>
        {
            seen.Add(string.Join(' ', choices.ToArray().OfType<CoroutineTask>().Select(task => task.Name)));
            return choices.Length - 1;
        }));

        seen.Where(text => text.Length > 0).ShouldBe(["x y z", "x y"]); // the others are done callbacks

        static async Coroutine Program()
        {
            var tasks = new[] { "x", "y", "z" }.Select(name => Asyncio.CreateTask(Asyncio.Sleep(0), name)).ToList();
            await Asyncio.Wait(tasks);
        }
    }

    [Fact]
    public void A_choice_out_of_range_is_refused_and_nothing_is_lost()
    {
        int asked = 0;
        var schedule = new Chosen(_ => asked++ == 0 ? 7 : 0);
        var clock = new VirtualClock();
        var loop = new EventLoop(clock, clock.Parker, schedule);
        var log = new List<string>();
        var main = loop.CreateTask(Program());

        Should.Throw<InvalidOperationException>(() => loop.RunUntilComplete(main)).Message.ShouldContain("gave 7");
        loop.RunUntilComplete(main);
        loop.Close();

        log.ShouldBe(["a", "b", "A", "B"]);

        async Coroutine Program() => await Asyncio.Gather(Twice("a"), Twice("b"));

        async Coroutine Twice(string name)
        {
            log.Add(name);
            await Asyncio.Sleep(0);
            log.Add(name.ToUpperInvariant());
        }
    }

    [Fact]
    public void Slow_entries_are_reported_in_debug_mode_too()
    {
        var clock = new VirtualClock();
        var loop = new EventLoop(clock, clock.Parker, new Chosen(static _ => 0)) { Debug = true };
        var log = new StringWriter();
        loop.LogWriter = log;
        loop.CallSoon(() => clock.Advance(TimeSpan.FromSeconds(1)));
        loop.RunIteration();
        loop.Close();

        log.ToString().ShouldContain("took 1.000 seconds");
    }

    private static List<string> OrdersOf(Func<List<string>, Coroutine> program)
    {
        var orders = new HashSet<string>();
        Schedules.Explore(
            async () =>
            {
                var log = new List<string>();
                await program(log);
                orders.Add(string.Concat(log));
            },
            count: 200);
        return [.. orders];
    }

    private static async Coroutine Append(List<string> log, string name, Future? after = null)
    {
        if (after is not null)
        {
            await after;
        }
        log.Add(name);
    }

    private static async Coroutine Complete(Future<object?> future)
    {
        await Asyncio.Sleep(0);
        future.SetResult(null);
    }

    private static void Run(Coroutine main, Schedule schedule)
    {
        var clock = new VirtualClock();
        Asyncio.Run(main, loopFactory: () => new EventLoop(clock, clock.Parker, schedule));
    }

    private sealed class Chosen(Chosen.Choice choose) : Schedule
    {
        internal delegate int Choice(ReadOnlySpan<Runnable> choices);

        public override int Choose(ReadOnlySpan<Runnable> choices) => choose(choices);
    }
}
