using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>
/// Follows the <c>async</c> methods of .NET outwards, from one that waits to those that await it, to tell whether a task waits for it in the end.
/// A task that is cancelled must reach the methods that it awaits, but not others that it has started and left running.
/// </summary>
/// <remarks>
/// Who awaits a task stands in private fields. Where those look different, and where the chain goes through something unknown, the answer
/// is that the method is awaited.
/// </remarks>
internal static class MethodChain
{
    private const int LongestChain = 10_000;
    private const string PostedContinuation = "System.Threading.Tasks.AwaitTaskContinuation"; // of an await that comes back to a context
    private const string ContinueWith = "System.Threading.Tasks.ContinueWithTaskContinuation";

    private static readonly Type? s_postedContinuation = Type.GetType($"{PostedContinuation}, System.Private.CoreLib");
    private static readonly Type? s_continueWith = Type.GetType($"{ContinueWith}, System.Private.CoreLib");

    /// <summary>True if what <paramref name="continuation"/> goes on with ends, directly or through others, the wait of <paramref name="awaited"/>.</summary>
    internal static bool LeadsTo(Action continuation, ForeignAwait awaited)
    {
        try
        {
            return Leads(continuation, awaited);
        }
        catch (Exception e) when (e is MissingFieldException or TypeLoadException or NotSupportedException)
        {
            return true;
        }
    }

    private static bool Leads(object? link, ForeignAwait awaited)
    {
        for (int i = 0; i < LongestChain; i++)
        {
            switch (link)
            {
                case null:
                    return false; // nobody waits
                case ForeignAwait other:
                    return other == awaited;
                case Delegate continuation:
                    link = continuation.Target;
                    break;
                case Task method when IsIterator(method):
                    return true; // who waits for an async iterator stands in the iterator
                case Task any when GivesATask(any):
                    return false; // WhenAny: as with Asyncio.Wait, the end of the wait does not concern those that are waited for
                case Task task:
                    link = ContinuationOf(task);
                    break;
                case List<object?> several:
                    object?[] copy;
                    lock (several) // as .NET does
                    {
                        copy = [.. several];
                    }
                    return Array.Exists(copy, one => Leads(one, awaited));
                case var posted when s_postedContinuation?.IsInstanceOfType(posted) == true:
                    link = ActionOf(posted);
                    break;
                case var then when s_continueWith?.IsInstanceOfType(then) == true:
                    link = TaskOf(then) is { } next ? ContinuationOf(next) : null;
                    break;
                default:
                    return true;
            }
        }
        return true;
    }

    // The box of an async method is its task; that of an async iterator is a task too, but nobody awaits it. (The result of a method may well be disposable.)
    private static bool IsIterator(Task task) => StateMachineIn(task)?.IsAssignableTo(typeof(IAsyncDisposable)) == true;

    // Of the type arguments of a box, the state machine is the last; null if the task is no box.
    private static Type? StateMachineIn(Task task)
        => task.GetType().GenericTypeArguments is [.., var last] && last.IsAssignableTo(typeof(IAsyncStateMachine)) ? last : null;

    // Its result is a task, and it is not the box of a method that happens to return one.
    private static bool GivesATask(Task task)
    {
        if (StateMachineIn(task) is not null)
        {
            return false;
        }
        var type = task.GetType();
        while (type.BaseType != typeof(Task) && type.BaseType is { } inner)
        {
            type = inner;
        }
        return type.GenericTypeArguments is [var result] && result.IsAssignableTo(typeof(Task));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_continuationObject")]
    private static extern ref object? ContinuationOf(Task task);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_action")]
    private static extern ref Action ActionOf([UnsafeAccessorType(PostedContinuation)] object continuation);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
    private static extern ref Task? TaskOf([UnsafeAccessorType(ContinueWith)] object continuation);
}
