using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Tasks;

/// <summary>A running task that cancels itself after it has been suspended: what it waited for then must not be taken for what it waits for now.</summary>
public class SelfCancellationTests
{
    [Theory, Rule("CAN-07")]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_interrupted_at_the_next_await_and_not_woken_from_it(bool awaitsCoroutine)
    {
        VirtualTimeLoop.Run(Main()).ShouldBe(["cancelled at 1", "slept until 6"]);

        async Coroutine<List<string>> Main()
        {
            var log = new List<string>();
            await (awaitsCoroutine ? Nested() : Asyncio.Sleep(1)); // the coroutine that was suspended here has ended
            CoroutineTask.Current.Cancel();
            try
            {
                await Asyncio.Sleep(10);
                log.Add("woken");
            }
            catch (CancelledException)
            {
                log.Add($"cancelled at {Asyncio.GetRunningLoop().Time}");
            }
            await Asyncio.Sleep(5);
            log.Add($"slept until {Asyncio.GetRunningLoop().Time}");
            return log;
        }

        static async Coroutine Nested() => await Asyncio.Sleep(1);
    }
}
