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
}
