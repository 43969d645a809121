using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>A loop's tasks against a list as its model: order of creation, where they are kept, the table's holes, growth and shrinking.</summary>
public class TaskTableTests
{
    [Fact]
    public void Tasks_are_listed_in_order_of_creation_however_many_come_and_go()
    {
        var loop = VirtualTimeLoop.Create();
        var random = new Random(1);
        var model = new List<(CoroutineTask Task, Future<int> End)>();
        for (int step = 0; step < 12_000; step++)
        {
            // It swells to some thousand tasks, shrinks to a few, and swells again.
            if (model.Count == 0 || random.Next(100) < (step / 4000 == 1 ? 3 : 80))
            {
                var end = loop.CreateFuture<int>();
                model.Add((loop.CreateTask(Wait(end)), end));
            }
            else
            {
                int which = random.Next(model.Count);
                model[which].End.SetResult(0);
                model.RemoveAt(which);
                loop.RunIteration();
                loop.RunIteration();
            }
            if (step % 97 == 0)
            {
                loop.LiveTasks().ShouldBe(model.Select(static entry => entry.Task));
                Asyncio.AllTasks(loop).SetEquals(model.Select(static entry => entry.Task)).ShouldBeTrue();
            }
        }
        model.ForEach(static entry => entry.End.SetResult(0));
        loop.RunIteration();
        loop.RunIteration();
        loop.LiveTasks().ShouldBeEmpty();
        loop.Close();

        static async Coroutine Wait(Future<int> end) => await end;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tasks_that_have_not_begun_are_listed_too_and_so_is_the_one_that_asks_in_its_first_step(bool someBeginAtOnce)
    {
        var loop = VirtualTimeLoop.Create();
        var random = new Random(2);
        var model = new List<CoroutineTask>();
        var ends = new Queue<Future<int>>();
        loop.RunUntilComplete(Main());
        Compare();
        loop.LiveTasks().ForEach(static task => task.Cancel());
        loop.RunIteration();
        loop.RunIteration();
        Compare();
        loop.LiveTasks().ShouldBeEmpty();
        loop.Close();

        async Coroutine Main()
        {
            model.Add(CoroutineTask.Current);
            for (int step = 0; step < 3000; step++)
            {
                switch (random.Next(8))
                {
                    case < 3:
                        Create(Wait());
                        break;
                    case 3:
                        Create(EndAtOnce());
                        break;
                    case 4:
                        Create(CreateMore(), mayBeginAtOnce: false); // the model learns of a task when it has begun
                        break;
                    case 5 when ends.TryDequeue(out var end):
                        end.SetResult(0);
                        break;
                    case 6:
                        await Asyncio.Sleep(0);
                        break;
                    default:
                        Compare();
                        break;
                }
            }
        }

        void Create(Coroutine coroutine, bool mayBeginAtOnce = true)
            => model.Add(loop.CreateTask(coroutine, random.Next(3) == 0 ? "named" : null, eagerStart: mayBeginAtOnce && someBeginAtOnce && random.Next(200) == 0));

        void Compare()
        {
            loop.LiveTasks().ShouldBe(model.Where(static task => !task.IsDone));
            loop.TaskCount.ShouldBe(model.Count(static task => !task.IsDone));
        }

        async Coroutine Wait()
        {
            for (int turns = random.Next(4); turns > 0; turns--)
            {
                await Asyncio.Sleep(0); // they are kept by the queue at first, and some are before others that wait already
            }
            var end = loop.CreateFuture<int>();
            ends.Enqueue(end);
            await end;
        }

        async Coroutine EndAtOnce()
        {
            if (!someBeginAtOnce)
            {
                Compare(); // this one has not been added to the model when it begins at once
            }
        }

        async Coroutine CreateMore()
        {
            Create(Wait());
            Create(Wait());
            await Asyncio.Sleep(0);
            if (!someBeginAtOnce)
            {
                Compare();
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Eager_tasks_are_listed_while_they_begin_in_order_of_creation_with_those_that_they_create(bool createsAnotherFirst)
    {
        var loop = VirtualTimeLoop.Create();
        List<CoroutineTask> inOuter = [], inInner = [], later = [];
        CoroutineTask? outer = null, inner = null, created = null;
        var main = loop.CreateTask(Main());
        loop.RunUntilComplete(main);
        inOuter.ShouldBe([main, created!, outer!]);
        inInner[..3].ShouldBe(inOuter);
        inInner.Count.ShouldBe(createsAnotherFirst ? 5 : 4);
        inInner[^1].ShouldBe(inner!);
        later.ShouldBe([main, created!, .. inInner[3..]]);
        loop.LiveTasks().ForEach(static task => task.Cancel());
        loop.RunIteration();
        loop.Close();

        async Coroutine Main()
        {
            created = loop.CreateTask(Asyncio.Sleep(1));
            _ = loop.CreateTask(Outer(), eagerStart: true);
            later = loop.LiveTasks();
            loop.TaskCount.ShouldBe(later.Count);
        }

        async Coroutine Outer()
        {
            outer = CoroutineTask.Current;
            inOuter = loop.LiveTasks();
            if (createsAnotherFirst)
            {
                _ = loop.CreateTask(Asyncio.Sleep(1));
            }
            _ = loop.CreateTask(Inner(), eagerStart: true);
        }

        async Coroutine Inner()
        {
            inner = CoroutineTask.Current;
            inInner = loop.LiveTasks();
            loop.TaskCount.ShouldBe(inInner.Count);
            await Asyncio.Sleep(1);
        }
    }

    [Fact]
    public void Tasks_that_come_and_go_beside_one_that_stays_have_the_table_allocate_nothing()
    {
        var loop = VirtualTimeLoop.Create();
        var tasks = Enumerable.Range(0, 1000).Select(_ => loop.CreateTask(Asyncio.Sleep(1))).ToArray();
        var table = new TaskTable();
        table.Add(tasks[0]);

        Allocation.LeastOf(() => ComeAndGo(tasks.AsSpan(1))).ShouldBe(0);

        table.List().ShouldBe([tasks[0]]);
        loop.ExceptionHandler = static (_, _) => { }; // the tasks never run
        loop.Close();

        void ComeAndGo(ReadOnlySpan<CoroutineTask> tasks)
        {
            foreach (var task in tasks)
            {
                table.Add(task);
                table.Remove(task);
            }
        }
    }

    [Fact]
    public void The_room_of_very_many_tasks_is_given_back_when_the_loop_sleeps_or_when_it_is_full_again()
    {
        var loop = VirtualTimeLoop.Create();
        var tasks = Enumerable.Range(0, 100_000).Select(_ => loop.CreateTask(Asyncio.Sleep(1))).ToArray();
        var table = new TaskTable();
        Burst();
        table.Room.ShouldBeInRange(100_000, 120_000);
        table.Trim();
        table.Room.ShouldBeLessThan(20_000);
        table.List().ShouldBe([tasks[^1]]);
        Burst();
        table.Add(tasks[0]);
        for (int i = 1; i < 40_000; i++)
        {
            table.Add(tasks[i]); // before the one before it ends, so that it needs a place of its own
            table.Remove(tasks[i - 1]);
        }
        table.Room.ShouldBeLessThan(20_000);
        table.List().ShouldBe([tasks[^1], tasks[^1], tasks[39_999]]);
        loop.ExceptionHandler = static (_, _) => { }; // the tasks never run
        loop.Close();

        void Burst()
        {
            Array.ForEach(tasks, table.Add);
            Array.ForEach(tasks[..^1], table.Remove);
        }
    }

    [Fact]
    public void The_places_of_the_latest_are_handed_out_again_in_whatever_order_those_end()
    {
        var loop = VirtualTimeLoop.Create();
        var tasks = Enumerable.Range(0, 51).Select(_ => loop.CreateTask(Asyncio.Sleep(1))).ToArray();
        var table = new TaskTable();
        table.Add(tasks[0]);
        for (int i = 0; i < 100; i++)
        {
            Array.ForEach(tasks[1..], table.Add);
            table.List().ShouldBe(tasks);
            new Random(i).Shuffle(tasks.AsSpan(1));
            Array.ForEach(tasks[1..], table.Remove);
            table.List().ShouldBe([tasks[0]]);
        }
        table.Room.ShouldBe(64);
        table.List().ShouldBe([tasks[0]]);
        loop.ExceptionHandler = static (_, _) => { }; // the tasks never run
        loop.Close();
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0, "name")]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(3, null)]
    public void Another_thread_sees_the_task_that_runs_however_often_it_has_given_others_their_turn(int turns, string? name)
    {
        List<CoroutineTask> seen = [];
        CoroutineTask? running = null;
        VirtualTimeLoop.Run(Main());
        seen.ShouldContain(running!);
        seen.Count.ShouldBe(2);

        async Coroutine Main() => await Asyncio.CreateTask(Busy(), name);

        async Coroutine Busy()
        {
            for (int turn = 0; turn < turns; turn++)
            {
                await Asyncio.Sleep(0);
            }
            running = CoroutineTask.Current;
            var loop = Asyncio.GetRunningLoop();
            LoopHelpers.OnOtherThread(() => seen = loop.LiveTasks()).ShouldBeNull();
        }
    }

    [Fact]
    public void A_task_that_is_cancelled_behind_its_first_turn_and_waits_all_the_same_is_listed()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var refusing = Asyncio.CreateTask(Refuse());
            await Asyncio.Sleep(0);
            refusing.Cancel();
            await Asyncio.Sleep(1);
            loop.LiveTasks().ShouldBe([CoroutineTask.Current, refusing]);
            refusing.Cancel();

            async Coroutine Refuse()
            {
                try
                {
                    await Asyncio.Sleep(0);
                }
                catch (CancelledException)
                {
                }
                await loop.CreateFuture<int>();
            }
        }
    }

