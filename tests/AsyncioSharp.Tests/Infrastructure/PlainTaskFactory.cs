namespace AsyncioSharp.Tests.Infrastructure;

/// <summary>Makes the tasks that a loop without a factory makes; but each at once, since nobody knows what a factory does.</summary>
internal sealed class PlainTaskFactory : ITaskFactory
{
    public CoroutineTask Create(EventLoop loop, Coroutine coroutine, Context? context) => new(coroutine, loop, context: context);

    public CoroutineTask<T> Create<T>(EventLoop loop, Coroutine<T> coroutine, Context? context) => new(coroutine, loop, context: context);
}
