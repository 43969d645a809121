using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;

namespace AsyncioSharp.Tests.Scopes;

/// <summary>A group that is used in the wrong way, or at the wrong time: a clear exception, and nothing left behind.</summary>
public class TaskGroupMisuseTests
{
    private const string Rows = "test_taskgroups.py::TestTaskGroup.";

    [Fact]
    [CPython(Rows + "test_taskgroup_already_entered")]
    [CPython(Rows + "test_taskgroup_double_enter")]
    public void It_is_entered_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var group = new TaskGroup();
            await group.Run(async entered =>
            {
                var again = await OnLoop.Failure<InvalidOperationException>(group.Run(async _ => { }));
                again.Message.ShouldContain("has already been entered");
                _ = group.CreateTask(Asyncio.Sleep(1)); // the refusal has changed nothing
            });
            var afterwards = await OnLoop.Failure<InvalidOperationException>(group.Run(async _ => 1));
            afterwards.Message.ShouldContain("has already been entered");
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_finished")]
    [CPython(Rows + "test_coro_closed_when_tg_closed")]
    public void A_finished_group_takes_no_task_and_closes_the_coroutine()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var group = new TaskGroup();
            await group.Run(async _ => { });
            var coroutine = TaskGroupTests.FailAfter(0);
            Should.Throw<InvalidOperationException>(() => group.CreateTask(coroutine)).Message.ShouldContain("is finished");
            coroutine.State.ShouldBe(CoroutineState.Closed);
        }
    }

    [Fact]
    public void A_refused_coroutine_is_not_reported_as_never_awaited()
    {
        var loop = VirtualTimeLoop.Create();
        loop.Debug = true;
        loop.LogWriter = TextWriter.Null;
        var reports = Loop.Support.LoopHelpers.CollectReports(loop);
        loop.RunUntilComplete(Main());
        Loop.Support.LoopHelpers.CollectGarbage();
        loop.RunUntilComplete(Asyncio.Sleep(0));
        loop.Close();
        reports.ShouldBeEmpty();

        static async Coroutine Main()
        {
            var group = new TaskGroup();
            Should.Throw<InvalidOperationException>(() => group.CreateTask(TaskGroupTests.FailAfter(0)));
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_not_entered")]
    public void A_group_that_was_not_entered_takes_no_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var coroutine = TaskGroupTests.FailAfter(0);
            Should.Throw<InvalidOperationException>(() => new TaskGroup().CreateTask(coroutine)).Message.ShouldContain("has not been entered");
            coroutine.State.ShouldBe(CoroutineState.Closed);
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_no_create_task_after_failure")]
    public void A_group_that_is_shutting_down_takes_no_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool refused = false;
            var failures = await TaskGroupTests.FailuresOf(new TaskGroup().Run(async group =>
            {
                _ = group.CreateTask(TaskGroupTests.FailAfter(1));
                _ = group.CreateTask(TriesToAdd(group));
            }));
            failures.ShouldHaveSingleItem().ShouldBeOfType<FormatException>();
            refused.ShouldBeTrue();

            async Coroutine TriesToAdd(TaskGroup group)
            {
                try
                {
                    await Asyncio.Sleep(10);
                }
                catch (CancelledException)
                {
                    var coroutine = TaskGroupTests.FailAfter(0);
                    Should.Throw<InvalidOperationException>(() => group.CreateTask(coroutine)).Message.ShouldContain("is shutting down");
                    coroutine.State.ShouldBe(CoroutineState.Closed);
                    refused = true;
                }
            }
        }
    }

    [Fact]
    [CPython(Rows + "test_taskgroup_without_parent_task")]
    public async Task Outside_of_a_task_it_cannot_be_entered()
    {
        var group = new TaskGroup();
        var failure = await Should.ThrowAsync<InvalidOperationException>(async () => await group.Run(async _ => { }));
        failure.Message.ShouldContain("no event loop runs");
        Should.Throw<InvalidOperationException>(() => group.CreateTask(Asyncio.Sleep(1))).Message.ShouldContain("has not been entered");
    }

    [Fact]
    public void Null_is_refused_at_the_call()
    {
        var group = new TaskGroup();
        Should.Throw<ArgumentNullException>(() => group.Run(null!)).ParamName.ShouldBe("body");
        Should.Throw<ArgumentNullException>(() => group.Run<int>(null!)).ParamName.ShouldBe("body");
        Should.Throw<ArgumentNullException>(() => group.CreateTask(null!)).ParamName.ShouldBe("coroutine");
        Should.Throw<ArgumentNullException>(() => group.CreateTask<int>(null!)).ParamName.ShouldBe("coroutine");
    }

    [Fact]
    public void A_body_that_returns_null_is_a_failure_of_the_body()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var failures = await TaskGroupTests.FailuresOf(new TaskGroup().Run(static _ => null!));
            failures.ShouldHaveSingleItem().Message.ShouldContain("must return a coroutine");
        }
    }
}