    [Fact]
    public void A_task_whose_coroutine_is_closed_while_the_queue_holds_it_is_not_listed()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var closed = Asyncio.CreateTask(Turns());
            await Asyncio.Sleep(0);
            closed.Coroutine.Close();
            closed.IsDone.ShouldBeFalse(); // it learns of it when it runs
            await Asyncio.Wait([closed]);
            Asyncio.GetRunningLoop().LiveTasks().ShouldBe([CoroutineTask.Current]);
            closed.Exception();
        }

        static async Coroutine Turns()
        {
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0);
        }
    }

    [Fact]
    public void Tasks_that_a_closed_loop_abandons_do_not_count_any_more()
    {
        var loop = VirtualTimeLoop.Create();
        loop.ExceptionHandler = static (_, _) => { };
        _ = loop.CreateTask(Asyncio.Sleep(1));
        _ = loop.CreateTask(Asyncio.Sleep(0));
        loop.RunIteration();
        _ = loop.CreateTask(Asyncio.Sleep(1));
        loop.TaskCount.ShouldBe(3);
        loop.Close();
        loop.TaskCount.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_eager_task_that_a_method_makes_for_a_task_between_its_steps_changes_nothing_for_that(bool cancels)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            using var source = new CancellationTokenSource();
            CancelledException? told = null;
            CoroutineTask owner = null!;
            owner = loop.CreateTask(Owner(), source.Token);
            await Asyncio.Sleep(1);
            if (!cancels)
            {
                loop.LiveTasks().ShouldBe([CoroutineTask.Current, owner]);
                owner.IsUnlisted.ShouldBeFalse(); // else each of its steps would be taken for the second
                source.Cancel();
            }
            await Asyncio.Wait([owner]);
            told!.CancellationToken.ShouldBe(cancels ? default : source.Token);
            loop.LiveTasks().ShouldBe([CoroutineTask.Current]);
            loop.TaskCount.ShouldBe(1);
            loop.ListedTasks.ShouldBe([CoroutineTask.Current]); // listed twice, it would stay there

            async Coroutine Owner()
            {
                _ = Method();
                try
                {
                    await Asyncio.Sleep(0);
                    await loop.CreateFuture<int>();
                }
                catch (CancelledException e)
                {
                    told = e;
                    throw;
                }
                await Task.Yield(); // what awaits something of .NET owns the methods that it calls
            }

            async Task Method()
            {
                await Task.Yield();
                _ = Asyncio.CreateTask(Asyncio.Sleep(0), eagerStart: true);
                if (cancels)
                {
                    owner.Cancel();
                }
            }
        }
    }

    [Fact]
    public void Numbers_that_have_begun_again_are_behind_those_before_them()
    {
        const long Last = (1L << 40) - 1;
        TaskOrder[] inOrder = [new(Last - 1, 0), new(Last, 0), new(Last, 7), new(0, 0), new(0, 9), new(1, 0)];
        inOrder.Reverse().Order().ShouldBe(inOrder);
    }

    [Fact]
    public void With_a_schedule_the_tasks_that_it_holds_back_are_listed_too()
    {
        Schedules.Explore(Main, count: 20);

        static async Coroutine Main()
        {
            List<CoroutineTask> tasks = [];
            tasks.AddRange(Enumerable.Range(0, 20).Select(_ => Asyncio.CreateTask(Look())));
            await Asyncio.Gather(tasks);

            async Coroutine Look()
            {
                for (int turn = 0; turn < 3; turn++)
                {
                    Asyncio.GetRunningLoop().LiveTasks().Intersect(tasks).ShouldBe(tasks.Where(static task => !task.IsDone));
                    await Asyncio.Sleep(0);
                }
            }
        }
    }

    [Fact]
    public void Tasks_below_methods_have_their_own_order_and_age()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            var both = Asyncio.CreateTask(Both(), "both");
            await Asyncio.Sleep(101);
            var all = loop.LiveTasks();
            all.Select(static task => task.Name).ShouldBe([CoroutineTask.Current.Name, "both", "both", "both"]);
            all[2].Coroutine.QualifiedName.ShouldEndWith("First");
            all[3].Coroutine.QualifiedName.ShouldEndWith("Second");
            all.Select(loop.AgeOf).ShouldBe([101, 101, 51, 51]);
            both.Cancel();
            await Asyncio.Wait([both]);
        }

        static async Coroutine Both()
        {
            await Asyncio.Sleep(50);
            await Task.WhenAll(Method(First()), Method(Second()));
        }

        static async Task Method(Coroutine below) => await below;

        static async Coroutine First()
        {
            await Asyncio.Sleep(0); // so that it waits after the second
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(1000);
        }

        static async Coroutine Second() => await Asyncio.Sleep(1000);
    }

    [Fact]
    public void A_task_below_a_method_stands_where_it_was_made()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var loop = Asyncio.GetRunningLoop();
            List<CoroutineTask> begins = [];
            var before = Asyncio.CreateTask(Asyncio.Sleep(2), "before");
            var around = Asyncio.CreateTask(Around(), "around");
            var after = Asyncio.CreateTask(Asyncio.Sleep(2), "after");
            await Asyncio.Sleep(1);
            Check(begins);
            Check(loop.LiveTasks());
            await Asyncio.Gather(before, around, after);

            void Check(List<CoroutineTask> all)
            {
                all.Count.ShouldBe(5);
                all[..4].ShouldBe([CoroutineTask.Current, before, around, after]);
                all[4].Identity.ShouldBe(around);
            }

            async Coroutine Around() => await Method();

            async Task Method() => await Below();

            async Coroutine Below()
            {
                begins = loop.LiveTasks();
                await Asyncio.Sleep(2);
            }
        }
    }

    [Fact]
    public void Another_thread_sees_each_task_that_is_there_all_the_time_once()
    {
        var loop = VirtualTimeLoop.Create();
        List<CoroutineTask> stays = [];
        string? wrong = null;
        bool isOver = false;
        var looker = new Thread(Look);
        loop.RunUntilComplete(Main());
        looker.Join();
        loop.Close();
        wrong.ShouldBeNull();

        async Coroutine Main()
        {
            for (int i = 0; i < 1000; i++)
            {
                // Those that stay lie among others that leave holes behind, and are moved when these are closed.
                var task = loop.CreateTask(Asyncio.Sleep(1e9));
                _ = loop.CreateTask(Asyncio.Sleep(1 + i));
                if (i % 50 == 0)
                {
                    stays.Add(task);
                }
                else
                {
                    _ = loop.CallLater(1 + i, () => task.Cancel());
                }
            }
            await Asyncio.Sleep(0);
            looker.Start();
            for (int i = 0; i < 300_000; i++)
            {
                _ = loop.CreateTask(Asyncio.Sleep(0.01 * (i % 50)));
                if (i % 10 == 0)
                {
                    await Asyncio.Sleep(0.01);
                }
            }
            isOver = true;
            stays.ForEach(static task => task.Cancel());
        }

        void Look()
        {
            try
            {
                while (!Volatile.Read(ref isOver) && wrong is null)
                {
                    var seen = loop.LiveTasks();
                    int missed = stays.Count - stays.Intersect(seen).Count();
                    if ((missed > 0 || seen.Count != seen.Distinct().Count()) && !Volatile.Read(ref isOver))
                    {
                        wrong = $"{missed} missed of {seen.Count}";
                    }
                }
            }
            catch (Exception e)
            {
                wrong = e.ToString();
            }
        }
    }

    [Fact]
    public void Another_thread_sees_tasks_that_do_nothing_but_give_each_other_their_turn()
    {
        var loop = VirtualTimeLoop.Create();
        List<CoroutineTask> spinning = [];
        int fewest = int.MaxValue;
        bool isOver = false;
        var looker = new Thread(Look);
        loop.RunUntilComplete(Main());
        looker.Join();
        loop.Close();
        fewest.ShouldBe(20);

        async Coroutine Main()
        {
            for (int i = 0; i < 20; i++)
            {
                spinning.Add(loop.CreateTask(Spin(), i % 2 == 0 ? "named" : null));
            }
            await Asyncio.Sleep(0);
            await Asyncio.Sleep(0); // the second steps of those above are over with the next turn
            await Asyncio.Sleep(0);
            spinning.ShouldAllBe(static task => task.Place > 0); // else they would be looked for in the queue alone, in which they move meanwhile
            looker.Start();
            await Asyncio.Wait(spinning);
        }

        async Coroutine Spin()
        {
            while (!Volatile.Read(ref isOver))
            {
                _ = loop.CreateTask(Asyncio.Sleep(0)); // one that comes and goes
                await Asyncio.Sleep(0);
            }
        }

        void Look()
        {
            for (int look = 0; look < 3000; look++)
            {
                fewest = Math.Min(fewest, loop.LiveTasks().Intersect(spinning).Count());
            }
            isOver = true;
        }
    }

    [Fact]
    public void Tasks_that_are_made_while_their_loop_does_not_run_are_listed_behind_those_that_have_not_begun()
    {
        var loop = VirtualTimeLoop.Create();
        CoroutineTask? inside = null;
        loop.CallSoon(() => inside = loop.CreateTask(Nothing()));
        loop.RunIteration();
        var outside = loop.CreateTask(Nothing());
        loop.LiveTasks().ShouldBe([inside!, outside]);
        loop.TaskCount.ShouldBe(2);
        loop.RunIteration();
        loop.LiveTasks().ShouldBeEmpty();
        loop.TaskCount.ShouldBe(0);
        loop.Close();

        static async Coroutine Nothing()
        {
        }
    }
}
