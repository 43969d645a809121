namespace AsyncioSharp;

/// <summary>
/// Who waits for whom, found out when asked: from a future to those that have registered with it, and so on outwards. Each future is looked at once,
/// so the work is proportional to what is found. For the loop's thread.
/// </summary>
internal sealed class AwaitGraph(int limit)
{
    private readonly Dictionary<Future, FutureCallGraph> _nodes = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<FutureCallGraph> _unexplored = new();

    /// <summary>Every node, in the order in which they were found.</summary>
    internal IReadOnlyCollection<FutureCallGraph> Nodes => _nodes.Values;

    /// <summary>The graph from <paramref name="future"/> outwards; together with those that were built before.</summary>
    internal FutureCallGraph Explore(Future future)
    {
        var start = NodeOf(future);
        while (_unexplored.TryDequeue(out var node))
        {
            foreach (var awaiter in AwaitersOf(node.Future))
            {
                node.Add(NodeOf(awaiter));
            }
        }
        return start;
    }

    private FutureCallGraph NodeOf(Future future)
    {
        if (!_nodes.TryGetValue(future, out var node))
        {
            var frames = future is CoroutineTask { IsDone: false } task ? TaskStacks.FramesOf(task, AwaitChain.Of(task.Coroutine), limit) : [];
            frames.Reverse();
            node = new FutureCallGraph(future, frames);
            _nodes.Add(future, node);
            _unexplored.Enqueue(node);
        }
        return node;
    }

    // Each once, in order.
    private static IEnumerable<Future> AwaitersOf(Future future)
    {
        var found = new HashSet<Future>(ReferenceEqualityComparer.Instance);
        foreach (var waiter in future.ListWaiters())
        {
            IEnumerable<Future> awaiters = waiter switch
            {
                IRelay relay => relay.Recipients,
                Future direct => [direct],
                _ => [],
            };
            foreach (var awaiter in awaiters)
            {
                if (awaiter != future && found.Add(awaiter)) // a shield that is cancelled waits for itself
                {
                    yield return awaiter;
                }
            }
        }
    }
}
