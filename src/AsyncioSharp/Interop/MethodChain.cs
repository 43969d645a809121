using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace AsyncioSharp;

/// <summary>
/// The way from an <c>async</c> method of .NET that waits outwards, through those that await it, to what a task waits for in the end. A task that is
/// cancelled must reach the methods that it awaits, but not others that it has started and left running.
/// </summary>
/// <remarks>
/// Who awaits a task, or the source of a value task, stands in private fields. Where those look different, and where the way goes through something
/// unknown, it is taken to lead to the end. Followed only when a task is cancelled or shown.
/// </remarks>
internal sealed class MethodChain
{
    private const int LongestChain = 10_000;
    private const BindingFlags AnyField = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    private const string ContinueWith = "System.Threading.Tasks.ContinueWithTaskContinuation";

    private static readonly Type? s_postedContinuation = Type.GetType($"{TaskFields.AwaitContinuation}, System.Private.CoreLib");
    private static readonly Type? s_continueWith = Type.GetType($"{ContinueWith}, System.Private.CoreLib");

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

    /// <summary>False for what no method of .NET ends: a task that was made by itself, a delay, the wait for a semaphore, the body of a <c>Task.Run</c>.</summary>
    internal static bool MayHaveMethods(object? awaited) => awaited is Task task
        ? BoxTypes.Of(task.GetType()).MayHaveMethods
        : awaited is IAsyncStateMachine || (awaited is not null && BoxTypes.MachineIn(awaited) is not null);

    private bool Leads(object? method)
    {
        try
        {
            return LeadsFrom(method);
        }
        catch (Exception e) when (e is MissingFieldException or TypeLoadException or NotSupportedException)
        {
            return Lose();
        }
    }

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
                    if (!TryFindWaiter(machine, out link))
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
                case var posted when s_postedContinuation?.IsInstanceOfType(posted) == true:
                    link = TaskFields.ActionOf(posted);
                    break;
                case var then when s_continueWith?.IsInstanceOfType(then) == true:
                    if (TaskOf(then) is not { IsCompleted: false } next)
                    {
                        return false;
                    }
                    if (_isEnd(next))
                    {
                        return true;
                    }
                    _links.Add(next); // whatever it gives: it waits for this one
                    link = TaskFields.ContinuationOf(next);
                    break;
                default:
                    if (!TryFindWaiter(link, out link))
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
    private static bool WaitsForAll(Task task)
        => task.GetType() is { DeclaringType: { } outer, Name: var name }
            && outer == typeof(Task)
            && name.StartsWith("WhenAll", StringComparison.Ordinal);

    // The box of an async method is its task; that of an async iterator is a task too, but nobody awaits it. (The result of a method may well be disposable.)
    private static bool IsIterator(Task task) => BoxTypes.Of(task.GetType()).IsIterator;

    // Its result is a task, and it is not the box of a method that happens to return one.
    private static bool GivesATask(Task task) => BoxTypes.Of(task.GetType()).GivesATask;

    // Who awaits the source of a value task, an async iterator or a pooled method: it stands in the structure that all of those keep their outcome in.
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where the fields were trimmed away, the source counts as unknown.")]
    private static bool TryFindWaiter(object? source, out object? waiter)
    {
        for (var type = source?.GetType(); type is not null; type = type.BaseType)
        {
            foreach (var field in type.GetFields(AnyField))
            {
                if (field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(ManualResetValueTaskSourceCore<>)
                    && field.FieldType.GetField("_continuationState", AnyField) is { } state)
                {
                    waiter = state.GetValue(field.GetValue(source));
                    return true;
                }
            }
        }
        waiter = null;
        return false;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
    private static extern ref Task? TaskOf([UnsafeAccessorType(ContinueWith)] object continuation);
}

/// <summary>What the classes are of the things that methods of .NET await; found out once for each, as every wait in a method asks.</summary>
internal sealed class BoxTypes
{
    private static readonly ConditionalWeakTable<Type, BoxTypes> s_known = [];

