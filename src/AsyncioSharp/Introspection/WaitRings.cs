namespace AsyncioSharp;

/// <summary>Finds tasks that wait for each other, directly or through gathers and the like. Work proportional to the graph.</summary>
internal static class WaitRings
{
    private enum Mark : byte
    {
        OnPath,
        Left,
    }

    /// <summary>
    /// Rings that have no node in common with one found before; in each, every node is awaited by the next, and the last by the first.
    /// </summary>
    internal static List<List<FutureCallGraph>> In(IEnumerable<FutureCallGraph> nodes)
    {
        var rings = new List<List<FutureCallGraph>>();
        var marks = new Dictionary<FutureCallGraph, Mark>(ReferenceEqualityComparer.Instance);
        var told = new HashSet<FutureCallGraph>(ReferenceEqualityComparer.Instance);
        var path = new List<(FutureCallGraph Node, int Next)>();
        foreach (var start in nodes)
        {
            if (marks.TryAdd(start, Mark.OnPath))
            {
                path.Add((start, 0));
            }
            while (path.Count > 0)
            {
                var (node, next) = path[^1];
                if (next == node.AwaitedBy.Count)
                {
                    marks[node] = Mark.Left;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                path[^1] = (node, next + 1);
                var awaiter = node.AwaitedBy[next];
                if (marks.TryAdd(awaiter, Mark.OnPath))
                {
                    path.Add((awaiter, 0));
                }
                else if (marks[awaiter] == Mark.OnPath && !told.Contains(awaiter))
                {
                    var ring = path.SkipWhile(step => step.Node != awaiter).Select(static step => step.Node).ToList();
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
}
