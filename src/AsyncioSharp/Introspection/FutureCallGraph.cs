namespace AsyncioSharp;

/// <summary>
/// A future or task, where it is suspended, and who waits for it: what <see cref="Asyncio.CaptureCallGraph"/> gives. One that is reached on several
/// ways is one object, so the graph is as large as what it shows; where tasks wait for each other it has rings. Mirrors
/// <c>asyncio.FutureCallGraph</c>.
/// </summary>
public sealed class FutureCallGraph
{
    private readonly List<FutureCallGraph> _awaitedBy = [];

    internal FutureCallGraph(Future future, IReadOnlyList<CoroutineFrame> callStack)
    {
        Future = future;
        CallStack = callStack;
    }

    /// <summary>The future or task.</summary>
    public Future Future { get; }

    /// <summary>
    /// The frames of a task that is not done, the innermost first as in Python (<see cref="TaskStacks.GetStack"/> gives the outermost first).
    /// Empty for plain futures.
    /// </summary>
    public IReadOnlyList<CoroutineFrame> CallStack { get; }

    /// <summary>
    /// The tasks that await it, and futures that wait on behalf of others, such as those of <c>Gather</c>, <c>Shield</c> and <c>Wait</c>; in the
    /// order in which they came.
    /// </summary>
    public IReadOnlyList<FutureCallGraph> AwaitedBy => _awaitedBy;

    /// <summary>The graph as a tree in text; see <see cref="Asyncio.FormatCallGraph"/>.</summary>
    /// <returns>The text, of several lines.</returns>
    public override string ToString() => CallGraphText.Of(this);

    internal void Add(FutureCallGraph awaiter) => _awaitedBy.Add(awaiter);
}
