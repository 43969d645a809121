using AsyncioSharp.Testing;
using static AsyncioSharp.Tests.Interop.OwnedMethodTests;

namespace AsyncioSharp.Tests.Interop;

/// <summary>A wait of a method that has ended is not taken for one that a request to cancel reaches, in whatever order the waits of a task's methods begin and end.</summary>
public class WaitListTests
{
    [Theory]
    [InlineData("abcd", "d")]
    [InlineData("abcd", "a")]
    [InlineData("abcd", "b")]
    [InlineData("abcd", "ba")]
    [InlineData("abcd", "bc")]
    [InlineData("abcd", "cb")]
    [InlineData("abcd", "ab")]
    [InlineData("abcd", "dc")]
    [InlineData("abcd", "abcd")]
    [InlineData("abcd", "dcba")]
    public void A_method_whose_wait_for_this_library_has_ended_gets_the_exception_at_its_wait_for_NET(string begun, string ended)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            List<char> cancelled = [];
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(50);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
            cancelled.ShouldBe([ended[^1]]); // the others were started only

            async Coroutine Caller()
            {
                Task? awaited = null;
                foreach (char name in begun)
                {
                    var method = Method(name);
                    awaited = name == ended[^1] ? method : awaited;
                }
                await awaited!;
            }

            async Task Method(char name)
            {
                int place = ended.IndexOf(name, StringComparison.Ordinal);
                try
                {
                    await Asyncio.Sleep(place < 0 ? 100 : 1 + place);
                    await After(100);
                }
                catch (CancelledException)
                {
                    cancelled.Add(name);
                    throw;
                }
            }
        }
    }
}
