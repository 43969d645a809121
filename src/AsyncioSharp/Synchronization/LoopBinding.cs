using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Ties a lock or a queue to the loop of those who wait for it: the loop on which somebody had to wait first. As in CPython, one on which nobody ever had to wait
/// may be used anywhere. From then on every use on another loop is refused, also one that would not have to wait: CPython lets a free lock be taken there.
/// </summary>
internal sealed class LoopBinding(object owner, EventLoop? loop = null)
{
    /// <summary>The loop; null while nobody has waited.</summary>
    internal EventLoop? Loop { get; private set; } = loop;

    /// <summary>Called before somebody waits, by a coroutine that a loop runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Bind()
    {
        if (Loop is not { } loop || !RunningLoops.IsOnly(loop))
        {
            BindHere();
        }
    }

    /// <summary>Called before every use: refuses another loop, and in debug mode another thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CheckUse()
    {
        if (Loop is { } loop && !RunningLoops.IsOnly(loop))
        {
            CheckHere(loop);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // once, but where several loops run
    private void BindHere()
    {
        var running = EventLoop.Running
            ?? throw new InvalidOperationException($"no running event loop: {owner} can be waited for only in a coroutine that a loop runs.");
        Loop = Loop is null || Loop == running ? running : throw Different();
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // seldom, but where several loops run
    private void CheckHere(EventLoop loop)
    {
        switch (EventLoop.Running)
        {
            case null:
                loop.CheckThread(owner);
                break;
            case var running when running != loop: // also a guest of the loop, in the same thread
                throw Different();
            default:
                break;
        }
    }

    private InvalidOperationException Different()
        => new($"{owner} is bound to a different event loop: tasks of that loop have waited for it. Create one for each loop.");
}
