using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// The way from an <c>async</c> method of .NET that waits outwards, through those that await it, to what a task waits for in the end. A task that is
/// cancelled must reach the methods that it awaits, but not others that it has started and left running.
/// </summary>
/// <remarks>
/// Where who awaits what is not to be seen (<see cref="TaskFields"/>), and where the way goes through something unknown, it is taken to lead to the end. Followed
/// only when a task is cancelled or shown.
/// </remarks>
internal sealed class MethodChain
{
    private const int LongestChain = 10_000;

    private readonly List<Task> _links = [];
    private readonly Predicate<object> _isEnd;

    private MethodChain(Predicate<object> isEnd) => _isEnd = isEnd;

    /// <summary>Whether the wait at the end can end by itself.</summary>
    internal enum Stage
    {
        /// <summary>A method on the way has not ended: it cleans up, or has refused.</summary>
        Runs,

        /// <summary>The methods have ended, as far as they are known, and the way goes on through something that waits for others as well.</summary>
        Stuck,

        /// <summary>All has ended.</summary>
        Over,
    }

    /// <summary>The methods on the way, from inside outwards, and what waits for them; without iterators and pooled methods, whose end is not to be seen.</summary>
    internal IReadOnlyList<Task> Links => _links;

    /// <summary>True if the way goes through something unknown.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>True if the wait at the end may outlast the methods on the way.</summary>
    internal bool IsWide => IsLost || _links.Exists(WaitsForAll);

    /// <summary>What of the way is still to come.</summary>
    internal Stage Progress => _links.Find(static link => !link.IsCompleted) switch
    {
        null => IsLost ? Stage.Stuck : Stage.Over,
        var link => WaitsForAll(link) ? Stage.Stuck : Stage.Runs,
    };

    /// <summary>The way from <paramref name="method"/>, what a continuation belongs to, to <paramref name="end"/>; null if it does not lead there.</summary>
    internal static MethodChain? Find(object? method, object end)
    {
        var chain = new MethodChain(link => ReferenceEquals(link, end));
        return chain.Leads(method) ? chain : null;
    }

    /// <summary>Calls <paramref name="visit"/> with everything that stands on a way from <paramref name="method"/> outwards, as far as that is to be seen.</summary>
    internal static void Visit(object? method, Action<object> visit)
    {
        _ = new MethodChain(Pass).Leads(method);

        bool Pass(object link)
        {
            visit(link);
            return false;
        }
    }

    /// <summary>The async iterator that a continuation belongs to; null if it is something else.</summary>
    internal static object? IteratorIn(object? method) => method is Task box && IsIterator(box) ? BoxTypes.MachineIn(box) : null;

    /// <summary>True for the box of an async iterator: a task, as that of a method, but nobody awaits it. (The result of a method may well be disposable.)</summary>
    internal static bool IsIterator(Task task) => BoxTypes.Of(task.GetType()).IsIterator;

    /// <summary>False for what no method of .NET ends: a task that was made by itself, a delay, the wait for a semaphore, the body of a <c>Task.Run</c>.</summary>
    internal static bool MayHaveMethods(object? awaited) => awaited is Task task
        ? BoxTypes.Of(task.GetType()).MayHaveMethods
        : awaited is IAsyncStateMachine || (awaited is not null && BoxTypes.MachineIn(awaited) is not null);

    private bool Leads(object? method) => TaskFields.AreKnown ? LeadsFrom(method) : Lose();

    private bool LeadsFrom(object? link)
    {
        for (int i = 0; i < LongestChain; i++)
        {
            if (link is not null && _isEnd(link))
            {
                return true;
            }
            switch (link)
            {
                case null:
                case ForeignAwait or Future:
                case Task { IsCompleted: true }:
                    return false; // nobody waits, or somebody else
                case Delegate continuation:
                    link = TaskFields.TargetOf(continuation);
                    break;
                case Task any when GivesATask(any):
                    return false; // WhenAny: as with Asyncio.Wait, the end of the wait does not concern those that are waited for
                case Task iterator when IsIterator(iterator): // the box is a task that nobody awaits
                    object? machine = BoxTypes.MachineIn(iterator);
                    if (machine is not null && _isEnd(machine))
                    {
                        return true;
                    }
                    if (!TaskFields.TryFindWaiter(machine, out link))
                    {
                        return Lose();
                    }
                    break;
                case Task task:
                    _links.Add(task);
                    link = TaskFields.ContinuationOf(task);
                    break;
                case List<object?> several:
                    return LeadsOneOf(several);
                case var posted when TaskFields.IsPosted(posted):
                    link = TaskFields.ActionOf(posted);
                    break;
                case var then when TaskFields.IsContinueWith(then):
                    link = TaskFields.TaskOf(then);
                    break;
                default:
                    if (!TaskFields.TryFindWaiter(link, out link))
                    {
                        return Lose();
                    }
                    break;
            }
        }
        return Lose();
    }

    private bool LeadsOneOf(List<object?> several)
    {
        object?[] copy;
        lock (several) // as .NET does
        {
            copy = [.. several];
        }
        int known = _links.Count;
        foreach (object? one in copy)
        {
            if (LeadsFrom(one))
            {
                return true;
            }
            _links.RemoveRange(known, _links.Count - known);
        }
        return false;
    }

    private bool Lose()
    {
        IsLost = true;
        return true;
    }

    // It ends when all have ended, whatever becomes of one.
    private static bool WaitsForAll(Task task) => task.GetType().Name.StartsWith("WhenAll", StringComparison.Ordinal);

    private static bool GivesATask(Task task) => BoxTypes.Of(task.GetType()).GivesATask;
}
