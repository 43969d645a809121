namespace AsyncioSharp;

/// <summary>
/// Runs a coroutine that an <c>async</c> method of .NET awaits, on behalf of the task whose coroutine called the method: code in it takes itself to
/// be in that task. A task of its own is needed underneath since several such methods may run at once, each to be woken and cancelled by itself.
/// It is no end of its own for a request: the coroutine begins before one reaches it, and one that it has not been told is left to the method.
/// </summary>
internal sealed class DrivenTask : CoroutineTask
{
    internal DrivenTask(Coroutine coroutine, EventLoop loop, CoroutineTask owner)
        : this(coroutine, loop, owner, loop.RunsHere)
    {
    }

    private DrivenTask(Coroutine coroutine, EventLoop loop, CoroutineTask owner, bool runsHere)
        : base(coroutine, loop, runsHere)
    {
        Identity = owner.Identity;
        Named = loop.TaskCounts.Created + 1;
        StartBeforeCancel();
        loop.StartSoon(this, runsHere);
    }

    internal override CoroutineTask Identity { get; }

    private protected override long Named { get; }

    internal override bool HasToBeTaken => true;
}
