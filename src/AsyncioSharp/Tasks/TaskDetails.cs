namespace AsyncioSharp;

/// <summary>
/// What few tasks have: a task makes one only if it is given a name, has to remember a request with a message, has to do with tokens, awaits
/// things of .NET, or is in a cancel scope. The others carry one empty reference instead of these.
/// </summary>
internal sealed class TaskDetails
{
    internal string? Name { get; set; }

    /// <summary>The context that the task runs in; null for the empty one.</summary>
    internal Context? Context { get; set; }

    internal string? CancelMessage { get; set; } // of the request that is remembered

    /// <summary>The message of what is to be thrown: the request that is remembered, or else a cancelled scope around the code.</summary>
    internal string? DueMessage => Scopes is { IsPending: false, Cancelled: { } scope } ? scope.Reason : CancelMessage;

    /// <summary>
    /// The request that is remembered came too late for an outcome that only this task can take (<see cref="Coroutine.MustTakeOutcome"/>): it is
    /// thrown at the next await that suspends; if there is none, the task ends as its coroutine did.
    /// </summary>
    internal bool YieldsToOutcome { get; set; }

    internal TaskTokens? Tokens { get; set; }

    /// <summary>The synchronization context of code of .NET that the task calls; null while there was no such code.</summary>
    internal ICoroutineHost? Host { get; set; }

    /// <summary>What the task has to do with cancellation tokens, from now on.</summary>
    internal TaskTokens TokensOf(CoroutineTask task) => Tokens ??= new TaskTokens(task);

    /// <summary>The cancel scopes that the task's code is in; null if it is in none.</summary>
    internal ScopeStack? Scopes { get; set; }

    /// <summary>The exception of a request: the one that arrived, or a new one. It carries the token that asked, or else the task's own, if that was handed out.</summary>
    internal static CancelledException CancellationFor(TaskDetails? details, CancelledException? arrived)
    {
        var cause = details?.Tokens?.TakeCause() ?? default;
        if (cause.CanBeCanceled && arrived?.CancellationToken != cause)
        {
            return new CancelledException(arrived is null ? details!.DueMessage : arrived.CancelMessage, arrived, cause);
        }
        return arrived ?? new CancelledException(details?.DueMessage);
    }
}
