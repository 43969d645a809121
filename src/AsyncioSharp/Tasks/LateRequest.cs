namespace AsyncioSharp;

/// <summary>A cancel request that cannot be passed on where it is made, and goes on from the loop's queue.</summary>
internal sealed class LateRequest(CoroutineTask task, string? message) : Runnable
{
    internal override void Run(object? source)
    {
        if (task.IsRequestLate && !task.Begun && !task.IsDone)
        {
            task.CancelLater(message); // a schedule has put this before the first step
            return;
        }
        task.IsRequestLate = false;
        if (!task.IsDone && task.Cancelling > 0)
        {
            task.Request(message);
        }
    }
}
