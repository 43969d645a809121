namespace AsyncioSharp;

/// <summary>
/// Who waits for what among the tasks of a loop, from each to what it waits for: tasks, gathers and the like, locks that a task holds. Rings among them, and
/// whether anything in it can end at all. Each is looked at once. For the loop's thread.
/// </summary>
internal sealed class WaitGraph
{
    private readonly Dictionary<object, List<object>> _sources = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> _nodes = []; // in the order in which they were found
    private readonly LockHolders _holders;

    /// <summary>The graph of what <paramref name="starts"/> wait for, directly and through others.</summary>
    internal WaitGraph(IEnumerable<Future> starts, LockHolders holders)
    {
        _holders = holders;
        foreach (var start in starts)
        {
            Add(start);
        }
        for (int next = 0; next < _nodes.Count; next++)
        {
            var sources = _sources[_nodes[next]];
            foreach (object source in SourcesOf(_nodes[next]))
            {
                Add(source);
                sources.Add(source);
            }
        }
    }

    /// <summary>False if a task that waits there is none of <see cref="Hopeless"/>, which is to be seen without looking at the others.</summary>
    internal static bool MayBeHopeless(AwaitChain chain) => chain.Target is CoroutineTask or IDerived;

    /// <summary>Rings that have no node in common with one found before; each node waits for the next, and the last for the first.</summary>
    internal List<List<object>> Rings()
    {
        var rings = new List<List<object>>();
        var places = new Dictionary<object, int>(ReferenceEqualityComparer.Instance); // on the path, or -1 for those that were left
        var told = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var path = new List<(object Node, int Next)>();
        foreach (object start in _nodes)
        {
            if (places.TryAdd(start, 0))
            {
                path.Add((start, 0));
            }
            while (path.Count > 0)
            {
                var (node, next) = path[^1];
                if (next == _sources[node].Count)
                {
                    places[node] = -1;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                path[^1] = (node, next + 1);
                object source = _sources[node][next];
                if (places.TryAdd(source, path.Count))
                {
                    path.Add((source, 0));
                }
                else if (places[source] is >= 0 and var place && !told.Contains(source))
                {
                    var ring = path.GetRange(place, path.Count - place).ConvertAll(static step => step.Node);
                    if (!ring.Exists(told.Contains))
                    {
                        told.UnionWith(ring);
                        rings.Add(ring);
                    }
                }
            }
        }
        return rings;
    }

    /// <summary>
    /// Those that will never end, if nobody cancels them: each waits only for others of them. What has no known source may be ended by somebody unknown, and so
    /// may what waits for that; one such source is enough, since its failure ends a gather too. A lock belongs to no task: whoever wants may release it.
    /// </summary>
    internal HashSet<object> Hopeless()
    {
        var hopeless = new HashSet<object>(_nodes, ReferenceEqualityComparer.Instance);
        var awaiters = _nodes.SelectMany(node => _sources[node].Select(source => (Source: source, Node: node)))
            .ToLookup(static edge => edge.Source, static edge => edge.Node, ReferenceEqualityComparer.Instance);
        var hopeful = new Stack<object>(_nodes.Where(node => node is AsyncLock || _sources[node].Count == 0));
        while (hopeful.TryPop(out object? node))
        {
            if (hopeless.Remove(node))
            {
                foreach (object awaiter in awaiters[node])
                {
                    hopeful.Push(awaiter);
                }
            }
        }
        return hopeless;
    }

    private void Add(object node)
    {
        if (_sources.TryAdd(node, []))
        {
            _nodes.Add(node);
        }
    }

    private IEnumerable<object> SourcesOf(object node) => node switch
    {
        CoroutineTask { IsDone: false } task => AwaitChain.Of(task.Coroutine).Target switch
        {
            CompletionQueue.Getter { IsDone: false, Queue: var target } => [target],
            Future { IsDone: false } target => [target],
            AcquireCoroutine { Lock: { } target } => [target],
            _ => [],
        },
        AsyncLock target => _holders.Of(target) is { } holder ? [holder] : [],
        Future { IsDone: true } => [],
        IDerived derived => derived.Sources,
        _ => [],
    };
}
