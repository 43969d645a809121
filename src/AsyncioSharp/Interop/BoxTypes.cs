using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AsyncioSharp;

/// <summary>What the classes are of the things that methods of .NET await; found out once for each, as every wait in a method asks.</summary>
internal sealed class BoxTypes
{
    private static readonly ConditionalWeakTable<Type, BoxTypes> s_known = [];

    private static readonly Type? s_follower = Type.GetType("System.Threading.Tasks.ITaskCompletionAction, System.Private.CoreLib");

    private readonly FieldInfo? _machine;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Where the field was trimmed away, the machine counts as unknown.")]
    private BoxTypes(Type type)
    {
        _machine = PrivateFields.OfTasks ? type.GetField("StateMachine", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) : null;
        var machine = StateMachineBox.MachineTypeOf(type);
        IsIterator = machine?.IsAssignableTo(typeof(IAsyncDisposable)) == true;
        var task = type;
        while (task.BaseType != typeof(Task) && task.BaseType is { } inner)
        {
            task = inner;
        }
        GivesATask = machine is null && !IsOfContinueWith(type) && task.GenericTypeArguments is [var result] && result.IsAssignableTo(typeof(Task));
        MayHaveMethods = machine is not null || (!GivesATask && FollowsOthers(type));
    }

    /// <summary>A method's task, or one that ends when others have.</summary>
    internal bool MayHaveMethods { get; }

    /// <summary>The box of an async iterator.</summary>
    internal bool IsIterator { get; }

    /// <summary>A task whose result is a task, as that of WhenAny; not a method's that happens to return one, nor that of ContinueWith, which waits for a method.</summary>
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
        : type.IsAssignableTo(s_follower) || IsOfContinueWith(type);

    private static bool IsOfContinueWith(Type type) => type.Name.StartsWith("Continuation", StringComparison.Ordinal);

    internal static BoxTypes Of(Type type) => s_known.GetValue(type, static type => new BoxTypes(type));
}
