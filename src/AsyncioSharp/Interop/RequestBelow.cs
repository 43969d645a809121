namespace AsyncioSharp;

/// <summary>
/// A cancel request of a task, passed on to the methods of .NET that it awaits. If those have ended and the task still waits, for something else beside
/// them (<c>Task.WhenAll(method, Task.Delay(-1))</c>), the request is made again; there is nobody to clean up any more then, so it ends the wait.
/// A method that refuses, or still cleans up, is waited for.
/// </summary>
/// <remarks>Made only if such a thing is on the way from a method to the task; the wait for one method, or a chain of them, ends with it.</remarks>
internal sealed class RequestBelow(CoroutineTask owner, ForeignAwait awaited, string? message, List<MethodChain> chains) : Runnable
{
    private readonly object? _source = awaited.Source; // the object is used again for other waits
    private readonly Remaining<MethodChain> _running = new(chains, static chain => chain.Progress == MethodChain.Stage.Runs);
    private bool _isOver;

    private bool IsWaiting => owner.WaitsFor == awaited && awaited.Source == _source;

    /// <summary>Begins to wait for the ends of the methods.</summary>
    internal void Begin()
    {
        foreach (var method in chains.SelectMany(static chain => chain.Links).Distinct())
        {
            method.ContinueWith((_, self) => ((RequestBelow)self!).Look(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Called for every method and every wait that ends, of which there may be thousands.</summary>
    internal override void Run(object? source)
    {
        if (_isOver || (IsWaiting && _running.Any()))
        {
            return;
        }
        _isOver = true; // what has ended stays so
        if (IsWaiting && chains.Exists(static chain => chain.Progress == MethodChain.Stage.Stuck))
        {
            owner.RequestAgain(message);
        }
    }

    // On the thread on which a method ends, behind those that await it.
    private void Look() => owner.Loop.TryPush(this, null);
}

/// <summary>
/// Tells whether something holds for any of several things. To be asked again and again while it ceases to hold for one after the other costs little more
/// than going through them once: each time, it begins with the one found last.
/// </summary>
internal sealed class Remaining<T>(IReadOnlyList<T> things, Predicate<T> holds)
{
    private int _next;

    internal bool Any()
    {
        for (int i = 0; i < things.Count; i++)
        {
            if (holds(things[_next]))
            {
                return true;
            }
            _next = (_next + 1) % things.Count;
        }
        return false;
    }
}
