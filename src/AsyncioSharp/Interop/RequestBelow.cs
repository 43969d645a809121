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
    private bool _isOver;
    private int _lookAt; // a chain that was running: as long as it is, no other has to be looked at

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
        if (_isOver || (IsWaiting && IsSomeRunning()))
        {
            return;
        }
        _isOver = true; // what has ended stays so
        if (IsWaiting && chains.Exists(static chain => chain.Progress == MethodChain.Stage.Stuck))
        {
            owner.RequestAgain(message);
        }
    }

    // Goes on where the last look has ended.
    private bool IsSomeRunning()
    {
        for (int i = 0; i < chains.Count; i++)
        {
            if (chains[_lookAt].Progress == MethodChain.Stage.Runs)
            {
                return true;
            }
            _lookAt = (_lookAt + 1) % chains.Count;
        }
        return false;
    }

    // On the thread on which a method ends, behind those that await it.
    private void Look() => owner.Loop.TryPush(this, null);
}
