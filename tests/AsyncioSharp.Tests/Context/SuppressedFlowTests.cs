using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Contexts;

/// <summary>Code that suppresses the flow of .NET's context around calls of the library, and takes that back afterwards.</summary>
public sealed class SuppressedFlowTests
{
    private static readonly ContextVar<string> s_variable = new("variable", "unset");

    [Fact]
    public void A_suppression_is_left_as_it_was_found_by_every_call()
    {
        var loop = VirtualTimeLoop.Create();
        s_variable.Set("set"); // so that there is something to capture
        foreach (Action call in new Action[]
        {
            () => loop.CallSoon(static () => { }),
            () => loop.CallSoonThreadsafe(static () => { }),
            () => loop.CallLater(1, static () => { }),
            () => loop.CreateTask(Asyncio.Sleep(1, 1)),
            () => loop.CreateFuture().AddDoneCallback(static _ => { }),
            () => Context.Copy(),
            () => Context.Copy().Run(static () => { }),
            () => VirtualTimeLoop.Run(Asyncio.Sleep(1)),
            () => Asyncio.RunCoroutineThreadsafe(Asyncio.Sleep(1, 1), loop),
        })
        {
            using (ExecutionContext.SuppressFlow())
            {
                call();
                ExecutionContext.IsFlowSuppressed().ShouldBeTrue();
            }
        }
        loop.RunUntilComplete(Asyncio.Sleep(2));
        loop.Close();
    }

    [Fact]
    public void What_is_made_meanwhile_has_the_values_all_the_same()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            s_variable.Set("of the creator");
            CoroutineTask<string> task;
            using (ExecutionContext.SuppressFlow())
            {
                task = Asyncio.CreateTask(Read());
            }
            (await task).ShouldBe("of the creator");
        }

        static async Coroutine<string> Read() => s_variable.Get();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_eager_task_does_not_take_its_creators_suppression_away(bool inEmptyContext)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            if (!inEmptyContext)
            {
                s_variable.Set("set");
            }
            using (ExecutionContext.SuppressFlow())
            {
                Asyncio.CreateTask(Other(), eagerStart: true).Result().ShouldBeFalse();
                ExecutionContext.IsFlowSuppressed().ShouldBeTrue();
            }
        }

        static async Coroutine<bool> Other() => ExecutionContext.IsFlowSuppressed();
    }

    [Fact]
    public void A_step_that_suppresses_the_flow_for_good_does_so_for_itself_only()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var other = Asyncio.CreateTask(Other());
            _ = ExecutionContext.SuppressFlow();
            await Asyncio.Sleep(0);
            (await other).ShouldBeFalse();
        }

        static async Coroutine<bool> Other() => ExecutionContext.IsFlowSuppressed();
    }
}
