using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Conformance;

/// <summary>CPython's test of what all primitives that can be held have in common.</summary>
public class RestatedPrimitiveTests
{
    [Fact]
    [CPython("test_pep492.py::LockTests.test_context_manager_async_with", Deviation = "the variable of the block is the releaser, not None")]
    public void Each_is_locked_inside_its_block_and_free_after_it()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var mutex = new AsyncLock();
            var condition = new AsyncCondition();
            var semaphore = new AsyncSemaphore(1);
            var bounded = new AsyncBoundedSemaphore(1);
            foreach (var (acquire, isLocked) in new (Func<Coroutine<AsyncReleaser>>, Func<bool>)[]
            {
                (mutex.Acquire, () => mutex.IsLocked),
                (condition.Acquire, () => condition.IsLocked),
                (semaphore.Acquire, () => semaphore.IsLocked),
                (bounded.Acquire, () => bounded.IsLocked),
            })
            {
                isLocked().ShouldBeFalse();
                using (await acquire())
                {
                    isLocked().ShouldBeTrue();
                    await Asyncio.Sleep(0.01);
                    isLocked().ShouldBeTrue();
                }
                isLocked().ShouldBeFalse();
            }
        }
    }
}
