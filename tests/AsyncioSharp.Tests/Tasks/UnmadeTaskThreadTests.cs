using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Loop.Support;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>Other threads that look at the children of a gather get the tasks themselves, which the loop makes its own.</summary>
public abstract class UnmadeTaskThreadTests : UnmadeTaskFixture
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Another_thread_gets_the_tasks_themselves(int count)
        => Run(async loop =>
        {
            CoroutineTask.Current.Name = "main";
            string text = "";
            List<CoroutineTask> seen = [];
            CoroutineTask? running = null;
            (await Asyncio.Gather<int>([.. Enumerable.Range(0, count).Select(static i => Turns(4, i).Anew()), Looks().Anew()])).ShouldBe(Enumerable.Range(0, count + 1));
            seen.ShouldAllBe(task => task.IsDone || task == CoroutineTask.Current);
            ((CoroutineTask<int>)running!).Result().ShouldBe(count);

            async Coroutine<int> Looks()
            {
                await Asyncio.Sleep(0);
                LoopHelpers.OnOtherThread(() =>
                {
                    text = TaskDump.FromOutside(loop);
                    seen = loop.LiveTasks();
                    loop.MakeTasks();
                    running = Asyncio.CurrentTask(loop);
                }).ShouldBeNull();
                running.ShouldBe(seen[^1]);
                CoroutineTask.Current.ShouldBe(running);
                loop.LiveTasks().ShouldBe(seen);
                text.ShouldStartWith($"{count + 2} tasks of ");
                text.ShouldContain($"Task '{running!.Name}' #{FutureNumbers.Of(running)}: running");
                foreach (var task in seen)
                {
                    text.ShouldContain($"Task '{task.Name}' #{FutureNumbers.Of(task)}: ");
                }
                return count;
            }
        });

    [Fact]
    public void Another_thread_can_send_for_the_tasks_that_it_gets()
        => Run(static async loop =>
        {
            var log = new List<string>();
            var main = CoroutineTask.Current;
            var gather = Asyncio.GatherOutcomes(Turns(9, 0).Anew(), Looks().Anew(), Turns(9, 2).Anew());
            var outcomes = await gather;
            outcomes.Select(static outcome => outcome.IsCancelled).ShouldBe([true, false, true]);
            log.ShouldBe(["renamed is done: True", "renamed is done: True"]);

            async Coroutine<int> Looks()
            {
                LoopHelpers.OnOtherThread(() =>
                {
                    foreach (var task in Asyncio.AllTasks(loop).Where(task => task != main && task != Asyncio.CurrentTask(loop)))
                    {
                        loop.CallSoonThreadsafe(() =>
                        {
                            task.Name = "renamed";
                            task.AddDoneCallback(done => log.Add($"{((CoroutineTask)done).Name} is done: {done.IsDone}"));
                            task.Cancel().ShouldBeTrue();
                        });
                    }
                }).ShouldBeNull();
                await Asyncio.Sleep(0);
                return 1;
            }
        });

    [Fact]
    public void A_task_that_another_thread_got_when_its_coroutine_ended_ends_too()
        => Run(static async loop =>
        {
            CoroutineTask<int>? promised = null;
            var waiter = PromiseAtTheEnd(loop, Turns(1, 5).Anew(), task => promised = task);
            await Asyncio.Sleep(0.1);
            (await promised!).ShouldBe(5);
            waiter.Ends.ShouldBe(1);
            loop.TaskCount.ShouldBe(1);
        });

    [Fact]
    public void Threads_that_look_all_the_time_get_tasks_that_end()
        => InContext(() =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = false;
            using var over = new CancellationTokenSource();
            var seen = new HashSet<CoroutineTask>();
            var thread = new Thread(() =>
            {
                while (!over.IsCancellationRequested)
                {
                    seen.UnionWith(loop.LiveTasks());
                    seen.UnionWith(new[] { loop.CurrentTask }.OfType<CoroutineTask>());
                }
            });
            var main = loop.CreateTask(Main());
            thread.Start();
            loop.RunUntilComplete(main);
            loop.Close();
            thread.Join();
            seen.ShouldAllBe(static task => task.IsDone);

            async Coroutine Main()
            {
                for (int i = 0; i < 3000; i++)
                {
                    (await Asyncio.Gather(Turns(2, 1).Anew(), Turns(3, 2).Anew(), Turns(1, 3).Anew())).ShouldBe([1, 2, 3]);
                }
                over.Cancel();
                await Asyncio.ToThread(thread.Join);
            }
        });

    [Theory]
    [InlineData(1, false)]
    [InlineData(20, false)]
    [InlineData(1, true)]
    [InlineData(20, true)]
    public void Another_thread_misses_no_child_that_is_there_all_the_time(int count, bool oneWaits)
        => InContext(() =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = false;
            int wanted = 0, looked = 0;
            bool isOver = false;
            var counts = new List<int>();
            var thread = new Thread(() =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    if (Volatile.Read(ref wanted) is var now && now != Volatile.Read(ref looked))
                    {
                        counts.Add(Asyncio.AllTasks(loop).Count);
                        Volatile.Write(ref looked, now);
                    }
                }
            });
            thread.Start();
            loop.RunUntilComplete(loop.CreateTask(Main()));
            loop.Close();
            Volatile.Write(ref isOver, true);
            thread.Join();
            counts.Count.ShouldBe(2000);
            counts.ShouldAllBe(found => found == count + (oneWaits ? 2 : 1));

            async Coroutine Main()
            {
                for (int i = 1; i <= 2000; i++)
                {
                    var future = loop.CreateFuture<int>();
                    List<Coroutine<int>> children = [.. Enumerable.Range(0, count).Select(_ => UntilLooked(i, future).Anew())];
                    if (oneWaits)
                    {
                        children.Insert(0, Waits(i, future).Anew());
                    }
                    await Asyncio.Gather<int>(children);
                }
            }

            async Coroutine<int> UntilLooked(int look, Future<int> end)
            {
                await Asyncio.Sleep(0);
                await Asyncio.Sleep(0);
                Volatile.Write(ref wanted, look);
                while (Volatile.Read(ref looked) < look)
                {
                    await Asyncio.Sleep(0);
                }
                if (!end.IsDone)
                {
                    end.SetResult(1);
                }
                return 0;
            }

            async Coroutine<int> Waits(int look, Future<int> end)
            {
                await Asyncio.Sleep(0);
                await Asyncio.Sleep(0);
                Volatile.Write(ref wanted, look);
                Thread.SpinWait(look % 200); // the thread comes at different moments
                return await end;
            }
        });

    [Fact]
    public void A_task_that_another_thread_got_when_its_coroutine_ended_ends_too_if_the_loop_is_closed_then()
        => InContext(static () =>
        {
            var loop = VirtualTimeLoop.Create();
            loop.Debug = false;
            CoroutineTask<int>? promised = null;
            loop.CallSoon(() => PromiseAtTheEnd(loop, Turns(0, 5).Anew(), task =>
            {
                promised = task;
                loop.Stop();
            }));
            loop.RunForever();
            loop.Close();
            promised!.Result().ShouldBe(5);
        });

    [Fact]
    public void A_coroutine_that_another_loop_is_given_runs_where_it_is_queued()
        => Run(static async loop =>
        {
            var child = Turns(2, 5).Anew();
            var gather = Asyncio.Gather(child);
            LoopHelpers.OnOtherThread(() => VirtualTimeLoop.Run(child)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("coroutine");
            LoopHelpers.OnOtherThread(child.Close).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("runs in another thread");
            (await gather).ShouldBe([5]);
        });

    // Queues a child whose task another thread asks for just before the end of its last step.
    private static Waiter PromiseAtTheEnd(EventLoop loop, Coroutine<int> child, Action<CoroutineTask<int>> promised)
    {
        var waiter = new Waiter();
        var owner = new UnmadeTasks(
            loop, waiter, [child], 0, 0, null, static (given, loop, number, context) => new CoroutineTask<int>((Coroutine<int>)given, loop, number, context));
        waiter.Counted = () =>
        {
            child.StandFor(owner); // as it was when the other thread looked
            var task = owner.Promise(child);
            child.Succeed();
            promised((CoroutineTask<int>)task!);
        };
        owner.TryAdd(child, 0, 0).ShouldBeTrue();
        return waiter;
    }

    private sealed class Waiter : Runnable
    {
        internal Action? Counted { get; set; }

        internal int Ends { get; private set; }

        internal override bool TryCountSuccess()
        {
            Ends++;
            Counted?.Invoke();
            return true;
        }

        internal override void Run(object? source) => Ends++;
    }
}

/// <summary>In the context of the test framework.</summary>
public sealed class UnmadeTaskThreadInAContextTests : UnmadeTaskThreadTests
{
    protected override void InContext(Action test) => test();
}

/// <summary>In the empty context, as most programs.</summary>
public sealed class UnmadeTaskThreadInTheEmptyContextTests : UnmadeTaskThreadTests
{
    protected override void InContext(Action test) => EmptyContext.Run(test);
}
