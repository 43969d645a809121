using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>In debug mode another thread is refused before anything has changed: what it tried to cancel or move goes on as if it had not come.</summary>
public class ScopeThreadTests
{
    [Fact]
    public void It_cannot_cancel_a_scope()
    {
        RunInDebugMode(Main());

        static async Coroutine Main()
        {
            var scope = new CancelScope();
            (await scope.Run(async _ =>
            {
                Refused(scope, () => scope.Cancel("from another thread"));
                scope.ToString().ShouldBe("<CancelScope [active]>");
                CoroutineTask.Current.Cancelling.ShouldBe(0);
                return await Asyncio.Sleep(1, "went on");
            })).ShouldBe("went on");
            (scope.IsCancelled, scope.CancelledBy, scope.Reason).ShouldBe((false, null, null));
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(50)]
    public void It_cannot_set_a_deadline(double deadline)
    {
        RunInDebugMode(Main());

        async Coroutine Main()
        {
            var scope = new CancelScope(timeout: 60);
            (await scope.Run(async _ =>
            {
                await Asyncio.Sleep(1);
                Refused(scope, () => scope.Deadline = deadline);
                Refused(scope, () => scope.Deadline = null);
                scope.Deadline.ShouldBe(60);
                await Asyncio.Sleep(55);
                return "went on";
            })).ShouldBe("went on");
        }
    }

    [Fact]
    public void It_cannot_cancel_a_group()
    {
        RunInDebugMode(Main());

        static async Coroutine Main()
        {
            var child = await new TaskGroup().Run(async group =>
            {
                var child = group.CreateTask(Asyncio.Sleep(5, "went on"));
                Refused(group, () => group.Cancel());
                group.ToString().ShouldBe("<TaskGroup tasks=1 entered>");
                _ = group.CreateTask(Asyncio.Sleep(1)); // it still takes tasks
                return child;
            });
            child.Result().ShouldBe("went on");
        }
    }

    [Fact]
    public void It_cannot_move_a_timeout()
    {
        RunInDebugMode(Main());

        static async Coroutine Main()
        {
            var timeout = Asyncio.Timeout(5);
            await OnLoop.Failure<TimeoutException>(timeout.Run(async _ =>
            {
                Refused(timeout, () => timeout.Reschedule(60));
                Refused(timeout, () => timeout.Reschedule(null));
                timeout.ToString().ShouldBe("<Timeout [active] when=5>");
                await Asyncio.Sleep(10);
            }));
            Asyncio.GetRunningLoop().Time.ShouldBe(5, 1e-9);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_can_neither_make_a_request_nor_take_one_back(bool inScope)
    {
        RunInDebugMode(inScope ? new CancelScope().Run(async _ => await Main()) : Main());

        static async Coroutine Main()
        {
            var task = CoroutineTask.Current;
            Refused(task, () => task.Cancel());
            task.Cancelling.ShouldBe(0);
            task.Cancel();
            Refused(task, () => task.Uncancel());
            task.Cancelling.ShouldBe(1);
            task.Uncancel().ShouldBe(0);
            await Asyncio.Sleep(1);
        }
    }

    private static void RunInDebugMode(Coroutine main) => Asyncio.Run(main, debug: true, static () =>
    {
        var loop = VirtualTimeLoop.Create();
        loop.LogWriter = TextWriter.Null;
        return loop;
    });

    // The loop runs meanwhile, and stands still.
    private static void Refused(object what, Action change)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(change));
        thread.Start();
        thread.Join();
        failure.ShouldBeOfType<InvalidOperationException>().Message.ShouldContain($"the current one: {what} belongs to that of another thread");
    }
}
