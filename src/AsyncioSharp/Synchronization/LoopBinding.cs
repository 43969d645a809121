namespace AsyncioSharp;

/// <summary>
/// Ties a lock or a queue to the loop of those who wait for it: the loop on which somebody had to wait first. As in CPython, one on which nobody ever had to wait
/// may be used anywhere. From then on every use on another loop is refused, also one that would not have to wait: CPython lets a free lock be taken there.
/// </summary>
internal sealed class LoopBinding(object owner)
{
    /// <summary>The loop; null while nobody has waited.</summary>
    internal EventLoop? Loop { get; private set; }

    /// <summary>Called before somebody waits.</summary>
    internal void Bind()
    {
        if (Loop is not { IsOnOwnThread: true })
        {
            var running = EventLoop.Running
                ?? throw new InvalidOperationException($"no running event loop: {owner} can be waited for only in a coroutine that a loop runs.");
            Loop = Loop is null || Loop == running ? running : throw Different();
        }
    }

    /// <summary>Called before every use: refuses another loop, and in debug mode another thread.</summary>
    internal void CheckUse()
    {
        if (Loop is { IsOnOwnThread: false } loop)
        {
            if (EventLoop.Running is not null)
            {
                throw Different();
            }
            loop.CheckThread();
        }
    }

    private InvalidOperationException Different()
        => new($"{owner} is bound to a different event loop: tasks of that loop have waited for it. Create one for each loop.");
}
