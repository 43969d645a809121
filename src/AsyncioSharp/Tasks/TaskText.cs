namespace AsyncioSharp;

/// <summary>The text of a task, without the brackets around it.</summary>
internal static class TaskText
{
    internal static string Describe(CoroutineTask task, string result, string waiters)
    {
        string state = task.IsCancelled ? "cancelled" : task.IsDone ? "finished" : task.Cancelling > 0 ? "cancelling" : "pending";
        string text = $"{state} name={TextForm.Quoted(task.Name)} coro=<{task.Coroutine.QualifiedName}() {task.Coroutine.DescribeProgress()}>";
        if (task.IsDone)
        {
            return text + (task.PeekException is { } failure ? $" exception={TextForm.Describe(failure)}" : result);
        }
        return text + (task.WaitsFor is { } target ? $" wait_for={TextForm.Whole(target)}" : "") + waiters;
    }

    internal static string WhyNotAwait(CoroutineTask task, Future future)
        => ReferenceEquals(future, task)
            ? $"Task cannot await on itself: {task}"
            : future.Loop.IsClosed
            ? $"Task {task} got Future {future}, whose event loop is closed: it tells nobody any more when it is done; ask it directly, by IsDone and Result()"
            : $"Task {task} got Future {future} attached to a different loop; await it in a task of that loop, to which Asyncio.RunCoroutineThreadsafe sends a coroutine";
}
