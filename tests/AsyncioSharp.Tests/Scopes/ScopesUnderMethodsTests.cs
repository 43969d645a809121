using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>Scopes in <c>async Task</c> methods that a coroutine awaits: several such methods may be at it at once, and each has its own.</summary>
public class ScopesUnderMethodsTests
{
    [Fact]
    public void A_timeout_ends_the_method_that_it_is_in_and_no_other()
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(["short: timeout at 1", "long: done at 3"]);

        static async Coroutine<List<string>> Main()
        {
            var log = new List<string>();
            await Task.WhenAll(Method("short", 1, log), Method("long", 5, log));
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            return log;
        }

        static async Task Method(string name, double seconds, List<string> log)
        {
            try
            {
                await Asyncio.Timeout(seconds).Run(async _ => await Asyncio.Sleep(3));
                log.Add($"{name}: done at {Asyncio.GetRunningLoop().Time}");
            }
            catch (TimeoutException)
            {
                log.Add($"{name}: timeout at {Asyncio.GetRunningLoop().Time}");
            }
        }
    }

    [Fact]
    public void A_group_and_a_scope_in_a_method_end_as_they_do_in_a_coroutine()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            await Method();
            CoroutineTask.Current.Cancelling.ShouldBe(0);
            await Asyncio.Sleep(1);

            var outside = Asyncio.CreateTask(Run());
            await Asyncio.Sleep(0.5);
            outside.Cancel();
            await OnLoop.Failure<CancelledException>(outside);
        }

        static async Coroutine Run() => await Method();

        static async Task Method()
        {
            var failures = await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(TaskGroupTests.FailAfter(1));
                await Asyncio.Sleep(10);
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            int caught = 0;
            var scope = new CancelScope(timeout: 1);
            await scope.Run(async _ =>
            {
                for (int i = 0; i < 3; i++)
                {
                    await OnLoop.Failure<CancelledException>(Asyncio.Sleep(10));
                    caught++;
                }
                await Asyncio.Sleep(10);
            });
            (caught, scope.WasCaught).ShouldBe((3, true));
        }
    }
}
