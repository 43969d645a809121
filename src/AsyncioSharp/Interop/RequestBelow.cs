namespace AsyncioSharp;

/// <summary>
/// A cancel request of a task, passed on to the methods of .NET that it awaits. If those have ended and the task still waits, for something else beside
/// them (<c>Task.WhenAll(method, Task.Delay(-1))</c>), the request is made again; there is nobody to clean up any more then, so it ends the wait.
/// A method that refuses, or still cleans up, is waited for.
/// </summary>
/// <remarks>
/// Made only if such a thing is on the way from a method to the task; the wait for one method, or a chain of them, ends with it. There is one for a wait, however often
/// it is asked to end: it stands at each method, and at what that waits for, once.
/// </remarks>
internal sealed class RequestBelow(CoroutineTask owner, ForeignAwait awaited) : Runnable
{
    private readonly object? _source = awaited.Source; // the object is used again for other waits
    private readonly HashSet<Task> _methods = [];      // at which this stands
    private readonly HashSet<Future> _waits = [];      // likewise
    private List<MethodChain> _chains = [];
    private Remaining<MethodChain>? _running;
    private string? _message;
    private bool _isOver;

    private bool IsWaiting => owner.WaitsFor == awaited && awaited.Source == _source;

    /// <summary>True if further requests to end the owner's wait belong here.</summary>
    internal bool IsGoingOn => !_isOver && IsWaiting;

    /// <summary>Passes a request on, and waits for the ends of the methods. The last request counts: where the methods are, and its message.</summary>
    internal void Make(string? message, List<(InnerWait Wait, MethodChain Chain)> waits)
    {
        _message = message;
        _chains = waits.ConvertAll(static found => found.Chain);
        _running = new(_chains, static chain => chain.Progress == MethodChain.Stage.Runs);
        _methods.RemoveWhere(static method => method.IsCompleted);
        _waits.RemoveWhere(static wait => wait.IsDone);
        foreach (var method in _chains.SelectMany(static chain => chain.Links).Where(_methods.Add))
        {
            method.ContinueWith((_, self) => ((RequestBelow)self!).Look(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        foreach (var (wait, _) in waits)
        {
            wait.Cancel(message);
            wait.TellEnd(this);
        }
    }

    /// <summary>Waits for <paramref name="wait"/> too; what waits for it already goes on before.</summary>
    internal void Follow(Future wait)
    {
        if (_waits.Add(wait))
        {
            wait.AddWaiter(this);
        }
    }

    /// <summary>Called for every method and every wait that ends, of which there may be thousands.</summary>
    internal override void Run(object? source)
    {
        if (_isOver || _running!.Any())
        {
            return;
        }
        _isOver = true; // what has ended stays so
        if (IsWaiting && _chains.Exists(static chain => chain.Progress == MethodChain.Stage.Stuck))
        {
            owner.RequestAgain(_message);
        }
        _chains.Clear(); // this is kept until the next request; the methods need not be
        _methods.Clear();
        _waits.Clear();
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
