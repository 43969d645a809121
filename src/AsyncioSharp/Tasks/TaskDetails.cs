namespace AsyncioSharp;

/// <summary>
/// What few tasks have: a task makes one only if it is given a name, has to remember a request with a message, has to do with tokens, awaits
/// things of .NET, or is in a cancel scope. The others carry one empty reference instead of these.
/// </summary>
internal sealed class TaskDetails
{
    internal string? Name { get; set; }

    /// <inheritdoc cref="TaskOrder.Named"/>
    internal long Named { get; set; }

    /// <summary>The context that the task runs in; null for the empty one.</summary>
    internal Context? Context { get; set; }

    /// <summary>The message of the request that is remembered, or was last.</summary>
    internal string? CancelMessage { get; set; }

    internal TaskTokens? Tokens { get; set; }

    /// <summary>The synchronization context of code of .NET that the task calls; null while there was no such code.</summary>
    internal ICoroutineHost? Host { get; set; }

    /// <summary>What the task has to do with cancellation tokens, from now on.</summary>
    internal TaskTokens TokensOf(CoroutineTask task) => Tokens ??= new TaskTokens(task);

    /// <summary>The cancel scopes that the task's code is in; null if it was in none yet.</summary>
    internal ScopeStack? Scopes { get; set; }
}
