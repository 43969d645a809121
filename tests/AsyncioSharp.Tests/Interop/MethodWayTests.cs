using AsyncioSharp.Testing;

namespace AsyncioSharp.Tests.Interop;

/// <summary>The way from a method that waits to what its task waits for: who is on it is cancelled with the task, and who is not is left alone.</summary>
public class MethodWayTests
{
    private readonly List<string> _log = [];

    [Fact]
    public void A_method_that_only_another_task_awaits_is_left_alone()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            Task<int>? method = null;
            var owner = Asyncio.CreateTask(Owner());
            await Asyncio.Sleep(1);
            var other = Asyncio.CreateTask(Other());
            await Asyncio.Sleep(1);
            owner.Cancel();
            await Asyncio.Wait(owner);
            owner.IsCancelled.ShouldBeTrue();
            (await other).ShouldBe(7);

            async Coroutine Owner()
            {
                method = Method();
                await Never();
            }

            async Coroutine<int> Other() => await method!;
        }

        static async Task<int> Method()
        {
            await Asyncio.Sleep(5);
            return 7;
        }
    }

    [Fact]
    public void What_has_ended_leads_nowhere()
    {
        object end = new();
        var ended = new TaskCompletionSource();
        ended.SetResult();
        MethodChain.Find(ended.Task, end).ShouldBeNull();
        var method = new TaskCompletionSource().Task;
        _ = method.ContinueWith(static _ => { }, TaskScheduler.Default);
        MethodChain.Find(method, end).ShouldBeNull();
        TaskFields.TaskOf(TaskFields.ContinuationOf(method)!) = ended.Task; // as if it were cancelled at this moment
        MethodChain.Find(method, end).ShouldBeNull();
    }

    [Fact]
    public void A_continuation_that_runs_when_the_method_has_ended_is_waited_for_as_well()
    {
        var scheduler = new QueueScheduler();
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Sleep(5);
            task.IsDone.ShouldBeFalse();
            scheduler.RunAll();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller() => await Task.WhenAll(Method().ContinueWith(static _ => { }, scheduler), Never());

        static async Task Method() => await Asyncio.Sleep(100);
    }

    [Fact]
    public void What_else_waits_for_the_method_without_being_awaited_does_not_matter()
    {
        VirtualTimeLoop.Run(Main());
        _log.ShouldBe(["cleaned up at 6"]);

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Caller());
            await Asyncio.Sleep(1);
            task.Cancel();
            await Asyncio.Wait(task);
            task.IsCancelled.ShouldBeTrue();
        }

        async Coroutine Caller() => await Outer();

        async Task Outer()
        {
            var method = Method();
            _ = Task.WhenAll(method, Never());
            try
            {
                await method;
            }
            finally
            {
                await Asyncio.Sleep(5);
                _log.Add(FormattableString.Invariant($"cleaned up at {Asyncio.GetRunningLoop().Time}"));
            }
        }

        static async Task Method() => await Asyncio.Sleep(100);
    }

    private static Task Never() => Task.Delay(-1, CancellationToken.None);

    private sealed class QueueScheduler : TaskScheduler
    {
        private readonly Queue<Task> _tasks = [];

        internal void RunAll()
        {
            while (_tasks.TryDequeue(out var task))
            {
                TryExecuteTask(task);
            }
        }

        protected override void QueueTask(Task task) => _tasks.Enqueue(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [.. _tasks];
    }
}
