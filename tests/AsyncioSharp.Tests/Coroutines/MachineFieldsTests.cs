using System.Runtime.CompilerServices;
using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Coroutines;

/// <summary>What the compiler's fields tell of a method that is suspended.</summary>
public class MachineFieldsTests
{
    [Fact]
    public void A_method_that_waits_for_its_turn_is_told_from_one_that_does_so_too_but_waits_for_something_now()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var method = Method(source.Task);
            IsAtYield(method).ShouldBeTrue();
            await Asyncio.Sleep(1);
            IsAtYield(method).ShouldBeFalse();
            source.SetResult();
            await method;
        }

        static async Task Method(Task other)
        {
            await Task.Yield();
            await other;
        }
    }

    private static bool IsAtYield(Task method)
    {
        var machine = (IAsyncStateMachine)BoxTypes.MachineIn(method)!;
        return MachineFields.Of(machine).IsAtYield(machine);
    }
}
