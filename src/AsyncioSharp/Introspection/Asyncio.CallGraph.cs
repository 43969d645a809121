namespace AsyncioSharp;

public static partial class Asyncio
{
    /// <summary>
    /// Who waits for a future or task, directly and through others, and where each of those tasks is suspended. Nothing is recorded for it beforehand.
    /// For the loop's thread. Mirrors <c>asyncio.capture_call_graph</c>.
    /// </summary>
    /// <param name="future">The future or task; null for the current task.</param>
    /// <param name="limit">How many frames of each task at most, the newest; zero and less give none, null all.</param>
    /// <returns>The graph; null if there is no current task.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="future"/> is null and no loop is running.</exception>
    public static FutureCallGraph? CaptureCallGraph(Future? future = null, int? limit = null)
        => (future ?? CurrentTask()) is { } start ? new AwaitGraph(Math.Max(0, limit ?? int.MaxValue)).Explore(start) : null;

    /// <summary>
    /// The graph of <see cref="CaptureCallGraph"/> as text: each node with its frames, the innermost first, and below it those that await it. A node
    /// that comes up again is named, with its number, and not repeated. Mirrors <c>asyncio.format_call_graph</c>.
    /// </summary>
    /// <param name="future">The future or task; null for the current task.</param>
    /// <param name="limit">How many frames of each task at most, the newest; zero and less give none, null all.</param>
    /// <returns>The text, of several lines; empty if there is no current task.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="future"/> is null and no loop is running.</exception>
    public static string FormatCallGraph(Future? future = null, int? limit = null) => CaptureCallGraph(future, limit)?.ToString() ?? "";

    /// <summary>Writes what <see cref="FormatCallGraph"/> gives, if it gives anything. Mirrors <c>asyncio.print_call_graph</c>.</summary>
    /// <param name="future">The future or task; null for the current task.</param>
    /// <param name="writer">Where to write; null for the standard output.</param>
    /// <param name="limit">How many frames of each task at most, the newest; zero and less give none, null all.</param>
    /// <exception cref="InvalidOperationException"><paramref name="future"/> is null and no loop is running.</exception>
    public static void PrintCallGraph(Future? future = null, TextWriter? writer = null, int? limit = null)
    {
        if (CaptureCallGraph(future, limit) is { } graph)
        {
            (writer ?? Console.Out).WriteLine(graph);
        }
    }
}
