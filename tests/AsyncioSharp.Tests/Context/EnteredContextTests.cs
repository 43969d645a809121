using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Contexts;

/// <summary>Tasks that are given a context in which something runs already, which can be entered once only.</summary>
public sealed class EnteredContextTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_task_fails_with_its_name_and_the_loop_goes_on(bool begun)
    {
        var order = new List<string>();
        var loop = VirtualTimeLoop.Create();
        var context = Context.Copy();
        CoroutineTask? task = null;
        if (begun)
        {
            Start();
            loop.RunUntilComplete(Asyncio.Sleep(1));
        }
        context.Run(() =>
        {
            if (!begun)
            {
                Start();
            }
            loop.CallSoon(() => order.Add($"current task: {Asyncio.CurrentTask()}"));
            loop.RunUntilComplete(Asyncio.Wait([task!]));
        });
        task!.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldStartWith("Task 'victim' cannot enter its context");
        order.ShouldBe(begun ? ["current task: ", "cleaned up"] : ["current task: "], ignoreOrder: true);
        loop.Close();

        void Start() => task = loop.CreateTask(Victim(), "victim", context);

        async Coroutine Victim()
        {
            try
            {
                await Asyncio.Sleep(2);
            }
            finally
            {
                order.Add("cleaned up");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_task_that_was_cancelled_in_such_a_context_fails_too_rather_than_to_end_where_it_may_not_run(bool asleep)
    {
        var loop = VirtualTimeLoop.Create();
        var context = Context.Copy();
        var future = loop.CreateFuture<int>();
        var task = loop.CreateTask(asleep ? Asleep() : Waiting(), "victim", context);
        loop.RunUntilComplete(Asyncio.Sleep(1));
        task.Cancel();
        context.Run(() => loop.RunUntilComplete(Asyncio.Wait([task])));
        task.Exception().ShouldBeOfType<InvalidOperationException>().Message.ShouldStartWith("Task 'victim' cannot enter its context");
        loop.Close();

        async Coroutine Waiting() => await future;
        static async Coroutine Asleep() => await Asyncio.Sleep(2);
    }

    [Fact]
    public void A_runner_says_so_instead_of_waiting_for_ever()
    {
        var context = Context.Copy();
        context.Run(() =>
        {
            using var runner = new Runner(loopFactory: static () => VirtualTimeLoop.Create());
            Should.Throw<InvalidOperationException>(() => runner.Run(Asyncio.Sleep(0), context)).Message.ShouldContain("cannot enter its context");
            runner.Run(Asyncio.Sleep(1, "goes on")).ShouldBe("goes on");
        });
    }
}
