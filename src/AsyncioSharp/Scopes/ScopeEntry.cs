namespace AsyncioSharp;

/// <summary>
/// What a scope knows of the task that runs its body: whom to ask, from where, and which requests were there before. Those are not the scope's, and what comes
/// on top, but for the scope's own request, is from others. A scope has one of these, and so is entered once.
/// </summary>
internal struct ScopeEntry
{
    private ScopeFrame? _around; // the cancel scope or shield that the scope is in
    private int _settled;        // the task's requests at the beginning

    /// <summary>The task that runs the body; null before that.</summary>
    internal CoroutineTask? Task { get; private set; }

    /// <summary>The scope is entered, and so is its frame, if it has one.</summary>
    /// <exception cref="InvalidOperationException">It was entered before.</exception>
    internal void Begin(IScope scope, CoroutineTask task, ScopeFrame? frame = null)
    {
        if (Task is not null)
        {
            throw new InvalidOperationException($"{scope} has already been entered; make a new one.");
        }
        Task = task;
        _around = task.Scope;
        if (frame is not null)
        {
            task.Enter(frame);
        }
        _settled = task.SettledRequests; // behind the frame: what that holds back if it is a shield, or is on outside, is not this scope's
    }

    /// <summary>Refuses, in debug mode, another thread than the one that runs the loop. Called before anything is changed.</summary>
    internal readonly void CheckThread(IScope scope) => Task?.Loop.CheckThread(scope);

    /// <summary>The exception of the scope's request is to carry <paramref name="token"/>, which has caused it.</summary>
    internal readonly void TakeOver(CancellationToken token) => Task!.Details.TokensOf(Task).TakeOver(token);

    /// <summary>Asks the task to cancel, as the scope's one request.</summary>
    internal readonly void Cancel(string? message) => Task!.CancelFrom(_around, message);

    /// <summary>Takes that request back. False if others have asked for cancellation too.</summary>
    internal readonly bool TakeBack() => Task!.TakeBack(_settled);

    /// <summary>True if others have asked for cancellation, and the code has been, or will be, told.</summary>
    internal readonly bool IsAsked => Task!.ReachingRequests > _settled;

    /// <summary>True if others have asked and the code has been told; <paramref name="own"/> is the number of the scope's own requests that are on.</summary>
    internal readonly bool IsTold(int own) => Task!.SettledRequests > _settled + own;
}