    private static readonly Type? s_follower = Type.GetType("System.Threading.Tasks.ITaskCompletionAction, System.Private.CoreLib");

    private readonly FieldInfo? _machine;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Where the field was trimmed away, the machine counts as unknown.")]
    private BoxTypes(Type type)
    {
        _machine = type.GetField("StateMachine", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        // Of the type arguments of a box, the state machine is the last.
        var machine = type.GenericTypeArguments is [.., var last] && last.IsAssignableTo(typeof(IAsyncStateMachine)) ? last : null;
        IsIterator = machine?.IsAssignableTo(typeof(IAsyncDisposable)) == true;
        var task = type;
        while (task.BaseType != typeof(Task) && task.BaseType is { } inner)
        {
            task = inner;
        }
        GivesATask = machine is null && task.GenericTypeArguments is [var result] && result.IsAssignableTo(typeof(Task));
        MayHaveMethods = machine is not null || (!GivesATask && FollowsOthers(type));
    }

    /// <summary>A method's task, or one that ends when others have.</summary>
    internal bool MayHaveMethods { get; }

    /// <summary>The box of an async iterator.</summary>
    internal bool IsIterator { get; }

    /// <summary>A task whose result is a task, and not the box of a method that happens to return one.</summary>
    internal bool GivesATask { get; }

    /// <summary>The state machine in a box, a copy if it is a struct; null if <paramref name="box"/> is no box, or the machine is not to be seen.</summary>
    internal static object? MachineIn(object box) => Of(box.GetType())._machine?.GetValue(box);

    /// <summary>Puts a changed copy of the state machine back into its box.</summary>
    internal static void Put(object machine, object box)
    {
        if (machine.GetType().IsValueType)
        {
            Of(box.GetType())._machine!.SetValue(box, machine);
        }
    }

    // That of WhenAll, Unwrap, WaitAsync and ContinueWith. Where the interface is not to be seen: every kind that is not the plain one.
    private static bool FollowsOthers(Type type) => s_follower is null
        ? type != typeof(Task) && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
        : type.IsAssignableTo(s_follower) || (type.Namespace == s_follower.Namespace && type.Name.StartsWith("Continuation", StringComparison.Ordinal));

    internal static BoxTypes Of(Type type) => s_known.GetValue(type, static type => new BoxTypes(type));
}

/// <summary>Private fields of .NET's that tell who awaits a task. Each of these throws where the field looks different.</summary>
internal static class TaskFields
{
    internal const string AwaitContinuation = "System.Threading.Tasks.AwaitTaskContinuation"; // of an await that comes back to a context or scheduler
    internal const string ContextContinuation = "System.Threading.Tasks.SynchronizationContextAwaitTaskContinuation";

    private const string Wrapper = "System.Runtime.CompilerServices.AsyncMethodBuilderCore+ContinuationWrapper";

    private static readonly Type? s_wrapper = Type.GetType($"{Wrapper}, System.Private.CoreLib");

    /// <summary>What a continuation belongs to. While somebody listens to .NET's events of tasks, or debugs, one of a method is wrapped, and may be twice.</summary>
    internal static object? TargetOf(Delegate continuation)
    {
        object? target = continuation.Target;
        try
        {
            while (target is not null && target.GetType() == s_wrapper)
            {
                target = WrappedIn(target).Target;
            }
        }
        catch (Exception e) when (e is MissingFieldException or TypeLoadException or NotSupportedException)
        {
            return target;
        }
        return target;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_continuation")]
    private static extern ref Action WrappedIn([UnsafeAccessorType(Wrapper)] object wrapper);

    /// <summary>What a task calls when it completes: one thing, a list of several, or the runtime's mark of a completed task.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_continuationObject")]
    internal static extern ref object? ContinuationOf(Task task);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_action")]
    internal static extern ref Action ActionOf([UnsafeAccessorType(AwaitContinuation)] object continuation);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_syncContext")]
    internal static extern ref SynchronizationContext ContextOf([UnsafeAccessorType(ContextContinuation)] object continuation);
}
