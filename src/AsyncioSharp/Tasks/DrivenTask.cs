namespace AsyncioSharp;

/// <summary>
/// Runs a coroutine that an <c>async</c> method of .NET awaits, on behalf of the task whose coroutine called the method: code in it takes itself to
/// be in that task. A task of its own is needed underneath since several such methods may run at once, each to be woken and cancelled by itself.
/// </summary>
internal sealed class DrivenTask(Coroutine coroutine, EventLoop loop, CoroutineTask owner) : CoroutineTask(coroutine, loop, namesake: owner, loop.RunsHere)
{
    internal override CoroutineTask Identity { get; } = owner.Identity;
}
