using System.Diagnostics;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Diagnostics;

public class ActivityTests
{
    [Fact]
    public void The_current_activity_belongs_to_the_task_and_goes_on_to_those_it_makes()
    {
        VirtualTimeLoop.Run(Main());
        Activity.Current.ShouldBeNull();

        static async Coroutine Main()
        {
            using var root = new Activity("root").Start();
            var one = Asyncio.CreateTask(Work("one", 2));
            var two = Asyncio.CreateTask(Work("two", 1));
            Activity.Current.ShouldBeSameAs(root);
            await one;
            await two;
            Activity.Current.ShouldBeSameAs(root);

            async Coroutine Work(string name, double seconds)
            {
                Activity.Current.ShouldBeSameAs(root);
                using var own = new Activity(name).Start();
                own.Parent.ShouldBeSameAs(root);
                await Asyncio.Sleep(seconds);
                Activity.Current.ShouldBeSameAs(own); // whatever the other task did meanwhile
                await Inner(own);
            }
        }

        static async Coroutine Inner(Activity own)
        {
            Activity.Current.ShouldBeSameAs(own);
            await Asyncio.Sleep(1);
            Activity.Current.ShouldBeSameAs(own);
            await Asyncio.ToThread(() => Activity.Current.ShouldBeSameAs(own));
        }
    }

    [Fact]
    public void What_a_task_sets_reaches_neither_its_maker_nor_its_siblings_and_what_a_coroutine_sets_reaches_its_caller()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var sets = Asyncio.CreateTask(Set());
            var sees = Asyncio.CreateTask(See());
            await sets;
            Activity.Current.ShouldBeNull();
            (await sees).ShouldBe(["nothing", "nothing"]);

            await Set();
            Activity.Current.ShouldNotBeNull().OperationName.ShouldBe("set");
            (await Asyncio.CreateTask(See())).ShouldBe(["set", "set"]);
            Activity.Current = null;
        }

        static async Coroutine Set()
        {
            new Activity("set").Start();
            await Asyncio.Sleep(1);
        }

        static async Coroutine<string[]> See()
        {
            string first = Name();
            await Asyncio.Sleep(2);
            return [first, Name()];
        }
    }

    [Fact]
    public void Callbacks_timers_and_coroutines_for_another_thread_take_it_along()
    {
        var seen = new List<string>();
        var loop = new EventLoop();
        using (new Activity("outside").Start())
        {
            loop.CallSoon(() => seen.Add(Name()));
            loop.CallLater(0.001, () => seen.Add(Name()));
        }
        Activity.Current.ShouldBeNull();
        loop.RunUntilComplete(Main());
        loop.RunUntilComplete(loop.ShutdownDefaultExecutor());
        loop.Close();
        seen.ShouldBe(["outside", "outside", "thread", "method"]);

        async Coroutine Main()
        {
            await Asyncio.Sleep(0.01);
            await Asyncio.ToThread(() =>
            {
                using var activity = new Activity("thread").Start();
                Asyncio.RunCoroutineThreadsafe(See(), loop).Result();
            });
            Activity.Current.ShouldBeNull();
            using var own = new Activity("method").Start();
            await Method();
            Activity.Current.ShouldBeSameAs(own);
        }

        async Coroutine See() => seen.Add(Name());

        async Task Method()
        {
            await Asyncio.Sleep(0);
            await Task.Yield();
            seen.Add(Name());
        }
    }

    private static string Name() => Activity.Current?.OperationName ?? "nothing";
}
