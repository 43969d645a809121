namespace AsyncioSharp;

/// <summary>
/// The operations that a cancelled task, or its methods, have left behind, and in which other methods may still be on their way; each once. Costs a task the
/// same in each turn of its methods, however many there are: what a method belongs to is looked up, and of the others a few are looked at in turn.
/// </summary>
internal sealed class LeftOperations
{
    private const int LooksInATurn = 4;

    private readonly Dictionary<object, LeftOperation> _byOperation = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<LeftOperation> _inTurn = []; // with some that have ended, or were asked again, since

    internal bool IsEmpty => _inTurn.Count == 0;

    internal IEnumerable<LeftOperation> All => _byOperation.Values.Where(static left => !left.IsOver);

    /// <summary>Notes an operation that is left behind. A request for one that was noted before takes the place of the older.</summary>
    internal void Add(object operation, object end, string? message)
    {
        var left = new LeftOperation(end, operation, message);
        _byOperation[operation] = left;
        _ = Next(); // more go than come
        _inTurn.Enqueue(left);
    }

    /// <summary>Adds those that wait for <paramref name="method"/>, directly or through others.</summary>
    internal void FindAround(object? method, HashSet<LeftOperation> found) => MethodChain.Visit(method, link =>
    {
        if (_byOperation.TryGetValue(link, out var left) && !left.IsOver)
        {
            found.Add(left);
        }
    });

    /// <summary>A few of them, others each time.</summary>
    internal List<LeftOperation> Next()
    {
        List<LeftOperation> next = [];
        for (int looks = Math.Min(LooksInATurn, _inTurn.Count); looks > 0; looks--)
        {
            var left = _inTurn.Dequeue();
            bool isNewest = _byOperation.TryGetValue(left.Operation, out var newest) && newest == left;
            if (isNewest && !left.IsOver)
            {
                _inTurn.Enqueue(left);
                next.Add(left);
            }
            else if (isNewest)
            {
                _byOperation.Remove(left.Operation);
            }
        }
        return next;
    }
}

/// <summary>What was left behind, and the methods in it that have got the exception since.</summary>
internal sealed class LeftOperation(object end, object operation, string? message)
{
    private readonly HashSet<object> _told = []; // those that have got it, and those that await them
    private readonly HashSet<object> _got = []; // without those

    internal object End => end;

    internal object Operation => operation;

    internal string? Message => message;

    internal bool IsOver => end is Task { IsCompleted: true } or ForeignAwait { IsSettled: true };

    /// <summary>True if the method has got the exception, or one that it awaits; or one that awaits it, which has called it to clean up.</summary>
    internal bool HasTold(object? method)
    {
        bool isCalledByOne = false;
        if (_got.Count > 0)
        {
            MethodChain.Visit(method, link => isCalledByOne |= _got.Contains(link));
        }
        return isCalledByOne || _told.Contains(method!);
    }

    /// <summary>True once for each method. Those that await it get what comes out of it.</summary>
    internal bool Tell(object? method, MethodChain chain)
    {
        bool isNew = !HasTold(method);
        _got.Add(method!);
        _told.Add(method!);
        _told.UnionWith(chain.Links);
        return isNew;
    }
}
