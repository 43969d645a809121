using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace AsyncioSharp;

/// <summary>
/// Fields that are private to .NET's tasks and tell who awaits what. Looked at once all together: where one is missing, none is known, and nobody but
/// <see cref="TargetOf"/> may ask.
/// </summary>
internal static class TaskFields
{
    private const string AwaitContinuation = "System.Threading.Tasks.AwaitTaskContinuation"; // of an await that comes back to a context or scheduler
    private const string ContextContinuation = "System.Threading.Tasks.SynchronizationContextAwaitTaskContinuation";
    private const string ContinueWith = "System.Threading.Tasks.ContinueWithTaskContinuation";
    private const string Wrapper = "System.Runtime.CompilerServices.AsyncMethodBuilderCore+ContinuationWrapper";

    private const BindingFlags AnyField = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Type? s_posted = Type.GetType($"{AwaitContinuation}, System.Private.CoreLib");
    private static readonly Type? s_postedToContext = Type.GetType($"{ContextContinuation}, System.Private.CoreLib");
    private static readonly Type? s_continueWith = Type.GetType($"{ContinueWith}, System.Private.CoreLib");
    private static readonly Type? s_wrapper = Type.GetType($"{Wrapper}, System.Private.CoreLib");

    /// <summary>True if the fields are where they are looked for.</summary>
    internal static readonly bool AreKnown = PrivateFields.OfTasks && CanBeRead();

    /// <summary>What a continuation belongs to. While somebody listens to .NET's events of tasks, or debugs, one of a method is wrapped, and may be twice.</summary>
    internal static object? TargetOf(Delegate continuation)
    {
        object? target = continuation.Target;
        while (AreKnown && target is not null && target.GetType() == s_wrapper)
        {
            target = WrappedIn(target).Target;
        }
        return target;
    }

    /// <summary>True for the continuation of an await that comes back to a context or scheduler.</summary>
    internal static bool IsPosted(object continuation) => s_posted?.IsInstanceOfType(continuation) == true;

    /// <summary>True for that of an await that comes back to <paramref name="context"/>.</summary>
    internal static bool IsPostedTo(SynchronizationContext context, object continuation)
        => continuation.GetType() == s_postedToContext && ContextOf(continuation) == context;

    /// <summary>True for that of <c>ContinueWith</c>.</summary>
    internal static bool IsContinueWith(object continuation) => s_continueWith?.IsInstanceOfType(continuation) == true;

    /// <summary>What a task calls when it completes: one thing, a list of several, or the runtime's mark of a completed task.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_continuationObject")]
    internal static extern ref object? ContinuationOf(Task task);

    /// <summary>What is called by one that <see cref="IsPosted"/>.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_action")]
    internal static extern ref Action ActionOf([UnsafeAccessorType(AwaitContinuation)] object continuation);

    /// <summary>The task of a <see cref="IsContinueWith"/>.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_task")]
    internal static extern ref Task? TaskOf([UnsafeAccessorType(ContinueWith)] object continuation);

    /// <summary>
    /// Who awaits the source of a value task, an async iterator or a pooled method: it stands in the structure that all of those keep their outcome in.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where the fields were trimmed away, the source counts as unknown.")]
    internal static bool TryFindWaiter(object? source, out object? waiter)
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

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_syncContext")]
    private static extern ref SynchronizationContext ContextOf([UnsafeAccessorType(ContextContinuation)] object continuation);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_continuation")]
    private static extern ref Action WrappedIn([UnsafeAccessorType(Wrapper)] object wrapper);

    // Of objects that nobody uses. (A class that is not there, or was trimmed away, is not met either.)
    private static bool CanBeRead()
    {
        try
        {
            _ = ContinuationOf(Task.CompletedTask);
            _ = Sample(s_posted) is not { } posted || ActionOf(posted) is null;
            _ = Sample(s_postedToContext) is not { } postedToContext || ContextOf(postedToContext) is null;
            _ = Sample(s_continueWith) is not { } continueWith || TaskOf(continueWith) is null;
            _ = Sample(s_wrapper) is not { } wrapper || WrappedIn(wrapper) is null;
            return true;
        }
        catch (Exception e) when (e is MissingFieldException or TypeLoadException or NotSupportedException)
        {
            return false;
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "Only a field of the object is looked at; no constructor is needed.")]
    private static object? Sample(Type? type) => type is null ? null : RuntimeHelpers.GetUninitializedObject(type);
}
