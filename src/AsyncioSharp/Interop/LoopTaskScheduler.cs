namespace AsyncioSharp;

public sealed partial class EventLoop
{
    private LoopTaskScheduler? _taskScheduler;

    /// <summary>
    /// The loop as a synchronization context: what is posted to it runs on the loop's thread, after what is queued already. It is the current one on that
    /// thread while the loop runs. May be used in any thread. <c>Send</c> from another thread blocks that one until the loop has run the callback.
    /// </summary>
    public SynchronizationContext SynchronizationContext => _synchronizationContext;

    /// <summary>
    /// The loop as a scheduler of .NET tasks: they run on the loop's thread, one at a time, in the order in which they were started. A task that
    /// code on the loop's thread waits for by blocking, or runs synchronously, runs at once. May be used in any thread.
    /// </summary>
    /// <remarks>Starting a task on a closed loop fails with a <see cref="TaskSchedulerException"/>. Tasks that are still queued when the loop is closed never
    /// run; the exception handler is told.</remarks>
    public TaskScheduler TaskScheduler
        => _taskScheduler ?? Interlocked.CompareExchange(ref _taskScheduler, new LoopTaskScheduler(this), null) ?? _taskScheduler;
}

/// <inheritdoc cref="EventLoop.TaskScheduler"/>
internal sealed class LoopTaskScheduler(EventLoop loop) : TaskScheduler
{
    public override int MaximumConcurrencyLevel => 1;

    protected override void QueueTask(Task task)
    {
        if (!loop.TryPush(new Entry(this, task), null))
        {
            loop.CheckClosed();
        }
    }

    // Whoever is on the loop's thread is between two entries of the loop, or in one of them: nothing else of the loop runs meanwhile.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => loop.IsOnOwnThread && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => throw new NotSupportedException("The loop's queue belongs to its thread.");

    private sealed class Entry(LoopTaskScheduler scheduler, Task task) : Runnable
    {
        private EventLoop Loop => scheduler.Loop;

        internal override void Run(object? source)
        {
            scheduler.TryExecuteTask(task); // false if it ran already, inline
            ContextSwitch.Rest();
        }

        internal override void Abandon()
        {
            if (!task.IsCompleted)
            {
                Loop.CallExceptionHandler(new ExceptionContext
                {
                    Message = $"A .NET task that was queued to the loop's scheduler never runs: the loop was closed (task id {task.Id})",
                });
            }
        }
    }

    private EventLoop Loop => loop;
}
