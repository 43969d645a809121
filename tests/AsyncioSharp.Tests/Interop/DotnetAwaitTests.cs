using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using AsyncioSharp.Testing;
using AsyncioSharp.Tests.Infrastructure;
using AsyncioSharp.Tests.Interop.Support;
using AsyncioSharp.Tests.Tasks;
using AsyncioSharp.Tests.Threads;

namespace AsyncioSharp.Tests.Interop;

/// <summary>Awaitables of .NET inside a coroutine: it resumes on the loop's thread, in the task's context, with the outcome.</summary>
public class DotnetAwaitTests
{
    private readonly AsyncLocal<string?> _local = new();

    public static TheoryData<string> Kinds => ["Task", "Task<T>", "ValueTask", "ValueTask<T>", "ConfigureAwait(false)", "Yield", "custom", "custom, inline"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_coroutine_resumes_on_the_loops_thread_in_the_tasks_context(string kind)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            await task;
            _local.Value.ShouldBeNull(); // it stayed in its task
        }

        async Coroutine Await()
        {
            var loop = Asyncio.GetRunningLoop();
            var self = CoroutineTask.Current;
            int thread = Environment.CurrentManagedThreadId;
            _local.Value = "the task's";
            var source = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            var completing = new TestThread(() => source.SetResult(5));
            switch (kind)
            {
                case "Task":
                    await (Task)source.Task;
                    break;
                case "Task<T>":
                    (await source.Task).ShouldBe(5);
                    break;
                case "ValueTask":
                    await new ValueTask(source.Task);
                    break;
                case "ValueTask<T>":
                    (await new ValueTask<int>(source.Task)).ShouldBe(5);
                    break;
                case "ConfigureAwait(false)":
                    (await source.Task.ConfigureAwait(false)).ShouldBe(5);
                    break;
                case "Yield":
                    await Task.Yield();
                    break;
                case "custom":
                    (await new CustomAwaitable(static continuation => _ = new TestThread(continuation))).ShouldBe("custom");
                    break;
                default:
                    (await new CustomAwaitable(static continuation => continuation())).ShouldBe("custom");
                    break;
            }
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            Asyncio.GetRunningLoop().ShouldBeSameAs(loop);
            CoroutineTask.Current.ShouldBeSameAs(self);
            _local.Value.ShouldBe("the task's");
            await Asyncio.Sleep(1);
            completing.Join();
        }
    }

    [Fact]
    public void A_completed_awaitable_does_not_suspend()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            bool others = false;
            Asyncio.GetRunningLoop().CallSoon(() => others = true);
            await Task.CompletedTask;
            (await Task.FromResult(1)).ShouldBe(1);
            await ValueTask.CompletedTask;
            (await ValueTask.FromResult(2)).ShouldBe(2);
            await Task.CompletedTask.ConfigureAwait(false);
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            (await new CustomAwaitable(null)).ShouldBe("custom");
            others.ShouldBeFalse();
            await Asyncio.Sleep(0);
            others.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(AwaitForm.TaskOfT)]
    [InlineData(AwaitForm.ConfiguredTaskOfT)]
    [InlineData(AwaitForm.ForceYieldingOfT)]
    [InlineData(AwaitForm.ValueTaskOnTaskOfT)]
    [InlineData(AwaitForm.ValueTaskOnSourceOfT)]
    [InlineData(AwaitForm.ConfiguredValueTaskOnSourceOfT)]
    [InlineData(AwaitForm.ClassAwaiter)]
    [InlineData(AwaitForm.StructAwaiter)]
    public void A_completion_reaches_the_coroutine_in_one_iteration_as_that_of_a_future_does(AwaitForm form)
    {
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            using var count = new IterationCounter();
            var operation = new Operation();
            int ended = -1;
            Asyncio.GetRunningLoop().CallSoon(() =>
            {
                ended = count.Now;
                operation.End(Ending.Result);
            });
            await AwaitForms.Plain(operation, form);
            (count.Now - ended).ShouldBe(1);
            int before = count.Now;
            await AwaitForms.Plain(operation, form);
            (count.Now - before).ShouldBe(form is AwaitForm.ForceYieldingOfT ? 1 : 0);
            await Task.Yield();
            await Task.Yield();
            (count.Now - before).ShouldBe(form is AwaitForm.ForceYieldingOfT ? 3 : 2);
        }
    }

    [Fact]
    public void Others_run_while_a_coroutine_waits_for_a_NET_task()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new TaskCompletionSource();
            var other = Asyncio.CreateTask(Other());
            await source.Task;
            await other;

            async Coroutine Other()
            {
                await Asyncio.Sleep(0);
                source.SetResult(); // on the loop's own thread
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Failures_come_through(bool later)
    {
        var failure = new FormatException();
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            (await OnLoop.Failure<FormatException>(AwaitTask())).ShouldBeSameAs(failure);
            (await OnLoop.Failure<FormatException>(AwaitValueTask())).ShouldBeSameAs(failure);
            await OnLoop.Failure<TaskCanceledException>(AwaitCancelled());
        }

        async Coroutine AwaitTask() => await Fail();

        async Coroutine AwaitValueTask() => await new ValueTask<int>(Fail());

        async Coroutine AwaitCancelled()
        {
            var source = new TaskCompletionSource();
            var thread = new TestThread(source.SetCanceled);
            if (!later)
            {
                thread.Join();
            }
            await source.Task;
        }

        async Task<int> Fail()
        {
            if (later)
            {
                await Task.Yield();
            }
            throw failure;
        }
    }

    [Fact]
    public void An_awaiter_that_throws_when_asked_to_wait_fails_the_await()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main() => await OnLoop.Failure<NotSupportedException>(Await());

        static async Coroutine Await() => await new CustomAwaitable(static _ => throw new NotSupportedException());
    }

    [Fact]
    public void A_value_task_on_a_reusable_source_is_consumed_once()
    {
        VirtualTimeLoop.Run(Main());

        static async Coroutine Main()
        {
            var source = new ReusableSource();
            for (int i = 0; i < 100; i++)
            {
                int n = i;
                var pending = source.Start();
                Asyncio.GetRunningLoop().CallSoon(() => source.Complete(n));
                (await pending).ShouldBe(n);
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_source_whose_operation_was_cancelled_by_the_tasks_token_is_free_when_Cancel_returns(bool withValue, bool continueOnCapturedContext)
    {
        var source = new ReusableSource { RunContinuationsAsynchronously = true }; // as those of pipes and channels
        VirtualTimeLoop.Run(Main());

        async Coroutine Main()
        {
            var task = Asyncio.CreateTask(Await());
            await Asyncio.Sleep(1);
            source.IsFree.ShouldBeFalse();
            task.Cancel();
            source.IsFree.ShouldBeTrue();
            await OnLoop.Failure<CancelledException>(task);
        }

        async Coroutine Await()
        {
            var token = CoroutineTask.Current.CancellationToken;
            if (withValue)
            {
                await source.Start(token).ConfigureAwait(continueOnCapturedContext);
            }
            else
            {
                await source.StartWithoutValue(token).ConfigureAwait(continueOnCapturedContext);
            }
        }
    }

    private sealed class CustomAwaitable(Action<Action>? onCompleted) : INotifyCompletion
    {
        public bool IsCompleted => onCompleted is null;

        public CustomAwaitable GetAwaiter() => this;

        public void OnCompleted(Action continuation) => onCompleted!(continuation);

        public string GetResult() => "custom";
    }

    private sealed class ReusableSource : IValueTaskSource<int>, IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<int> _core;

        public bool RunContinuationsAsynchronously { get => _core.RunContinuationsAsynchronously; init => _core.RunContinuationsAsynchronously = value; }

        /// <summary>True if the outcome of the last operation was taken.</summary>
        public bool IsFree { get; private set; } = true;

        public ValueTask<int> Start(CancellationToken token = default)
        {
            Begin(token);
            return new ValueTask<int>(this, _core.Version);
        }

        public ValueTask StartWithoutValue(CancellationToken token)
        {
            Begin(token);
            return new ValueTask(this, _core.Version);
        }

        public void Complete(int result) => _core.SetResult(result);

        public int GetResult(short token)
        {
            IsFree = true;
            return _core.GetResult(token);
        }

        void IValueTaskSource.GetResult(short token) => GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
            => _core.OnCompleted(continuation, state, token, flags);

        private void Begin(CancellationToken token)
        {
            _core.Reset();
            IsFree = false;
            token.UnsafeRegister(_ => _core.SetException(new OperationCanceledException(token)), null);
        }
    }
}
