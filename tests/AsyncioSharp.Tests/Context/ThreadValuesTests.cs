using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Contexts;

/// <summary>That the look at a thread's context without thread-local storage sees what the public way sees.</summary>
public sealed class ThreadValuesTests
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public void The_runtime_of_these_tests_keeps_the_context_where_it_is_looked_for()
        => ThreadValues.IsReadable.ShouldBeTrue("contexts still work, but each step of a task finds its thread first");

    [Fact]
    public void What_is_set_on_the_thread_is_seen()
    {
        bool atRest = false, changed = true, suppressed = true;
        var thread = new Thread(() =>
        {
            var current = Thread.CurrentThread;
            atRest = ThreadValues.AreEmpty(current);
            using (ExecutionContext.SuppressFlow())
            {
                suppressed = ThreadValues.AreEmpty(current);
            }
            s_local.Value = "set";
            changed = ThreadValues.AreEmpty(current);
        });
        thread.UnsafeStart();
        thread.Join();
        atRest.ShouldBeTrue();
        suppressed.ShouldBeFalse("the suppression must not outlive the step that made it, so it has to be seen");
        changed.ShouldBeFalse();
    }

    [Fact]
    public void A_step_that_sets_and_takes_back_leaves_the_thread_at_rest()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            s_local.Value = "set";
            await Asyncio.Sleep(0);
            s_local.Value.ShouldBe("set");
            s_local.Value = null;
            await Asyncio.Sleep(0);
            s_local.Value.ShouldBeNull();
        }
    }
}
