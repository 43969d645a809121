using System.Globalization;

namespace AsyncioSharp;

/// <summary>The text of <see cref="Asyncio.DumpTasks"/>: every live task of a loop, and rings of tasks that wait for each other.</summary>
internal static class TaskDump
{
    private const int MostAwaiters = 8; // to be named in a line

    /// <summary>For the loop's thread, or while the loop does not run.</summary>
    internal static string Of(EventLoop loop)
    {
        var tasks = loop.LiveTasks();
        var graph = new AwaitGraph(limit: 0);
        tasks.ForEach(task => graph.Explore(task));
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var frames = new FrameWriter(text);
        WriteHeader(text, loop, tasks.Count);
        foreach (var task in tasks)
        {
            text.WriteLine();
            WriteTask(text, frames, task, graph.Explore(task).AwaitedBy);
        }
        WriteRings(text, WaitRings.In(graph.Nodes));
        return text.ToString();
    }

    /// <summary>For another thread, while the loop runs: what can be seen without disturbing it. What moves meanwhile may be told wrongly, or not at all.</summary>
    internal static string FromOutside(EventLoop loop)
    {
        var tasks = loop.LiveTasks();
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var frames = new FrameWriter(text);
        WriteHeader(text, loop, tasks.Count);
        foreach (var task in tasks)
        {
            text.WriteLine();
            try
            {
                WriteTask(text, frames, task, []);
            }
            catch (Exception e)
            {
                text.WriteLine($"Task {TextForm.Quoted(task.Name)} is in motion ({e.GetType().Name})");
            }
        }
        return text.ToString();
    }

    /// <summary>For instance <c>Task 'a' -> Gather -> Task 'b' -> Task 'a'</c>: each waits for the next.</summary>
    internal static string RingText(List<FutureCallGraph> ring)
        => string.Join(" -> ", ring.Append(ring[0]).Reverse().Select(static node => ShortName(node.Future)));

    private static void WriteHeader(StringWriter text, EventLoop loop, int count)
        => text.WriteLine($"{count} {(count == 1 ? "task" : "tasks")} of {loop} at {loop.Time:F3} s");

    private static void WriteTask(StringWriter text, FrameWriter frames, CoroutineTask task, IReadOnlyList<FutureCallGraph> awaitedBy)
    {
        var chain = AwaitChain.Of(task.Coroutine);
        text.Write($"{ShortName(task)}: {StateOf(task, chain)}{(task.Cancelling > 0 ? ", cancelling" : "")}, {task.Loop.AgeOf(task):F3} s old");
        text.WriteLine(awaitedBy.Count == 0 ? "" : $", awaited by {NamesOf(awaitedBy)}");
        frames.Write(TaskStacks.FramesOf(task, chain, int.MaxValue));
    }

    private static string StateOf(CoroutineTask task, AwaitChain chain)
    {
        if (task.Loop.CurrentTask?.Identity == task)
        {
            return "running";
        }
        return chain switch
        {
            { Leaf.State: CoroutineState.Created } => "not started",
            { Target: CoroutineTask { IsDone: false } other } => $"waits for {ShortName(other)}",
            { Target: Future { IsDone: true } } => "ready",
            { Target: { } target } => $"waits for {target}",
            { EndsOutside: true } => "waits for .NET",
            _ => "ready",
        };
    }

    // Those that are left out are told too, each in its own place: as waiting for this task.
    private static string NamesOf(IReadOnlyList<FutureCallGraph> awaiters)
        => string.Join(", ", awaiters.Take(MostAwaiters).Select(static node => ShortName(node.Future)))
            + (awaiters.Count > MostAwaiters ? $" and {awaiters.Count - MostAwaiters} more" : "");

    private static void WriteRings(StringWriter text, List<List<FutureCallGraph>> rings)
    {
        if (rings.Count > 0)
        {
            text.WriteLine();
            text.WriteLine("Waiting for each other, so that none can go on:");
            rings.ForEach(ring => text.WriteLine($"  {RingText(ring)}"));
        }
    }

    private static string ShortName(Future future) => future is CoroutineTask task
        ? $"Task {TextForm.Quoted(task.Name)}{(task.Identity == task ? "" : " (for an async method)")}"
        : future.Kind;
}
