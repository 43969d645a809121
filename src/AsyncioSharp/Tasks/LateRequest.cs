namespace AsyncioSharp;

/// <summary>A cancel request that cannot be passed on where it is made, and goes on from the loop's queue.</summary>
internal sealed class LateRequest(CoroutineTask task, string? message, bool isRemembered = false) : Runnable
{
    internal override void Run(object? source)
    {
        if (task.IsDone)
        {
            return; // if its first step was its last, the request stays behind for the one that takes its outcome
        }
        if (task.IsRequestLate && !task.Begun)
        {
            task.CancelLater(message); // a schedule has put this before the first step
            return;
        }
        task.IsRequestLate = false;
        if (isRemembered)
        {
            task.PassOnRemembered(message);
        }
        else if (task.Cancelling > 0)
        {
            task.Request(message);
        }
    }

    /// <summary>For the report of a schedule.</summary>
    public override string ToString() => $"cancel request for {task.Name}";
}
