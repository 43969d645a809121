using System.Globalization;

namespace AsyncioSharp;

/// <summary>
/// The text of <see cref="Asyncio.DumpTasks"/>: every live task of a loop, and rings of those that wait for each other. What runs on behalf of a task and is
/// a part of its stack is not told a second time. Work and size are proportional to what is shown.
/// </summary>
internal sealed class TaskDump
{
    private const int MostAwaiters = 8; // to be named in a line
    private const int LongestWay = 32;  // through gathers and the like to a task, or around a ring

    private readonly EventLoop _loop;
    private readonly TextWriter _text;
    private readonly FrameWriter _frames;
    private readonly Dictionary<CoroutineTask, AwaitChain?> _chains = []; // in order; null: in motion, and asked from outside
    private LockHolders? _holders;

    private TaskDump(EventLoop loop, TextWriter text)
    {
        _loop = loop;
        _text = text;
        _frames = new FrameWriter(_text);
    }

    /// <summary>For the loop's thread, or while the loop does not run.</summary>
    internal static string Of(EventLoop loop) => Of(loop, out _);

    /// <inheritdoc cref="Of(EventLoop)"/>
    /// <param name="loop">The loop.</param>
    /// <param name="rings">The part that tells of rings.</param>
    internal static string Of(EventLoop loop, out string rings)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var dump = new TaskDump(loop, text);
        dump.Collect();
        dump._holders = new LockHolders(dump._chains.Keys);
        var graph = new AwaitGraph(limit: 0);
        dump.WriteTasks(task => graph.Explore(task).AwaitedBy);
        int end = text.GetStringBuilder().Length;
        dump.WriteRings();
        rings = text.ToString()[end..];
        return text.ToString();
    }

    /// <summary>For another thread, while the loop runs: what can be seen without disturbing it. What moves meanwhile may be told wrongly, or not at all.</summary>
    internal static string FromOutside(EventLoop loop)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var dump = new TaskDump(loop, text);
        dump.Collect();
        dump.WriteTasks(static _ => []);
        return text.ToString();
    }

    // The tasks, without those of coroutines that stand in the stack of another one: an async method of .NET awaits them for it.
    private void Collect()
    {
        var within = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var task in _loop.LiveTasks())
        {
            var chain = ChainOf(task);
            _chains.Add(task, chain);
            within.UnionWith(chain?.Frames.Skip(1) ?? []);
        }
        foreach (var task in _chains.Keys.Where(task => task.Identity != task && within.Contains(task.Coroutine)).ToList())
        {
            _chains.Remove(task);
        }
        foreach (var task in _chains.Keys)
        {
            FutureNumbers.Of(task); // in the order in which they will be shown
        }
    }

    private AwaitChain? ChainOf(CoroutineTask task)
    {
        try
        {
            return AwaitChain.Of(task.Coroutine);
        }
        catch (Exception) when (!_loop.IsOnOwnThread)
        {
            return null;
        }
    }

    private void WriteTasks(Func<CoroutineTask, IReadOnlyList<FutureCallGraph>> awaitedBy)
    {
        _text.WriteLine($"{_chains.Count} {(_chains.Count == 1 ? "task" : "tasks")} of {_loop} at {_loop.Time:F3} s");
        foreach (var (task, chain) in _chains)
        {
            _text.WriteLine();
            try
            {
                WriteTask(task, chain, awaitedBy(task));
            }
            catch (Exception) when (!_loop.IsOnOwnThread)
            {
                _text.WriteLine($"{Name(task)} is in motion");
            }
        }
    }

    private void WriteTask(CoroutineTask task, AwaitChain? chain, IReadOnlyList<FutureCallGraph> awaitedBy)
    {
        if (chain is null)
        {
            _text.WriteLine($"{Name(task)} is in motion");
            return;
        }
        _text.Write($"{Name(task)}: {StateOf(task, chain)}{(task.Cancelling > 0 ? ", cancelling" : "")}, {_loop.AgeOf(task):F3} s old");
        _text.WriteLine(awaitedBy.Count == 0 ? "" : $", awaited by {NamesOf(awaitedBy)}");
        _frames.Write([.. MethodsAround(task), .. TaskStacks.FramesOf(task, chain, int.MaxValue)]);
    }

    // Of a coroutine that an async method awaits: the method, and those that await it.
    private static IEnumerable<CoroutineFrame> MethodsAround(CoroutineTask task) => task.Identity == task
        ? []
        : task.ListWaiters().OfType<InnerWait>().Take(1).SelectMany(static wait => wait.Machines).Reverse().Select(TaskStacks.FrameOf);

    private string StateOf(CoroutineTask task, AwaitChain chain)
    {
        if (task.Loop.CurrentTask?.Identity == task)
        {
            return "running";
        }
        return chain switch
        {
            { Leaf.State: CoroutineState.Created } => "not started",
            { Target: CoroutineTask { IsDone: false } other } => $"waits for {Name(other)}",
            { Target: Future { IsDone: true } } => "ready",
            { Target: AcquireCoroutine { Lock: { } target } wait } when _holders?.Of(target) is { } holder => $"waits for {wait}, which {Name(holder)} holds",
            { Target: { } target } => $"waits for {TextForm.Whole(target)}",
            { EndsOutside: true } => "waits for .NET",
            _ => "ready",
        };
    }

    // Those that are left out are told too, each in its own place: as waiting for this task.
    private string NamesOf(IReadOnlyList<FutureCallGraph> awaiters)
        => string.Join(", ", awaiters.Take(MostAwaiters).Select(NameBehind)) + (awaiters.Count > MostAwaiters ? $" and {awaiters.Count - MostAwaiters} more" : "");

    // Of a gather and the like, the task that awaits it.
    private string NameBehind(FutureCallGraph awaiter)
    {
        var node = awaiter;
        int others = 0;
        for (int i = 0; i < LongestWay && node.AwaitedBy.Count > 0 && !(node.Future is CoroutineTask task && _chains.ContainsKey(task)); i++)
        {
            others += node.AwaitedBy.Count - 1;
            node = node.AwaitedBy[0];
        }
        string through = node == awaiter || awaiter.Future is CoroutineTask ? "" : $" through {Name(awaiter.Future)}";
        return $"{Name(node.Future)}{(others > 0 ? $" and {others} more" : "")}{through}";
    }

    private void WriteRings()
    {
        var graph = new WaitGraph(_chains.Keys, _holders!);
        var rings = graph.Rings();
        if (rings.Count == 0)
        {
            return;
        }
        var hopeless = graph.Hopeless();
        WriteRings("Waiting for each other, so that none can go on:", rings.Where(ring => hopeless.Contains(ring[0])));
        var others = rings.Where(ring => !hopeless.Contains(ring[0])).ToLookup(static ring => ring.Exists(static node => node is AsyncLock));
        WriteRings("Waiting for each other, unless somebody else releases a lock:", others[true]);
        WriteRings("Waiting for each other, and for something else that may yet end it:", others[false]);
    }

    // For instance "Task 'a' #1 -> Gather -> Task 'b' #2 -> Task 'a' #1": each waits for the next.
    private void WriteRings(string title, IEnumerable<List<object>> rings)
    {
        string before = Environment.NewLine + title + Environment.NewLine;
        foreach (var ring in rings)
        {
            _text.Write(before);
            string way = string.Join(" -> ", ring.Take(LongestWay).Select(Name));
            _text.WriteLine($"  {way} -> {(ring.Count > LongestWay ? $"{ring.Count - LongestWay} more -> " : "")}{Name(ring[0])}");
            before = "";
        }
    }

    private static string Name(object waiting) => waiting switch
    {
        CoroutineTask task => $"Task {TextForm.Quoted(task.Name)} #{FutureNumbers.Of(task)}{(task.Identity == task ? "" : " (for an async method)")}",
        Runnable derived and IDerived => derived.CallbackName[(derived.CallbackName.LastIndexOf('.') + 1)..],
        Future future => future.Kind,
        _ => waiting.GetType().Name,
    };
}
